//! Repeats of one trial, merged into one row.

use poollab_model::{
    Acquisition, ErrorKind, ErrorRecord, Quantiles, RequestCounts, Settings, StrategyId, TrialRecord,
    WorkloadSpec,
};

use super::{Cost, PhaseMeans, Silence, merge_errors};
use crate::stats::{self, Interval, Latency, Spread};

/// From this many simultaneous holders of one connection on, their transactions overlap. Holders that take turns are at
/// most 1 by Little's law, however busy the connection is; the rest is for rounding of the means.
const OVERLAP: f64 = 1.02;

/// `BEGIN` inside a transaction, and `COMMIT` outside of one: on a shared connection another request's.
const MIXED_UP: [&str; 2] = ["25001", "25P01"];

/// One row of a comparison.
#[derive(Debug, Clone)]
pub struct Group {
    /// Strategy and size: `deadpool ×8`.
    pub label: String,
    /// The strategy.
    pub strategy: StrategyId,
    /// How it comes by a connection.
    pub acquisition: Acquisition,
    /// Connections of the pool in force.
    pub pool_size: Option<u32>,
    /// Settings in force in the first repeat.
    pub settings: Settings,
    /// Ids of its trials, in the order of repeats.
    pub trials: Vec<String>,
    /// The trial with the median goodput: the one whose course is shown.
    pub typical: String,
    /// Requests of all repeats together.
    pub requests: RequestCounts,
    /// Seconds measured, all repeats together.
    pub measured_s: f64,
    /// Successes a second.
    pub goodput: Spread,
    /// 95% interval of their mean, from all repeats and the noise of the section; `None` with one repeat.
    pub interval: Option<Interval>,
    /// The 99th percentile of each repeat's successes, in microseconds.
    pub p99: Option<Spread>,
    /// The median time for which a success had its connection without using it, in microseconds; median of the repeats.
    pub hold_us: Option<f64>,
    /// Answers a second, failures included.
    pub throughput_rps: f64,
    /// Requests a second that the load asked for.
    pub offered_rps: f64,
    /// Latency of successes; `None` when there were none.
    pub latency_ok: Option<Quantiles>,
    /// Latency of failures; `None` when there were none.
    pub latency_failed: Option<Quantiles>,
    /// Where the latency figures come from.
    pub latency_source: LatencySource,
    /// The whole distribution of successes, for plots.
    pub distribution_ok: Option<Latency>,
    /// The whole distribution of failures.
    pub distribution_failed: Option<Latency>,
    /// Where the time of successes went.
    pub phases: PhaseMeans,
    /// Failures, most frequent first.
    pub errors: Vec<ErrorRecord>,
    /// What the observer saw, worst repeat.
    pub watched: Watched,
    /// Whether its requests pause inside a transaction.
    pub thinks_in_transaction: bool,
    /// The generator's CPU share, highest repeat.
    pub generator_cpu_share: f64,
    /// What one request cost.
    pub cost: Cost,
    /// What it left unanswered.
    pub silence: Silence,
    /// Goodput as a share of the reference that suits how it sends: one statement at a time on each connection, or
    /// pipelines.
    pub of_reference: Option<f64>,
}

/// What pgbench reached on the statement of a section.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct References {
    /// One statement in flight on each connection.
    pub plain: Option<f64>,
    /// Several.
    pub pipelined: Option<f64>,
}

impl References {
    /// The one that a strategy is compared with. A shared connection has many statements in flight, so the plain one is
    /// none for it.
    pub fn of(self, acquisition: Acquisition) -> Option<f64> {
        match acquisition {
            Acquisition::Shared | Acquisition::Pipelined => self.pipelined,
            Acquisition::SharedLocked | Acquisition::PerRequest | Acquisition::Pooled => self.plain,
        }
    }
}

/// Where the latency figures of a group come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatencySource {
    /// From the histograms of all repeats, merged.
    Merged,
    /// From the repeat with the most successes, because histograms are missing or damaged.
    OneTrial,
}

