use poollab_model::{ErrorKind, ErrorRecord, FindingKind, TrialRecord, Verdict};

use crate::fixtures::{self, CannedRun};

fn change(change: impl Fn(&mut TrialRecord)) -> CannedRun {
    let mut run = fixtures::main_run();
    run.trials.iter_mut().for_each(change);
    run
}

fn verdict(run: &CannedRun) -> Verdict {
    run.analysis().report.verdict
}

/// deadpool, bb8 and sqlx alone, on both workloads, with this goodput in both repeats.
fn three(goodput: [f64; 3]) -> CannedRun {
    let mut run = fixtures::main_run();
    let names = ["deadpool", "bb8", "sqlx"];
    run.trials.retain(|trial| names.contains(&trial.strategy.as_str()));
    for trial in &mut run.trials {
        let place = names.iter().position(|name| trial.strategy == **name).unwrap();
        let wobble = if trial.repeat == 1 { 0.995 } else { 1.005 };
        fixtures::set_goodput(trial, goodput[place] * wobble);
    }
    run
}

fn with_p99(run: &mut CannedRun, strategy: &str, p99: u64) {
    for trial in run.trials.iter_mut().filter(|trial| trial.strategy == *strategy) {
        // The figures of the table come from the histograms where there are any.
        trial.histograms.ok = None;
        trial.latency_us.ok.as_mut().unwrap().p99 = p99 + u64::from(trial.repeat) * 100;
    }
}

#[test]
fn the_bottom_line_of_the_main_job_answers_first_and_names_everybody() {
    let lines = verdict(&fixtures::main_run()).bottom_line;
    assert!(lines[0].starts_with("Use deadpool ×8"), "{lines:#?}");
    let all = lines.join(" ");
    for label in ["per-request", "per-request-sync", "naive", "pipelined ×8", "naive-locked", "bb8 ×8"] {
        assert!(all.contains(label), "{label}: {lines:#?}");
    }
}

#[test]
fn what_breaks_on_one_workload_is_recommended_on_none() {
    let run = fixtures::main_run();
    let verdict = verdict(&run);
    assert!(!verdict.best.iter().any(|label| label == "naive"), "{verdict:?}");
    let naive = verdict.conditional.iter().find(|one| one.strategy == "naive").unwrap();
    assert_eq!(naive.workloads, ["point-read"]);
    assert!(naive.condition.contains("single statements only") && naive.condition.contains("hold 5 ms"));
    // It leads point-read, and the ranking of point-read says what it does elsewhere.
    let ranking = run.findings().into_iter().find(|found| found.kind == FindingKind::Ranking).unwrap();
    assert!(ranking.text.contains("naive breaks on hold 5 ms"), "{}", ranking.text);
}

#[test]
fn shared_connections_are_not_recommended_because_no_transaction_was_measured() {
    let mut run = fixtures::main_run();
    run.trials.retain(|trial| trial.workload == "point-read");
    let verdict = verdict(&run);
    assert_eq!(verdict.best, ["deadpool ×8"]);
    let conditional: Vec<&str> = verdict.conditional.iter().map(|one| one.strategy.as_str()).collect();
    assert_eq!(conditional, ["pipelined ×8", "naive"]);
    assert!(verdict.conditional[1].condition.contains("no transactions"), "{verdict:?}");
}

#[test]
fn one_repeat_recommends_nobody_and_claims_no_winner() {
    let analysis = fixtures::run_of(1).analysis();
    let verdict = &analysis.report.verdict;
    assert!(verdict.best.is_empty() && verdict.conditional.is_empty(), "{verdict:?}");
    assert!(verdict.bottom_line[0].starts_with("Not enough data to choose between"), "{verdict:?}");
    assert!(analysis.sections.iter().all(|section| section.leaders().is_empty()));
    assert!(analysis.report.findings.iter().all(|found| found.kind != FindingKind::Ranking));
    assert!(
        analysis.report.findings.iter().all(|found| !found.text.contains("repeats does not include this"))
    );
}

