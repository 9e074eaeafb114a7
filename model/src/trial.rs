//! What one trial measured.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Acquisition, Burst, Driver, ErrorKind, ErrorRecord, Load, Quantiles, Route, Settings, StrategyId,
    WorkloadId, WorkloadSpec,
};

/// A finished trial: one line of `trials.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialRecord {
    /// Unique in its run.
    pub id: String,
    /// The strategy.
    pub strategy: StrategyId,
    /// How that strategy comes by a connection.
    pub acquisition: Acquisition,
    /// The workload's name.
    pub workload: WorkloadId,
    /// The workload with its parameters.
    pub workload_spec: WorkloadSpec,
    /// The route.
    pub route: Route,
    /// Connections of the pool in force; `null` where the strategy has none.
    pub pool_size: Option<u32>,
    /// Settings as in force, as the service reported them.
    pub settings: Settings,
    /// Which repeat, from 1.
    pub repeat: u32,
    /// The load.
    pub load: Load,
    /// Which generator made it.
    #[serde(default)]
    pub driver: Driver,
    /// When measuring started, RFC 3339.
    pub started_at: String,
    /// How long was measured, in seconds.
    pub measured_s: f64,
    /// Requests of the window. Closed load: those that ended in it or were in flight at its end. Open load: those that
    /// were due in it, whenever they ended.
    pub requests: RequestCounts,
    /// What had not ended when measuring did; all zero in runs of versions that did not tell.
    #[serde(default)]
    pub unfinished: Unfinished,
    /// Requests a second that the schedule of an open load had; for a closed load, those that were sent.
    pub offered_rps: f64,
    /// Answers that came while measuring, per second, failures included.
    pub throughput_rps: f64,
    /// Successes that came while measuring, per second.
    pub goodput_rps: f64,
    /// Latency, counted from the scheduled moment for an open load, to the last byte of the answer.
    pub latency_us: Latencies,
    /// Where the time of successful requests went, as the service measured it.
    pub phases_us: Phases,
    /// Failures, most frequent first.
    pub errors: Vec<ErrorRecord>,
    /// What the database went through.
    pub database: DatabaseFigures,
    /// What the load generator used.
    pub generator: GeneratorFigures,
    /// What the service used.
    pub server: ServerFigures,
    /// CPU time that others than lab, generator, service and database used while measuring, as a share of the whole
    /// machine (0 to 1), what its host took from it included. `None`: it can't be told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others_cpu_share: Option<f64>,
    /// The course of the trial.
    pub timeline: Vec<TimelinePoint>,
    /// The requests of its bursts, one by one; empty where the load has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bursts: Vec<Burst>,
    /// The full latency distributions.
    pub histograms: Histograms,
    /// What went not as it should without ending the trial, in words.
    pub remarks: Vec<String>,
}

/// Numbers of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RequestCounts {
    /// All: `ok + failed + dropped`.
    pub total: u64,
    /// Answered correctly.
    pub ok: u64,
    /// Sent and failed.
    pub failed: u64,
    /// Scheduled and never sent.
    pub dropped: u64,
}

/// What had not ended when measuring did. These requests are counted by their true end, up to the request time-out,
/// except those that were cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Unfinished {
    /// Requests that were in flight.
    pub in_flight: u64,
    /// How long ago the oldest of them had been sent, in microseconds.
    pub oldest_us: Option<u64>,
    /// Users that had one in flight, and none that ended while measuring.
    pub users_without_answer: u64,
    /// Requests that nobody waited for: they are in no other count.
    pub cut_off: u64,
    /// Latencies longer than can be recorded (an hour), recorded as that.
    pub clamped: u64,
}

/// Latency of successes and failures, never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Latencies {
    /// Of successes.
    pub ok: Option<Quantiles>,
    /// Of failures.
    pub failed: Option<Quantiles>,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Phases {
    /// Waiting for the pool, a lock or a blocking thread.
    pub wait: Option<Quantiles>,
    /// Connecting, where the request itself did that.
    pub connect: Option<Quantiles>,
    /// Statements.
    pub query: Option<Quantiles>,
    /// Connection checked out and no statement running.
    pub hold: Option<Quantiles>,
}

/// Full distributions in HdrHistogram's V2 + DEFLATE encoding, base64 (values in microseconds).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Histograms {
    /// Of successes.
    pub ok: Option<String>,
    /// Of failures.
    pub failed: Option<String>,
}

