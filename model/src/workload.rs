//! What a request asks of the database once it has a connection.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::WorkloadId;

/// The HTTP method of a workload's endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads only.
    Get,
    /// Writes.
    Post,
}

/// Three ways to count in one row under contention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HotRowMethod {
    /// `SELECT … FOR UPDATE`, then `UPDATE`, in one transaction.
    Pessimistic,
    /// Read a version, `UPDATE … WHERE version = …`, try again when somebody was faster.
    Optimistic,
    /// One `UPDATE … SET n = n + 1`.
    Atomic,
}

impl HotRowMethod {
    /// All of them, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::Pessimistic, Self::Optimistic, Self::Atomic];

    /// Its name on the command line and in a query string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pessimistic => "pessimistic",
            Self::Optimistic => "optimistic",
            Self::Atomic => "atomic",
        }
    }
}

/// One line of the workloads' registry, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkloadInfo {
    /// Its name.
    pub id: WorkloadId,
    /// What it does, in one line.
    pub summary: String,
    /// The HTTP method that asks for it.
    pub method: Method,
    /// Whether it needs a transaction of its own (with default parameters).
    pub needs_transaction: bool,
    /// Ids that a request may carry: `1..=ids`.
    pub ids: u64,
}

/// A workload with its parameters, as a plan names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadSpec {
    /// Which workload.
    pub id: WorkloadId,
    /// `hold` only: how long the request waits for something that is not the database, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think_ms: Option<u64>,
    /// `hold` only: give the connection back before that wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub release_early: bool,
    /// `hot-row` only: the way to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<HotRowMethod>,
    /// In a scenario: the side that it is on, and parameters that only a scenario's own workload knows:
    /// `broken, lock=early`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl WorkloadSpec {
    /// The workload with every parameter at its default.
    pub fn plain(id: WorkloadId) -> Self {
        Self { id, think_ms: None, release_early: false, method: None, variant: None }
    }

    /// The query string that carries the parameters, with its `?`, or nothing.
    pub fn query_string(&self) -> String {
        let mut parts = Vec::new();
        if let Some(ms) = self.think_ms {
            parts.push(format!("think_ms={ms}"));
        }
        if self.release_early {
            parts.push("release_early=true".to_owned());
        }
        if let Some(method) = self.method {
            parts.push(format!("method={}", method.as_str()));
        }
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }
}

/// As a heading: `hold 5 ms, released early`.
impl fmt::Display for WorkloadSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if let Some(ms) = self.think_ms {
            write!(f, " {ms} ms")?;
        }
        if self.release_early {
            write!(f, ", released early")?;
        }
        if let Some(method) = self.method {
            write!(f, " {}", method.as_str())?;
        }
        if let Some(variant) = &self.variant {
            write!(f, ", {variant}")?;
        }
        Ok(())
    }
}