#[test]
fn level_strategies_are_all_named_and_a_longer_tail_is_the_reason_against_one() {
    let mut run = three([1_000.0, 1_001.0, 999.0]);
    for (strategy, p99) in [("deadpool", 56_000), ("bb8", 105_000), ("sqlx", 57_000)] {
        with_p99(&mut run, strategy, p99);
    }
    let found = verdict(&run);
    assert_eq!(found.best, ["deadpool ×8", "sqlx ×8"]);
    let line = &found.bottom_line[0];
    assert!(line.starts_with("Use deadpool ×8 or sqlx ×8: level in goodput on every workload"), "{line}");
    assert!(
        line.contains("half of bb8 ×8's p99") && line.contains("deadpool ×8 56 ms, bb8 ×8 105 ms"),
        "{line}"
    );
    let tail = run.findings().into_iter().find(|found| found.kind == FindingKind::Tail).unwrap();
    assert!(tail.text.contains("bb8 ×8") && tail.text.contains("at level goodput"), "{}", tail.text);
}

#[test]
fn a_tail_that_is_a_third_longer_is_no_finding() {
    let mut run = three([1_000.0, 1_001.0, 999.0]);
    for (strategy, p99) in [("deadpool", 60_000), ("bb8", 80_000), ("sqlx", 60_000)] {
        with_p99(&mut run, strategy, p99);
    }
    assert_eq!(verdict(&run).best.len(), 3);
    assert!(run.findings().iter().all(|found| found.kind != FindingKind::Tail));
}

#[test]
fn a_shorter_hold_wins_nothing() {
    // As it was measured: deadpool's timer held for 5.1 ms, the others' for 6.1 ms, and it served 25% more.
    let mut run = three([1_250.0, 1_000.0, 1_001.0]);
    for trial in run.trials.iter_mut().filter(|trial| trial.workload == "hold") {
        let hold = trial.phases_us.hold.as_mut().unwrap();
        hold.p50 = if trial.strategy == "deadpool" { 5_100 } else { 6_100 };
    }
    run.trials.retain(|trial| trial.workload == "hold");
    let analysis = run.analysis();
    assert!(analysis.sections[0].leaders().is_empty());
    assert!(analysis.report.verdict.best.is_empty(), "{:?}", analysis.report.verdict);
    let found = analysis.report.findings;
    assert!(found.iter().all(|found| found.kind != FindingKind::Ranking));
    let said = found.iter().find(|found| found.kind == FindingKind::UnequalHolds).unwrap();
    assert!(said.text.contains("5.1 ms to 6.1 ms") && said.text.contains("not ranked"), "{}", said.text);
}

#[test]
fn an_open_order_is_bounded_instead_of_refused() {
    // deadpool held for 5.1 ms, the others for 5.4 ms: h² = (5.4 / 5.1)² = 1.12, and its 10% more is no lead. The others'
    // lead on it is 1 / 1.1 × 1.12 × noise: with 1% of noise at most some per cent.
    let mut run = three([1_100.0, 1_000.0, 1_001.0]);
    for trial in run.trials.iter_mut().filter(|trial| trial.workload == "hold") {
        let hold = trial.phases_us.hold.as_mut().unwrap();
        hold.p50 = if trial.strategy == "deadpool" { 5_100 } else { 5_400 };
    }
    run.trials.retain(|trial| trial.workload == "hold");
    let found = verdict(&run);
    assert!(found.best.is_empty());
    let line = &found.bottom_line[0];
    assert!(line.starts_with("Use deadpool ×8 if you can't measure longer: it is at most "), "{line}");
    assert!(line.contains("behind the best on hold 5 ms, with 95% confidence"), "{line}");
    let share: f64 = line.split("at most ").nth(1).unwrap().split('%').next().unwrap().parse().unwrap();
    assert!((1.0..20.0).contains(&share), "{line}");
    assert!(line.ends_with("when nothing else uses the machine."), "{line}");

    // Without an interval there is no bound, and the line says what to do.
    let once = verdict(&fixtures::run_of(1)).bottom_line.remove(0);
    assert!(once.contains("Not enough data") && once.contains("--repeats 4"), "{once}");
}