/// What the observer saw of the database and the machine, worst repeat. `None`: not observed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Watched {
    /// Most backends at one time.
    pub backends_peak: Option<u32>,
    /// Most backends that waited for a lock.
    pub lock_waiters_peak: Option<u32>,
    /// Share of scheduling periods in which the CPU limit held the database back.
    pub throttled_share: Option<f64>,
    /// Most memory in use.
    pub memory_peak_bytes: Option<u64>,
    /// CPU of the service, as cores.
    pub server_cpu_share: Option<f64>,
    /// Whether a backend was seen idle in a transaction.
    pub idle_in_transaction: bool,
}

/// Share of failures from which on the repeats of a group say nothing about those of one that works.
const SCATTERS: f64 = 0.01;

impl Group {
    /// Failed and dropped requests as a share of all; 0 when there were none at all.
    pub fn failed_share(&self) -> f64 {
        let bad = self.requests.failed + self.requests.dropped;
        if self.requests.total == 0 { 0.0 } else { bad as f64 / self.requests.total as f64 }
    }

    /// Failed and dropped requests a second.
    pub fn failed_rps(&self) -> f64 {
        let bad = self.requests.failed + self.requests.dropped;
        if self.measured_s > 0.0 { bad as f64 / self.measured_s } else { 0.0 }
    }

    /// Half of the 95% interval of the mean goodput, as a share: the `±` of tables.
    pub fn plus_minus(&self) -> Option<f64> {
        self.interval.map(|interval| (interval.high / interval.low).sqrt() - 1.0)
    }

    /// Whether it has a place in a ranking: sound successes, and answers all the time and for everybody.
    pub fn counts(&self) -> bool {
        self.requests.ok > 0 && self.is_sound() && self.silence.reason().is_none()
    }

    /// Age of the oldest request in flight when measuring ended, in microseconds, where the latency of successes does not
    /// show it: it is older than the slowest of them, or users got no answer.
    pub fn hidden_age_us(&self) -> Option<u64> {
        let slowest = self.latency_ok.map_or(0, |latency| latency.max);
        self.silence.oldest_us.filter(|oldest| *oldest > slowest || self.silence.users > 0)
    }

    /// Whether each of its requests has a connection to itself, as a transaction needs it.
    pub fn isolates(&self) -> bool {
        match self.acquisition {
            Acquisition::Shared | Acquisition::Pipelined => false,
            Acquisition::SharedLocked | Acquisition::PerRequest | Acquisition::Pooled => true,
        }
    }

    /// Whether it failed so often that its goodput scatters by nature: what survives a broken service is luck.
    pub fn scatters(&self) -> bool {
        self.failed_share() > SCATTERS
    }

    /// The most frequent failures, with their SQLSTATE: `slots-exhausted 53300 × 412`.
    pub fn main_error(&self) -> Option<String> {
        let first = self.errors.first()?;
        let state = first.sqlstate.as_deref().map(|state| format!(" {state}")).unwrap_or_default();
        Some(format!("{}{state} × {}", first.kind, crate::figures::whole(self.count_of(first.kind))))
    }

    /// How many requests failed with this kind.
    pub fn count_of(&self, kind: ErrorKind) -> u64 {
        self.errors.iter().filter(|error| error.kind == kind).map(|error| error.count).sum()
    }

    /// Whether its successes are successes: no wrong answers, and no transactions that ran into each other.
    pub fn is_sound(&self) -> bool {
        self.count_of(ErrorKind::WrongAnswer) == 0
            && self.mixed_up().is_none()
            && self.overlapping_transactions().is_none()
    }

    /// The SQLSTATE of a transaction that met another one's on a shared connection, where one was seen.
    pub fn mixed_up(&self) -> Option<&str> {
        let causes = self.errors.iter().filter_map(|error| error.cause.as_ref()?.sqlstate.as_deref());
        let states = self.errors.iter().filter_map(|error| error.sqlstate.as_deref()).chain(causes);
        let shared = self.acquisition == Acquisition::Shared;
        states.filter(|_| shared).find(|state| MIXED_UP.contains(state))
    }

    /// How many requests were inside a transaction on the one shared connection at once, on average, where it was more
    /// than one. That there are transactions is known from a backend idle in one, or from the workload: what thinks
    /// while it holds does so in a transaction.
    pub fn overlapping_transactions(&self) -> Option<f64> {
        let shared = self.acquisition == Acquisition::Shared
            && (self.watched.idle_in_transaction || self.thinks_in_transaction);
        self.holders().filter(|holders| shared && *holders > OVERLAP)
    }

