//! What is known of a strategy without opening it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StrategyId;

/// The way a strategy comes by a connection. Analysis reasons with this and never with a strategy's
/// name, so that a new strategy is understood without a change to the analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Acquisition {
    /// One connection for the process, used by all requests at once.
    Shared,
    /// One connection for the process, used by one request at a time.
    SharedLocked,
    /// A few connections, each used by several requests at once.
    Pipelined,
    /// A new connection for each request.
    PerRequest,
    /// A pool lends a connection to one request at a time.
    Pooled,
}

impl Acquisition {
    /// Whether the setting `pool_size` means anything to it.
    pub fn has_size(self) -> bool {
        matches!(self, Self::Pooled | Self::Pipelined)
    }
}

/// One line of the strategies' registry, as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StrategyInfo {
    /// Its name.
    pub id: StrategyId,
    /// What it does, in one line.
    pub summary: String,
    /// How it comes by a connection.
    pub acquisition: Acquisition,
    /// Whether a request has its connection to itself, so that a transaction is its own. `naive` says
    /// no and runs them nevertheless: that is the mistake on show.
    pub isolates_transactions: bool,
    /// Whether it refuses workloads that need a transaction of their own.
    pub refuses_transactions: bool,
    /// Whether its driver is synchronous and its work runs on blocking threads.
    pub blocking: bool,
}
