//! The report of a scenario: what ran, what was observed when, what the server logs say, and which checks passed. The
//! same text for the terminal and for `story.md`.

use std::fmt::Write as _;

use poollab_model::{Quantiles, TimelinePoint, TrialRecord};
use poollab_scenarios::{Check, Scenario, Side, Verdict};

use super::Outcome;
use super::case::Seen;
use super::words::{capitalised, titled, wrap};

/// The header.
pub fn head(scenario: &Scenario, database: &str, connects_per_s: Option<f64>) -> String {
    let connects = connects_per_s.map_or_else(String::new, |rate| format!(" · {rate:.0} connects/s"));
    format!("{}: {}\n{database}{connects}\n", scenario.id, scenario.title)
}

/// One side: its cases as a table, then what happened in each.
pub fn of_side(scenario: &Scenario, cured: bool, seen: &[Seen], width: usize) -> String {
    let plan: &Side = if cured { &scenario.cured } else { &scenario.broken };
    let mut out =
        format!("\n{}\n", titled(if cured { "FIXED" } else { "BROKEN" }, plan.says, width).trim_end());
    let of_side: Vec<&Seen> = seen.iter().filter(|seen| seen.cured == cured).collect();
    out += &table(&of_side);
    for seen in of_side {
        out += &format!("\n  {}\n", seen.label);
        out += &course(&seen.trial.timeline, width);
        for (at_ms, what) in &seen.moments {
            let text = wrap(&capitalised(what), &" ".repeat(16), width);
            out += &format!("    {:>8}    {}", moment(*at_ms), text.trim_start());
        }
        for line in seen.besides() {
            out += &wrap(&capitalised(&line), "    ", width);
        }
        for quoted in &seen.quoted {
            let Some(first) = quoted.lines.first() else { continue };
            let times =
                if quoted.count > 1 { format!(", {} such lines", quoted.count) } else { String::new() };
            // In one piece, as it stands in the log.
            let _ = write!(out, "    {}'s log{times}:\n      {first}\n", quoted.log);
        }
    }
    out
}

/// The checks of a side and their results.
pub fn checks(verdict: &Verdict, cured: bool, width: usize) -> String {
    let mut out = String::new();
    let of_side: Vec<&Check> = verdict.checks.iter().filter(|check| check.cured == cured).collect();
    let several = of_side.iter().any(|check| Some(check.case) != of_side.first().map(|first| first.case));
    for check in of_side {
        let mark = match check.held {
            Some(true) => "✓",
            Some(false) => "✗",
            None => "?",
        };
        let of = if several { format!("{}: ", check.case) } else { String::new() };
        let unseen = if check.held.is_none() { " (not observed)" } else { "" };
        out += &wrap(&format!("{mark} {of}{}{unseen}", check.expect), "  ", width);
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// Why it happens and how to fix it.
pub fn reason(scenario: &Scenario, width: usize) -> String {
    let mut out = format!("\n{}", titled("WHY", scenario.reason, width));
    for cure in scenario.cure.iter().take(2) {
        let of = if cure.of.is_empty() { String::new() } else { format!("{}: ", cure.of) };
        out += &titled("", &format!("→ {of}{}", cure.change), width);
    }
    out
}

/// The last line.
pub fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Judged { shown: true, cured: Some(true) } => {
            "PASSED: the symptom occurred, and the fix removed it under the same load.".to_owned()
        }
        Outcome::Judged { shown: true, cured: Some(false) } => {
            "FAILED: the symptom occurred, but the fix did not remove it.".to_owned()
        }
        Outcome::Judged { shown: false, .. } => "FAILED: the expected symptom did not occur.".to_owned(),
        Outcome::Judged { shown: true, cured: None } => "PASSED: the symptom occurred.".to_owned(),
        Outcome::NeedsTheCure => {
            "NOT RUN: this symptom is a comparison with the fix. Run it without --only broken.".to_owned()
        }
        Outcome::NotShown(why) => format!("SKIPPED: {why}"),
        Outcome::Failed(why) => format!("FAILED: the scenario could not run: {why}"),
        Outcome::Interrupted(name) => format!("Stopped by {name} before the end."),
    }
}

fn table(seen: &[&Seen]) -> String {
    let width = seen.iter().map(|seen| seen.label.chars().count()).max().unwrap_or(0).max(8);
    let mut out = format!(
        "\n  {:<width$}  {:>10}  {:>8}  {:>8}  {:>8}  {:>8}  errors\n",
        "", "goodput/s", "failed", "p50 ms", "p99 ms", "max ms"
    );
    for seen in seen {
        let trial = &seen.trial;
        let latency = trial.latency_us.ok;
        let figure = |pick: fn(Quantiles) -> u64| {
            latency.map_or_else(|| "–".to_owned(), |all| milliseconds(pick(all)))
        };
        let _ = writeln!(
            out,
            "  {:<width$}  {:>10.0}  {:>8}  {:>8}  {:>8}  {:>8}  {}",
            seen.label,
            trial.goodput_rps,
            trial.requests.failed + trial.requests.dropped,
            figure(|all| all.p50),
            figure(|all| all.p99),
            figure(|all| all.max),
            kinds(trial)
        );
    }
    out
}

/// `slots-exhausted 53300 × 412, pool-timeout × 3`.
fn kinds(trial: &TrialRecord) -> String {
    let mut kinds: Vec<(String, u64)> = Vec::new();
    for error in &trial.errors {
        let name = match error.sqlstate.as_deref() {
            Some(state) => format!("{} {state}", error.kind),
            None => error.kind.to_string(),
        };
        match kinds.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += error.count,
            None => kinds.push((name, error.count)),
        }
    }
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if kinds.is_empty() {
        return "–".to_owned();
    }
    kinds.iter().map(|(name, count)| format!("{name} × {count}")).collect::<Vec<_>>().join(", ")
}

/// Answers and failures over time, each as a row of bars.
fn course(points: &[TimelinePoint], width: usize) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let columns = points.len().min(width.saturating_sub(30)).max(1);
    let mut begin = 0.0;
    let counts: Vec<(f64, f64)> = points
        .iter()
        .map(|point| {
            let answers = point.rps * (point.at_ms - begin) / 1e3;
            begin = point.at_ms;
            ((answers - point.failed as f64).max(0.0), point.failed as f64)
        })
        .collect();
    let cells: Vec<(f64, f64)> = (0..columns)
        .map(|column| {
            let (from, to) = (column * counts.len() / columns, (column + 1) * counts.len() / columns);
            counts[from..to].iter().fold((0.0, 0.0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1))
        })
        .collect();
    let most = cells.iter().fold(1.0_f64, |most, cell| most.max(cell.0).max(cell.1));
    let row = |pick: fn(&(f64, f64)) -> f64| -> String {
        cells
            .iter()
            .map(|cell| {
                // Whatever is there at all can be seen.
                let eighths = (pick(cell) / most * 8.0).ceil().clamp(0.0, 8.0);
                BARS[eighths as usize]
            })
            .collect()
    };
    let end = points.last().map_or(0.0, |point| point.at_ms);
    let mut out = format!("    succeeded   {}|\n", row(|cell| cell.0));
    if cells.iter().any(|cell| cell.1 > 0.0) {
        out += &format!("    failed      {}| {}\n", row(|cell| cell.1), moment(end));
    }
    out
}

fn moment(ms: f64) -> String {
    if ms < 1_000.0 { format!("{ms:.0} ms") } else { format!("{:.2} s", ms / 1e3) }
}

fn milliseconds(us: u64) -> String {
    let ms = us as f64 / 1e3;
    if ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") }
}
