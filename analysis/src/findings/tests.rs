use poollab_model::{
    Acquisition, Arrivals, Cause, ErrorKind, ErrorRecord, Finding, FindingKind, Load, Means, RunStatus,
    Severity, TrialRecord,
};
use serde_json::Value;

use crate::fixtures::{self, CannedRun};

fn of_kind(run: &CannedRun, kind: FindingKind) -> Vec<Finding> {
    run.findings().into_iter().filter(|finding| finding.kind == kind).collect()
}

fn only(run: &CannedRun, kind: FindingKind) -> Finding {
    let mut found = of_kind(run, kind);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn change(change: impl Fn(&mut TrialRecord)) -> CannedRun {
    let mut run = fixtures::main_run();
    run.trials.iter_mut().for_each(change);
    run
}

fn fail_with(trial: &mut TrialRecord, kind: ErrorKind, message: &str, cause: Option<Cause>) {
    trial.errors = vec![ErrorRecord {
        kind,
        sqlstate: None,
        message: message.to_owned(),
        cause,
        count: 93,
        first_at_ms: 5_001.0,
    }];
    trial.requests.failed = 93;
    trial.requests.total += 93;
}

/// No figure may be absent, infinite or not a number, and no text may show one.
fn assert_sound(findings: &[Finding]) {
    fn sound(value: &Value) -> bool {
        match value {
            Value::Null => false,
            Value::Number(number) => number.as_f64().is_some_and(f64::is_finite),
            Value::Array(items) => items.iter().all(sound),
            Value::Object(map) => map.values().all(sound),
            _ => true,
        }
    }
    for finding in findings {
        assert!(finding.evidence.values().all(sound), "{finding:#?}");
        let text = finding.text.as_str();
        assert!(!text.contains("NaN") && !text.contains(" inf") && !text.contains("–/s"), "{text}");
        assert!(!text.contains("  ") && !text.is_empty(), "{text:?}");
    }
}

#[test]
fn problems_come_before_doubts_and_doubts_before_conclusions() {
    let found = fixtures::main_run().findings();
    assert_sound(&found);
    assert!(found.windows(2).all(|pair| pair[0].severity <= pair[1].severity));
    assert_eq!(found[0].severity, Severity::Problem);
}

#[test]
fn exhausted_slots_are_told_with_state_text_count_and_cure() {
    let run = fixtures::main_run();
    let found = of_kind(&run, FindingKind::Failures);
    assert_eq!(found.len(), 2, "one for each workload");
    let text = &found[0].text;
    for part in [
        "SQLSTATE 53300",
        "remaining connection slots are reserved",
        "64 connections",
        "36 slots",
        "deadpool",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let failed: u64 = run
        .trials
        .iter()
        .filter(|trial| trial.workload == "point-read")
        .map(|trial| trial.requests.failed)
        .sum();
    assert_eq!(found[0].evidence["count"], failed);
}

#[test]
fn a_pool_time_out_is_told_with_its_true_cause() {
    let refused = Cause {
        kind: ErrorKind::SlotsExhausted,
        sqlstate: Some("53300".into()),
        message: "sorry, too many clients already".into(),
    };
    let run = change(|trial| {
        if trial.strategy == "bb8" {
            trial.pool_size = Some(64);
            fail_with(trial, ErrorKind::PoolTimeout, "Timed out in bb8", Some(refused.clone()));
        }
    });
    let found = of_kind(&run, FindingKind::Failures);
    let text = &found.iter().find(|finding| finding.evidence["kind"] == "pool-timeout").unwrap().text;
    for part in ["Timed out in bb8", "true cause: slots-exhausted", "53300", "at most 36 connections"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(of_kind(&run, FindingKind::PoolExceedsSlots).len(), 2);
}

#[test]
fn a_pool_that_waits_for_ever_is_named_as_the_reason_of_http_time_outs() {
    let run = change(|trial| {
        if trial.strategy == "deadpool" {
            trial.settings.acquire_timeout = None;
            fail_with(trial, ErrorKind::HttpTimeout, "no answer within 10s", None);
        }
    });
    let found = of_kind(&run, FindingKind::Failures);
    assert!(found.iter().any(|finding| finding.text.contains("waits for ever")), "{found:#?}");
}

#[test]
fn an_unlocked_shared_connection_is_told_to_mix_transactions() {
    let finding = only(&fixtures::main_run(), FindingKind::Isolation);
    assert_eq!(finding.severity, Severity::Problem);
    assert_eq!(finding.workload.as_deref(), Some("hold 5 ms"));
    assert!(finding.text.starts_with("naive: on average "), "{}", finding.text);
}

#[test]
fn a_locked_shared_connection_is_told_to_serve_one_holder_at_a_time() {
    let found = of_kind(&fixtures::main_run(), FindingKind::HoldEffect);
    assert!(found[0].text.contains("naive-locked serves one request at a time"), "{}", found[0].text);
    assert!(found[1].text.contains("upper limit"), "{}", found[1].text);
}

#[test]
fn analysis_knows_strategies_by_how_they_acquire_and_not_by_name() {
    let renamed = change(|trial| {
        trial.strategy = format!("x{}", trial.strategy).parse().unwrap();
    });
    let plain = fixtures::main_run().findings();
    let kinds = |found: &[Finding]| found.iter().map(|finding| finding.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&renamed.findings()), kinds(&plain));
}

#[test]
fn a_difference_inside_the_noise_is_no_difference() {
    let run = change(|trial| {
        let rps = match (trial.strategy.as_str(), trial.repeat) {
            ("bb8", 1) => 7_000.0,
            ("bb8", _) => 7_200.0,
            ("r2d2", 1) => 7_180.0,
            ("r2d2", _) => 6_990.0,
            _ => return,
        };
        if trial.workload == "point-read" {
            fixtures::set_goodput(trial, rps);
        }
    });
    let found = of_kind(&run, FindingKind::NoDifference);
    let both = |finding: &Finding| finding.text.contains("bb8 ×8") && finding.text.contains("r2d2 ×8");
    let finding = found.iter().find(|finding| both(finding)).unwrap();
    assert_eq!(finding.workload.as_deref(), Some("point-read"));
    assert!(finding.text.contains("too close to rank"), "{}", finding.text);
}

#[test]
fn a_single_repeat_never_claims_certainty() {
    let mut run = fixtures::run_of(1);
    run.plan.repeats = 1;
    let found = run.findings();
    assert_sound(&found);
    assert!(found.iter().any(|finding| finding.text.contains("ran once")));
    assert!(found.iter().all(|finding| finding.kind != FindingKind::NoDifference));
    assert!(found.iter().all(|finding| !finding.text.contains('±')));
}

#[test]
fn without_a_success_there_is_no_ranking_and_no_invented_figure() {
    let run = change(fixtures::fail_everything);
    let found = run.findings();
    assert_sound(&found);
    assert!(found.iter().all(|finding| finding.kind != FindingKind::Ranking));
}

#[test]
fn missing_figures_are_said_to_be_missing() {
    let run = change(|trial| {
        trial.database = poollab_model::DatabaseFigures::default();
        trial.phases_us = poollab_model::Phases::default();
        trial.histograms = poollab_model::Histograms::default();
        trial.timeline.clear();
    });
    let found = run.findings();
    assert_sound(&found);
    let missing = of_kind(&run, FindingKind::Unobserved);
    for part in ["backends by state", "throttling", "where the time", "statements", "single repeat"] {
        assert!(missing.iter().any(|finding| finding.text.contains(part)), "{part}");
    }
}

#[test]
fn figures_that_are_not_numbers_do_not_spread() {
    let run = change(|trial| {
        trial.goodput_rps = f64::NAN;
        trial.throughput_rps = f64::INFINITY;
        trial.generator.cpu_share = f64::NAN;
        trial.database.throttled_share = Some(f64::NAN);
        trial.measured_s = 0.0;
    });
    assert_sound(&run.findings());
}

#[test]
fn a_run_without_trials_has_no_conclusion() {
    let mut run = fixtures::main_run();
    run.trials.clear();
    run.run.status = RunStatus::Failed;
    let found = run.findings();
    assert_sound(&found);
    assert!(found.iter().any(|finding| finding.text.contains("0 of 36 trials")), "{found:#?}");
}

#[test]
fn limits_that_were_not_in_force_are_said_so_in_so_many_words() {
    let mut run = fixtures::main_run();
    run.environment.limits_in_force.cpu = Means::None;
    run.environment.limits_in_force.reasons = vec!["the cgroup folder is read-only".into()];
    let finding = only(&run, FindingKind::LimitsNotInForce);
    assert!(finding.text.contains("NOT in force") && finding.text.contains("read-only"), "{}", finding.text);
    run.environment.limits.cpus = None;
    assert!(of_kind(&run, FindingKind::LimitsNotInForce).is_empty(), "nothing was asked for");
}

#[test]
fn a_busy_generator_is_doubted() {
    let run = change(|trial| trial.generator.cpu_share = if trial.strategy == "naive" { 0.83 } else { 0.4 });
    let found = of_kind(&run, FindingKind::GeneratorBound);
    assert!(found[0].text.contains("83%") && found[0].text.contains("naive"), "{}", found[0].text);
}

#[test]
fn others_at_work_on_the_machine_are_doubted() {
    assert!(of_kind(&fixtures::main_run(), FindingKind::BusyMachine).is_empty());
    let run =
        change(|trial| trial.others_cpu_share = Some(if trial.strategy == "bb8" { 0.41 } else { 0.05 }));
    let found = of_kind(&run, FindingKind::BusyMachine);
    assert!(
        found[0].text.contains("41%") && found[0].text.contains("in 4 of 34 trials"),
        "{}",
        found[0].text
    );
}

#[test]
fn an_open_load_that_was_not_sent_or_not_answered_is_told() {
    let run = change(|trial| {
        trial.load = Load::Open { rate_per_s: 9_000.0, arrivals: Arrivals::Poisson, users: 64 };
        trial.offered_rps = 9_000.0;
        if trial.strategy == "sqlx" {
            trial.requests.dropped = 500;
        }
    });
    let found = of_kind(&run, FindingKind::OfferedShortfall);
    assert!(found.iter().any(|finding| finding.text.contains("never sent with sqlx")), "{found:#?}");
    assert!(found.iter().any(|finding| finding.text.contains("did not keep up")), "{found:#?}");
}

#[test]
fn what_was_left_behind_is_a_problem() {
    let run = change(|trial| {
        if trial.strategy == "r2d2" && trial.repeat == 1 {
            trial.database.backends_left = Some(3);
            trial.server.exit_code = Some(101);
        }
    });
    let found: Vec<Finding> =
        of_kind(&run, FindingKind::Unclean).into_iter().filter(|f| f.severity == Severity::Problem).collect();
    assert_eq!(found.len(), 2, "{found:#?}");
}

#[test]
fn every_family_speaks_of_every_acquisition_without_a_panic() {
    // Decoding histograms is not what this is about, and takes most of the time.
    let calm = change(|trial| trial.histograms = poollab_model::Histograms::default());
    for acquisition in [
        Acquisition::Shared,
        Acquisition::SharedLocked,
        Acquisition::Pipelined,
        Acquisition::PerRequest,
        Acquisition::Pooled,
    ] {
        for kind in ErrorKind::ALL {
            let mut run = calm.clone();
            for trial in &mut run.trials {
                trial.acquisition = acquisition;
                fail_with(trial, kind, "", None);
            }
            assert_sound(&run.findings());
        }
    }
}

#[test]
fn an_unoptimised_build_is_the_first_thing_said() {
    let mut run = fixtures::main_run();
    run.environment.optimised_build = false;
    assert_eq!(run.findings()[0].kind, FindingKind::DebugBuild);
}
