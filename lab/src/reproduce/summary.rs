//! The files of a scenario: `scenario.json`, `story.md`, `plan.toml`; and the summary table of several scenarios.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use poollab_model::{Environment, Means, Plan, printable};
use poollab_scenarios::{Scenario, Verdict};
use serde_json::json;

use super::case::Seen;
use super::logs::Quoted;
use super::record::side;
use super::{Outcome, Told};

/// The plan, with how to repeat it: a plan alone can't say what a scenario does on the way.
pub fn write_plan(folder: &Path, scenario: &Scenario, plan: &Plan) -> io::Result<()> {
    let text = toml::to_string(plan).map_err(io::Error::other)?;
    let header = format!(
        "# The plan of a scenario, without the actions that happen during it. To repeat it: {}\n\n",
        scenario.command()
    );
    fs::write(folder.join("plan.toml"), header + &text)
}

/// Writes `scenario.json` and `story.md`.
pub fn write(
    folder: &Path,
    scenario: &Scenario,
    seen: &[Seen],
    verdict: Option<&Verdict>,
    outcome: &Outcome,
    story: &str,
) -> io::Result<()> {
    let checks: Vec<_> = verdict
        .map(|verdict| &verdict.checks)
        .into_iter()
        .flatten()
        .map(|check| {
            json!({
                "side": side(check.cured),
                "case": check.case,
                "expect": check.expect,
                "in_words": check.expect.to_string(),
                "held": check.held,
            })
        })
        .collect();
    let cases: Vec<_> = seen
        .iter()
        .map(|seen| {
            let quoted: &[Quoted] = &seen.quoted;
            json!({
                "trial": seen.trial.id,
                "side": side(seen.cured),
                "case": seen.label,
                "moments": seen.moments.iter().map(|(at_ms, what)| json!({"at_ms": at_ms, "what": what})).collect::<Vec<_>>(),
                "besides": seen.besides(),
                "server_log": quoted,
                "second_load": seen.beside,
            })
        })
        .collect();
    let (shown, cured, why) = match outcome {
        Outcome::Judged { shown, cured } => (Some(*shown), *cured, None),
        Outcome::NeedsTheCure => (None, None, None),
        Outcome::NotShown(why) | Outcome::Failed(why) => (None, None, Some(why.as_str())),
        Outcome::Interrupted(name) => (None, None, Some(*name)),
    };
    let document = json!({
        "id": scenario.id,
        "symptom_appeared": shown,
        "cure_removed_it": cured,
        "why_not": why,
        "checks": checks,
        "cases": cases,
        "scenario": scenario,
    });
    fs::write(folder.join("scenario.json"), serde_json::to_vec_pretty(&document)?)?;
    // What Postgres logged is in it, and a document is also looked at with `cat`.
    let story = format!("# {}\n\n```text\n{story}```\n", scenario.id);
    fs::write(folder.join("story.md"), &*printable(&story))
}

/// `PostgreSQL 15.18 embedded · 40 slots, 3 reserved · 0.5 CPU, 256 MiB`.
pub fn database(scenario: &Scenario, environment: &Environment) -> String {
    let limits = scenario.scene.limits();
    let in_force = &environment.limits_in_force;
    let mut text = environment.postgres.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let _ = write!(text, " embedded · {} slots, {} reserved", limits.max_connections, limits.reserved);
    if let Some(cpus) = limits.cpus {
        let _ = write!(text, " · {cpus} CPU{}", denied(in_force.cpu));
    }
    if let Some(memory) = limits.memory {
        let _ = write!(text, " · {memory}{}", denied(in_force.memory));
    }
    text
}

fn denied(means: Means) -> &'static str {
    if means == Means::None { " (not in force)" } else { "" }
}

/// One line per scenario, and the totals.
pub fn table(told: &[Told]) -> String {
    let width = told.iter().map(|told| told.scenario.id.len()).max().unwrap_or(0);
    let mut out = format!("{:<width$}  {:<10}  {:<9}  {:>6}\n", "scenario", "symptom", "fix", "time");
    let (mut passed, mut not_shown, mut failed) = (0, 0, 0);
    for one in told {
        let (symptom, cure, why) = match &one.outcome {
            Outcome::Judged { shown, cured } => {
                let cure = match cured {
                    Some(true) => "works",
                    Some(false) => "FAILED",
                    None => "–",
                };
                (if *shown { "occurred" } else { "MISSING" }, cure, String::new())
            }
            Outcome::NeedsTheCure => ("–", "–", "the symptom is a comparison with the fix".to_owned()),
            Outcome::NotShown(why) => ("skipped", "–", why.clone()),
            Outcome::Failed(why) => ("FAILED", "–", why.lines().next().unwrap_or_default().to_owned()),
            Outcome::Interrupted(name) => ("stopped", "–", format!("by {name}")),
        };
        match &one.outcome {
            Outcome::NotShown(_) => not_shown += 1,
            outcome if outcome.passed() => passed += 1,
            _ => failed += 1,
        }
        let line = format!(
            "{:<width$}  {symptom:<10}  {cure:<10} {:>5.1} s  {why}",
            one.scenario.id,
            one.took.as_secs_f64()
        );
        out += line.trim_end();
        out.push('\n');
    }
    let whole: f64 = told.iter().map(|told| told.took.as_secs_f64()).sum();
    out + &format!(
        "\n{} scenarios in {whole:.0} s: {passed} passed, {failed} failed, {not_shown} skipped on this machine\n",
        told.len()
    )
}
