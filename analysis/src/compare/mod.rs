//! Trials side by side: the rows that every document shows.

mod cost;
mod errors;
mod group;
mod phases;
mod silence;

pub use cost::Cost;
pub use errors::merge_errors;
pub(crate) use group::thinks;
pub use group::{Group, LatencySource, References, Watched};
pub use phases::PhaseMeans;
pub(crate) use silence::Gap;
pub use silence::Silence;

use poollab_model::{Ceiling, Driver, Load, Route, TrialRecord, WorkloadSpec};

use crate::stats::{Noise, Ratio, Verdict, family_confidence, interval, ratio};

/// Everything that may be compared with each other: same workload, same load, same route, same driver.
#[derive(Debug, Clone)]
pub struct Section {
    /// What stands above it: the workload, with load and route where the run has several.
    pub heading: String,
    /// The workload with its parameters.
    pub workload: WorkloadSpec,
    /// The load.
    pub load: Load,
    /// The route.
    pub route: Route,
    /// What made the load.
    pub driver: Driver,
    /// Best goodput first.
    pub groups: Vec<Group>,
    /// What pgbench reached on the same statement.
    pub references: References,
    /// The noise of all groups together.
    pub noise: Noise,
    /// The noise of those that work.
    pub steady_noise: Noise,
    /// The noise of the p99 of those that work.
    pub tail_noise: Noise,
}

/// How far the medians of the time held may differ before it counts as a difference of the work itself.
const EQUAL_HOLDS: f64 = 0.02;

/// A share of failed requests, beyond the smallest of those that are level, that takes a group out of the lead.
const FAILS_MORE: f64 = 0.01;

impl Section {
    /// The group with the highest goodput among those that can be ranked; `None` where none can.
    pub fn best(&self) -> Option<&Group> {
        self.ranked().next()
    }

    /// The groups whose successes are sound and that answered everybody, highest goodput first.
    pub fn ranked(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| group.counts())
    }

    /// The best group and those that are level with it, without those that fail more than another of them: a strategy
    /// that refuses requests does less of the work. Empty where one can't be ranked against the best: which leads is not
    /// known then.
    pub fn leaders(&self) -> Vec<&Group> {
        let Some(best) = self.best() else { return Vec::new() };
        let mut level = vec![best];
        for group in self.ranked().skip(1) {
            match self.order(best, group) {
                Verdict::NoDifference => level.push(group),
                Verdict::CannotTell => return Vec::new(),
                Verdict::Higher | Verdict::Lower => {}
            }
        }
        let least = level.iter().map(|group| group.failed_share()).fold(f64::INFINITY, f64::min);
        level.retain(|group| group.failed_share() <= least + FAILS_MORE);
        level
    }

    /// How the goodput of two groups compares. It abstains where their requests held connections for different times:
    /// goodput of a pool is proportional to 1 / hold, so a hold that differs by the factor `h` explains a difference by
    /// `h`; only what is beyond `h²` counts. Requests that held for 5.1 ms and 6.1 ms (h = 1.2) are ranked from a
    /// difference of 43% on.
    pub fn order(&self, first: &Group, second: &Group) -> Verdict {
        let Some(interval) = self.ratio(first, second).and_then(|ratio| ratio.interval) else {
            return Verdict::CannotTell;
        };
        let explained = self.holds_apart(first, second).map_or(1.0, |apart| apart * apart);
        if interval.low > explained {
            Verdict::Higher
        } else if interval.high < 1.0 / explained {
            Verdict::Lower
        } else if explained > 1.0 {
            Verdict::CannotTell
        } else {
            Verdict::NoDifference
        }
    }

    /// How far `first` can be behind `second` in goodput, as a share of `second`, at a confidence; 0 where it is ahead.
    /// What a difference of the times held may hide counts against it. `None` without an interval.
    pub fn behind_at_most(&self, first: &Group, second: &Group, confidence: f64) -> Option<f64> {
        let interval = self.ratio_at(second, first, confidence)?.interval?;
        let hidden = self.holds_apart(first, second).map_or(1.0, |apart| apart * apart);
        Some((1.0 - 1.0 / (interval.high * hidden)).max(0.0))
    }

    /// The factor by which the medians of the time held differ, where the workload holds on purpose and it is more than
    /// 2%. Elsewhere the time held is part of what a strategy does.
    pub fn holds_apart(&self, first: &Group, second: &Group) -> Option<f64> {
        let (first, second) = (first.hold_us?, second.hold_us?);
        let apart = first.max(second) / first.min(second);
        (thinks(&self.workload) && apart.is_finite() && apart - 1.0 > EQUAL_HOLDS).then_some(apart)
    }

    /// How the p99 of two groups compares, first over second.
    pub fn tail_ratio(&self, first: &Group, second: &Group) -> Option<Ratio> {
        let (first, second) = (first.p99.as_ref()?, second.p99.as_ref()?);
        ratio(&first.values, &second.values, &self.tail_noise, self.confidence())
    }

    fn confidence(&self) -> f64 {
        family_confidence(self.groups.len().saturating_sub(1))
    }

    /// The group whose course says most: the one with the largest share of failures, else the best.
    pub fn most_telling(&self) -> Option<&Group> {
        self.groups
            .iter()
            .filter(|group| group.failed_share() > 0.0)
            .max_by(|a, b| a.failed_share().total_cmp(&b.failed_share()))
            .or(self.groups.first())
    }

    /// Two of its groups' goodput, first over second, at the confidence that fits so many comparisons.
    pub fn ratio(&self, first: &Group, second: &Group) -> Option<Ratio> {
        self.ratio_at(first, second, self.confidence())
    }

    fn ratio_at(&self, first: &Group, second: &Group, confidence: f64) -> Option<Ratio> {
        // A working group is no noisier because a broken one stands beside it.
        let scatters = first.scatters() || second.scatters();
        let noise = if scatters { &self.noise } else { &self.steady_noise };
        ratio(&first.goodput.values, &second.goodput.values, noise, confidence)
    }
}

