//! One look at the server, and what a series of them says of a span of time.

use std::time::{Duration, Instant};

use poollab_model::{BackendCounts, DatabaseFigures};

use super::cgroup::CgroupReading;

/// What the observer saw at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// What the server said; `None` when it did not answer within the interval.
    pub server: Option<ServerReading>,
    /// What the kernel said.
    pub cgroup: CgroupReading,
}

/// What `pg_stat_activity` and `pg_stat_database` said. The observer's own backend is never counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerReading {
    /// The observed clients' backends by state.
    pub backends: BackendCounts,
    /// All client backends of the server, whoever they belong to: slots in use.
    pub all_backends: u32,
    /// What observed backends wait for, as `Type:event` (`Lock:transactionid`, `Client:ClientRead`), and how
    /// many do.
    pub wait_events: Vec<(String, u32)>,
    /// Transactions committed in this database so far, the observer's own looks among them. Backends report
    /// theirs once a second at most.
    pub commits: u64,
    /// Transactions rolled back so far.
    pub rollbacks: u64,
}

/// What a stretch of the timeline shows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct IntervalFigures {
    /// Backends at its end.
    pub backends: Option<BackendCounts>,
    /// Time lost to the CPU limit in it, in milliseconds.
    pub throttled_ms: Option<f64>,
    /// Memory in use at its end.
    pub memory_bytes: Option<u64>,
}

/// What samples say of the time between two moments. Counters are compared between the samples next to them.
pub(super) fn figures(samples: &[Sample], from: Instant, to: Instant) -> DatabaseFigures {
    let within: Vec<&Sample> = samples.iter().filter(|sample| (from..=to).contains(&sample.at)).collect();
    let server = || within.iter().filter_map(|sample| sample.server.as_ref());
    let change = Change::between(samples, from, to);
    let periods = change.of(|cgroup| cgroup.periods);
    let throttled_periods = change.of(|cgroup| cgroup.throttled_periods);
    DatabaseFigures {
        backends_peak: server().map(|server| server.all_backends).max(),
        lock_waiters_peak: server().map(|server| server.backends.waiting_for_lock).max(),
        throttled_ms: change.of_time(|cgroup| cgroup.throttled).map(|time| time.as_secs_f64() * 1e3),
        throttled_share: periods.zip(throttled_periods).map(|(all, throttled)| {
            // No period: nothing wanted to run, and nothing was kept from it.
            if all == 0 { 0.0 } else { throttled as f64 / all as f64 }
        }),
        cpu_s: change.of_time(|cgroup| cgroup.cpu).map(|time| time.as_secs_f64()),
        memory_peak_bytes: change
            .risen(|cgroup| cgroup.memory_high_water)
            .or_else(|| within.iter().filter_map(|sample| sample.cgroup.memory_bytes).max()),
        memory_failures: change.of(|cgroup| cgroup.memory_failures),
        oom_kills: change.of(|cgroup| cgroup.oom_kills),
        commits: change.of_server(|server| server.commits),
        rollbacks: change.of_server(|server| server.rollbacks),
        samples: within
            .iter()
            .filter(|sample| sample.server.is_some())
            .count()
            .try_into()
            .unwrap_or(u32::MAX),
        ..DatabaseFigures::default()
    }
}

/// What samples say of a stretch of the timeline.
pub(super) fn interval(samples: &[Sample], from: Instant, to: Instant) -> IntervalFigures {
    let until = samples.iter().rev().filter(|sample| sample.at <= to);
    // A stretch may be shorter than the observer's own: then the last sample before it stands for it.
    let stale = from.checked_sub(Duration::from_secs(1)).unwrap_or(from);
    let mut recent = until.take_while(|sample| sample.at >= stale);
    let last = recent.clone().next();
    IntervalFigures {
        backends: recent.find_map(|sample| sample.server.as_ref()).map(|server| server.backends),
        throttled_ms: Change::between(samples, from, to)
            .of_time(|cgroup| cgroup.throttled)
            .map(|time| time.as_secs_f64() * 1e3),
        memory_bytes: last.and_then(|sample| sample.cgroup.memory_bytes),
    }
}

/// The samples at the two ends of a span: the last ones not after them, or the first one there is.
struct Change<'a> {
    samples: &'a [Sample],
    from: Instant,
    to: Instant,
}

