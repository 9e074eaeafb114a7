//! What one request cost: CPU time on both sides, and round trips between them.

use poollab_model::TrialRecord;

/// Per answered request, failures included: a refusal costs CPU time, too. `None`: not observed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// CPU time of the service, in microseconds.
    pub service_us: Option<f64>,
    /// CPU time of Postgres, in microseconds.
    pub postgres_us: Option<f64>,
    /// Messages to the database and back.
    pub round_trips: Option<f64>,
}

impl Cost {
    /// Repeats together: sums over sums, so that a longer repeat counts for more. A figure that one repeat lacks is
    /// taken from the others alone.
    pub fn of(trials: &[&TrialRecord]) -> Self {
        Self {
            service_us: micros(trials, |trial| Some(trial.server.cpu_share? * trial.measured_s)),
            postgres_us: micros(trials, |trial| trial.database.cpu_s),
            round_trips: round_trips(trials),
        }
    }
}

fn answered(trial: &TrialRecord) -> u64 {
    trial.requests.ok + trial.requests.failed
}

fn micros(trials: &[&TrialRecord], seconds: fn(&TrialRecord) -> Option<f64>) -> Option<f64> {
    let seen: Vec<(f64, u64)> = trials
        .iter()
        .filter_map(|trial| Some((seconds(trial).filter(|s| s.is_finite() && *s >= 0.0)?, answered(trial))))
        .collect();
    let requests: u64 = seen.iter().map(|(_, requests)| requests).sum();
    (requests > 0).then(|| seen.iter().map(|(seconds, _)| seconds).sum::<f64>() * 1e6 / requests as f64)
}

/// Counted before the load, and the same in each repeat: the median, should a repeat have met a cold pool.
fn round_trips(trials: &[&TrialRecord]) -> Option<f64> {
    crate::stats::Spread::of(trials.iter().filter_map(|trial| trial.server.round_trips_per_request))
        .map(|spread| spread.median)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn cpu_time_is_divided_by_what_was_answered_failures_included() {
        let mut trial = fixtures::main_run().trials.remove(0);
        trial.measured_s = 2.0;
        (trial.requests.ok, trial.requests.failed) = (9_000, 1_000);
        trial.server.cpu_share = Some(0.5);
        trial.database.cpu_s = Some(0.3);
        // 0.5 cores × 2 s = 1 s = 1,000,000 µs for 10,000 answers; 300,000 µs for as many.
        let cost = Cost::of(&[&trial]);
        assert_eq!((cost.service_us, cost.postgres_us), (Some(100.0), Some(30.0)));
    }

    #[test]
    fn cpu_time_that_nobody_saw_is_not_zero() {
        let mut trial = fixtures::main_run().trials.remove(0);
        trial.server.cpu_share = None;
        trial.database.cpu_s = None;
        assert_eq!(Cost::of(&[&trial]), Cost { round_trips: None, ..Cost::default() });
        trial.server.cpu_share = Some(1.0);
        (trial.requests.ok, trial.requests.failed) = (0, 0);
        assert_eq!(Cost::of(&[&trial]).service_us, None);
    }
}
