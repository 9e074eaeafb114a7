//! What a goodput hides: stretches without any answer, and users that got none.

use poollab_model::{Load, TimelinePoint, TrialRecord};

use crate::figures;

/// A stretch that is shorter is a pause of a limited CPU or of a busy machine.
const LONG_MS: f64 = 500.0;

/// Requests that take long make pauses by themselves: a gap is this many times the median latency.
const TIMES_MEDIAN: f64 = 10.0;

/// From when on waiting is no longer explained by requests that take long.
fn long_ms(trial: &TrialRecord) -> f64 {
    let median_ms = trial.latency_us.ok.map_or(0.0, |ok| ok.p50 as f64 / 1e3);
    LONG_MS.max(TIMES_MEDIAN * median_ms)
}

/// The longest stretch of a trial without an answer, while requests were in flight.
pub(crate) struct Gap<'a> {
    pub trial: &'a TrialRecord,
    pub from_ms: f64,
    pub to_ms: f64,
    pub points: &'a [TimelinePoint],
}

impl<'a> Gap<'a> {
    /// `None`: there is none, or nobody counted what was in flight.
    pub fn of(trial: &'a TrialRecord) -> Option<Self> {
        // Without any answer there is no gap in the answers: failures say what was wrong.
        if !trial.timeline.iter().any(|point| point.rps > 0.0) {
            return None;
        }
        let silent =
            |point: &TimelinePoint| point.rps == 0.0 && point.in_flight.is_some_and(|count| count > 0);
        let mut longest: Option<Gap<'_>> = None;
        let mut begin: Option<usize> = None;
        for (index, point) in trial.timeline.iter().enumerate() {
            if !silent(point) {
                begin = None;
                continue;
            }
            let first = *begin.get_or_insert(index);
            let from_ms =
                first.checked_sub(1).and_then(|before| trial.timeline.get(before)).map_or(0.0, |p| p.at_ms);
            let found =
                Gap { trial, from_ms, to_ms: point.at_ms, points: trial.timeline.get(first..=index)? };
            if longest.as_ref().is_none_or(|longest| found.ms() > longest.ms()) {
                longest = Some(found);
            }
        }
        longest.filter(|gap| gap.ms() >= long_ms(trial))
    }

    pub fn ms(&self) -> f64 {
        self.to_ms - self.from_ms
    }
}

/// What the repeats of a group left unanswered: the worst of each.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Silence {
    /// Users of a closed load that got no answer while measuring. Of an open load only the backlog says something: its
    /// users wait in turn, and there are more of them than are needed.
    pub users: u64,
    /// Age of the oldest request in flight when measuring ended, in microseconds.
    pub oldest_us: Option<u64>,
    /// The longest stretch without an answer while requests were in flight, in milliseconds.
    pub gap_ms: Option<f64>,
    /// Whether some user waited longer than slow requests explain: in a window of two holds, one that loses its turn
    /// twice gets no answer, and nothing hangs.
    pub starved: bool,
}

impl Silence {
    pub(super) fn of(trials: &[&TrialRecord]) -> Self {
        let stuck = |trial: &&TrialRecord| match trial.load {
            Load::Closed { .. } => trial.unfinished.users_without_answer,
            Load::Open { .. } => 0,
        };
        let oldest_ms = |trial: &TrialRecord| trial.unfinished.oldest_us.map_or(0.0, |us| us as f64 / 1e3);
        Self {
            users: trials.iter().map(stuck).max().unwrap_or(0),
            starved: trials.iter().any(|trial| stuck(trial) > 0 && oldest_ms(trial) >= long_ms(trial)),
            oldest_us: trials.iter().filter_map(|trial| trial.unfinished.oldest_us).max(),
            gap_ms: trials
                .iter()
                .filter_map(|trial| Gap::of(trial))
                .map(|gap| gap.ms())
                .max_by(f64::total_cmp),
        }
    }

    /// Why such a group has no place in a ranking: `it answered nothing for 1.9 s`. `None`: everybody was served.
    pub fn reason(&self) -> Option<String> {
        let gap = self.gap_ms.map(|ms| format!("it answered nothing for {}", figures::time(ms * 1e3)));
        let stuck =
            self.starved.then(|| format!("{} got no answer", figures::plural(self.users, "user", "users")));
        let reasons: Vec<String> = [gap, stuck].into_iter().flatten().collect();
        (!reasons.is_empty()).then(|| figures::list(&reasons))
    }
}
