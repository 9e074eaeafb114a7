//! Better, worse, or no difference.

use serde::Serialize;

use crate::stats::{Noise, Spread, ratio};

/// What two runs on one machine differ by although nothing was changed, and what repeats inside one run
/// can't show: they share its Postgres, its memory layout and its quarter of an hour. A difference counts
/// only if its whole interval is beyond this. An assumption: docs/comparing.md says what was measured.
pub const BETWEEN_RUNS: f64 = 0.03;

/// The same where others were at work on the machine: their bursts last longer than a run, so that its repeats
/// agree with each other and not with those of the next run. Ten equal runs differed by as much.
pub const BETWEEN_RUNS_BUSY: f64 = 0.5;

/// One figure in two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Mean of the base's repeats; `None`: it has no such figure.
    pub base: Option<f64>,
    /// Mean of the run's repeats.
    pub run: Option<f64>,
    /// Run over base, by their geometric means; `None` where one of them is nothing.
    pub ratio: Option<f64>,
    /// The interval of that ratio; `None` with a single repeat.
    pub interval: Option<(f64, f64)>,
    /// What can be said.
    pub judgement: Judgement,
}

/// What can be said of one figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judgement {
    /// Better, beyond the noise.
    Better,
    /// Worse, beyond the noise.
    Worse,
    /// No difference that the noise allows.
    NoDifference,
    /// A single repeat, or no figure on one side: nothing is known.
    CannotTell,
}

impl Change {
    /// By how much it changed, as a share: −0.05 is 5 % less.
    pub fn by(&self) -> Option<f64> {
        self.ratio.map(|ratio| ratio - 1.0)
    }
}

/// Judges the repeats of one figure.
pub(super) fn change(
    base: &[f64],
    run: &[f64],
    noise: &Noise,
    confidence: f64,
    between: f64,
    more_is_better: bool,
) -> Change {
    let mean = |values: &[f64]| Spread::of(values.iter().copied()).map(|spread| spread.mean);
    let found = ratio(run, base, noise, confidence);
    let interval = found.and_then(|ratio| ratio.interval);
    let judgement = match interval {
        Some(interval) if interval.low > 1.0 + between => verdict(more_is_better),
        Some(interval) if interval.high < 1.0 / (1.0 + between) => verdict(!more_is_better),
        Some(_) => Judgement::NoDifference,
        // Nothing at all against something is a difference without a ratio.
        None => match (mean(base), mean(run)) {
            (Some(0.0), Some(0.0)) => Judgement::NoDifference,
            (Some(before), Some(0.0)) if before > 0.0 => verdict(!more_is_better),
            (Some(0.0), Some(after)) if after > 0.0 => verdict(more_is_better),
            _ => Judgement::CannotTell,
        },
    };
    Change {
        base: mean(base),
        run: mean(run),
        ratio: found.map(|ratio| ratio.value),
        interval: interval.map(|interval| (interval.low, interval.high)),
        judgement,
    }
}

fn verdict(good: bool) -> Judgement {
    if good { Judgement::Better } else { Judgement::Worse }
}
