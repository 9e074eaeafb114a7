use poollab_model::{
    Acquisition, Arrivals, BackendCounts, Cause, ErrorKind, ErrorRecord, Finding, FindingKind, Load, Means,
    RunStatus, Severity, TimelinePoint, TrialRecord,
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
    for part in ["Timed out in bb8", "underlying error: slots-exhausted", "53300", "at most 36 connections"] {
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
    assert!(found.iter().any(|finding| finding.text.contains("wait forever")), "{found:#?}");
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
    for part in [
        "backends by state",
        "throttling",
        "where successful requests spent their time",
        "statements",
        "single repeat",
    ] {
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
fn a_service_at_the_limit_of_its_own_threads_is_no_verdict_on_the_pool() {
    assert!(of_kind(&fixtures::main_run(), FindingKind::ServiceBound).is_empty());
    let run = change(|trial| {
        if trial.strategy == "r2d2" && trial.workload == "point-read" {
            // 0.96 of what its worker threads can use.
            trial.server.cpu_share = Some(0.96 * f64::from(trial.settings.workers));
        }
    });
    let finding = only(&run, FindingKind::ServiceBound);
    assert_eq!(finding.severity, Severity::Doubt);
    assert!(finding.text.contains("r2d2 ×8") && !finding.text.contains("bb8"), "{}", finding.text);
    assert!(finding.text.contains("Its CPU was the limit, not the pool"), "{}", finding.text);
    assert_eq!(finding.workload.as_deref(), Some("point-read"));
}

#[test]
fn a_machine_without_idle_cores_is_no_verdict_on_the_pool() {
    assert!(of_kind(&fixtures::main_run(), FindingKind::MachineBound).is_empty());
    let run = change(|trial| {
        if trial.strategy == "bb8" && trial.workload == "point-read" {
            // Of 2 cores: 0.9 of the service, 0.5 of Postgres, and 0.52 of a generator that uses 75 µs for each of
            // the 7,000 answers a second: 1.92 = 96%. None of them alone is at a limit.
            let answered = (trial.requests.ok + trial.requests.failed) as f64;
            trial.server.cpu_share = Some(0.9);
            trial.database.cpu_s = Some(0.5 * trial.measured_s);
            trial.generator.cpu_us_per_request = 0.52 * trial.measured_s * 1e6 / answered;
        }
    });
    let finding = only(&run, FindingKind::MachineBound);
    assert_eq!(finding.severity, Severity::Doubt);
    assert!(finding.text.contains("up to 96% of this machine's 2 cores with bb8 ×8"), "{}", finding.text);
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
        for (n, point) in trial.timeline.iter_mut().enumerate() {
            point.in_flight = Some(1_000 * n as u64);
        }
        if trial.strategy == "sqlx" {
            trial.requests.dropped = 500;
        }
    });
    let found = of_kind(&run, FindingKind::OfferedShortfall);
    assert!(found.iter().any(|finding| finding.text.contains("not sent with sqlx")), "{found:#?}");
    assert!(
        found.iter().all(|finding| !finding.text.contains("--users")),
        "users are those of a closed load"
    );
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

#[test]
fn users_without_an_answer_are_a_problem_and_never_no_failure() {
    let run = change(|trial| {
        if trial.strategy == "naive" && trial.repeat == 1 {
            trial.unfinished.users_without_answer = 63;
            trial.unfinished.oldest_us = Some(1_900_000);
        }
    });
    let found = of_kind(&run, FindingKind::Unanswered);
    assert_eq!(found.len(), 2, "one for each workload: {found:#?}");
    assert!(found.iter().all(|finding| finding.severity == Severity::Problem));
    let text = &found[0].text;
    assert!(text.contains("63 of 64 users got no response") && text.contains("1.9 s"), "{text}");
    assert!(of_kind(&fixtures::main_run(), FindingKind::Unanswered).is_empty());
}

#[test]
fn a_request_that_was_cut_off_is_told_where_no_latency_shows_it() {
    let cut = |oldest| {
        of_kind(
            &change(|trial| {
                trial.unfinished.cut_off = 4;
                trial.unfinished.oldest_us = Some(oldest);
            }),
            FindingKind::Unanswered,
        )
    };
    assert!(cut(1).is_empty(), "what is in flight for a moment when a trial ends is no problem");
    let found = cut(3_000_000_000);
    assert!(
        found[0].text.contains("cut off 4 requests") && found[0].text.contains("longer than any"),
        "{found:#?}"
    );
}

#[test]
fn a_gap_in_the_answers_is_told_with_what_was_seen_meanwhile_and_blames_nobody_without_evidence() {
    let frozen = |see: fn(&mut TimelinePoint)| {
        let mut run = fixtures::main_run();
        let trial = run.trials.iter_mut().find(|trial| trial.strategy == "naive").unwrap();
        let points = trial.timeline.len();
        for point in trial.timeline.iter_mut().skip(1).take(points - 2) {
            point.rps = 0.0;
            point.throttled_ms = Some(0.0);
            see(point);
        }
        of_kind(&run, FindingKind::Gap)
    };
    let blamed = |found: &[Finding]| found[0].evidence["blame"].as_str().unwrap().to_owned();
    let unseen = frozen(|point| point.backends = None);
    assert_eq!(unseen.len(), 1, "{unseen:#?}");
    assert!(unseen[0].text.starts_with("naive sent no response from"), "{}", unseen[0].text);
    assert!(unseen[0].text.contains("with 64 requests in flight"), "{}", unseen[0].text);
    assert_eq!(blamed(&unseen), "database");
    assert_eq!(blamed(&frozen(|point| point.throttled_ms = Some(90_000.0))), "cpu-limit");
    assert_eq!(blamed(&frozen(|point| point.backends.as_mut().unwrap().waiting_for_lock = 3)), "lock");
    let idle = |point: &mut TimelinePoint| {
        point.backends = Some(BackendCounts { idle: 1, ..BackendCounts::default() });
    };
    assert_eq!(blamed(&frozen(idle)), "service");
    // The observer's last look stands for a second: what came before the freeze is no evidence of it.
    let stale = frozen(|point| {
        let seen = BackendCounts { idle: 1, ..BackendCounts::default() };
        point.backends = (point.at_ms < 900.0).then_some(seen);
    });
    assert_eq!(blamed(&stale), "database");

    assert!(frozen(|point| point.in_flight = Some(0)).is_empty(), "nobody asked");
    assert!(frozen(|point| point.in_flight = None).is_empty(), "a run that did not count them");
    assert!(of_kind(&fixtures::main_run(), FindingKind::Gap).is_empty());
}

#[test]
fn a_generator_that_stood_still_is_not_the_databases_gap() {
    let mut run = fixtures::main_run();
    let trial = run.trials.iter_mut().find(|trial| trial.strategy == "naive").unwrap();
    let (first, last) = (trial.timeline[0].clone(), trial.timeline[trial.timeline.len() - 1].clone());
    // It told of one long interval instead of many short ones.
    let silent = TimelinePoint { at_ms: first.at_ms + 1_500.0, rps: 0.0, ..first.clone() };
    let mut rest = vec![first.clone(); 10];
    for (n, point) in rest.iter_mut().enumerate() {
        point.at_ms = silent.at_ms + 20.0 * (n + 1) as f64;
    }
    trial.timeline = [vec![first, silent], rest, vec![last]].concat();
    let found = of_kind(&run, FindingKind::Gap);
    assert_eq!(found[0].evidence["blame"], "generator", "{found:#?}");
}

#[test]
fn a_growing_backlog_is_a_problem_and_a_steady_one_is_none() {
    let open = |in_flight: fn(u64) -> u64| {
        of_kind(
            &change(|trial| {
                trial.load = Load::Open { rate_per_s: 300.0, arrivals: Arrivals::Constant, users: 1_000 };
                trial.offered_rps = 300.0;
                trial.throughput_rps = 95.0;
                for (n, point) in trial.timeline.iter_mut().enumerate() {
                    point.in_flight = Some(in_flight(n as u64));
                }
            }),
            FindingKind::OfferedShortfall,
        )
    };
    let growing = open(|n| 100 * n);
    assert_eq!(growing[0].severity, Severity::Problem);
    assert!(growing[0].text.contains("answered 95/s of 300/s scheduled"), "{}", growing[0].text);
    assert!(growing[0].text.contains("Requests in flight grew from"), "{}", growing[0].text);
    // Each request takes two seconds, from the start: many are in flight, and no more than before.
    assert!(open(|_| 600).is_empty());
}

#[test]
fn a_schedule_that_drew_fewer_arrivals_is_what_rates_are_judged_against() {
    let drawn = |offered_rps: f64, arrivals| {
        of_kind(
            &change(|trial| {
                trial.load = Load::Open { rate_per_s: 300.0, arrivals, users: 1_000 };
                trial.offered_rps = offered_rps;
                trial.throughput_rps = offered_rps;
            }),
            FindingKind::OfferedShortfall,
        )
    };
    let found = drawn(282.0, Arrivals::Poisson);
    assert_eq!(found[0].severity, Severity::Note);
    assert!(
        found[0].text.contains("282/s") && found[0].text.contains("--rate was 300/s"),
        "{}",
        found[0].text
    );
    assert!(drawn(299.0, Arrivals::Poisson).is_empty());
}
