//! Verdicts on made-up records: what must count as shown, and what never may.

use poollab_model::{
    BackendCounts, Cause, DatabaseFigures, ErrorKind, ErrorRecord, GeneratorFigures, Phases, PoolCounts,
    Quantiles, ServerFigures, Settings, TimelinePoint, TrialRecord,
};
use poollab_scenarios::{Evidence, LogEvidence, Verdict, find, judge};
use serde_json::json;

/// From JSON, as a run's folder holds it: a record of today must be readable when it has more fields tomorrow.
fn record(ok: u64, errors: Vec<ErrorRecord>) -> TrialRecord {
    let failed: u64 = errors.iter().map(|error| error.count).sum();
    let nothing = json!({ "ok": null, "failed": null });
    serde_json::from_value(json!({
        "id": "t",
        "strategy": "deadpool",
        "acquisition": "pooled",
        "workload": "hold",
        "workload_spec": { "id": "hold" },
        "route": "direct",
        "pool_size": 8,
        "settings": Settings::default(),
        "repeat": 1,
        "load": { "model": "closed", "users": 8 },
        "started_at": "2026-11-21T10:15:00Z",
        "measured_s": 4.0,
        "requests": { "total": ok + failed, "ok": ok, "failed": failed, "dropped": 0 },
        "offered_rps": 0.0,
        "throughput_rps": 0.0,
        "goodput_rps": ok as f64 / 4.0,
        "latency_us": nothing,
        "phases_us": { "wait": null, "connect": null, "query": null, "hold": null },
        "errors": errors,
        "database": DatabaseFigures::default(),
        "generator": GeneratorFigures::default(),
        "server": ServerFigures::default(),
        "timeline": [],
        "histograms": nothing,
        "remarks": [],
    }))
    .expect("a record as a run's folder holds it")
}

fn failures(kind: ErrorKind, sqlstate: Option<&str>, message: &str, count: u64) -> ErrorRecord {
    ErrorRecord {
        kind,
        sqlstate: sqlstate.map(str::to_owned),
        message: message.into(),
        cause: None,
        count,
        first_at_ms: 1.0,
    }
}

fn evidence<'a>(trial: &'a TrialRecord, log: &[&str]) -> Evidence<'a> {
    Evidence {
        trial,
        healthz: None,
        next_generation: None,
        outage_ms: None,
        time_wait: None,
        log: LogEvidence::Read(log.iter().map(|line| (*line).to_owned()).collect()),
    }
}

const REFUSED: &str =
    "2026-11-21 10:15:00.123 UTC [9] client backend  53300 FATAL:  sorry, too many clients already";

fn too_many() -> TrialRecord {
    let text = "FATAL: sorry, too many clients already";
    record(100, vec![failures(ErrorKind::SlotsExhausted, Some("53300"), text, 50)])
}

#[test]
fn a_scenario_is_shown_and_cured_when_all_its_conditions_hold() {
    let (broken, cured) = (too_many(), record(100, Vec::new()));
    let verdict =
        judge(find("too-many-clients").unwrap(), &[evidence(&broken, &[REFUSED])], &[evidence(&cured, &[])]);
    assert!(verdict.shown() && verdict.cured(), "{verdict:#?}");
}

#[test]
fn a_log_that_could_not_be_read_is_not_a_line_that_was_seen() {
    let broken = too_many();
    let mut unread = evidence(&broken, &[]);
    unread.log = LogEvidence::Unread("permission denied".into());
    let verdict = judge(find("too-many-clients").unwrap(), &[unread], &[]);
    assert!(!verdict.shown());
    assert!(verdict.checks.iter().any(|check| check.held.is_none()));
}

#[test]
fn nothing_run_is_nothing_shown() {
    for scenario in poollab_scenarios::SCENARIOS {
        let verdict = judge(scenario, &[], &[]);
        assert!(!verdict.shown() && !verdict.cured(), "{}", scenario.id);
    }
    assert!(!Verdict { checks: Vec::new() }.shown());
}

#[test]
fn a_record_without_requests_cures_nothing() {
    let empty = record(0, Vec::new());
    for scenario in poollab_scenarios::SCENARIOS {
        let sides: Vec<Evidence<'_>> = scenario.cured.cases.iter().map(|_| evidence(&empty, &[])).collect();
        assert!(!judge(scenario, &sides, &sides).cured(), "{}", scenario.id);
    }
}

#[test]
fn one_failure_spoils_a_cure() {
    let (broken, mut cured) = (too_many(), record(1_000, Vec::new()));
    cured.requests.failed = 1;
    let verdict =
        judge(find("too-many-clients").unwrap(), &[evidence(&broken, &[REFUSED])], &[evidence(&cured, &[])]);
    assert!(verdict.shown() && !verdict.cured());
}

#[test]
fn a_cure_that_serves_fewer_requests_than_the_failure_is_none() {
    let broken = too_many();
    for (served, cures) in [(100, true), (99, false)] {
        let cured = record(served, Vec::new());
        let verdict = judge(
            find("too-many-clients").unwrap(),
            &[evidence(&broken, &[REFUSED])],
            &[evidence(&cured, &[])],
        );
        assert_eq!(verdict.cured(), cures, "{served} against 100: {verdict:#?}");
    }
}

