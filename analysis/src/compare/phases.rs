//! Where the time of an average success went.

use poollab_model::{Phases, Quantiles, TrialRecord};

/// Means over all successful requests, in microseconds. A phase that no request had is `None`: a pool
/// that never connected for a request did not connect "in 0 µs".
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PhaseMeans {
    /// Waiting for the pool, a lock or a blocking thread.
    pub wait: Option<f64>,
    /// Connecting.
    pub connect: Option<f64>,
    /// Statements.
    pub query: Option<f64>,
    /// Connection checked out, no statement running.
    pub hold: Option<f64>,
    /// The rest of the latency: HTTP, the network, the service's own queue and computing.
    pub elsewhere: Option<f64>,
}

impl PhaseMeans {
    /// The phases by name, in the order in which a request goes through them.
    pub fn named(&self) -> [(&'static str, Option<f64>); 5] {
        [
            ("wait", self.wait),
            ("connect", self.connect),
            ("query", self.query),
            ("hold", self.hold),
            ("elsewhere", self.elsewhere),
        ]
    }

    /// All of them together.
    pub fn total(&self) -> f64 {
        self.named().iter().filter_map(|(_, mean)| *mean).sum()
    }

    /// Means, unlike percentiles, can be put together exactly: sums over counts.
    pub(crate) fn of(trials: &[&TrialRecord]) -> Self {
        let ok: u64 = trials.iter().map(|trial| trial.requests.ok).sum();
        if ok == 0 {
            return Self::default();
        }
        let per_success = |pick: fn(&Phases) -> Option<Quantiles>| -> Option<f64> {
            let recorded: Vec<Quantiles> = trials.iter().filter_map(|trial| pick(&trial.phases_us)).collect();
            let sum: f64 = recorded.iter().map(|q| q.mean * q.count as f64).sum();
            (!recorded.is_empty() && sum.is_finite()).then_some(sum / ok as f64)
        };
        let mut means = Self {
            wait: per_success(|phases| phases.wait),
            connect: per_success(|phases| phases.connect),
            query: per_success(|phases| phases.query),
            hold: per_success(|phases| phases.hold),
            elsewhere: None,
        };
        let latencies = trials.iter().filter_map(|trial| trial.latency_us.ok);
        let latency = latencies.map(|q| q.mean * q.count as f64).sum::<f64>() / ok as f64;
        // Without any phase the service told nothing, and "elsewhere" would pretend to know.
        if means.total() > 0.0 && latency.is_finite() {
            means.elsewhere = Some((latency - means.total()).max(0.0));
        }
        means
    }
}
