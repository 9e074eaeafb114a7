//! How long it takes to remake every document of a run of 50 trials or more, findings included:
//! `cargo run --release -p poollab-report --example remake`.

use std::time::Instant;

use poollab_analysis::{Analysis, fixtures};
use poollab_model::TrialRecord;
use poollab_report::{csv, html, json, markdown, terminal};

type Exporter = fn(&Analysis) -> String;

fn main() -> Result<(), serde_json::Error> {
    let canned = fixtures::run_of(3);
    let lines: Vec<String> = canned.trials.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;

    let start = Instant::now();
    let trials: Vec<TrialRecord> =
        lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<_, _>>()?;
    let read = start.elapsed();
    let start = Instant::now();
    let report = Analysis::of(canned.run, canned.plan, canned.environment, trials);
    let concluded = start.elapsed();
    println!("{} trials: read in {read:.1?}, analysed in {concluded:.1?}", report.report.trials.len());

    let mut all = read + concluded;
    let exporters: [(&str, Exporter); 5] = [
        ("html", html),
        ("md", markdown),
        ("json", json),
        ("csv", csv),
        ("terminal", |analysis| terminal(analysis, 100, true)),
    ];
    for (name, export) in exporters {
        let start = Instant::now();
        let text = export(&report);
        let took = start.elapsed();
        all += took;
        println!("{name:>9} {took:>9.1?} {:>5} kB", text.len() / 1_000);
    }
    println!("      all {all:>9.1?}");
    Ok(())
}
