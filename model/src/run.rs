//! A run as a document: `report.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Comparison, Environment, Finding, K6Document, Plan, TrialRecord, Verdict};

/// The version of everything in a run's folder. A change that an older reader can't ignore raises it.
pub const SCHEMA_VERSION: u32 = 1;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// It has not ended, or ended without a word (its machine was switched off).
    Running,
    /// Every trial ran.
    Complete,
    /// Somebody stopped it; the finished trials are there.
    Interrupted,
    /// The environment gave way; the finished trials are there.
    Failed,
}

/// When and how a run ran. Written as `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunInfo {
    /// [`SCHEMA_VERSION`] of the poollab that wrote the folder; 1 where it does not say.
    #[serde(default = "first_version")]
    pub schema_version: u32,
    /// Also the name of its folder.
    pub id: String,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339; `null` while it runs.
    pub finished_at: Option<String>,
    /// The seed of the plan.
    pub seed: u64,
    /// How it ended.
    pub status: RunStatus,
    /// Trials of the plan.
    pub trials_planned: u32,
    /// Trials that were left out, and why.
    pub skipped: Vec<SkippedTrial>,
    /// The reference: what pgbench reached; `null` when there is no pgbench or it was not asked for. The key has kept
    /// its first name, so that old and new records read alike.
    pub ceiling: Option<Ceiling>,
    /// What ended it, where it did not end well.
    pub error: Option<String>,
}

fn first_version() -> u32 {
    1
}

/// A combination of the plan that can't be run, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedTrial {
    /// The trial's id, or what it would have been.
    pub id: String,
    /// Why, in words.
    pub reason: String,
}

/// The reference: what a program without a service in between reached on the same database. A strategy that keeps more
/// statements in flight can exceed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ceiling {
    /// `pgbench` and its version.
    pub tool: String,
    /// The command, without secrets.
    pub command: String,
    /// The workload that it is the reference of.
    pub workload: String,
    /// Its connections.
    pub clients: u32,
    /// Transactions a second: the median of `samples`.
    pub tps: f64,
    /// Each measurement; they are spread over the run.
    pub samples: Vec<f64>,
    /// The same statement in pipelines: the reference of strategies that do not wait for one answer before they send
    /// the next statement. `None`: it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipelined: Option<PipelinedReference>,
}

/// What pgbench reached with pipelines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PipelinedReference {
    /// Statements in one pipeline.
    pub depth: u32,
    /// Statements a second: the median of `samples`.
    pub tps: f64,
    /// Each measurement.
    pub samples: Vec<f64>,
}

/// A run in one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`SCHEMA_VERSION`] of the poollab that wrote it.
    pub schema_version: u32,
    /// When and how it ran.
    pub run: RunInfo,
    /// What was asked.
    pub plan: Plan,
    /// Where it ran.
    pub environment: Environment,
    /// The reference, as in `run`.
    pub ceiling: Option<Ceiling>,
    /// The finished trials, in the order in which they ran.
    pub trials: Vec<TrialRecord>,
    /// What the run comes down to, over all workloads.
    #[serde(default)]
    pub verdict: Verdict,
    /// What analysis concludes from the trials, most important first.
    pub findings: Vec<Finding>,
    /// The trials side by side, repeats together.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    /// What k6 measured by itself, in documents that were given to the report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub k6: Vec<K6Document>,
}
