//! poollab's own goals, as ratios within one run: `cargo bench -p poollab`.
//!
//! A benchmark and not a test: on a busy machine the figures say so, and nothing fails.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

const POOLLAB: &str = env!("CARGO_BIN_EXE_poollab");

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = compare(folder.path());
    let report = report(&run);
    println!("\n{:<52} {:>10}   goal", "", "measured");
    let ceiling = report["ceiling"]["tps"].as_f64();
    let deadpool = goodput(&report, "deadpool");
    line("deadpool × 8 on point-read, of pgbench -c 8", ratio(deadpool, ceiling), "at least 0.85, aim 0.95");
    for strategy in ["per-request", "per-request-sync"] {
        line(&format!("{strategy}, of deadpool"), ratio(goodput(&report, strategy), deadpool), "below 0.05");
    }
    line("CPU of the generator, µs per request", generator(&report), "at most 15");
    line("a report of 50 trials made again, s", Some(remake(&run)), "below 1");
    println!(
        "\nPostgres was throttled in {:.0} % of its periods; load average when it began {:.1}. Where the database was not\n\
         throttled all the time, the machine and not the limit was the limit, and the first ratio says too little.",
        throttled(&report) * 100.0,
        report["environment"]["machine"]["load_average"].as_f64().unwrap_or(f64::NAN),
    );
}

fn line(what: &str, measured: Option<f64>, goal: &str) {
    let measured = measured.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    println!("{what:<52} {measured:>10}   {goal}");
}

fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    Some(part? / whole.filter(|whole| *whole > 0.0)?)
}

fn compare(folder: &Path) -> PathBuf {
    let plan = "run --strategy deadpool,per-request,per-request-sync --workload point-read --users 64 --pool-size 8 \
                --max-connections 40 --duration 3s \
                --repeats 3 --out runs";
    let status = Command::new(POOLLAB)
        .current_dir(folder)
        .args(plan.split_whitespace())
        .stdout(std::process::Stdio::null())
        .status()
        .expect("poollab runs");
    assert!(status.success(), "poollab run failed: {status}");
    let mut runs = std::fs::read_dir(folder.join("runs")).expect("its folder").flatten();
    runs.next().expect("one run").path()
}

fn report(run: &Path) -> Value {
    let text = std::fs::read_to_string(run.join("report.json")).expect("report.json");
    serde_json::from_str(&text).expect("JSON")
}

fn trials<'a>(report: &'a Value, strategy: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = report["trials"].as_array().map_or(&[][..], Vec::as_slice);
    all.iter().filter(move |trial| trial["strategy"] == strategy)
}

/// The median of the repeats.
fn goodput(report: &Value, strategy: &str) -> Option<f64> {
    median(trials(report, strategy).filter_map(|trial| trial["goodput_rps"].as_f64()).collect())
}

fn generator(report: &Value) -> Option<f64> {
    median(
        trials(report, "deadpool")
            .filter_map(|trial| trial["generator"]["cpu_us_per_request"].as_f64())
            .collect(),
    )
}

fn throttled(report: &Value) -> f64 {
    let shares = trials(report, "deadpool").filter_map(|trial| trial["database"]["throttled_share"].as_f64());
    median(shares.collect()).unwrap_or(f64::NAN)
}

fn median(values: Vec<f64>) -> Option<f64> {
    poollab_analysis::stats::Spread::of(values).map(|spread| spread.median)
}

/// Time to make a page from a folder of fifty trials: this run's, over and over under other names.
fn remake(run: &Path) -> f64 {
    let trials = run.join("trials.jsonl");
    let text = std::fs::read_to_string(&trials).expect("trials.jsonl");
    let fifty = text.lines().cycle().take(50).enumerate().map(|(number, line)| {
        let mut trial: Value = serde_json::from_str(line).expect("JSON");
        trial["repeat"] = (number / 3 + 1).into();
        trial["id"] = format!("trial.{number}").into();
        format!("{trial}\n")
    });
    std::fs::write(&trials, fifty.collect::<String>()).expect("fifty trials");
    let started = Instant::now();
    let output = Command::new(POOLLAB)
        .arg("report")
        .arg(run)
        .args(["--format", "html"])
        .output()
        .expect("poollab runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    started.elapsed().as_secs_f64()
}
