//! Every document of the canned main run, as it was looked at and found good.

use poollab_analysis::fixtures;
use poollab_report::{csv, json, markdown, terminal};

#[test]
fn the_terminal_table_reads_as_it_was_agreed() {
    insta::assert_snapshot!(terminal(&fixtures::main_run().analysis(), 100, false));
}

#[test]
fn the_markdown_reads_as_it_was_agreed() {
    insta::assert_snapshot!(markdown(&fixtures::main_run().analysis()));
}

#[test]
fn the_csv_reads_as_it_was_agreed() {
    let text = csv(&fixtures::main_run().analysis());
    insta::assert_snapshot!(text.lines().take(4).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_report_survives_the_way_through_json() {
    let analysis = fixtures::main_run().analysis();
    let back: poollab_model::Report = serde_json::from_str(&json(&analysis)).unwrap();
    assert_eq!(back, analysis.report);
}

#[test]
fn the_csv_has_one_line_for_each_trial_and_no_invented_zero() {
    let mut run = fixtures::main_run();
    run.trials.iter_mut().for_each(fixtures::fail_everything);
    let text = csv(&run.analysis());
    assert_eq!(text.lines().count(), run.trials.len() + 1);
    let place = text.lines().next().unwrap().split(',').position(|name| name == "ok_p50_us").unwrap();
    assert!(text.lines().skip(1).all(|line| line.split(',').nth(place) == Some("")));
}

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap()
}

#[test]
fn the_terminal_fits_in_as_many_columns_as_it_has() {
    for width in [60, 80, 100, 120] {
        let text = terminal(&fixtures::main_run().analysis(), width, false);
        assert!(widest(&text) <= width, "{width}: {text}");
    }
}

#[test]
fn a_narrow_terminal_still_has_goodput_failures_p99_and_cpu_time() {
    let text = terminal(&fixtures::main_run().analysis(), 80, false);
    for column in ["goodput/s", "±", "failed", "p99 ms", "svc µs", "pg µs"] {
        assert!(text.contains(column), "{column}: {text}");
    }
}

#[test]
fn the_answer_is_the_first_thing_in_every_text() {
    let analysis = fixtures::main_run().analysis();
    let answer = &analysis.verdict().bottom_line[0];
    let plain = |text: &str| text.replace("**", "").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain(&terminal(&analysis, 80, false)).starts_with(answer));
    let page = markdown(&analysis);
    let below = page.split_once("\n\n").unwrap().1;
    assert!(plain(below).starts_with(answer), "{below}");
    let json: serde_json::Value = serde_json::from_str(&json(&analysis)).unwrap();
    assert_eq!(json["verdict"]["bottom_line"][0], answer.as_str());
}

/// The invariant of this crate: a report prints what analysis concluded once. Whoever calls one of these concludes.
#[test]
fn a_report_decides_nothing() {
    const DECIDES: [&str; 8] = [
        "compare(",
        ".order(",
        ".ratio(",
        "tail_ratio(",
        "Analysis::of",
        "stats::ratio",
        "stats::interval",
        "verdict::verdict(",
    ];
    fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut files = Vec::new();
    sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 20, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for call in DECIDES {
            assert!(!code.contains(call), "{} calls {call}", file.display());
        }
    }
}

#[test]
fn long_names_and_large_figures_still_fit_in_100_columns() {
    let mut run = fixtures::main_run();
    for trial in &mut run.trials {
        trial.goodput_rps *= 100.0;
        trial.strategy = format!("a-strategy-with-a-long-name-{}", trial.strategy).parse().unwrap();
        trial.pool_size = Some(1_000);
    }
    assert!(widest(&terminal(&run.analysis(), 100, false)) <= 100);
}

#[test]
fn without_colour_there_is_no_escape_sequence_and_with_it_the_text_is_the_same() {
    let report = fixtures::main_run().analysis();
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
    let mut report = fixtures::main_run().analysis();
    let hostile = "\u{1b}[2J| <script>alert(1)</script>\r\n# `x` @everyone";
    let paragraphs = report.digest.paragraphs.iter_mut().map(|paragraph| &mut paragraph.finding);
    for finding in report.report.findings.iter_mut().chain(paragraphs) {
        finding.text = hostile.to_owned();
    }
    report.report.verdict.bottom_line.iter_mut().for_each(|line| *line = hostile.to_owned());
    assert!(!terminal(&report, 100, false).contains('\u{1b}'));
    let text = markdown(&report);
    assert!(!text.contains("<script") && !text.contains("\n# `x`") && !text.contains("@everyone"));
}

#[test]
fn no_failures_is_not_zero_latency() {
    let report = fixtures::main_run().analysis();
    let text = markdown(&report);
    assert!(text.contains("| per-request | failed |"));
    assert!(!text.contains("| deadpool ×8 | failed |"));
}

#[test]
fn a_run_without_trials_still_has_every_document() {
    let mut run = fixtures::main_run();
    run.trials.clear();
    run.run.status = poollab_model::RunStatus::Failed;
    let report = run.analysis();
    assert!(terminal(&report, 100, false).contains("no trial has finished"));
    assert!(markdown(&report).contains("0 of 36 trials"));
    assert_eq!(csv(&report).lines().count(), 1);
}

#[test]
fn users_that_hang_stand_in_the_row_that_says_no_failure() {
    let mut run = fixtures::main_run();
    for trial in run.trials.iter_mut().filter(|trial| trial.strategy == "deadpool") {
        trial.unfinished.users_without_answer = 63;
        trial.unfinished.oldest_us = Some(1_900_000);
    }
    let analysis = run.analysis();
    for text in [terminal(&analysis, 120, false), markdown(&analysis), poollab_report::html(&analysis)] {
        let row = |line: &str| ["deadpool ×8", "7,46", "63", "1,900"].iter().all(|part| line.contains(part));
        assert!(text.lines().any(row), "{text}");
        assert!(text.contains("no answer") && text.contains("in flight ms"), "{text}");
        assert!(text.contains("63 users got no answer"), "{text}");
    }
    let table = csv(&analysis);
    let place = |name: &str| table.lines().next().unwrap().split(',').position(|one| one == name).unwrap();
    let row: Vec<&str> =
        table.lines().find(|line| line.starts_with("deadpool")).unwrap().split(',').collect();
    assert_eq!((row[place("users_without_answer")], row[place("oldest_in_flight_us")]), ("63", "1900000"));

    let ordinary = terminal(&fixtures::main_run().analysis(), 120, false);
    assert!(!ordinary.contains("no answer") && !ordinary.contains("in flight ms"), "{ordinary}");
}

#[test]
fn what_may_not_be_recommended_has_no_tag_that_says_it_leads() {
    // naive has the highest goodput on point-read, and breaks on `hold`.
    let page = poollab_report::html(&fixtures::main_run().analysis());
    let leading: Vec<&str> = page.split("<tr class=\"leads\">").skip(1).collect();
    assert!(leading.iter().all(|row| !row.starts_with("<th scope=\"row\">naive ")), "{page}");
    assert!(leading.iter().all(|row| !row.starts_with("<th scope=\"row\">pipelined")), "{page}");
    assert!(!leading.is_empty(), "deadpool leads `hold`");
}