    /// The mean number of requests that had a connection at once: Little's law, rate times time
    /// (J. D. C. Little, *Operations Research* 9, 1961). The rate is that of all answers: a request that failed had the
    /// connection as well. The time is known of successes alone. With 5.1 ms and 294 answers a second it is
    /// 294 × 0.0051 = 1.5. `None` without phases.
    pub fn holders(&self) -> Option<f64> {
        let held = self.phases.query? + self.phases.hold.unwrap_or(0.0) + self.phases.connect.unwrap_or(0.0);
        Some(self.throughput_rps * held / 1_000_000.0)
    }

    /// Merges repeats. `None` for no trial at all.
    pub(super) fn of(trials: &[&TrialRecord], references: References) -> Option<Self> {
        let first = trials.first()?;
        let goodput = Spread::of(trials.iter().map(|trial| trial.goodput_rps.max(0.0)))?;
        let mean = |pick: fn(&TrialRecord) -> f64| {
            Spread::of(trials.iter().map(|trial| pick(trial))).map_or(0.0, |spread| spread.mean)
        };
        let ok = Merged::of(trials, |t| t.histograms.ok.as_deref(), |t| t.latency_us.ok);
        let failed = Merged::of(trials, |t| t.histograms.failed.as_deref(), |t| t.latency_us.failed);
        let whole = trials.len() == 1 || (ok.whole && failed.whole);
        Some(Self {
            label: match first.pool_size {
                Some(size) => format!("{} ×{size}", first.strategy),
                None => first.strategy.to_string(),
            },
            strategy: first.strategy.clone(),
            acquisition: first.acquisition,
            pool_size: first.pool_size,
            settings: first.settings.clone(),
            trials: trials.iter().map(|trial| trial.id.clone()).collect(),
            typical: typical(trials, goodput.median),
            requests: trials.iter().fold(RequestCounts::default(), |sum, trial| RequestCounts {
                total: sum.total + trial.requests.total,
                ok: sum.ok + trial.requests.ok,
                failed: sum.failed + trial.requests.failed,
                dropped: sum.dropped + trial.requests.dropped,
            }),
            measured_s: trials.iter().map(|trial| trial.measured_s).sum(),
            throughput_rps: mean(|trial| trial.throughput_rps),
            offered_rps: mean(|trial| trial.offered_rps),
            latency_ok: ok.figures,
            latency_failed: failed.figures,
            latency_source: if whole { LatencySource::Merged } else { LatencySource::OneTrial },
            distribution_ok: ok.distribution,
            distribution_failed: failed.distribution,
            phases: PhaseMeans::of(trials),
            errors: merge_errors(trials.iter().flat_map(|trial| &trial.errors)),
            watched: watched(trials),
            generator_cpu_share: worst(trials, |trial| Some(trial.generator.cpu_share)).unwrap_or(0.0),
            cost: Cost::of(trials),
            silence: Silence::of(trials),
            of_reference: references.of(first.acquisition).map(|tps| goodput.mean / tps),
            goodput,
            interval: None,
            p99: Spread::of(trials.iter().filter_map(|trial| Some(trial.latency_us.ok?.p99 as f64))),
            hold_us: Spread::of(trials.iter().filter_map(|trial| Some(trial.phases_us.hold?.p50 as f64)))
                .map(|spread| spread.median),
            thinks_in_transaction: thinks(&first.workload_spec),
        })
    }
}

/// Whether a workload keeps its connection while it does nothing with it.
pub(crate) fn thinks(workload: &WorkloadSpec) -> bool {
    workload.think_ms.is_some_and(|ms| ms > 0) && !workload.release_early
}

/// One kind of latency over all repeats.
struct Merged {
    figures: Option<Quantiles>,
    distribution: Option<Latency>,
    /// Whether every repeat that recorded something is in it.
    whole: bool,
}

