//! What travels with the numbers: everything that decides results.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DatabaseChoice, Limits};

/// Machine, software and limits of a run. Written as `environment.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// poollab's own version.
    pub poollab: String,
    /// Whether this is an optimised build.
    pub optimised_build: bool,
    /// The machine.
    pub machine: MachineInfo,
    /// How the database was provided.
    pub database: DatabaseChoice,
    /// `SELECT version()`.
    pub postgres: String,
    /// `server_version_num`, for example 150018.
    pub postgres_version_num: u32,
    /// How the service reaches it: `unix socket`, `tcp 127.0.0.1`.
    pub database_link: String,
    /// Settings that decide results, as in force.
    pub postgres_settings: Vec<PgSetting>,
    /// Limits asked for.
    pub limits: Limits,
    /// Limits in force.
    pub limits_in_force: LimitsInForce,
    /// Libraries and programs with the versions that ran.
    pub components: Vec<Component>,
    /// What could not be observed, and why.
    pub unobserved: Vec<String>,
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MachineInfo {
    /// Operating system and its version.
    pub os: String,
    /// Kernel release.
    pub kernel: String,
    /// Processor, as the kernel names it.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: u32,
    /// Memory of the machine.
    pub memory_bytes: Option<u64>,
    /// Load average over one minute when the run began.
    pub load_average: Option<f64>,
    /// The kernel's clock source.
    pub clock_source: Option<String>,
    /// Open files that a process may have (soft limit).
    pub open_files: Option<u64>,
}

/// A setting of Postgres.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PgSetting {
    /// `shared_buffers`, `fsync` …
    pub name: String,
    /// As `SHOW` prints it.
    pub value: String,
}

/// A library or program that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// `deadpool-postgres`, `pgbench` …
    pub name: String,
    /// As resolved or as it reports itself.
    pub version: String,
}

/// By which means a limit is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Means {
    /// cgroup version 2.
    CgroupV2,
    /// cgroup version 1.
    CgroupV1,
    /// A systemd scope of the user's.
    SystemdScope,
    /// A container engine.
    Container,
    /// None: it is not in force.
    None,
}

/// Whether the limits were in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LimitsInForce {
    /// The CPU limit.
    pub cpu: Means,
    /// The memory limit.
    pub memory: Means,
    /// Why one is not in force, in words; empty when both are, or none was asked for.
    pub reasons: Vec<String>,
}
