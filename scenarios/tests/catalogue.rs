//! The registry as data.

use std::collections::HashSet;

use poollab_model::{ErrorKind, Route};
use poollab_scenarios::{
    Act, Case, Expect, Explanation, NEEDED_WORKLOADS, Need, SCENARIOS, Scenario, Traffic, by_symptom,
    explain, find, nearest_ids, texts,
};

/// The service's own workloads and strategies. This crate depends on neither.
const WORKLOADS: [&str; 5] = ["point-read", "read-process", "write-tx", "hold", "hot-row"];
const STRATEGIES: [&str; 9] = [
    "naive",
    "naive-locked",
    "per-request",
    "per-request-sync",
    "deadpool",
    "bb8",
    "r2d2",
    "sqlx",
    "pipelined",
];

const ALL: [&str; 23] = [
    "too-many-clients",
    "reserved-slots",
    "role-limit",
    "pool-timeout",
    "waits-for-ever",
    "hidden-exhaustion",
    "leak",
    "idle-in-transaction",
    "nested-checkout",
    "hot-row",
    "blocking-in-async",
    "unfair-tail",
    "shared-transaction",
    "cancelled-request",
    "restart-storm",
    "idle-killed",
    "cold-burst",
    "replicas",
    "oom-kill",
    "oversized-pool",
    "pgbouncer-prepared",
    "pgbouncer-queue",
    "port-exhaustion",
];

fn cases(scenario: &'static Scenario) -> impl Iterator<Item = &'static Case> {
    scenario.broken.cases.iter().chain(scenario.cured.cases)
}

fn expects(scenario: &'static Scenario) -> impl Iterator<Item = Expect> {
    let shared = scenario.broken.expects.iter().chain(scenario.cured.expects);
    shared.chain(cases(scenario).flat_map(|case| case.expects)).copied()
}

#[test]
fn the_catalogue_is_complete_and_ids_are_unique() {
    let ids: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.id).collect();
    assert_eq!(ids, ALL);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
}

#[test]
fn every_scenario_has_all_its_texts() {
    for scenario in SCENARIOS {
        let id = scenario.id;
        let texts = [
            scenario.title,
            scenario.symptom,
            scenario.reason,
            scenario.tell,
            scenario.broken.says,
            scenario.cured.says,
            scenario.proof.symptom,
            scenario.proof.cure,
        ];
        for text in texts.into_iter().chain(scenario.cure.iter().map(|cure| cure.change)) {
            assert!(text.trim() == text && text.len() >= 10, "{id}: {text:?}");
            assert!(!text.contains("  ") && !text.contains('\n'), "{id}: a wrapped line shows in {text:?}");
        }
        assert!(!scenario.look.is_empty() && !scenario.cure.is_empty(), "{id}");
        for look in scenario.look {
            assert!(["sql", "sh", "pgbouncer"].contains(&look.with), "{id}: {}", look.with);
            assert!(
                !look.run.is_empty() && !look.see.is_empty() && !look.see.ends_with('.'),
                "{id}: {look:?}"
            );
        }
    }
}

#[test]
fn a_tired_engineer_reads_no_more_than_a_screen() {
    for scenario in SCENARIOS {
        assert!(scenario.reason.len() <= 700, "{}: {}", scenario.id, scenario.reason.len());
        assert!(scenario.title.len() <= 90, "{}: {}", scenario.id, scenario.title.len());
    }
}

#[test]
fn both_sides_are_run_and_judged() {
    for scenario in SCENARIOS {
        for side in [&scenario.broken, &scenario.cured] {
            assert!(!side.cases.is_empty(), "{}", scenario.id);
            for case in side.cases {
                assert!(
                    !side.expects.is_empty() || !case.expects.is_empty(),
                    "{}: {}",
                    scenario.id,
                    case.label()
                );
            }
            let labels: HashSet<&str> = side.cases.iter().map(Case::label).collect();
            assert_eq!(labels.len(), side.cases.len(), "{}: two cases of one name", scenario.id);
        }
        assert!(!scenario.scene.stages.is_empty(), "{}", scenario.id);
    }
}

