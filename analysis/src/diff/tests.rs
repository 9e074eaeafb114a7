use poollab_model::{HumanDuration, Limits, Report};

use super::*;
use crate::fixtures;

/// A run whose goodput is `factor` times that of the canned one, with repeats that scatter a little.
fn scaled(factor: f64) -> Report {
    let mut run = fixtures::run_of(3);
    for (index, trial) in run.trials.iter_mut().enumerate() {
        let wobble = 1.0 + 0.004 * ((index % 5) as f64 - 2.0);
        fixtures::set_goodput(trial, trial.goodput_rps * factor * wobble);
    }
    run.report()
}

#[test]
fn the_same_against_the_same_is_no_difference() {
    let found = diff(&scaled(1.0), &scaled(1.0));
    assert!(found.obstacles.is_empty(), "{:?}", found.obstacles);
    assert!(!found.differs());
    assert_eq!(found.rows().count(), 17);
    assert!(found.only_base.is_empty() && found.only_run.is_empty());
}

#[test]
fn a_change_of_a_seventh_is_found_and_its_direction_is_right() {
    let found = diff(&scaled(1.0), &scaled(0.85));
    let (_, row) = found.rows().find(|(_, row)| row.label == "deadpool ×8").unwrap();
    assert_eq!(row.goodput.judgement, Judgement::Worse, "{:?}", row.goodput);
    assert!((row.goodput.ratio.unwrap() - 0.85).abs() < 0.02);
    assert_eq!(
        diff(&scaled(0.85), &scaled(1.0)).rows().next().unwrap().1.goodput.judgement,
        Judgement::Better
    );
}

#[test]
fn lower_latency_is_better_and_not_lower_goodput() {
    let found = diff(&scaled(1.0), &scaled(2.0));
    let (_, row) = found.rows().next().unwrap();
    assert_eq!(row.goodput.judgement, Judgement::Better);
    assert!(row.p99.ratio.unwrap() < 1.0);
    assert_eq!(row.p99.judgement, Judgement::Better);
}

#[test]
fn what_shifts_as_much_as_two_equal_runs_do_is_no_difference() {
    assert!(!diff(&scaled(1.0), &scaled(1.0 - BETWEEN / 2.0)).differs());
}
const BETWEEN: f64 = judge::BETWEEN_RUNS;

#[test]
fn a_single_repeat_decides_nothing() {
    let single = fixtures::run_of(1).report();
    let found = diff(&single, &single);
    assert!(found.rows().all(|(_, row)| row.goodput.judgement == Judgement::CannotTell));
}

#[test]
fn a_service_that_no_longer_answers_is_worse_and_not_incomparable() {
    let mut dead = scaled(1.0);
    dead.trials.iter_mut().for_each(fixtures::fail_everything);
    let found = diff(&scaled(1.0), &dead);
    assert!(found.rows().all(|(_, row)| row.goodput.judgement == Judgement::Worse));
    assert!(found.rows().all(|(_, row)| row.p99.judgement == Judgement::CannotTell));
}

#[test]
fn other_limits_machines_times_and_settings_are_named() {
    let base = scaled(1.0);
    let named = |change: &dyn Fn(&mut Report)| {
        let mut other = scaled(1.0);
        change(&mut other);
        let found = diff(&base, &other).obstacles;
        found.iter().map(Obstacle::to_string).collect::<Vec<_>>().join("\n")
    };
    let limits =
        |report: &mut Report| report.environment.limits = Limits { cpus: Some(0.45), ..Limits::default() };
    assert!(named(&limits).contains("CPU limit: 0.5 cores against 0.45 cores"), "{}", named(&limits));
    assert!(named(&|r| r.environment.machine.cpu = "another".into()).contains("machine: "));
    assert!(
        named(&|r| r.plan.duration = HumanDuration::from_secs(9))
            .contains("duration of a trial: 2s against 9s")
    );
    assert!(named(&|r| r.environment.optimised_build = !r.environment.optimised_build).contains("build"));
    let check = |report: &mut Report| report.trials.iter_mut().for_each(|t| t.settings.health_check = true);
    assert!(named(&check).contains("health_check of "), "{}", named(&check));
}

#[test]
fn what_is_in_one_run_only_is_named_and_not_compared() {
    let base = scaled(1.0);
    let mut run = scaled(1.0);
    run.trials.retain(|trial| trial.strategy != "bb8");
    let found = diff(&base, &run);
    assert_eq!(found.only_base, ["bb8 ×8 on point-read", "bb8 ×8 on hold 5 ms"]);
    assert!(found.only_run.is_empty());
}

#[test]
fn another_workload_is_an_obstacle_and_compares_nothing() {
    let mut base = scaled(1.0);
    base.trials.retain(|trial| trial.workload == "hold");
    let mut run = scaled(1.0);
    run.trials.retain(|trial| trial.workload == "point-read");
    let found = diff(&base, &run);
    assert!(found.obstacles.iter().any(|obstacle| obstacle.what.starts_with("workload")));
    assert_eq!(found.rows().count(), 0);
}

#[test]
fn where_others_were_at_work_only_a_large_change_counts_and_that_is_said() {
    let mut busy = scaled(0.8);
    busy.environment.machine.load_average = Some(40.0);
    let found = diff(&scaled(1.0), &busy);
    assert!(!found.differs());
    assert!(found.remarks.iter().any(|remark| remark.contains("load average 40.0")), "{:?}", found.remarks);
    busy = scaled(0.3);
    busy.environment.machine.load_average = Some(40.0);
    assert!(diff(&scaled(1.0), &busy).differs());
}
