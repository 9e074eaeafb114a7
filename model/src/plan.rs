//! What a run does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DatabaseChoice, HumanDuration, Limits, Load, Route, Settings, StrategyId, WorkloadSpec};

/// A run, fully resolved: lists multiply into trials. Written as `plan.toml`; feeding that file back
/// repeats the run, in the same order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The seed of the order of trials, of the ids that requests ask for and of arrival times.
    pub seed: u64,
    /// How often each trial is repeated; repeats are interleaved.
    pub repeats: u32,
    /// Load before the measuring starts.
    pub warmup: HumanDuration,
    /// How long is measured.
    pub duration: HumanDuration,
    /// When the generator gives a request up.
    pub request_timeout: HumanDuration,
    /// Strategies to compare.
    pub strategies: Vec<StrategyId>,
    /// Routes between service and Postgres.
    pub routes: Vec<Route>,
    /// Pool sizes, for the strategies that have one. Empty: the size in `settings`.
    pub pool_sizes: Vec<u32>,
    /// Whether `pgbench` measures a ceiling first.
    pub ceiling: bool,
    /// The database.
    pub database: DatabaseChoice,
    /// Its limits.
    pub limits: Limits,
    /// Settings of all strategies.
    pub settings: Settings,
    /// Workloads.
    pub workloads: Vec<WorkloadSpec>,
    /// Loads.
    pub loads: Vec<Load>,
}

/// One trial of a plan, before it has run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialSpec {
    /// Unique in its run, and made of what it varies: `deadpool-8.hold.direct.64-users.r1`.
    pub id: String,
    /// The strategy.
    pub strategy: StrategyId,
    /// The workload.
    pub workload: WorkloadSpec,
    /// The route.
    pub route: Route,
    /// The load.
    pub load: Load,
    /// The settings, with the pool size of this trial.
    pub settings: Settings,
    /// Which repeat, from 1.
    pub repeat: u32,
    /// The seed of this trial's own random choices.
    pub seed: u64,
}
