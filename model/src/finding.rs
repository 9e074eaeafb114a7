//! What analysis concludes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Something failed, or a number must not be believed as it stands.
    Problem,
    /// A reason for doubt.
    Doubt,
    /// A conclusion.
    Note,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The order by goodput.
    Ranking,
    /// A difference inside the noise.
    NoDifference,
    /// Failures and their cause.
    Failures,
    /// What holding a connection did.
    HoldEffect,
    /// Wrong data, or transactions that ran into each other.
    Isolation,
    /// How much of the reference was reached.
    CeilingShare,
    /// The CPU limit shaped the figures.
    Throttled,
    /// The memory limit did.
    MemoryPressure,
    /// The generator may have been the limit.
    GeneratorBound,
    /// Others worked on the machine meanwhile.
    BusyMachine,
    /// Users without an answer, or requests that nobody waited for.
    Unanswered,
    /// A stretch of time in which nothing was answered.
    Gap,
    /// The open load was not delivered as asked.
    OfferedShortfall,
    /// Too few requests or too short a time.
    TooShort,
    /// Limits that were asked for were not in force.
    LimitsNotInForce,
    /// A pool larger than the slots it can get.
    PoolExceedsSlots,
    /// Not an optimised build.
    DebugBuild,
    /// Something was left behind, or did not end as it should.
    Unclean,
    /// Something could not be observed.
    Unobserved,
    /// Where the requests of a strategy spent their time.
    TimeSpent,
    /// Whether two generators measured the same.
    DriversAgree,
    /// A p99 that differs where goodput does not.
    Tail,
    /// Requests held their connections for different times, so goodput is not comparable.
    UnequalHolds,
    /// The service used all cores that its workers can use.
    ServiceBound,
    /// Service, generator and Postgres together used the whole machine.
    MachineBound,
}

/// The figures that a finding rests on, by name: `goodput_rps`, `ratio`, `strategy` …
pub type Evidence = BTreeMap<String, serde_json::Value>;

/// A conclusion with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it is about.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// In a sentence or two, with figures.
    pub text: String,
    /// The workload that it is about, as its heading; `None`: the whole run.
    pub workload: Option<String>,
    /// Ids of the trials that it rests on.
    pub trials: Vec<String>,
    /// The figures that it rests on.
    pub evidence: Evidence,
}