/// What the database went through in a trial. `None` means that it could not be observed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DatabaseFigures {
    /// `max_connections`.
    pub slots: u32,
    /// Reserved slots.
    pub reserved: u32,
    /// Most client backends at one time, the observer's not counted.
    pub backends_peak: Option<u32>,
    /// Most backends that waited for a lock at one time.
    pub lock_waiters_peak: Option<u32>,
    /// Time that the CPU limit kept the server from running, in milliseconds.
    pub throttled_ms: Option<f64>,
    /// Share of scheduling periods in which that happened, 0 to 1.
    pub throttled_share: Option<f64>,
    /// CPU time that the server used, in seconds.
    pub cpu_s: Option<f64>,
    /// Most memory in use.
    pub memory_peak_bytes: Option<u64>,
    /// Times that memory could not be had within the limit.
    pub memory_failures: Option<u64>,
    /// Processes that were killed for want of memory.
    pub oom_kills: Option<u64>,
    /// Transactions committed in the database while measuring.
    pub commits: Option<u64>,
    /// Transactions rolled back.
    pub rollbacks: Option<u64>,
    /// Connections of the service that were still there after it had stopped.
    pub backends_left: Option<u32>,
    /// Whether the workload's statements were seen in `pg_stat_statements` before measuring.
    pub statements_verified: Option<bool>,
    /// Samples that the observer took.
    pub samples: u32,
}

/// What the load generator used.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorFigures {
    /// CPU seconds used for each second of measuring and each core that the generator can use: 1 is
    /// all of it.
    pub cpu_share: f64,
    /// CPU time for each request, in microseconds.
    pub cpu_us_per_request: f64,
    /// Resident memory at the end, in bytes; `None` where the system does not tell.
    pub memory_bytes: Option<u64>,
}

/// What the service used.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServerFigures {
    /// CPU seconds used for each second of measuring, over all its threads; may exceed 1.
    pub cpu_share: Option<f64>,
    /// Resident memory at its highest, in bytes.
    pub memory_peak_bytes: Option<u64>,
    /// Connections that the strategy opened while measuring.
    pub connections_opened: Option<u64>,
    /// Messages to the database and back that one request of this trial costs once its pool is warm, counted on the wire
    /// before the load. `None`: not counted (TLS, a pooler on the route, a scenario).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trips_per_request: Option<f64>,
    /// Of those, for connecting and logging in: 0 where connections are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trips_connecting: Option<f64>,
    /// Processes that shared the load, each with a pool of its own. `None`: one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
    /// The exit code with which it ended when asked to: 0 is clean.
    pub exit_code: Option<i32>,
}

/// One moment of a trial.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct TimelinePoint {
    /// The end of the interval, in milliseconds from the start of measuring.
    pub at_ms: f64,
    /// Answers a second in the interval, failures included.
    pub rps: f64,
    /// Failures in the interval.
    pub failed: u64,
    /// The same by kind; empty in runs of versions that did not tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<ErrorKind, u64>,
    /// 99th percentile of the successes that ended in it; `None` when there were none.
    pub p99_us: Option<u64>,
    /// Requests in flight at the end of the interval; `None`: nobody counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u64>,
    /// Backends by state, the observer's not counted.
    pub backends: Option<BackendCounts>,
    /// The service's pool.
    pub pool: Option<PoolCounts>,
    /// Time lost to the CPU limit in the interval, in milliseconds.
    pub throttled_ms: Option<f64>,
    /// Memory in use by the database.
    pub memory_bytes: Option<u64>,
    /// The pooler on the route; `None`: there is none, or it was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooler: Option<PoolerCounts>,
}

/// What PgBouncer says of itself (`SHOW POOLS`, `SHOW STATS`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PoolerCounts {
    /// Clients that have a server connection, or want none at the moment.
    pub clients_active: u32,
    /// Clients that wait for a server connection.
    pub clients_waiting: u32,
    /// Server connections that belong to a client at the moment.
    pub servers_active: u32,
    /// Server connections that are free, or being made ready to be.
    pub servers_idle: u32,
    /// How long the client that has waited longest has waited, in microseconds.
    pub maxwait_us: u64,
    /// Transactions that went through in the interval; `None` where the one before was not seen.
    pub transactions: Option<u64>,
}

/// Client backends by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct BackendCounts {
    /// Running a statement.
    pub active: u32,
    /// Connected, doing nothing.
    pub idle: u32,
    /// In a transaction, doing nothing.
    pub idle_in_transaction: u32,
    /// Any other state, `starting` among them.
    #[serde(default)]
    pub other: u32,
    /// Of those above, waiting for a lock.
    #[serde(default)]
    pub waiting_for_lock: u32,
}

impl BackendCounts {
    /// All of them.
    pub fn total(self) -> u32 {
        self.active + self.idle + self.idle_in_transaction + self.other
    }
}

/// The service's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PoolCounts {
    /// Open connections.
    pub size: u32,
    /// Of those, not lent.
    pub idle: u32,
    /// Requests that wait for one.
    pub waiting: u32,
}