#[test]
fn what_a_scenario_promises_is_what_it_expects() {
    for scenario in SCENARIOS {
        let Some(kind) = scenario.kind else { continue };
        let in_broken =
            scenario.broken.expects.iter().chain(scenario.broken.cases.iter().flat_map(|case| case.expects));
        let promised = in_broken.copied().any(|expect| match expect {
            Expect::Errors { kind: expected, .. } | Expect::ErrorCount { kind: expected, .. } => {
                expected == kind
            }
            Expect::HiddenCause { kind: expected, cause, .. } => expected == kind || cause == kind,
            Expect::WrongAnswers { .. } => kind == ErrorKind::WrongAnswer,
            // Its ports are what can be counted; the error itself may not come on loopback.
            Expect::TimeWaitGrowth { .. } => scenario.id == "port-exhaustion",
            _ => false,
        });
        assert!(promised, "{} promises {kind} and expects it nowhere", scenario.id);
    }
}

#[test]
fn a_comparison_has_something_to_compare_with() {
    for scenario in SCENARIOS {
        for (own, other) in [(&scenario.broken, &scenario.cured), (&scenario.cured, &scenario.broken)] {
            for (at, case) in own.cases.iter().enumerate() {
                let compares = own.expects.iter().chain(case.expects).any(|expect| {
                    matches!(
                        expect,
                        Expect::GoodputRatio { .. }
                            | Expect::GoodputAtMost { .. }
                            | Expect::LatencyRatio { .. }
                    )
                });
                assert!(!compares || other.cases.len() == 1 || at < other.cases.len(), "{}", scenario.id);
            }
        }
    }
}

#[test]
fn conditions_can_be_observed_where_they_stand() {
    for scenario in SCENARIOS {
        let id = scenario.id;
        for expect in expects(scenario) {
            match expect {
                Expect::HealthzUnanswered { .. } | Expect::HealthzAnswered => {
                    assert!(scenario.scene.healthz_every_ms > 0, "{id}");
                }
                Expect::NeverReady { .. } | Expect::AllReady => {
                    let acts = scenario.scene.actions;
                    assert!(acts.iter().any(|action| action.act == Act::StartNextGeneration), "{id}");
                }
                Expect::RecoversWithin { .. } => {
                    let acts = scenario.scene.actions;
                    assert!(
                        acts.iter().any(|action| matches!(action.act, Act::RestartDatabase { .. })),
                        "{id}"
                    );
                }
                Expect::Logged { line } => assert!(scenario.server_log.contains(&line), "{id}: {line:?}"),
                Expect::OomKilled => assert!(scenario.needs.contains(&Need::MemoryLimit), "{id}"),
                Expect::TimeWaitGrowth { .. } => assert!(scenario.needs.contains(&Need::ProcNet), "{id}"),
                Expect::GoodputGone { from_ms } => assert!(from_ms < scenario.scene.duration_ms, "{id}"),
                _ => {}
            }
        }
        for line in scenario.server_log {
            let expected = expects(scenario).any(|expect| expect == Expect::Logged { line: *line });
            assert!(expected, "{id}: nobody looks for {line:?}");
        }
    }
}

#[test]
fn cases_are_made_of_things_that_exist() {
    for scenario in SCENARIOS {
        for case in cases(scenario) {
            let id = scenario.id;
            assert!(STRATEGIES.contains(&case.strategy), "{id}: {}", case.strategy);
            let exists =
                |name: &str| WORKLOADS.contains(&name) || NEEDED_WORKLOADS.iter().any(|w| w.id == name);
            assert!(exists(case.workload), "{id}: {}", case.workload);
            for (workload, params) in
                [(case.workload, case.params), case.beside.split_once('?').unwrap_or((case.beside, ""))]
            {
                assert!(workload.is_empty() || exists(workload), "{id}: {workload}");
                if let Some(needed) = NEEDED_WORKLOADS.iter().find(|needed| needed.id == workload) {
                    for name in
                        params.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name)
                    {
                        assert!(
                            needed.parameters.iter().any(|(known, _)| *known == name),
                            "{id}: {workload} {name}"
                        );
                    }
                }
            }
            assert_eq!(case.beside.is_empty(), scenario.scene.beside.is_none(), "{id}");
            assert!(case.tuning.min_idle <= case.tuning.pool_size, "{id}");
            assert_eq!(case.route != Route::Direct, !case.pooler.is_empty(), "{id}");
            assert!(case.route == Route::Direct || scenario.needs.contains(&Need::PgBouncer), "{id}");
            assert!(case.workload_spec().is_ok(), "{id}");
        }
    }
    for needed in NEEDED_WORKLOADS {
        let used = SCENARIOS.iter().any(|scenario| {
            cases(scenario).any(|case| case.workload == needed.id || case.beside.starts_with(needed.id))
        });
        assert!(used, "{} is needed by nobody", needed.id);
    }
}