/// Nothing answered for most of one trial of a strategy, with requests in flight.
fn silence(run: &mut CannedRun, strategy: &str) {
    let trial = run.trials.iter_mut().find(|trial| trial.strategy == *strategy).unwrap();
    let points = trial.timeline.len();
    trial.timeline.iter_mut().skip(1).take(points - 2).for_each(|point| point.rps = 0.0);
}

#[test]
fn what_answered_nobody_for_a_while_is_neither_ranked_nor_recommended() {
    let mut run = three([1_100.0, 1_000.0, 1_001.0]);
    assert_eq!(verdict(&run).best, ["deadpool ×8"]);
    silence(&mut run, "deadpool");
    let analysis = run.analysis();
    let found = &analysis.report.verdict;
    assert_eq!(found.best, ["sqlx ×8", "bb8 ×8"]);
    assert!(!found.never_failed.contains(&"deadpool ×8".to_owned()), "{found:?}");
    // 18 of 20 points of a trial of 2 s are silent.
    let said = "Not ranked: deadpool ×8 on point-read, it answered nothing for 1.8 s.";
    assert!(found.bottom_line.iter().any(|line| line == said), "{found:#?}");
    let ranking = analysis.report.findings.iter().find(|found| found.kind == FindingKind::Ranking).unwrap();
    assert!(ranking.text.contains("deadpool ×8 is not ranked: it answered nothing"), "{}", ranking.text);
    let row = &analysis.report.comparisons[0].rows[0];
    assert_eq!((row.strategy.as_str(), row.sound), ("deadpool ×8", true));
    assert_eq!(row.not_ranked.as_deref(), Some("it answered nothing for 1.8 s"));
}

#[test]
fn no_failure_is_no_praise_where_users_got_no_answer() {
    let mut run = three([1_100.0, 1_000.0, 1_001.0]);
    for trial in run.trials.iter_mut().filter(|trial| trial.strategy == "deadpool") {
        trial.unfinished.users_without_answer = 63;
        trial.unfinished.oldest_us = Some(1_900_000);
    }
    let analysis = run.analysis();
    assert_eq!(analysis.report.verdict.best, ["sqlx ×8", "bb8 ×8"]);
    let row = analysis.report.comparisons[0].rows.iter().find(|row| row.strategy == "deadpool ×8").unwrap();
    assert_eq!((row.users_without_answer, row.oldest_in_flight_us), (63, Some(1_900_000)));
    assert_eq!(row.not_ranked.as_deref(), Some("63 users got no answer"));
    // Users of an open load wait in turn, and there are more of them than are needed.
    for trial in &mut run.trials {
        trial.load = poollab_model::Load::Open {
            rate_per_s: 1_000.0,
            arrivals: poollab_model::Arrivals::Poisson,
            users: 1_000,
        };
    }
    assert_eq!(verdict(&run).best, ["deadpool ×8"]);
}

/// Two holds of 450 ms fit into a window of 1.8 s twice: who lost the race for a connection has waited, and nothing hangs.
#[test]
fn a_user_that_lost_its_turn_in_a_short_window_takes_no_pool_out_of_the_ranking() {
    let mut run = three([1_100.0, 1_000.0, 1_001.0]);
    for trial in run.trials.iter_mut().filter(|trial| trial.strategy == "deadpool") {
        trial.unfinished.users_without_answer = 1;
        trial.unfinished.oldest_us = Some(1_800_000);
        trial.latency_us.ok.as_mut().expect("successes").p50 = 900_000;
    }
    let analysis = run.analysis();
    assert_eq!(analysis.report.verdict.best, ["deadpool ×8"]);
    let row = analysis.report.comparisons[0].rows.iter().find(|row| row.strategy == "deadpool ×8").unwrap();
    assert_eq!((row.users_without_answer, row.not_ranked.as_deref()), (1, None));
}

