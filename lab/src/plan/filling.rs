//! A hold that runs out of slots on any machine: how long it has to be follows from how fast Postgres connects.
//!
//! Slots in use = connects a second × time held. With λ connects a second and F free slots a hold of
//! 3 × (F + 1) / λ would need 3 × (F + 1) slots at once: somebody is refused as long as the trial connects at a third
//! of the measured rate, which is what sharing the machine with service and generator may cost. It takes more than
//! F + 1 users; a pool of F never asks for more than F.

use poollab_model::{DatabaseChoice, DefaultsPolicy, Filling, HumanDuration, Load, Plan, Route, Settings};

use super::flags::DEFAULT_THINK_MS;
use super::validate::LONGEST_THINK_MS;

/// What a trial may connect slower than was measured.
const MARGIN: f64 = 3.0;

/// Whether the users of this plan can run out of slots: enough of them, each waiting for its answer, straight to a
/// database that is the lab's own.
pub fn can_fill(plan: &Plan) -> bool {
    let enough = plan.limits.free_slots() + 1;
    let users = |load: &Load| if let Load::Closed { users } = load { Some(*users) } else { None };
    !matches!(plan.database, DatabaseChoice::Url { .. })
        && plan.routes.contains(&Route::Direct)
        && plan.loads.iter().all(|load| users(load).is_some())
        && plan.loads.iter().filter_map(users).max().is_some_and(|most| most > enough)
}

/// Whether a hold still has to be measured.
pub fn is_open(plan: &Plan) -> bool {
    plan.workloads.iter().any(|workload| workload.id == "hold" && workload.think_ms.is_none())
}

/// Decides for each hold without a `think_ms`: what the plan says, to be measured, or the short one. Pools whose size
/// nobody chose get the slots that there are, so that they can serve as much as those who take them all.
pub fn prepare(plan: &mut Plan) {
    let known = plan.filling.as_ref().map(|filling| filling.think_ms);
    let measures = known.is_none() && can_fill(plan);
    let mut fills = known.is_some();
    for workload in plan.workloads.iter_mut().filter(|spec| spec.id == "hold" && spec.think_ms.is_none()) {
        // Given back before it waits, a connection fills nothing.
        if workload.release_early || !measures {
            workload.think_ms = known.filter(|_| !workload.release_early).or(Some(DEFAULT_THINK_MS));
        } else {
            fills = true;
        }
    }
    let settings = &mut plan.settings;
    let usual = settings.pool_size == Settings::default().pool_size && plan.pool_sizes.is_empty();
    if fills && usual && settings.defaults == DefaultsPolicy::Equalised && known.is_none() {
        settings.pool_size = Some(plan.limits.free_slots());
    }
}

