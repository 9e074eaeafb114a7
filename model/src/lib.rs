//! The words of poollab as types, and the on-disk format of its runs.
//!
//! Everything that crosses a process or reaches a disk is defined here and nowhere else, so that the
//! folder of a run can be read by any later version that knows its [`SCHEMA_VERSION`].
//!
//! Invariants: no I/O, no clock, no async; depends on no other crate of the workspace.

// They panic where nobody reads any more, and this crate has nothing to print.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod burst;
mod database;
mod environment;
mod finding;
mod ids;
mod k6;
mod limits;
mod load;
mod optional;
mod outcome;
mod plan;
mod quantiles;
mod run;
mod settings;
mod shown;
mod strategy;
mod trial;
mod units;
mod verdict;
pub mod wire;
mod workload;

pub use burst::{Burst, BurstRequest};
pub use database::{DatabaseChoice, Endpoint, Host, Link, PgbouncerSettings, Route, Secret, Verification};
pub use environment::{Component, Environment, LimitsInForce, MachineInfo, Means, PgSetting};
pub use finding::{Evidence, Finding, FindingKind, Severity};
pub use ids::{IdError, StrategyId, WorkloadId};
pub use k6::{K6Document, K6Error, K6Requests, K6Status, K6Trial};
pub use limits::Limits;
pub use load::{Arrivals, Driver, DriverChoice, Load};
pub use outcome::{Cause, ErrorKind, ErrorRecord, Problem, Side};
pub use plan::{Filling, Plan, TrialSpec};
pub use quantiles::Quantiles;
pub use run::{Ceiling, PipelinedReference, Report, RunInfo, RunStatus, SCHEMA_VERSION, SkippedTrial};
pub use settings::{DefaultsPolicy, LARGEST_POOL, Settings, StatementMode};
pub use shown::{HIDDEN, printable, without_secrets};
pub use strategy::{Acquisition, StrategyInfo};
pub use trial::{
    BackendCounts, DatabaseFigures, GeneratorFigures, Histograms, Latencies, Phases, PoolCounts,
    PoolerCounts, RequestCounts, ServerFigures, TimelinePoint, TrialRecord, Unfinished,
};
pub use units::{ByteSize, HumanDuration, UnitError};
pub use verdict::{Comparison, ComparisonRow, Conditional, Verdict};
pub use workload::{HotRowMethod, Method, WorkloadInfo, WorkloadSpec};