#[test]
fn the_broken_and_the_cured_side_answer_the_same_path_or_a_parameter_of_it() {
    for scenario in SCENARIOS {
        let workloads: HashSet<&str> = cases(scenario).map(|case| case.workload).collect();
        assert_eq!(workloads.len(), 1, "{}", scenario.id);
    }
}

#[test]
fn nothing_takes_longer_than_it_may() {
    let mut all = 0;
    for scenario in SCENARIOS {
        let ms = scenario.expected_ms();
        assert!(ms <= 30_000, "{}: {ms} ms", scenario.id);
        let scene = &scenario.scene;
        assert!(scene.stages.iter().all(|stage| stage.at_ms < scene.duration_ms), "{}", scenario.id);
        assert!(scene.stages.is_sorted_by_key(|stage| stage.at_ms), "{}", scenario.id);
        assert!(scene.actions.iter().all(|action| action.at_ms < scene.duration_ms), "{}", scenario.id);
        all += ms;
    }
    assert!(all <= 600_000, "{all} ms");
    let first = find("reserved-slots").unwrap();
    assert!(u64::from(first.scene.duration_ms) + 2_500 <= 6_000);
}

/// The arithmetic that the scenes' comments claim: too many for the slots, and never too many for the cure.
#[test]
fn slots_run_out_by_count_and_not_by_luck() {
    let most = |scenario: &Scenario| {
        scenario
            .scene
            .stages
            .iter()
            .map(|stage| match stage.press {
                Traffic::Users { users } => users,
                Traffic::Burst { requests } => requests,
                Traffic::Rate { in_flight, .. } => in_flight,
            })
            .max()
            .unwrap_or_default()
    };
    let scenario = find("reserved-slots").unwrap();
    assert!(most(scenario) > scenario.scene.limits().free_slots());
    let hidden = find("hidden-exhaustion").unwrap();
    for case in hidden.broken.cases {
        let warm = case.deploy.processes - case.deploy.cold;
        assert_eq!(
            warm * case.tuning.min_idle,
            hidden.scene.limits().free_slots(),
            "nothing is left for the last"
        );
    }
    let all = find("too-many-clients").unwrap();
    assert!(most(all) > all.scene.max_connections);
    let reserved = find("reserved-slots").unwrap();
    // Those too many fit into the reserved slots, so that the refusal is about these.
    assert!(most(reserved) - reserved.scene.limits().free_slots() <= reserved.scene.reserved);
    let role = find("role-limit").unwrap();
    assert!(most(role) > role.scene.role.connection_limit.unwrap());
    let nested = find("nested-checkout").unwrap();
    assert_eq!(most(nested), nested.broken.cases[0].tuning.pool_size);
    for scenario in SCENARIOS.iter().filter(|scenario| scenario.id != "too-many-clients") {
        for case in scenario.cured.cases.iter().filter(|case| case.route == Route::Direct) {
            let generations = 1 + u32::from(!scenario.scene.actions.is_empty() && case.deploy.processes > 1);
            let asked = case.tuning.pool_size * case.deploy.processes * generations;
            assert!(asked <= scenario.scene.limits().free_slots(), "{}: {}", scenario.id, case.label());
        }
    }
}

/// Free slots of a scene; a superuser can have the reserved ones, too.
fn slots(scenario: &Scenario) -> u32 {
    if scenario.scene.role.superuser {
        scenario.scene.max_connections - 1
    } else {
        scenario.scene.limits().free_slots()
    }
}

fn think_ms(case: &Case) -> u32 {
    let think = case.params.split('&').find_map(|pair| pair.strip_prefix("think_ms="));
    think.and_then(|ms| ms.parse().ok()).unwrap_or(0)
}

/// Slots in use are connects per second × time held: on a machine of any speed the hold needs one slot more than there
/// are, at a third of the rate that was measured.
#[test]
fn a_slow_machine_still_runs_out_of_slots() {
    for id in ["too-many-clients", "reserved-slots"] {
        for rate in [2.0, 20.0, 60.0, 150.0, 230.0, 2_000.0] {
            let scenario = find(id).unwrap().paced(rate);
            for case in scenario.broken.cases {
                let held = f64::from(think_ms(case)) / 1e3 * rate / 3.0;
                assert!(held >= f64::from(slots(&scenario) + 1), "{id} at {rate}/s: {held} slots");
            }
        }
    }
}

