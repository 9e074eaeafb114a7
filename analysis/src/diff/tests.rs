use poollab_model::{HumanDuration, Limits, Report};

use super::*;
use crate::fixtures;

fn diff(base: &Report, run: &Report) -> Diff {
    super::diff(&base.clone().into(), &run.clone().into())
}

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
fn a_small_shift_that_repeats_agree_on_is_no_difference_between_two_runs() {
    assert!(!diff(&scaled(1.0), &scaled(0.975)).differs());
}

#[test]
fn what_k6_measured_is_not_paired_with_what_goose_measured() {
    let mut run = fixtures::run_of(3);
    run.trials.retain(|trial| trial.workload == "hold");
    let base = run.report();
    for trial in &mut run.trials {
        trial.driver = poollab_model::Driver::K6;
    }
    let found = diff(&base, &run.report());
    assert_eq!((found.rows().count(), found.only_base.len(), found.only_run.len()), (0, 8, 8));
}

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
    let busy = |factor: f64| {
        let mut run = scaled(factor);
        run.trials.iter_mut().for_each(|trial| trial.others_cpu_share = Some(0.4));
        run
    };
    let found = diff(&scaled(1.0), &busy(0.8));
    assert!(!found.differs());
    assert!(
        found.remarks.iter().any(|remark| remark.contains("used 40% of the machine")),
        "{:?}",
        found.remarks
    );
    assert!(diff(&scaled(1.0), &busy(0.3)).differs());
}

/// Runs of one machine whose speed wanders from run to run: `place` says which of them, `factor` what is compared.
fn wandering(place: usize, factor: f64) -> Report {
    const SPEED: [f64; 8] = [1.0, 0.66, 1.04, 0.7, 0.98, 1.02, 0.65, 0.97];
    let mut run = scaled(SPEED[(place / 2) % 8] * factor);
    run.run.started_at = format!("2026-11-21T10:{place:02}:00Z");
    run
}

fn side(places: impl Iterator<Item = usize>, factor: f64) -> Side {
    let mut runs = places.map(|place| wandering(place, factor));
    let first = runs.next().unwrap();
    Side::of(first, runs.collect())
}

#[test]
fn runs_that_alternate_show_a_small_change_on_a_machine_that_wanders() {
    let (even, odd) = (|| (0..16).step_by(2), || (1..16).step_by(2));
    let found = super::diff(&side(even(), 1.0), &side(odd(), 0.9));
    assert_eq!((found.design, found.runs), (Design::Alternate, (8, 8)));
    let (_, row) = found.rows().find(|(_, row)| row.label == "deadpool ×8").unwrap();
    assert_eq!(row.goodput.judgement, Judgement::Worse, "{:?}", row.goodput);
    assert!((row.goodput.ratio.unwrap() - 0.9).abs() < 0.01);
    assert!(found.smallest_change.unwrap() < 0.05, "{:?}", found.smallest_change);
    assert!(!super::diff(&side(even(), 1.0), &side(odd(), 1.0)).differs());
}

#[test]
fn what_others_did_shows_in_alternating_runs_by_itself() {
    let busy = |mut side: Side| {
        side.others = vec![0.4];
        side
    };
    let (even, odd) = ((0..16).step_by(2), (1..16).step_by(2));
    let found = super::diff(&busy(side(even, 1.0)), &busy(side(odd, 0.9)));
    assert!(found.differs());
    assert!(found.smallest_change.unwrap() < 0.05, "{:?}", found.smallest_change);
    assert!(
        found.remarks.iter().any(|remark| remark.contains("other processes used")),
        "{:?}",
        found.remarks
    );
}

#[test]
fn runs_one_side_after_the_other_are_not_paired_and_that_is_said() {
    let found = super::diff(&side(0..8, 1.0), &side(8..16, 0.9));
    assert_eq!(found.design, Design::Apart);
    assert!(!found.differs(), "the machine wanders by more than that");
    assert!(found.remarks.iter().any(|remark| remark.contains("alternately")), "{:?}", found.remarks);
    assert!(found.obstacles.is_empty(), "{:?}", found.obstacles);
}

#[test]
fn a_run_of_a_whole_second_is_not_later_than_its_next_half() {
    let at = |started_at: &str| {
        let mut run = scaled(1.0);
        run.run.started_at = started_at.to_owned();
        run
    };
    let base =
        Side::of(at("2026-11-21T10:00:00Z"), vec![at("2026-11-21T10:00:02Z"), at("2026-11-21T10:00:04Z")]);
    let run = Side::of(
        at("2026-11-21T10:00:00.5Z"),
        vec![at("2026-11-21T10:00:02.5Z"), at("2026-11-21T10:00:04.5Z")],
    );
    assert_eq!(super::diff(&base, &run).design, Design::Alternate);
}

#[test]
fn a_stranger_among_the_runs_of_a_side_is_named() {
    let mut stranger = wandering(4, 1.0);
    stranger.environment.limits.cpus = Some(0.25);
    let base = Side::of(wandering(0, 1.0), vec![wandering(2, 1.0), stranger]);
    let found = super::diff(&base, &side((1..6).step_by(2), 1.0));
    assert!(found.obstacles.iter().any(|obstacle| obstacle.what == "CPU limit"), "{:?}", found.obstacles);
}

#[test]
fn one_run_against_several_tells_nothing() {
    let found = super::diff(&side(0..1, 1.0), &side(1..4, 0.5));
    assert!(found.rows().all(|(_, row)| row.goodput.judgement == Judgement::CannotTell));
}
