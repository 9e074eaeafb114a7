//! The requests of a burst, one by one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ErrorKind;

/// Requests that were to be sent all at once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Burst {
    /// When it was due, in milliseconds from the start of measuring.
    pub at_ms: f64,
    /// Requests that were sent.
    pub sent: u32,
    /// The first of them by the order of sending, as many as a record holds, without those that had not ended when
    /// measuring did.
    pub requests: Vec<BurstRequest>,
    /// How many of those sent the record did not have room for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u32,
}

impl Burst {
    /// Requests that had no end while measuring, of those that the record has room for.
    pub fn unfinished(&self) -> u32 {
        let known = u32::try_from(self.requests.len()).unwrap_or(u32::MAX);
        self.sent.saturating_sub(self.left_out).saturating_sub(known)
    }
}

/// One request of a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BurstRequest {
    /// Its number in the order of sending, from 1.
    pub order: u32,
    /// When it ended, in microseconds from the moment at which the burst was due.
    pub ended_us: u64,
    /// Its latency, in microseconds from its own sending.
    pub latency_us: u64,
    /// How it failed; `null`: it did not.
    pub error: Option<ErrorKind>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes by reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
