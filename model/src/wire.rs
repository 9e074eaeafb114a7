//! What the lab and its children tell each other: one JSON document a line, orders on the child's
//! standard input, events on its standard output.
//!
//! A child ends when its standard input does. That is the lifeline: the system closes it when the lab
//! dies, however it dies, and no process id can be mistaken.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Burst, Endpoint, ErrorKind, ErrorRecord, Histograms, HumanDuration, Latencies, Limits, LimitsInForce,
    Load, Method, Phases, PoolCounts, RequestCounts, Route, Settings, StrategyId, Unfinished, WorkloadSpec,
};

/// The lab's order to `poollab server`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerOrder {
    /// The strategy.
    pub strategy: StrategyId,
    /// Its settings.
    pub settings: Settings,
    /// The database.
    pub endpoint: Endpoint,
    /// Address to listen at; port 0: any free one.
    pub listen: String,
    /// `application_name` of its connections, by which the observer knows them.
    pub application_name: String,
    /// Before it starts, count the round trips of one request for this workload.
    #[serde(default)]
    pub count_trips: Option<WorkloadSpec>,
    /// Serve the mistakes on show, too.
    #[serde(default)]
    pub hazards: bool,
}

/// How often the database answers in the course of one request, once the pool is warm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RoundTrips {
    /// All.
    pub per_request: f64,
    /// Of those, for connecting and logging in.
    pub connecting: f64,
}

/// What `poollab server` tells the lab.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum ServerEvent {
    /// It accepts requests.
    Ready {
        /// Where it listens, `127.0.0.1:40123`.
        address: String,
        /// Settings as in force.
        settings: Box<Settings>,
        /// What was counted, if that was asked for and could be done.
        #[serde(default)]
        round_trips: Option<RoundTrips>,
    },
    /// The state of its connections, ten times a second, from a thread that no request can block.
    Pool {
        /// The counts.
        counts: PoolCounts,
        /// Connections opened since it started.
        opened: u64,
    },
    /// Its pool has another size now.
    Resized {
        /// Settings as in force.
        settings: Box<Settings>,
    },
    /// Its library can't give a running pool another size; nothing has changed.
    NotResized,
    /// It can't go on.
    Failed {
        /// Why and what to do.
        message: String,
    },
}

/// What the lab asks of a `poollab server` that runs: a line each, after the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum ServerRequest {
    /// Give the pool another size. It answers with [`ServerEvent::Resized`] or [`ServerEvent::NotResized`].
    Resize {
        /// Connections.
        pool_size: u32,
    },
}

/// The lab's order to `poollab load`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoadOrder {
    /// Where the service listens, `127.0.0.1:40123`.
    pub address: String,
    /// The HTTP method.
    pub method: Method,
    /// The path and query of a request; `{id}` becomes an id.
    pub path: String,
    /// Ids are drawn evenly from `1..=ids`.
    pub ids: u64,
    /// How requests arrive.
    pub load: Load,
    /// Load before measuring.
    pub warmup: HumanDuration,
    /// How long to measure.
    pub duration: HumanDuration,
    /// When a request is given up.
    pub request_timeout: HumanDuration,
    /// Seed of ids and arrivals.
    pub seed: u64,
    /// Whether the run ends with its window, whatever is in flight then: for scenarios, whose moments are scripted.
    /// Otherwise what is in flight is awaited to its end, at most for the time-out.
    #[serde(default)]
    pub cut_off: bool,
    /// How the load changes on its way, and further services that share it; for scenarios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
}

/// What a scenario does with its load besides keeping it up. Times are from the first request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// How many users of a closed load are active from when on, in order of time; before the first one none
    /// is. Empty: all of them, from the start. A request under way is not broken off.
    #[serde(default)]
    pub stages: Vec<LoadStage>,
    /// Further services, by their addresses. Users are divided among all services in turn: with two of them
    /// every other user asks the first one, that of the order.
    #[serde(default)]
    pub others: Vec<String>,
    /// How much later than the one before it each service gets its first request.
    #[serde(default)]
    pub join_every: HumanDuration,
}

/// A closed load from some moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadStage {
    /// When it begins.
    pub at: HumanDuration,
    /// Users that are active.
    pub users: u32,
    /// Whether each of them sends one request only.
    #[serde(default)]
    pub once: bool,
}

/// What `poollab load` tells the lab.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum LoadEvent {
    /// The warm-up has ended; measuring starts now.
    Measuring,
    /// Ten times a second while measuring: what ended since the last one.
    Progress(LoadInterval),
    /// The end.
    Done(Box<LoadResult>),
    /// It can't go on.
    Failed {
        /// Why and what to do.
        message: String,
    },
}

/// What ended in one interval of measuring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadInterval {
    /// The end of the interval, in milliseconds from the start of measuring.
    pub at_ms: f64,
    /// Its length, in milliseconds.
    pub length_ms: f64,
    /// Successes.
    pub ok: u64,
    /// Failures.
    pub failed: u64,
    /// The same by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<ErrorKind, u64>,
    /// 99th percentile of the successes.
    pub p99_us: Option<u64>,
    /// Requests in flight at the end of the interval.
    #[serde(default)]
    pub in_flight: u64,
}