/// Groups trials (same strategy, pool size, workload, load, route and driver are repeats of one another) and
/// puts the groups into sections, in the order in which their trials first appear.
pub(crate) fn compare(trials: &[TrialRecord], reference: Option<&Ceiling>) -> Vec<Section> {
    let mut parts: Vec<Vec<&TrialRecord>> = Vec::new();
    for trial in trials {
        match parts.iter_mut().find(|part| same_section(part[0], trial)) {
            Some(part) => part.push(trial),
            None => parts.push(vec![trial]),
        }
    }
    parts.iter().map(|part| section(part, trials, reference)).collect()
}

fn section(part: &[&TrialRecord], all: &[TrialRecord], reference: Option<&Ceiling>) -> Section {
    let first = part[0];
    let references = references(first, reference);
    let mut groups: Vec<Group> =
        repeats(part).iter().filter_map(|repeats| Group::of(repeats, references)).collect();
    groups.sort_by(|a, b| b.goodput.mean.total_cmp(&a.goodput.mean).then_with(|| a.label.cmp(&b.label)));

    let noise_of = |wanted: fn(&&Group) -> bool| {
        Noise::of(groups.iter().filter(wanted).map(|group| group.goodput.values.as_slice()))
    };
    let (noise, steady_noise) = (noise_of(|_| true), noise_of(|group| !group.scatters()));
    let tails = groups.iter().filter(|group| !group.scatters()).filter_map(|group| group.p99.as_ref());
    let tail_noise = Noise::of(tails.map(|tail| tail.values.as_slice()));
    for group in &mut groups {
        let noise = if group.scatters() { &noise } else { &steady_noise };
        group.interval = interval(&group.goodput.values, noise, 0.95);
    }
    Section {
        heading: heading(first, all),
        workload: first.workload_spec.clone(),
        load: first.load.clone(),
        route: first.route,
        driver: first.driver,
        groups,
        references,
        noise,
        steady_noise,
        tail_noise,
    }
}

/// pgbench's figures, where they are those of this section's statement, without a pooler in between.
fn references(first: &TrialRecord, reference: Option<&Ceiling>) -> References {
    let suits = |reference: &&Ceiling| {
        first.route == Route::Direct
            && (first.workload == *reference.workload.as_str()
                || first.workload_spec.to_string() == reference.workload)
    };
    let Some(reference) = reference.filter(suits) else { return References::default() };
    let positive = |tps: f64| Some(tps).filter(|tps| *tps > 0.0);
    References {
        plain: positive(reference.tps),
        pipelined: reference.pipelined.as_ref().and_then(|pipelined| positive(pipelined.tps)),
    }
}

fn repeats<'a>(part: &[&'a TrialRecord]) -> Vec<Vec<&'a TrialRecord>> {
    let mut groups: Vec<Vec<&TrialRecord>> = Vec::new();
    for trial in part {
        let same = |group: &&mut Vec<&TrialRecord>| {
            group[0].strategy == trial.strategy && group[0].pool_size == trial.pool_size
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(trial),
            None => groups.push(vec![trial]),
        }
    }
    groups
}

