//! When a run warms up, measures and ends.

use std::time::{Duration, Instant};

use poollab_model::wire::LoadOrder;

/// The moments of a run. All are fixed when its first user starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// The first request.
    pub start: Instant,
    /// Measuring starts.
    pub from: Instant,
    /// Measuring ends.
    pub until: Instant,
}

impl Window {
    pub fn opening(start: Instant, order: &LoadOrder) -> Self {
        let from = start + order.warmup.0;
        Self { start, from, until: from + order.duration.0 }
    }

    /// Whether a moment lies inside. The end is not inside, so that consecutive windows share nothing.
    pub fn contains(&self, moment: Instant) -> bool {
        moment >= self.from && moment < self.until
    }

    /// How long it measures.
    pub fn length(&self) -> Duration {
        self.until - self.from
    }

    /// A moment as a number that is never 0: nanoseconds from the first request, and one more.
    pub fn mark(&self, moment: Instant) -> u64 {
        let since_start = moment.saturating_duration_since(self.start).as_nanos();
        u64::try_from(since_start).unwrap_or(u64::MAX - 1) + 1
    }

    /// Milliseconds from the start of measuring.
    pub fn at_ms(&self, moment: Instant) -> f64 {
        moment.saturating_duration_since(self.from).as_secs_f64() * 1e3
    }
}

/// How often progress is told: ten times a second, and less often in runs of more than a quarter of an
/// hour, so that the list of intervals stays below 10,000 entries.
pub(crate) fn interval(duration: Duration) -> Duration {
    Duration::from_millis(100).max(duration / 10_000)
}