#[test]
fn where_everybody_was_silent_nobody_is_said_to_have_failed() {
    let mut run = three([1_000.0, 1_000.0, 1_000.0]);
    for strategy in ["deadpool", "bb8", "sqlx"] {
        silence(&mut run, strategy);
    }
    let lines = verdict(&run).bottom_line;
    assert!(lines[0].starts_with("No strategy can be recommended"), "{lines:#?}");
    assert!(lines[0].contains("repeat the run"), "{lines:#?}");
    assert!(lines.iter().all(|line| !line.contains("Every strategy failed")), "{lines:#?}");
}

#[test]
fn a_tail_is_held_against_what_may_be_recommended_and_told_once() {
    let mut run = fixtures::main_run();
    let four = ["deadpool", "bb8", "sqlx", "naive"];
    run.trials.retain(|trial| four.contains(&trial.strategy.as_str()));
    for trial in &mut run.trials {
        fixtures::set_goodput(trial, if trial.repeat == 1 { 995.0 } else { 1_005.0 });
    }
    // naive breaks on `hold`, so its 8 ms are no reference.
    for (strategy, p99) in [("deadpool", 11_000), ("bb8", 40_000), ("sqlx", 20_000), ("naive", 8_000)] {
        with_p99(&mut run, strategy, p99);
    }
    let tails: Vec<_> =
        run.findings().into_iter().filter(|found| found.kind == FindingKind::Tail).map(|f| f.text).collect();
    assert_eq!(
        tails[0],
        "p99 at level goodput: deadpool ×8 11 ms; sqlx ×8 20 ms and bb8 ×8 40 ms are 1.8–3.6 times that. Prefer \
         deadpool ×8 if slow requests matter."
    );
}

#[test]
fn equal_holds_are_ranked() {
    let mut run = three([1_250.0, 1_000.0, 1_001.0]);
    run.trials.retain(|trial| trial.workload == "hold");
    for trial in &mut run.trials {
        // 1.9% apart.
        trial.phases_us.hold.as_mut().unwrap().p50 = if trial.strategy == "deadpool" { 5_100 } else { 5_195 };
    }
    assert_eq!(verdict(&run).best, ["deadpool ×8"]);
}

#[test]
fn a_different_best_on_each_workload_names_both_and_a_compromise() {
    let mut run = three([1_000.0, 1_000.0, 900.0]);
    for trial in &mut run.trials {
        let ahead = if trial.workload == "hold" { "bb8" } else { "deadpool" };
        if trial.strategy == *ahead {
            fixtures::set_goodput(trial, trial.goodput_rps * 1.5);
        }
    }
    let found = verdict(&run);
    assert!(found.best.is_empty());
    let line = &found.bottom_line[0];
    assert!(line.contains("deadpool ×8 on point-read and bb8 ×8 on hold 5 ms"), "{line}");
    assert!(line.contains("reaches at least 67% of the best"), "{line}");
}

#[test]
fn a_single_failure_is_a_failure() {
    let mut run = three([1_000.0, 1_000.0, 1_000.0]);
    let trial = run.trials.iter_mut().find(|trial| trial.strategy == "sqlx").unwrap();
    trial.requests.failed = 1;
    trial.requests.total += 1;
    let found = verdict(&run);
    assert_eq!((found.failed.as_slice(), found.best.len()), (["sqlx ×8".to_owned()].as_slice(), 2));
    assert!(found.bottom_line.iter().any(|line| line.contains("<0.1%")), "{found:?}");
}