/// As many holds fit into the time on both sides, and the cure has the slots that the failure took.
#[test]
fn a_cure_has_the_slots_that_there_are() {
    for (id, slots) in [
        ("too-many-clients", slots(find("too-many-clients").unwrap())),
        ("reserved-slots", slots(find("reserved-slots").unwrap())),
        ("role-limit", find("role-limit").unwrap().scene.role.connection_limit.unwrap()),
    ] {
        for rate in [2.0, 60.0, 2_000.0] {
            let scenario = find(id).unwrap().paced(rate);
            let (broken, cured) = (&scenario.broken.cases[0], &scenario.cured.cases[0]);
            assert_eq!((cured.tuning.pool_size, cured.tuning.min_idle), (slots, slots), "{id}");
            assert_eq!(think_ms(broken), think_ms(cured), "{id}");
            let holds = f64::from(scenario.scene.duration_ms) / f64::from(think_ms(cured));
            assert!((holds - 3.5).abs() < 0.02, "{id} at {rate}/s: {holds} holds");
        }
    }
}

#[test]
fn a_stretched_scenario_is_longer_in_all_its_times_and_in_nothing_else() {
    let written = find("replicas").unwrap();
    let rate = f64::from(written.scene.connects_per_s.unwrap());
    assert_eq!(written.paced(rate), *written);
    assert_eq!(written.paced(10.0 * rate), *written, "nothing gets shorter");
    let slow = written.paced(rate / 2.0);
    assert_eq!(slow.scene.duration_ms, 2 * written.scene.duration_ms);
    assert_eq!(slow.scene.stages[1].at_ms, 2 * written.scene.stages[1].at_ms);
    assert_eq!(slow.scene.stages[1].press, written.scene.stages[1].press);
    assert_eq!(slow.scene.actions[0].at_ms, 2 * written.scene.actions[0].at_ms);
    assert_eq!(think_ms(&slow.broken.cases[0]), 2 * think_ms(&written.broken.cases[0]));
    assert_eq!(
        slow.broken.cases[0].tuning.acquire_ms,
        written.broken.cases[0].tuning.acquire_ms.map(|ms| 2 * ms)
    );
    assert_eq!(slow.broken.cases[0].tuning.pool_size, written.broken.cases[0].tuning.pool_size);
    assert_eq!(slow.scene.limits(), written.scene.limits());
}

#[test]
fn related_scenarios_exist_and_are_others() {
    for scenario in SCENARIOS {
        for id in scenario.related {
            assert!(find(id).is_some() && *id != scenario.id, "{}: {id}", scenario.id);
        }
    }
}

#[test]
fn every_scenario_is_listed_once_under_a_symptom() {
    let listed: Vec<&str> =
        by_symptom().iter().flat_map(|(_, scenarios)| scenarios.iter().map(|scenario| scenario.id)).collect();
    assert_eq!(listed.iter().collect::<HashSet<_>>().len(), SCENARIOS.len());
    assert_eq!(listed.len(), SCENARIOS.len());
    assert!(by_symptom().iter().all(|(_, scenarios)| !scenarios.is_empty()));
}

#[test]
fn an_unknown_id_suggests_the_nearest() {
    for (typed, meant) in [
        ("too-many-client", "too-many-clients"),
        ("reserved_slots", "reserved-slots"),
        ("pooltimeout", "pool-timeout"),
        ("oom", "oom-kill"),
        ("OOM-KILL", "oom-kill"),
        ("hotrow", "hot-row"),
        ("waits-forever", "waits-for-ever"),
        ("restart", "restart-storm"),
    ] {
        assert_eq!(nearest_ids(typed).first(), Some(&meant), "{typed}");
    }
    assert!(nearest_ids("zzzz").is_empty() && nearest_ids("").is_empty());
}

#[test]
fn what_the_rust_pools_say_when_exhausted_is_explained() {
    for text in [
        "Timeout occurred while waiting for a slot to become available",
        "Timed out in bb8",
        "timed out waiting for connection",
        "pool timed out while waiting for an open connection",
    ] {
        let Explanation::Known(known) = explain(text) else { panic!("{text}") };
        assert_eq!(known.candidates[0].scenario.id, "pool-timeout");
    }
}

#[test]
fn every_scenario_that_has_an_error_is_reached_by_a_text() {
    let reached: HashSet<&str> = texts::all().flat_map(|error| error.scenarios.iter().copied()).collect();
    // Nothing says an error when a pool is unfair.
    for scenario in SCENARIOS.iter().filter(|scenario| scenario.id != "unfair-tail") {
        assert!(reached.contains(scenario.id), "{}", scenario.id);
    }
}
