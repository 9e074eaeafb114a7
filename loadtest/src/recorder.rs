//! Where every request is recorded, in memory that does not grow with their number.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use poollab_model::wire::LoadInterval;
use poollab_model::{ErrorKind, ErrorRecord, Histograms, Latencies, Phases};

use crate::failures::{Failure, Failures};
use crate::quantiles::{encoded, quantiles};
use crate::server_timing::PhaseTimes;

/// The longest time that can be recorded, an hour in microseconds. Longer ones are recorded as this, and
/// counted.
const LONGEST_US: u64 = 3_600_000_000;

/// Significant digits.
const DIGITS: u8 = 3;

/// How a request ended.
pub type Outcome = Result<PhaseTimes, Box<Failure>>;

/// Histograms and counts of a run. One is enough for all users: they share a thread.
#[derive(Debug)]
pub struct Recorder {
    ok: Histogram<u64>,
    failed: Histogram<u64>,
    wait: Histogram<u64>,
    connect: Histogram<u64>,
    query: Histogram<u64>,
    hold: Histogram<u64>,
    failures: Failures,
    interval: Histogram<u64>,
    interval_failures: BTreeMap<ErrorKind, u64>,
    inside: Ended,
    clamped: u64,
}

/// How many requests ended inside the window, whenever they were sent or due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ended {
    /// With the right answer.
    pub ok: u64,
    /// With a failure.
    pub failed: u64,
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Recorder {
    /// An empty one; it never allocates more for a success.
    pub fn new() -> Self {
        let empty = match Histogram::new_with_bounds(1, LONGEST_US, DIGITS) {
            Ok(histogram) => histogram,
            Err(error) => unreachable!("constant bounds are valid: {error}"),
        };
        Self {
            failed: empty.clone(),
            wait: empty.clone(),
            connect: empty.clone(),
            query: empty.clone(),
            hold: empty.clone(),
            interval: empty.clone(),
            ok: empty,
            failures: Failures::default(),
            interval_failures: BTreeMap::new(),
            inside: Ended::default(),
            clamped: 0,
        }
    }

    /// Counts a request that ended inside the window: goodput and the course of time are made of these.
    pub fn ended(&mut self, latency: Duration, error: Option<ErrorKind>) {
        match error {
            None => {
                self.inside.ok += 1;
                self.interval.saturating_record(microseconds(latency));
            }
            Some(kind) => {
                self.inside.failed += 1;
                *self.interval_failures.entry(kind).or_default() += 1;
            }
        }
    }

    /// Records a request of the window: its latency, how it ended, and when, in milliseconds from the start
    /// of measuring. It may have ended after the window.
    pub fn record(&mut self, latency: Duration, outcome: Outcome, at_ms: f64) {
        let us = microseconds(latency);
        self.clamped += u64::from(us > LONGEST_US);
        match outcome {
            Ok(phases) => {
                self.ok.saturating_record(us);
                for (histogram, time) in [
                    (&mut self.wait, phases.wait),
                    (&mut self.connect, phases.connect),
                    (&mut self.query, phases.query),
                    (&mut self.hold, phases.hold),
                ] {
                    if let Some(us) = time {
                        histogram.saturating_record(us);
                    }
                }
            }
            Err(failure) => {
                self.failed.saturating_record(us);
                self.failures.add(*failure, 1, at_ms);
            }
        }
    }

    /// Counts arrivals that were never sent: they have no latency.
    pub(crate) fn drop_arrivals(&mut self, failure: Failure, times: u64, at_ms: f64) {
        if times > 0 {
            self.failures.add(failure, times, at_ms);
        }
    }

    /// Ends an interval and starts the next one.
    pub fn cut(&mut self, at_ms: f64, length_ms: f64) -> LoadInterval {
        let p99_us = (!self.interval.is_empty()).then(|| self.interval.value_at_quantile(0.99));
        let failures = std::mem::take(&mut self.interval_failures);
        let failed = failures.values().sum();
        let ok = self.interval.len();
        let interval = LoadInterval { at_ms, length_ms, ok, failed, failures, p99_us, in_flight: 0 };
        self.interval.reset();
        interval
    }

    /// What ended inside the window.
    pub fn inside(&self) -> Ended {
        self.inside
    }

    /// Successes so far.
    pub fn ok(&self) -> u64 {
        self.ok.len()
    }

    /// Failures so far, arrivals that were never sent not among them.
    pub fn failed(&self) -> u64 {
        self.failed.len()
    }

    /// Latencies that were longer than can be recorded.
    pub fn clamped(&self) -> u64 {
        self.clamped
    }

    /// Latency of successes and failures.
    pub fn latencies(&self) -> Latencies {
        Latencies { ok: quantiles(&self.ok), failed: quantiles(&self.failed) }
    }

    /// Phases of successes.
    pub fn phases(&self) -> Phases {
        Phases {
            wait: quantiles(&self.wait),
            connect: quantiles(&self.connect),
            query: quantiles(&self.query),
            hold: quantiles(&self.hold),
        }
    }

    /// The full distributions.
    pub fn histograms(&self) -> Histograms {
        Histograms { ok: encoded(&self.ok), failed: encoded(&self.failed) }
    }

    /// The failures, most frequent first.
    pub fn into_errors(self) -> Vec<ErrorRecord> {
        self.failures.into_records()
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use poollab_model::ErrorKind;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_failure_is_never_a_fast_success() {
        let mut recorder = Recorder::new();
        recorder.record(100 * MS, Ok(PhaseTimes::default()), 0.0);
        recorder.record(MS, Err(Box::new(Failure::new(ErrorKind::Http, "status 500"))), 1.0);
        let latencies = recorder.latencies();
        assert_eq!(latencies.ok.map(|q| q.count), Some(1));
        assert!(latencies.ok.is_some_and(|q| q.min >= 99_900));
        assert_eq!(latencies.failed.map(|q| q.count), Some(1));
    }

    #[test]
    fn an_interval_holds_only_what_ended_in_it() {
        let mut recorder = Recorder::new();
        recorder.ended(MS, None);
        recorder.ended(MS, None);
        let first = recorder.cut(100.0, 100.0);
        assert_eq!((first.ok, first.failed, first.p99_us.is_some()), (2, 0, true));
        recorder.ended(MS, Some(ErrorKind::Http));
        let second = recorder.cut(200.0, 100.0);
        assert_eq!((second.ok, second.failed, second.p99_us), (0, 1, None));
        assert_eq!(second.failures, BTreeMap::from([(ErrorKind::Http, 1)]));
        assert!(recorder.cut(300.0, 100.0).failures.is_empty());
        assert_eq!(recorder.inside(), Ended { ok: 2, failed: 1 });
    }

    #[test]
    fn longer_than_can_be_recorded_is_counted_and_not_lost() {
        let mut recorder = Recorder::new();
        recorder.record(Duration::from_secs(7_200), Ok(PhaseTimes::default()), 0.0);
        assert_eq!((recorder.ok(), recorder.clamped()), (1, 1));
    }
}