fn same_section(a: &TrialRecord, b: &TrialRecord) -> bool {
    a.workload_spec == b.workload_spec && a.load == b.load && a.route == b.route && a.driver == b.driver
}

/// `point-read`, and what else distinguishes it in this run: `point-read · 64 users · pgbouncer-session`.
fn heading(first: &TrialRecord, all: &[TrialRecord]) -> String {
    let mut heading = first.workload_spec.to_string();
    if all.iter().any(|trial| trial.load != first.load) {
        heading.push_str(&format!(" · {}", first.load));
    }
    if all.iter().any(|trial| trial.route != first.route) || first.route != Route::Direct {
        heading.push_str(&format!(" · {}", first.route));
    }
    if all.iter().any(|trial| trial.driver != first.driver) || first.driver != Driver::Goose {
        heading.push_str(&format!(" · {}", first.driver));
    }
    heading
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn repeats_of_one_trial_are_one_row() {
        let run = fixtures::main_run();
        let sections = compare(&run.trials, run.run.ceiling.as_ref());
        assert_eq!(
            sections.iter().map(|section| section.heading.as_str()).collect::<Vec<_>>(),
            ["point-read", "hold 5 ms"]
        );
        assert_eq!(sections[0].groups.len(), 9);
        assert!(sections[0].groups.iter().all(|group| group.trials.len() == 2));
        let merged: u64 = sections.iter().flat_map(|s| &s.groups).map(|group| group.requests.total).sum();
        assert_eq!(merged, run.trials.iter().map(|trial| trial.requests.total).sum::<u64>());
    }

    #[test]
    fn the_reference_of_one_workload_is_not_that_of_another() {
        let run = fixtures::main_run();
        let sections = compare(&run.trials, run.run.ceiling.as_ref());
        assert!(sections[0].groups.iter().all(|group| group.of_reference.is_some()));
        assert!(sections[1].groups.iter().all(|group| group.of_reference.is_none()));
    }

    #[test]
    fn loads_and_sizes_are_never_mixed() {
        let mut run = fixtures::main_run();
        let mut other = run.trials[0].clone();
        other.load = Load::Closed { users: 16 };
        run.trials.push(other);
        let mut bigger = run.trials[0].clone();
        bigger.pool_size = Some(99);
        run.trials.push(bigger);
        let sections = compare(&run.trials, None);
        assert_eq!(sections.len(), 3);
        assert!(sections.iter().any(|section| section.heading == "point-read · 16 users"));
        assert_eq!(sections[0].groups.len(), 10);
    }

    /// As it was measured: two repeats, and half of the strategies broken.
    #[test]
    fn a_working_pool_is_no_noisier_because_broken_ones_stand_beside_it() {
        const MEASURED: [(&str, [f64; 2]); 8] = [
            ("r2d2", [1_539.5, 1_522.0]),
            ("deadpool", [1_220.5, 1_239.5]),
            ("bb8", [1_236.5, 1_189.5]),
            ("sqlx", [1_181.5, 1_224.5]),
            ("naive-locked", [184.5, 189.5]),
            ("naive", [224.5, 185.5]),
            ("per-request", [166.0, 122.5]),
            ("per-request-sync", [206.5, 157.0]),
        ];
        let mut run = fixtures::main_run();
        run.trials.retain(|trial| trial.workload == "hold");
        for trial in &mut run.trials {
            let (_, repeats) = MEASURED.iter().find(|(id, _)| trial.strategy == **id).unwrap();
            fixtures::set_goodput(trial, repeats[trial.repeat as usize - 1]);
        }
        let section = compare(&run.trials, None).remove(0);
        assert!(section.groups.iter().any(Group::scatters), "the canned run has broken ones");
        let leaders: Vec<&str> = section.leaders().iter().map(|group| group.label.as_str()).collect();
        assert_eq!(leaders, ["r2d2 ×8"], "a quarter more, with repeats that agree within some per cent");
    }

    #[test]
    fn without_trials_there_is_no_section_and_no_panic() {
        assert!(compare(&[], None).is_empty());
    }

    #[test]
    fn where_nothing_succeeded_nobody_leads() {
        let mut run = fixtures::main_run();
        run.trials.iter_mut().for_each(fixtures::fail_everything);
        for section in compare(&run.trials, run.run.ceiling.as_ref()) {
            assert!(section.leaders().is_empty() && section.best().is_none());
            assert!(section.groups.iter().all(|group| group.latency_ok.is_none()));
        }
    }
}