/// The plan with its holds, for a database that makes so many connects a second.
///
/// Pools: F connections are open after F/λ, a third of a hold, and then serve F requests in each hold. So the warm-up
/// is a hold, and what is measured a whole number of them. Nobody's time-out is shorter than a trial: what is
/// refused, Postgres refuses.
pub fn fill(plan: &Plan, connects_per_s: f64) -> Plan {
    let seconds = MARGIN * f64::from(plan.limits.free_slots() + 1) / connects_per_s;
    // In steps of 10 ms: it is read by people.
    let think_ms = (((seconds * 100.0).ceil() * 10.0) as u64).clamp(10, LONGEST_THINK_MS);
    let hold = HumanDuration::from_millis(think_ms);
    let holds = (plan.duration.as_secs_f64() / hold.as_secs_f64()).ceil().max(2.0) as u64;
    let warmup = plan.warmup.max(hold);
    let duration = HumanDuration::from_millis(holds * think_ms);
    let patience = HumanDuration(warmup.0 + duration.0 + hold.0);

    let mut plan = plan.clone();
    for workload in plan.workloads.iter_mut().filter(|spec| spec.id == "hold" && spec.think_ms.is_none()) {
        workload.think_ms = Some(think_ms);
    }
    let usual = (Settings::default(), Plan::default());
    let longer = |time: &mut Option<HumanDuration>, usual: Option<HumanDuration>| {
        if *time == usual {
            *time = usual.max(Some(patience));
        }
    };
    longer(&mut plan.settings.acquire_timeout, usual.0.acquire_timeout);
    longer(&mut plan.settings.connect_timeout, usual.0.connect_timeout);
    if plan.request_timeout == usual.1.request_timeout {
        plan.request_timeout = plan.request_timeout.max(patience);
    }
    plan.filling = Some(Filling { connects_per_s, think_ms, warmup, duration });
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use poollab_model::WorkloadSpec;

    fn plan(users: u32) -> Plan {
        let mut plan = Plan {
            workloads: super::super::flags::default_workloads(),
            loads: vec![Load::Closed { users }],
            ..Plan::default()
        };
        prepare(&mut plan);
        plan
    }

    fn hold(plan: &Plan) -> &WorkloadSpec {
        plan.workloads.iter().find(|spec| spec.id == "hold").unwrap()
    }

    #[test]
    fn a_slow_machine_holds_for_longer_so_that_the_slots_still_run_out() {
        for rate in [4.0, 20.0, 60.0, 230.0, 2_000.0] {
            let plan = fill(&plan(32), rate);
            let held_s = hold(&plan).think_ms.unwrap() as f64 / 1e3;
            let free = f64::from(plan.limits.free_slots());
            assert!(rate / 3.0 * held_s >= free + 1.0, "{rate}: {held_s}");
            let (warmup, duration) = plan.times_of(hold(&plan));
            assert!(warmup.as_secs_f64() >= held_s && duration.as_secs_f64() >= 2.0 * held_s, "{rate}");
            let trial = HumanDuration(warmup.0 + duration.0);
            assert!(
                plan.settings.acquire_timeout.unwrap() > trial || rate > 20.0 || trial.as_secs_f64() < 5.0
            );
            assert!(plan.request_timeout >= trial, "{rate}");
            // What a pool can serve is not less than what those can who take every slot.
            assert_eq!(plan.settings.pool_size, Some(plan.limits.free_slots()));
        }
    }

    #[test]
    fn a_plan_that_is_fed_back_is_not_measured_again() {
        let first = fill(&plan(32), 61.0);
        let text = toml::to_string(&first).unwrap();
        let mut again: Plan = toml::from_str(&text).unwrap();
        prepare(&mut again);
        assert_eq!(again, first, "{text}");
        assert!(!is_open(&again));
    }

    #[test]
    fn other_workloads_keep_the_times_of_the_plan() {
        let plan = fill(&plan(32), 20.0);
        let point_read = plan.workloads.iter().find(|spec| spec.id == "point-read").unwrap();
        assert_eq!(plan.times_of(point_read), (plan.warmup, plan.duration));
    }

    #[test]
    fn a_hold_that_cannot_run_out_of_slots_stays_short() {
        assert_eq!(hold(&plan(17)).think_ms, Some(DEFAULT_THINK_MS), "17 users, 16 slots");
        assert!(is_open(&plan(18)));
        let mut open = Plan { workloads: super::super::flags::default_workloads(), ..Plan::default() };
        open.loads = vec![Load::Open { rate_per_s: 300.0, arrivals: Default::default(), users: 256 }];
        prepare(&mut open);
        assert_eq!(hold(&open).think_ms, Some(DEFAULT_THINK_MS));
        let mut theirs = Plan { workloads: super::super::flags::default_workloads(), ..Plan::default() };
        theirs.database = DatabaseChoice::Url { url: "postgres://somebody@db/theirs".into() };
        prepare(&mut theirs);
        assert_eq!(hold(&theirs).think_ms, Some(DEFAULT_THINK_MS), "nobody's own slots are filled unasked");
    }

    #[test]
    fn what_somebody_chose_stays() {
        let mut chosen = plan(32);
        chosen.settings.pool_size = Some(4);
        chosen.settings.acquire_timeout = Some(HumanDuration::from_millis(700));
        prepare(&mut chosen);
        let filled = fill(&chosen, 10.0);
        assert_eq!(filled.settings.pool_size, Some(4));
        assert_eq!(filled.settings.acquire_timeout, Some(HumanDuration::from_millis(700)));
    }
}
