//! What a run does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    DatabaseChoice, Driver, DriverChoice, HumanDuration, Limits, Link, Load, PgbouncerSettings, Route,
    Settings, StrategyId, WorkloadSpec,
};

/// A run, fully resolved: lists multiply into trials. Written as `plan.toml`; feeding that file back
/// repeats the run, in the same order. A field that a file leaves out has its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
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
    /// What makes the load.
    pub driver: DriverChoice,
    /// The database.
    pub database: DatabaseChoice,
    /// The way from the service to an embedded database.
    pub link: Link,
    /// Its limits.
    pub limits: Limits,
    /// The PgBouncer on routes that have one.
    pub pgbouncer: PgbouncerSettings,
    /// Settings of all strategies.
    pub settings: Settings,
    /// Workloads.
    pub workloads: Vec<WorkloadSpec>,
    /// Loads.
    pub loads: Vec<Load>,
    /// How long `hold` has to be for the slots to run out. Without it a `hold` that names no `think_ms` is measured
    /// when the run starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filling: Option<Filling>,
}

/// The hold that fills the slots, and the times that its trials need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filling {
    /// Connects a second that the database made just before the first trial.
    pub connects_per_s: f64,
    /// The `think_ms` that follows.
    pub think_ms: u64,
    /// Load before the measuring starts, in trials with this hold.
    pub warmup: HumanDuration,
    /// How long is measured in them.
    pub duration: HumanDuration,
}

impl Plan {
    /// Warm-up and measured time of a workload's trials.
    pub fn times_of(&self, workload: &WorkloadSpec) -> (HumanDuration, HumanDuration) {
        match &self.filling {
            Some(filling) if workload.think_ms == Some(filling.think_ms) => {
                (filling.warmup, filling.duration)
            }
            _ => (self.warmup, self.duration),
        }
    }
}

/// The main job without its strategies, which only their registry knows: 32 users, so that ways without
/// a pool run out of the 16 slots that a service can get. So few slots, because filling them takes three times
/// (16 + 1) / (connects a second), and Postgres makes 60 a second on half of a slow core.
impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            repeats: 2,
            warmup: HumanDuration::from_millis(500),
            duration: HumanDuration::from_millis(1_500),
            request_timeout: HumanDuration::from_secs(10),
            strategies: Vec::new(),
            routes: vec![Route::Direct],
            pool_sizes: Vec::new(),
            ceiling: true,
            driver: DriverChoice::Goose,
            database: DatabaseChoice::Embedded,
            link: Link::Socket,
            limits: Limits { max_connections: 20, ..Limits::default() },
            pgbouncer: PgbouncerSettings { pool_size: 16, ..PgbouncerSettings::default() },
            settings: Settings::default(),
            workloads: Vec::new(),
            loads: vec![Load::Closed { users: 32 }],
            filling: None,
        }
    }
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
    /// What makes it.
    #[serde(default)]
    pub driver: Driver,
    /// The settings, with the pool size of this trial.
    pub settings: Settings,
    /// Which repeat, from 1.
    pub repeat: u32,
    /// The seed of this trial's own random choices.
    pub seed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_limits_does_not_come_back_with_default_limits() {
        let mut plan = Plan::default();
        plan.limits.cpus = None;
        plan.limits.memory = None;
        plan.settings.acquire_timeout = None;
        plan.settings.pool_size = None;
        let text = toml::to_string(&plan).unwrap();
        assert_eq!(toml::from_str::<Plan>(&text).unwrap(), plan, "{text}");
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
    }

    #[test]
    fn a_word_that_is_neither_a_value_nor_none_is_refused() {
        assert!(toml::from_str::<Plan>("[limits]\ncpus = \"half\"").is_err());
        assert!(toml::from_str::<Plan>("durration = \"2s\"").is_err());
    }
}
