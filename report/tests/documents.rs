//! Every document of the canned main run, as it was looked at and found good.

use poollab_analysis::fixtures;
use poollab_report::{csv, json, markdown, terminal};

#[test]
fn the_terminal_table_reads_as_it_was_agreed() {
    insta::assert_snapshot!(terminal(&fixtures::main_run().report(), 100, false));
}

#[test]
fn the_markdown_reads_as_it_was_agreed() {
    insta::assert_snapshot!(markdown(&fixtures::main_run().report()));
}

#[test]
fn the_csv_reads_as_it_was_agreed() {
    let text = csv(&fixtures::main_run().report());
    insta::assert_snapshot!(text.lines().take(4).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_report_survives_the_way_through_json() {
    let report = fixtures::main_run().report();
    let back: poollab_model::Report = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(back, report);
}

#[test]
fn the_csv_has_one_line_for_each_trial_and_no_invented_zero() {
    let mut report = fixtures::main_run().report();
    report.trials.iter_mut().for_each(fixtures::fail_everything);
    let text = csv(&report);
    assert_eq!(text.lines().count(), report.trials.len() + 1);
    let place = text.lines().next().unwrap().split(',').position(|name| name == "ok_p50_us").unwrap();
    assert!(text.lines().skip(1).all(|line| line.split(',').nth(place) == Some("")));
}

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap()
}

#[test]
fn the_terminal_fits_in_100_columns() {
    assert!(widest(&terminal(&fixtures::main_run().report(), 100, false)) <= 100);
}

#[test]
fn long_names_and_large_figures_still_fit_in_100_columns() {
    let mut run = fixtures::main_run();
    for trial in &mut run.trials {
        trial.goodput_rps *= 100.0;
        trial.strategy = format!("a-strategy-with-a-long-name-{}", trial.strategy).parse().unwrap();
        trial.pool_size = Some(1_000);
    }
    assert!(widest(&terminal(&run.report(), 100, false)) <= 100);
}

#[test]
fn without_colour_there_is_no_escape_sequence_and_with_it_the_text_is_the_same() {
    let report = fixtures::main_run().report();
    let (plain, coloured) = (terminal(&report, 100, false), terminal(&report, 100, true));
    assert!(!plain.contains('\u{1b}'));
    let mut stripped = coloured;
    for code in ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[33m"] {
        stripped = stripped.replace(code, "");
    }
    assert_eq!(stripped, plain);
}

#[test]
fn a_hostile_text_neither_moves_the_cursor_nor_breaks_a_table() {
    let mut report = fixtures::main_run().report();
    for finding in &mut report.findings {
        finding.text = "\u{1b}[2J| <script>alert(1)</script>\r\n# `x` @everyone".to_owned();
    }
    assert!(!terminal(&report, 100, false).contains('\u{1b}'));
    let text = markdown(&report);
    assert!(!text.contains("<script") && !text.contains("\n# `x`") && !text.contains("@everyone"));
}

#[test]
fn no_failures_is_not_zero_latency() {
    let report = fixtures::main_run().report();
    let text = markdown(&report);
    assert!(text.contains("| per-request | failed |"));
    assert!(!text.contains("| deadpool ×8 | failed |"));
}

#[test]
fn a_run_without_trials_still_has_every_document() {
    let mut run = fixtures::main_run();
    run.trials.clear();
    run.run.status = poollab_model::RunStatus::Failed;
    let report = run.report();
    assert!(terminal(&report, 100, false).contains("no trial has finished"));
    assert!(markdown(&report).contains("0 of 36 trials"));
    assert_eq!(csv(&report).lines().count(), 1);
}
