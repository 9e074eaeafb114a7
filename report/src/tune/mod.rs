//! What `poollab tune` found, as documents.

mod html;
mod json;
mod terminal;
mod words;

use poollab_analysis::sizing::snippets::Snippet;
use poollab_analysis::sizing::{FleetVerdict, ModelCard};
use poollab_analysis::tune::chart::Chart;
use poollab_analysis::tune::{Answer, Plateau, Slo, Verdict};
use poollab_model::SCHEMA_VERSION;
use serde::Serialize;

pub use html::html;
pub use json::json;
pub use terminal::terminal;

/// The answers of one call, one for each series: a live search has one, a recorded sweep may have several.
#[derive(Debug, Clone, Serialize)]
pub struct Tuned {
    /// The version of this form.
    pub schema_version: u32,
    /// Where the figures come from, in a line: the plan of a live search, the name of a recorded sweep.
    pub source: String,
    /// Whether the figures come from a recorded sweep: then there is no run and no page beside the answer.
    pub recorded: bool,
    /// The objective as it was asked, `p99<50ms`; `null` without one.
    pub slo: Option<String>,
    /// The limit of its first condition on a latency, in milliseconds.
    pub slo_limit_ms: Option<f64>,
    /// The answers.
    pub series: Vec<TunedSeries>,
}

impl Tuned {
    /// The answers with the current version.
    pub fn new(source: impl Into<String>, series: Vec<TunedSeries>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            source: source.into(),
            recorded: false,
            slo: None,
            slo_limit_ms: None,
            series,
        }
    }

    /// The same, from a recorded sweep.
    pub fn recorded(self) -> Self {
        Self { recorded: true, ..self }
    }

    /// The same with the objective that was asked for, if there was one: charts draw its limit.
    pub fn with_slo(self, slo: Option<&Slo>) -> Self {
        let latency = slo.and_then(|slo| slo.conditions.iter().find(|one| one.figure.quantile().is_some()));
        Self { slo: slo.map(Slo::to_string), slo_limit_ms: latency.map(|one| one.limit), ..self }
    }
}

/// The answer for one series.
#[derive(Debug, Clone, Serialize)]
pub struct TunedSeries {
    /// Its name: strategy, workload and load, or what the sweep calls it.
    pub name: String,
    /// Sizes that were asked for, in their order, repeats included.
    pub asked: Vec<u32>,
    /// The range of sizes within the tolerance of the best.
    pub plateau: Option<Plateau>,
    /// The smallest size that does the job; `null` only where none does, or where a record is too noisy.
    pub recommended: Option<u32>,
    /// Share of the best goodput that the recommended size gives up: of a recorded sweep the true one, of a
    /// live search the estimated one.
    pub regret: Option<f64>,
    /// The largest share of the best goodput that it gives up, with that confidence; `null` for a record.
    pub gives_up_at_most: Option<f64>,
    /// How sure the search is, 0 to 1; `null` where nothing tells.
    pub confidence: Option<f64>,
    /// The kind of answer.
    pub verdict: Verdict,
    /// The answer in words.
    pub text: String,
    /// What each model predicts, and what believing it costs.
    pub models: Vec<ModelCard>,
    /// The load that the recommended size carries; `null` where nothing succeeded.
    pub capacity: Option<CapacityEstimate>,
    /// The settings to paste.
    pub settings: Vec<Snippet>,
    /// What a fleet of instances does with that size.
    pub fleet: Option<FleetVerdict>,
    /// What to draw.
    pub chart: Chart,
    /// The answer with all its evidence.
    pub answer: Answer,
}

/// The load that a pool carries.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CapacityEstimate {
    /// The size that it is about.
    pub size: u32,
    /// The most it did, in requests a second.
    pub ceiling_per_s: f64,
    /// How long a request holds a connection when all are busy, in milliseconds.
    pub held_ms: f64,
    /// Service demand at the bottleneck, in milliseconds for each request.
    pub demand_ms: f64,
    /// Connections at which the two asymptotic bounds meet.
    pub knee: f64,
    /// Arrivals a second at which one request in ten waits for a connection.
    pub starts_to_queue_at: f64,
    /// Arrivals a second at which the objective breaks; `null` without an objective on a latency.
    pub slo_breaks_at: Option<f64>,
}

#[cfg(test)]
pub(crate) mod canned;
#[cfg(test)]
mod tests;
