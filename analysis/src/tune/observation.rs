//! What one measurement of one pool size said.

use poollab_model::{Load, TrialRecord};
use serde::Serialize;

/// Latency of successful requests, in milliseconds; `None` where it was not measured.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct LatencyMs {
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    pub p99_9: Option<f64>,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// The pool size that was measured.
    pub size: u32,
    /// Successful requests a second.
    pub goodput: f64,
    /// Their latency.
    pub latency: LatencyMs,
    /// Share of requests that failed or could not be sent, 0 to 1; `None` where it was not recorded.
    pub failed_share: Option<f64>,
    /// Relative standard deviation of the goodput where the source knows it (a recorded sweep with an error
    /// column); `None`: to be found out from repeats.
    pub noise: Option<f64>,
    /// Share of scheduling periods in which the CPU limit held the database back.
    pub throttled_share: Option<f64>,
    /// Share of its CPU that the load generator used; near 1 it was the limit itself.
    pub generator_share: Option<f64>,
}

impl Observation {
    /// A measurement that knows the goodput and nothing else.
    pub fn of_goodput(size: u32, goodput: f64) -> Self {
        Self {
            size,
            goodput,
            latency: LatencyMs::default(),
            failed_share: None,
            noise: None,
            throttled_share: None,
            generator_share: None,
        }
    }

    /// What a trial says; `None` for a strategy without a pool size.
    pub fn of_trial(trial: &TrialRecord) -> Option<Self> {
        let size = trial.pool_size?;
        let ms = |us: u64| us as f64 / 1_000.0;
        let latency = trial.latency_us.ok.map_or_else(LatencyMs::default, |ok| LatencyMs {
            p50: Some(ms(ok.p50)),
            p95: Some(ms(ok.p95)),
            p99: Some(ms(ok.p99)),
            p99_9: Some(ms(ok.p99_9)),
        });
        let counts = trial.requests;
        let not_ok = (counts.failed + counts.dropped) as f64;
        Some(Self {
            size,
            goodput: carried(trial),
            latency,
            failed_share: Some(if counts.total > 0 { not_ok / counts.total as f64 } else { 1.0 }),
            noise: None,
            throttled_share: trial.database.throttled_share,
            generator_share: Some(trial.generator.cpu_share),
        })
    }
}

/// Goodput. Of an open load it is what was carried of the arrivals that there were, at the rate that was asked for: in a
/// short measurement the number of arrivals varies by more than the tolerance, and no pool can help that.
fn carried(trial: &TrialRecord) -> f64 {
    match trial.load {
        Load::Open { rate_per_s, .. } if trial.offered_rps > 0.0 => {
            trial.goodput_rps / trial.offered_rps * rate_per_s
        }
        _ => trial.goodput_rps,
    }
}