#[test]
fn what_refuses_requests_does_not_lead_however_level_its_goodput_is() {
    let mut run = three([1_000.0, 1_000.0, 1_000.0]);
    for trial in run.trials.iter_mut().filter(|trial| trial.strategy == "bb8") {
        trial.requests.failed = trial.requests.ok;
        trial.requests.total += trial.requests.failed;
    }
    let analysis = run.analysis();
    let mut leaders: Vec<&str> =
        analysis.sections[0].leaders().iter().map(|group| group.label.as_str()).collect();
    leaders.sort_unstable();
    assert_eq!(leaders, ["deadpool ×8", "sqlx ×8"]);
    let ranking = analysis.report.findings.iter().find(|found| found.kind == FindingKind::Ranking).unwrap();
    assert!(
        ranking.text.contains("Level in goodput, but with failures: bb8 ×8 (50% failed)."),
        "{}",
        ranking.text
    );
}

#[test]
fn without_a_trial_nothing_is_concluded() {
    let mut run = fixtures::main_run();
    run.trials.clear();
    assert!(verdict(&run).bottom_line[0].contains("no trial has finished"));
    let nothing_works = change(fixtures::fail_everything);
    assert!(verdict(&nothing_works).bottom_line[0].starts_with("No strategy can be recommended"));
}

#[test]
fn the_sides_of_a_scenario_are_no_competitors() {
    let mut run = three([1_000.0, 1_000.0, 1_000.0]);
    for trial in &mut run.trials {
        trial.workload_spec.variant =
            Some(if trial.workload == "hold" { "cured" } else { "broken" }.to_owned());
    }
    let found = verdict(&run);
    assert!(found.best.is_empty() && found.bottom_line.iter().any(|line| line.starts_with("Broken: ")));
}

/// naive on `hold`, serving so many requests a second that hold the connection for 5.1 ms each.
fn shared(rps: f64) -> CannedRun {
    let mut run = fixtures::main_run();
    let two = ["naive", "deadpool"];
    run.trials.retain(|trial| trial.workload == "hold" && two.contains(&trial.strategy.as_str()));
    for trial in run.trials.iter_mut().filter(|trial| trial.strategy == "naive") {
        fixtures::set_goodput(trial, rps);
        trial.throughput_rps = rps;
        let hold = trial.phases_us.hold.unwrap();
        let phase = |mean| Some(poollab_model::Quantiles { mean, count: trial.requests.ok, ..hold });
        (trial.phases_us.query, trial.phases_us.hold) = (phase(100.0), phase(5_000.0));
        trial.timeline.clear();
    }
    run
}

#[test]
fn transactions_that_overlap_a_little_are_not_sound_either() {
    // 288/s × 5.1 ms is 1.47 requests at once: below 1.5, and above what can take turns.
    let run = shared(288.0);
    let section = &run.analysis().sections[0];
    assert!(section.groups.iter().any(|group| group.label == "naive" && !group.is_sound()));
    assert!(section.ranked().all(|group| group.label != "naive"));
    // 190/s × 5.1 ms is 0.97: they may have taken turns.
    assert!(shared(190.0).analysis().sections[0].groups.iter().all(|group| group.is_sound()));
}

#[test]
fn failures_held_the_connection_too() {
    let mut run = shared(150.0);
    for trial in run.trials.iter_mut().filter(|trial| trial.strategy == "naive") {
        // 150 successes and 150 failures a second: 300/s × 5.1 ms is 1.53.
        trial.throughput_rps = 300.0;
    }
    assert!(run.analysis().sections[0].groups.iter().any(|group| !group.is_sound()));
}

#[test]
fn a_transaction_inside_a_transaction_is_not_sound_however_few_there_were() {
    for state in ["25001", "25P01"] {
        let mut run = shared(50.0);
        for trial in run.trials.iter_mut().filter(|trial| trial.strategy == "naive") {
            trial.errors = vec![ErrorRecord {
                kind: ErrorKind::Query,
                sqlstate: Some(state.to_owned()),
                message: "there is already a transaction in progress".to_owned(),
                cause: None,
                count: 1,
                first_at_ms: 1.0,
            }];
        }
        let analysis = run.analysis();
        assert!(analysis.sections[0].groups.iter().any(|group| !group.is_sound()), "{state}");
        let told = analysis.report.findings.iter().any(|found| found.text.contains(state));
        assert!(told, "{state}");
    }
}
