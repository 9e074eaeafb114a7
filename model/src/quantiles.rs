//! The summary of a histogram.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A latency distribution in a few figures, all in microseconds. `count` is never 0: where nothing was
/// recorded there is no `Quantiles` at all, so that "no failures" can't be read as "failures in 0 µs".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantiles {
    /// How many values were recorded.
    pub count: u64,
    /// The smallest.
    pub min: u64,
    /// The arithmetic mean.
    pub mean: f64,
    /// Half of the values are at or below this.
    pub p50: u64,
    /// 66 % are.
    pub p66: u64,
    /// 75 % are.
    pub p75: u64,
    /// 80 % are.
    pub p80: u64,
    /// 90 % are.
    pub p90: u64,
    /// 95 % are.
    pub p95: u64,
    /// 98 % are.
    pub p98: u64,
    /// 99 % are.
    pub p99: u64,
    /// 99.9 % are.
    pub p99_9: u64,
    /// The largest.
    pub max: u64,
}

impl Quantiles {
    /// The `ab`-style percentile table: percent and value.
    pub fn table(&self) -> [(f64, u64); 10] {
        [
            (50.0, self.p50),
            (66.0, self.p66),
            (75.0, self.p75),
            (80.0, self.p80),
            (90.0, self.p90),
            (95.0, self.p95),
            (98.0, self.p98),
            (99.0, self.p99),
            (99.9, self.p99_9),
            (100.0, self.max),
        ]
    }
}