impl Merged {
    fn of(
        trials: &[&TrialRecord],
        text: fn(&TrialRecord) -> Option<&str>,
        figures: fn(&TrialRecord) -> Option<Quantiles>,
    ) -> Self {
        let recorded = trials.iter().filter_map(|trial| figures(trial));
        let expected: u64 = recorded.clone().map(|q| q.count).sum();
        let distribution = stats::merge(trials.iter().filter_map(|trial| text(trial))).ok().flatten();
        let merged = distribution.as_ref().and_then(stats::quantiles);
        match merged {
            Some(merged) if merged.count >= expected => {
                Self { figures: Some(merged), distribution, whole: true }
            }
            // Percentiles can't be averaged: rather one repeat's true figures than all repeats' invented ones.
            _ => Self { figures: recorded.max_by_key(|q| q.count), distribution: None, whole: expected == 0 },
        }
    }
}

/// The repeat nearest to the median; the earlier one of two that are equally near.
fn typical(trials: &[&TrialRecord], median: f64) -> String {
    let distance = |trial: &TrialRecord| (trial.goodput_rps - median).abs();
    trials
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .map(|trial| trial.id.clone())
        .unwrap_or_default()
}

fn watched(trials: &[&TrialRecord]) -> Watched {
    let idle = |trial: &&TrialRecord| {
        trial.timeline.iter().any(|point| point.backends.is_some_and(|b| b.idle_in_transaction > 0))
    };
    Watched {
        backends_peak: trials.iter().filter_map(|trial| trial.database.backends_peak).max(),
        lock_waiters_peak: trials.iter().filter_map(|trial| trial.database.lock_waiters_peak).max(),
        throttled_share: worst(trials, |trial| trial.database.throttled_share),
        memory_peak_bytes: trials.iter().filter_map(|trial| trial.database.memory_peak_bytes).max(),
        server_cpu_share: worst(trials, |trial| trial.server.cpu_share),
        idle_in_transaction: trials.iter().any(idle),
    }
}

fn worst(trials: &[&TrialRecord], pick: fn(&TrialRecord) -> Option<f64>) -> Option<f64> {
    trials.iter().filter_map(|trial| pick(trial)).filter(|value| value.is_finite()).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn group(change: impl Fn(&mut TrialRecord)) -> Group {
        let mut trials = fixtures::main_run().trials;
        trials.iter_mut().for_each(change);
        let repeats: Vec<&TrialRecord> =
            trials.iter().filter(|t| t.strategy == "per-request" && t.workload == "point-read").collect();
        Group::of(&repeats, References { plain: Some(8_000.0), pipelined: None }).unwrap()
    }

    #[test]
    fn no_failures_is_not_zero_latency() {
        let calm = group(|trial| {
            trial.latency_us.failed = None;
            trial.histograms.failed = None;
        });
        assert_eq!(calm.latency_failed, None);
        assert!(calm.latency_ok.is_some());
    }

    #[test]
    fn failures_are_not_fast_successes() {
        let group = group(|_| ());
        let (ok, failed) = (group.latency_ok.unwrap(), group.latency_failed.unwrap());
        assert_eq!(ok.count, group.requests.ok);
        assert_eq!(failed.count, group.requests.failed);
        assert!(failed.p50 < ok.p50);
    }

    #[test]
    fn a_damaged_histogram_falls_back_to_one_repeat_and_says_so() {
        let group = group(|trial| trial.histograms.ok = Some("damaged".into()));
        assert_eq!(group.latency_source, LatencySource::OneTrial);
        assert!(group.latency_ok.unwrap().count < group.requests.ok);
        assert!(group.distribution_ok.is_none());
    }

    #[test]
    fn a_phase_that_never_happened_is_not_zero() {
        let group = group(|trial| trial.phases_us.hold = None);
        assert_eq!(group.phases.hold, None);
        assert!(group.phases.connect.unwrap() > group.phases.query.unwrap());
    }

    #[test]
    fn failures_of_repeats_are_counted_together() {
        let group = group(|_| ());
        assert_eq!(group.errors.len(), 1);
        assert_eq!(group.count_of(ErrorKind::SlotsExhausted), group.requests.failed);
        assert!(group.main_error().unwrap().starts_with("slots-exhausted 53300 × "));
    }
}
