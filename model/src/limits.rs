//! The limits of the database under test.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ByteSize;

/// What the Postgres under test is given. Whether the CPU and memory limits were really in force is
/// told by [`LimitsInForce`](crate::LimitsInForce), never by this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// CPU share in cores: 0.5 is half of one core. `None`: not limited.
    #[serde(with = "crate::optional")]
    #[schemars(schema_with = "crate::optional::number")]
    pub cpus: Option<f64>,
    /// Memory of the server with all its backends. `None`: not limited.
    #[serde(with = "crate::optional")]
    #[schemars(schema_with = "crate::optional::size")]
    pub memory: Option<ByteSize>,
    /// `max_connections`: slots for all clients together.
    pub max_connections: u32,
    /// `superuser_reserved_connections`: the last slots, kept for superusers.
    pub reserved: u32,
}

impl Limits {
    /// Slots that ordinary roles can use while the lab's observer holds one.
    ///
    /// Postgres turns an ordinary role away when fewer than `reserved` slots would stay free, whoever
    /// holds the others; the observer's connection counts among those.
    pub fn free_slots(&self) -> u32 {
        self.max_connections.saturating_sub(self.reserved + 1)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { cpus: Some(0.5), memory: Some(ByteSize::mib(256)), max_connections: 40, reserved: 3 }
    }
}