/// What the generator measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadResult {
    /// How long it measured, in seconds.
    pub measured_s: f64,
    /// Counts.
    pub requests: RequestCounts,
    /// Requests a second that the schedule asked for; for a closed load, those that were sent.
    pub offered_rps: f64,
    /// Successes that ended inside the window, per second.
    pub goodput_rps: f64,
    /// The same with failures.
    pub throughput_rps: f64,
    /// Latencies.
    pub latency_us: Latencies,
    /// Phases of successful requests, from `Server-Timing`.
    pub phases_us: Phases,
    /// Failures, most frequent first.
    pub errors: Vec<ErrorRecord>,
    /// The intervals.
    pub intervals: Vec<LoadInterval>,
    /// The requests of its bursts, one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bursts: Vec<Burst>,
    /// Full distributions.
    pub histograms: Histograms,
    /// What had not ended when measuring did.
    #[serde(default)]
    pub unfinished: Unfinished,
    /// CPU seconds used while measuring.
    pub cpu_s: f64,
    /// Cores that it could use: 1, as it runs on one thread.
    pub cores: u32,
    /// Resident memory at the end, in bytes.
    pub memory_bytes: Option<u64>,
    /// What is to be known about these figures, in words.
    #[serde(default)]
    pub remarks: Vec<String>,
}

/// The lab's order to the guard of an embedded database (`poollab db guard`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GuardOrder {
    /// Limits to put in force.
    pub limits: Limits,
    /// Folder with `initdb` and `postgres`; `None`: look in the usual places.
    pub pg_bin: Option<std::path::PathBuf>,
    /// Settings of Postgres that differ from ours, name and value.
    pub pg_settings: Vec<(String, String)>,
    /// Settings of the service's role, name and value: for what a pooler does not carry over.
    #[serde(default)]
    pub role_settings: Vec<(String, String)>,
    /// Poolers to put in front of it.
    #[serde(default)]
    pub poolers: Vec<PoolerOrder>,
    /// Run it in a container instead of as processes of our own. Then `pg_bin`, `role_settings` and `poolers` mean
    /// nothing.
    #[serde(default)]
    pub container: Option<ContainerOrder>,
}

/// The lab's order for a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerOrder {
    /// The image; `None`: ours.
    pub image: Option<String>,
}

/// The lab's order for one PgBouncer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolerOrder {
    /// The route on which it is; not `direct`.
    pub route: Route,
    /// `default_pool_size`.
    pub pool_size: u32,
    /// `max_client_conn`.
    pub max_clients: u32,
    /// `max_prepared_statements`; `None`: PgBouncer's own default.
    pub max_prepared_statements: Option<u32>,
    /// Other settings of PgBouncer, name and value.
    #[serde(default)]
    pub settings: Vec<(String, String)>,
}

/// What a guard is asked after its order, one line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum GuardRequest {
    /// Say that you live.
    Answer,
    /// Stop Postgres (mode fast) and start it again, on the same port and with the same data.
    Restart {
        /// How long it stays down.
        down: HumanDuration,
    },
}

/// What a guard tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum GuardEvent {
    /// The database takes connections, holds schema and data.
    Ready(Box<GuardReady>),
    /// It lives.
    Alive,
    /// It has been restarted and takes connections again.
    Restarted {
        /// Process id of the new postmaster.
        pid: u32,
    },
    /// It can't go on.
    Failed {
        /// Why and what to do.
        message: String,
    },
}

/// Where a guarded database is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GuardReady {
    /// For the service: an ordinary role, through the Unix socket.
    pub app_socket: Endpoint,
    /// For the service: the same role, through TCP on loopback.
    pub app_tcp: Endpoint,
    /// For the observer: a superuser, through the Unix socket.
    pub admin: Endpoint,
    /// The cluster's private folder.
    pub folder: std::path::PathBuf,
    /// Postgres's own log.
    pub log: std::path::PathBuf,
    /// Folder with the binaries in use (`pgbench` may be there).
    pub bin: std::path::PathBuf,
    /// Process id of the postmaster.
    pub pid: u32,
    /// Limits in force.
    pub limits_in_force: LimitsInForce,
    /// Where the limits can be watched.
    pub cgroups: Vec<std::path::PathBuf>,
    /// The poolers in front of it.
    #[serde(default)]
    pub poolers: Vec<PoolerReady>,
}

/// Where a pooler is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PoolerReady {
    /// The route on which it is.
    pub route: Route,
    /// For the service, through a Unix socket.
    pub app_socket: Endpoint,
    /// For the service, through TCP on loopback.
    pub app_tcp: Endpoint,
    /// Its admin console, which knows the simple protocol only.
    pub admin: Endpoint,
    /// Its version, `1.18.0`.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// Its log.
    pub log: std::path::PathBuf,
}
