//! Better, worse, or no difference.

use serde::Serialize;

use super::Design;
use crate::stats::{Noise, Ratio, Spread, of_pairs, of_runs, ratio};

/// With one run a side, where others were at work on the machine: their bursts last longer than a run, so that its
/// repeats agree with each other and not with those of the next run. Only a difference beyond this counts; ten equal
/// runs differed by as much (`docs/comparing.md`).
const BUSY: f64 = 0.5;

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
    /// By how much it changed, as a share: −0.05 is 5% less.
    pub fn by(&self) -> Option<f64> {
        self.ratio.map(|ratio| ratio - 1.0)
    }

    /// The smallest change that would have shown, as a share: half the interval's width as a ratio, beyond what is
    /// allowed for.
    pub(super) fn shows(&self, allowance: f64) -> Option<f64> {
        let (low, high) = self.interval?;
        Some((high / low).sqrt() * (1.0 + allowance) - 1.0)
    }
}

/// The repeats of one figure on one side, run by run.
#[derive(Debug, Clone)]
pub(super) struct Samples(pub Vec<Vec<f64>>);

impl Samples {
    fn all(&self) -> Vec<f64> {
        self.0.concat()
    }

    /// One value for each run: the geometric mean of its repeats, 0 if one is; `None` where it has none.
    fn of_each_run(&self) -> Vec<Option<f64>> {
        let middle = |values: &Vec<f64>| {
            let count = values.len() as f64;
            (!values.is_empty()).then(|| (values.iter().map(|value| value.ln()).sum::<f64>() / count).exp())
        };
        self.0.iter().map(middle).collect()
    }

    /// What counts as a sample: a repeat where there is one run, else a run.
    fn samples(&self, design: Design) -> Vec<f64> {
        match design {
            Design::Single => self.all(),
            Design::Alternate | Design::Apart => self.of_each_run().into_iter().flatten().collect(),
        }
    }
}

/// Judges every figure of a comparison alike.
pub(super) struct Judge {
    /// How the sides were measured.
    pub design: Design,
    /// Of each single comparison.
    pub confidence: f64,
    /// Whether others were at work on the machine.
    pub busy: bool,
}

impl Judge {
    /// What all groups together say about the noise of a figure.
    pub fn noise<'a>(&self, groups: impl Iterator<Item = &'a Samples>) -> Noise {
        let samples: Vec<Vec<f64>> = groups.map(|group| group.samples(self.design)).collect();
        Noise::of(samples.iter().map(Vec::as_slice))
    }

    /// A difference counts only if its whole interval is beyond this share. Several runs a side show by themselves
    /// what others did to them.
    pub fn allowance(&self) -> f64 {
        if self.busy && self.design == Design::Single { BUSY } else { 0.0 }
    }

    /// Judges one figure of one group.
    pub fn change(&self, base: &Samples, run: &Samples, noise: &Noise, more_is_better: bool) -> Change {
        let mean = |samples: &Samples| Spread::of(samples.all()).map(|spread| spread.mean);
        let (before, after) = (mean(base), mean(run));
        let found = self.ratio(base, run, noise);
        let interval = found.and_then(|ratio| ratio.interval);
        let beyond = 1.0 + self.allowance();
        let judgement = match interval {
            Some(interval) if interval.low > beyond => verdict(more_is_better),
            Some(interval) if interval.high < 1.0 / beyond => verdict(!more_is_better),
            Some(_) => Judgement::NoDifference,
            // Nothing at all against something is a difference without a ratio.
            None => match (before, after) {
                (Some(0.0), Some(0.0)) => Judgement::NoDifference,
                (Some(before), Some(0.0)) if before > 0.0 => verdict(!more_is_better),
                (Some(0.0), Some(after)) if after > 0.0 => verdict(more_is_better),
                _ => Judgement::CannotTell,
            },
        };
        Change {
            base: before,
            run: after,
            ratio: found.map(|ratio| ratio.value),
            interval: interval.map(|interval| (interval.low, interval.high)),
            judgement,
        }
    }

    /// The run over the base.
    fn ratio(&self, base: &Samples, run: &Samples, noise: &Noise) -> Option<Ratio> {
        let samples = |side: &Samples| side.samples(self.design);
        match self.design {
            Design::Single => of_runs(&samples(run), &samples(base), noise, self.confidence),
            Design::Apart => ratio(&samples(run), &samples(base), noise, self.confidence),
            Design::Alternate => {
                // A pair of which one has no such figure is no pair.
                let pairs = base.of_each_run().into_iter().zip(run.of_each_run());
                let (before, after): (Vec<f64>, Vec<f64>) =
                    pairs.filter_map(|(before, after)| Some((before?, after?))).unzip();
                of_pairs(&after, &before, self.confidence)
            }
        }
    }
}

fn verdict(good: bool) -> Judgement {
    if good { Judgement::Better } else { Judgement::Worse }
}
