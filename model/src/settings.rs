//! Settings of strategies, the same for all that have them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::HumanDuration;

/// Most connections that a pool may be asked for; as many as the slots that the lab gives a database.
pub const LARGEST_POOL: u32 = 5_000;

/// Whose defaults are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DefaultsPolicy {
    /// Every strategy gets the same settings, so that only the strategy differs.
    #[default]
    Equalised,
    /// Every library runs as it comes out of the box.
    Library,
}

/// How statements reach Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatementMode {
    /// Named, prepared once on each connection, then reused: one round trip.
    #[default]
    Cached,
    /// Unnamed, parsed on each execution: one round trip, leaves nothing behind on the connection.
    Unnamed,
    /// Named, prepared and closed again on each execution: what `client.query(text)` does.
    EachTime,
}

/// The settings of a strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whose defaults; with `library`, the fields below are what the strategy reports as in force and
    /// not what it is told.
    pub defaults: DefaultsPolicy,
    /// Connections of the pool. `None`: the strategy has no size, or the library's own default.
    #[serde(with = "crate::optional")]
    #[schemars(schema_with = "crate::optional::whole")]
    pub pool_size: Option<u32>,
    /// How long a request waits for a connection. `None`: for ever.
    #[serde(with = "crate::optional")]
    #[schemars(schema_with = "crate::optional::duration")]
    pub acquire_timeout: Option<HumanDuration>,
    /// How long one attempt to connect may take. `None`: as long as the operating system tries.
    #[serde(with = "crate::optional")]
    #[schemars(schema_with = "crate::optional::duration")]
    pub connect_timeout: Option<HumanDuration>,
    /// Whether a round trip checks the connection at each checkout.
    pub health_check: bool,
    /// How statements reach Postgres.
    pub statements: StatementMode,
    /// Idle connections that the pool keeps, and opens before it takes requests.
    pub min_idle: u32,
    /// Age at which a connection is replaced. `None`: never.
    #[serde(with = "crate::optional")]
    #[schemars(schema_with = "crate::optional::duration")]
    pub max_lifetime: Option<HumanDuration>,
    /// Whether connections to Postgres are encrypted.
    pub tls: bool,
    /// `statement_timeout` of every connection. `None`: none.
    #[serde(with = "crate::optional")]
    #[schemars(schema_with = "crate::optional::duration")]
    pub statement_timeout: Option<HumanDuration>,
    /// Threads for synchronous drivers: requests that can wait for or hold a connection at once.
    pub blocking_threads: u32,
    /// Worker threads of the HTTP service.
    pub workers: u32,
}

impl Settings {
    /// What is wrong with the time-out of statements: Postgres counts it in milliseconds, in 31 bits.
    pub fn statement_timeout_problem(&self) -> Option<String> {
        let limit = self.statement_timeout.filter(|limit| limit.0.as_millis() > i32::MAX as u128)?;
        let longest = HumanDuration::from_millis(i32::MAX as u64);
        Some(format!("statement_timeout {limit} is longer than Postgres can count; the longest is {longest}"))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            defaults: DefaultsPolicy::Equalised,
            pool_size: Some(8),
            acquire_timeout: Some(HumanDuration::from_secs(5)),
            connect_timeout: Some(HumanDuration::from_secs(5)),
            health_check: false,
            statements: StatementMode::Cached,
            min_idle: 0,
            max_lifetime: None,
            tls: false,
            statement_timeout: None,
            blocking_threads: 64,
            workers: 1,
        }
    }
}