impl<'a> Change<'a> {
    fn between(samples: &'a [Sample], from: Instant, to: Instant) -> Self {
        Self { samples, from, to }
    }

    fn value<T>(&self, at: Instant, get: &impl Fn(&Sample) -> Option<T>) -> Option<T> {
        let before = self.samples.iter().rev().filter(|sample| sample.at <= at).find_map(get);
        before.or_else(|| self.samples.iter().find_map(get))
    }

    fn of(&self, get: impl Fn(&CgroupReading) -> Option<u64>) -> Option<u64> {
        let get = |sample: &Sample| get(&sample.cgroup);
        Some(self.value(self.to, &get)?.saturating_sub(self.value(self.from, &get)?))
    }

    /// The value at the end, if it is a higher one than at the beginning.
    fn risen(&self, get: impl Fn(&CgroupReading) -> Option<u64>) -> Option<u64> {
        let get = |sample: &Sample| get(&sample.cgroup);
        let (before, after) = (self.value(self.from, &get)?, self.value(self.to, &get)?);
        (after > before).then_some(after)
    }

    fn of_time(&self, get: impl Fn(&CgroupReading) -> Option<Duration>) -> Option<Duration> {
        let get = |sample: &Sample| get(&sample.cgroup);
        Some(self.value(self.to, &get)?.saturating_sub(self.value(self.from, &get)?))
    }

    fn of_server(&self, get: impl Fn(&ServerReading) -> u64) -> Option<u64> {
        let get = |sample: &Sample| sample.server.as_ref().map(&get);
        Some(self.value(self.to, &get)?.saturating_sub(self.value(self.from, &get)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(start: Instant, ms: u64, backends: Option<u32>, throttled_ms: u64) -> Sample {
        let server = backends.map(|active| ServerReading {
            backends: BackendCounts { active, ..BackendCounts::default() },
            all_backends: active,
            ..ServerReading::default()
        });
        let cgroup = CgroupReading {
            periods: Some(ms / 100),
            throttled_periods: Some(ms / 200),
            throttled: Some(Duration::from_millis(throttled_ms)),
            memory_bytes: Some(ms),
            ..CgroupReading::default()
        };
        Sample { at: start + Duration::from_millis(ms), server, cgroup }
    }

    fn series() -> (Instant, Vec<Sample>) {
        let start = Instant::now();
        let samples = vec![
            sample(start, 0, Some(50), 0),
            sample(start, 100, Some(1), 10),
            sample(start, 200, None, 30),
            sample(start, 300, Some(7), 60),
            sample(start, 400, Some(3), 100),
            sample(start, 500, Some(40), 150),
        ];
        (start, samples)
    }

    #[test]
    fn what_lies_outside_of_the_trial_does_not_count() {
        let (start, samples) = series();
        let at = |ms| start + Duration::from_millis(ms);
        let figures = figures(&samples, at(100), at(450));
        assert_eq!(figures.backends_peak, Some(7));
        assert_eq!(figures.throttled_ms, Some(90.0));
        assert_eq!(figures.throttled_share, Some(2.0 / 3.0));
        assert_eq!(figures.memory_peak_bytes, Some(400));
        assert_eq!(figures.samples, 3);
    }

    #[test]
    fn a_peak_between_two_looks_counts_for_the_trial_in_which_it_was() {
        let (start, mut samples) = series();
        let at = |ms| start + Duration::from_millis(ms);
        for sample in &mut samples {
            sample.cgroup.memory_high_water = Some(if sample.at < at(300) { 1_000 } else { 9_000 });
        }
        assert_eq!(figures(&samples, at(100), at(300)).memory_peak_bytes, Some(9_000));
        assert_eq!(figures(&samples, at(300), at(500)).memory_peak_bytes, Some(500));
    }

    #[test]
    fn a_sample_without_an_answer_is_bridged_and_not_counted_as_empty() {
        let (start, samples) = series();
        let at = |ms| start + Duration::from_millis(ms);
        let interval = interval(&samples, at(150), at(250));
        assert_eq!(interval.backends.map(|it| it.active), Some(1));
        assert_eq!(interval.throttled_ms, Some(20.0));
        assert_eq!(interval.memory_bytes, Some(200));
    }

    #[test]
    fn without_samples_there_are_no_figures() {
        let now = Instant::now();
        assert_eq!(figures(&[], now, now), DatabaseFigures::default());
        assert_eq!(interval(&[], now, now), IntervalFigures::default());
    }
}