#[test]
fn another_error_than_the_promised_one_is_no_symptom() {
    let text = "FATAL: sorry, too many clients already";
    for error in [
        failures(ErrorKind::PoolTimeout, None, text, 50),
        failures(ErrorKind::SlotsExhausted, Some("53400"), text, 50),
        failures(ErrorKind::SlotsExhausted, Some("53300"), "FATAL: too many connections for role", 50),
    ] {
        let broken = record(100, vec![error.clone()]);
        let verdict = judge(find("too-many-clients").unwrap(), &[evidence(&broken, &[REFUSED])], &[]);
        assert!(!verdict.shown(), "{error:?}");
    }
}

#[test]
fn a_pool_timeout_without_its_cause_is_not_a_hidden_exhaustion() {
    let scenario = find("hidden-exhaustion").unwrap();
    let line = "x  53300 FATAL:  remaining connection slots are reserved for y";
    let mut trial = record(100, vec![failures(ErrorKind::PoolTimeout, None, "Timed out in bb8", 50)]);
    let without = [&trial, &trial, &trial].map(|trial| evidence(trial, &[line]));
    assert!(!judge(scenario, &without, &[]).shown());
    trial.errors[0].cause = Some(Cause {
        kind: ErrorKind::SlotsExhausted,
        sqlstate: Some("53300".into()),
        message: "FATAL: sorry".into(),
    });
    let with = [&trial, &trial, &trial].map(|trial| evidence(trial, &[line]));
    assert!(judge(scenario, &with, &[]).shown());
}

#[test]
fn without_the_cure_what_compares_is_left_out_and_not_failed() {
    let scenario = find("oversized-pool").unwrap();
    let trial = record(10, Vec::new());
    let alone = judge(scenario, &[evidence(&trial, &[])], &[]);
    assert!(alone.checks.iter().all(|check| check.cured), "{alone:?}");
    assert!(!alone.shown());
}

#[test]
fn a_comparison_uses_the_other_sides_case() {
    let scenario = find("oversized-pool").unwrap();
    let spread = |p50| {
        let of = |value| Quantiles {
            count: 9,
            min: value,
            mean: value as f64,
            p50: value,
            p66: value,
            p75: value,
            p80: value,
            p90: value,
            p95: value,
            p98: value,
            p99: value,
            p99_9: value,
            max: value,
        };
        Phases { query: Some(of(p50)), ..Phases::default() }
    };
    for (huge, small, shown) in [(9_000, 1_000, true), (1_999, 1_000, false)] {
        let mut broken = record(100, Vec::new());
        broken.phases_us = spread(huge);
        let mut cured = record(100, Vec::new());
        cured.phases_us = spread(small);
        let verdict = judge(scenario, &[evidence(&broken, &[])], &[evidence(&cured, &[])]);
        assert_eq!(verdict.shown(), shown);
    }
}

/// Intervals of 200 ms with so many successes and failures each.
fn timeline(counts: &[(u64, u64)]) -> Vec<TimelinePoint> {
    let point = |(at, (ok, failed)): (usize, &(u64, u64))| TimelinePoint {
        at_ms: (at + 1) as f64 * 200.0,
        rps: (ok + failed) as f64 * 5.0,
        failed: *failed,
        backends: Some(BackendCounts { idle: 8, ..BackendCounts::default() }),
        pool: Some(PoolCounts { size: 8, idle: 0, waiting: 8 }),
        ..TimelinePoint::default()
    };
    counts.iter().enumerate().map(point).collect()
}

#[test]
fn a_leak_is_shown_when_goodput_is_gone_and_not_while_it_trickles() {
    let scenario = find("leak").unwrap();
    for (last, gone) in [(0, true), (1, false)] {
        let mut trial =
            record(80, vec![failures(ErrorKind::PoolTimeout, None, "Timeout occurred while waiting", 90)]);
        let mut counts = vec![(10, 0); 8];
        counts.extend([(0, 8); 11]);
        counts.push((last, 8));
        trial.timeline = timeline(&counts);
        let verdict = judge(scenario, &[evidence(&trial, &[])], &[evidence(&record(200, Vec::new()), &[])]);
        assert_eq!(verdict.shown(), gone, "{verdict:#?}");
    }
}

#[test]
fn a_standstill_is_one_stretch_without_any_answer() {
    let scenario = find("nested-checkout").unwrap();
    let given_up = || vec![failures(ErrorKind::HttpTimeout, None, "gave up", 8)];
    for (counts, shown) in [
        (vec![(0, 0); 10], true),
        // Ten silent intervals, but never more than five without an answer between.
        ([vec![(0, 0); 5], vec![(1, 0)], vec![(0, 0); 5]].concat(), false),
        // A failure ends the silence too.
        ([vec![(0, 0); 5], vec![(0, 1)], vec![(0, 0); 5]].concat(), false),
    ] {
        let mut trial = record(1, given_up());
        trial.timeline = timeline(&counts);
        assert_eq!(judge(scenario, &[evidence(&trial, &[])], &[]).shown(), shown, "{counts:?}");
    }
}

#[test]
fn recovery_counts_from_the_databases_return() {
    let scenario = find("restart-storm").unwrap();
    let mut trial = record(100, Vec::new());
    for (back_at, recovered) in [(8, true), (24, false)] {
        let counts: Vec<(u64, u64)> =
            (0..25).map(|at| if at < 3 || at >= back_at { (10, 0) } else { (0, 1) }).collect();
        trial.timeline = timeline(&counts);
        let mut seen = evidence(&trial, &[]);
        seen.outage_ms = Some((700.0, 1_400.0));
        let broken = record(90, Vec::new());
        let broken = evidence(&broken, &[]);
        let verdict = judge(scenario, &[broken.clone(), broken], &[seen.clone(), seen]);
        assert_eq!(verdict.cured(), recovered, "{verdict:#?}");
    }
}
