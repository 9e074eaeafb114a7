//! An answer becomes documents.

use std::path::{Path, PathBuf};

use poollab_analysis::sizing::snippets::{PoolSettings, snippets};
use poollab_analysis::sizing::{Capacity, Curve, scorecard};
use poollab_analysis::tune::Answer;
use poollab_analysis::tune::chart::Chart;
use poollab_model::{Load, Plan, Report, printable};
use poollab_report::tune::{self as documents, CapacityEstimate, Tuned, TunedSeries};

use super::question::{self, Asked};
use crate::exit::Failure;
use crate::{machine, output};

/// All that a live search left.
pub struct Measured<'a> {
    /// What it found.
    pub answer: Answer,
    /// What was asked.
    pub plan: &'a Plan,
    /// Its trials and where they ran.
    pub report: &'a Report,
    /// What else was asked.
    pub asked: &'a Asked,
}

/// The answer of a live search with all that follows from it.
pub fn tuned(measured: Measured<'_>) -> Tuned {
    let Measured { mut answer, plan, report, asked } = measured;
    let points = answer.levels.iter().map(|level| (level.size, level.goodput));
    let curve = Curve::new(points.filter(|(_, goodput)| *goodput > 0.0));
    if let (Some(load), Some(curve)) = (plan.loads.first(), &curve)
        && let Some(doubt) = beyond_ceiling(load, curve.best().1)
    {
        answer.doubts.insert(0, doubt);
    }
    let facts = question::facts(asked, plan, machine::cores());
    let models = curve.as_ref().map_or_else(Vec::new, |curve| scorecard(curve, &facts, answer.recommended));
    let size = answer.recommended.or(answer.nearest).or(answer.best);
    let chart = Chart::new(&answer, &models);
    let series = TunedSeries {
        name: name(plan),
        asked: answer.asked.clone(),
        plateau: answer.plateau,
        recommended: answer.recommended,
        regret: answer.loss,
        confidence: answer.confidence,
        gives_up_at_most: answer.gives_up_at_most,
        verdict: answer.verdict,
        text: answer.text.clone(),
        models,
        capacity: size.zip(curve.as_ref()).and_then(|(size, curve)| capacity(&answer, curve, size, asked)),
        settings: answer.recommended.map_or_else(Vec::new, |size| snippets(&PoolSettings::of_size(size))),
        fleet: size.zip(asked.fleet).and_then(|(size, fleet)| fleet.with_pool(size).ok()),
        chart,
        answer,
    };
    Tuned::new(source(plan, report), vec![series]).with_slo(asked.slo.as_ref())
}

/// Writes `tune.json` and `tune.html` into the run's folder; gives the page.
pub fn write(folder: &Path, tuned: &Tuned) -> Result<PathBuf, Failure> {
    let page = folder.join("tune.html");
    // Documents are also looked at with `cat`.
    std::fs::write(folder.join("tune.json"), &*printable(&documents::json(tuned)))
        .and_then(|()| std::fs::write(&page, &*printable(&documents::html(tuned))))
        .map_err(|why| Failure::environment(format!("can't write to {}: {why}", folder.display())))?;
    Ok(page)
}

/// For standard output.
pub fn text(tuned: &Tuned, json: bool) -> String {
    if json { documents::json(tuned) } else { documents::terminal(tuned, output::width(), output::colour()) }
}

fn capacity(answer: &Answer, curve: &Curve, size: u32, asked: &Asked) -> Option<CapacityEstimate> {
    let capacity = Capacity::of(curve, size)?;
    // The latency of the smallest measured pool holds the least of the others' company.
    let slo = asked.slo.as_ref().and_then(|slo| {
        let condition = slo.conditions.iter().find(|condition| condition.figure.quantile().is_some())?;
        let level = answer.levels.iter().find(|level| level.size == size)?;
        let latency = condition.figure.of(&level.latency_ms, level.failed_share)?;
        // Under saturation nearly all of a latency is waiting: what is left is what the connection is held.
        let unqueued_s = (latency / 1e3).min(capacity.held_s);
        Some(capacity.slo_breaks_at(condition.figure.quantile()?, condition.limit / 1e3, unqueued_s))
    });
    Some(estimate(&capacity, slo))
}

/// What documents say of a capacity.
pub fn estimate(capacity: &Capacity, slo_breaks_at: Option<f64>) -> CapacityEstimate {
    CapacityEstimate {
        size: capacity.size,
        ceiling_per_s: capacity.ceiling_per_s,
        held_ms: capacity.held_s * 1e3,
        demand_ms: capacity.bounds.bottleneck_s * 1e3,
        knee: capacity.bounds.knee(),
        starts_to_queue_at: capacity.starts_to_queue_at(),
        slo_breaks_at,
    }
}

fn name(plan: &Plan) -> String {
    let strategy = plan.strategies.first().map_or("", |id| id.as_str());
    let workload = plan.workloads.first().map_or_else(String::new, ToString::to_string);
    let load = plan.loads.first().map_or_else(String::new, ToString::to_string);
    format!("{strategy} · {workload} · {load}")
}

fn source(plan: &Plan, report: &Report) -> String {
    let trials = report.trials.len();
    format!("{trials} trials of {} on {}", plan.duration.told(), first_words(&report.environment.postgres))
}

fn first_words(version: &str) -> String {
    version.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// Whether the offered rate is more than any size carried: then no pool size is the answer.
fn beyond_ceiling(load: &Load, best: f64) -> Option<String> {
    let Load::Open { rate_per_s, .. } = load else { return None };
    // Poisson arrivals of a short trial scatter by some per cent.
    (best < 0.9 * rate_per_s).then(|| {
        format!(
            "the offered rate of {rate_per_s:.0}/s is beyond the ceiling: the best size carried {best:.0}/s, and no pool \
             size carries more than the database can do; ask with a lower --rate, or give the database more CPU"
        )
    })
}
