//! What a run comes down to, and the rows that every document shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a person can act on, over all workloads of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The answer in sentences, the most important one first.
    pub bottom_line: Vec<String>,
    /// What to use: best or level with the best on every workload, without a failure. Empty where the figures allow
    /// no choice.
    pub best: Vec<String>,
    /// What may be recommended: it ran on every workload, gives each request a connection of its own, and served everybody
    /// without a failure.
    #[serde(default)]
    pub usable: Vec<String>,
    /// Strategies without a failed request and without a wrong answer on any workload that they ran.
    pub never_failed: Vec<String>,
    /// Strategies with failed requests on some workload.
    pub failed: Vec<String>,
    /// Faster than `best` on some workload, under a condition.
    pub conditional: Vec<Conditional>,
}

/// A strategy that is faster somewhere and must not be used everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conditional {
    /// The strategy, with its size.
    pub strategy: String,
    /// Where it is faster.
    pub workloads: Vec<String>,
    /// What is against it, and where it would do.
    pub condition: String,
}

/// One comparison as figures: a section of the reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The workload, with load and route where the run has several.
    pub heading: String,
    /// Best goodput first.
    pub rows: Vec<ComparisonRow>,
}

/// One strategy and size in a comparison, all repeats together. `null`: there is no such figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparisonRow {
    /// Strategy and size: `deadpool ×8`.
    pub strategy: String,
    /// Whether its successes are successes: no wrong answers, no transactions that ran into each other.
    pub sound: bool,
    /// Successes a second, mean of the repeats.
    pub goodput_rps: f64,
    /// Half of the 95% interval of that mean, as a share of it; from all repeats and the run's noise.
    pub goodput_plus_minus: Option<f64>,
    /// Repeats.
    pub repeats: u32,
    /// Failed and dropped requests as a share of all.
    pub failed_share: f64,
    /// Failed and dropped requests a second.
    pub failed_rps: f64,
    /// Median latency of successes, in microseconds.
    pub p50_us: Option<u64>,
    /// Their 99th percentile.
    pub p99_us: Option<u64>,
    /// CPU time of the service for each answered request, in microseconds.
    pub service_cpu_us_per_request: Option<f64>,
    /// CPU time of Postgres for each answered request, in microseconds.
    pub postgres_cpu_us_per_request: Option<f64>,
    /// Round trips to the database for each request.
    pub round_trips_per_request: Option<f64>,
    /// Users of a closed load that got no answer while measuring, in the repeat with most of them.
    #[serde(default)]
    pub users_without_answer: u64,
    /// Age of the oldest request in flight when measuring ended, in microseconds; of the repeats the highest.
    #[serde(default)]
    pub oldest_in_flight_us: Option<u64>,
    /// Why it is not ranked although its successes are sound.
    #[serde(default)]
    pub not_ranked: Option<String>,
    /// Goodput as a share of the reference that suits the strategy.
    pub of_reference: Option<f64>,
}
