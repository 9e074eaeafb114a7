//! What the figures mean for the question: the best size, and of a record the plateau and the candidate.

use super::evidence::{Mean, Means};
use super::noise::{NEAR, is_flat, jitter};
use super::{Plateau, Question, Source};

/// One-sided 95 %: how sure the search wants to be that a size is inside the plateau.
pub(super) const SURE_INSIDE: f64 = 1.645;

/// The largest part of the tolerance that is kept back for the noise.
const KEPT_BACK: f64 = 0.95;

/// By how many standard deviations the best size that was not asked for may be better than the best that was.
const UNASKED: f64 = 1.5;

/// The smallest part that is kept back for the sizes of a record that were not asked for.
const LEAST_KEPT_BACK: f64 = 0.25;

/// A size may fail this much more often than the best of all before its goodput no longer excuses it.
const MORE_FAILURES: f64 = 0.01;

/// The evidence, judged.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// Each measured size, ascending.
    pub means: Means,
    /// The size with the highest estimate, that estimate and its variance.
    pub best: Best,
    /// Logarithm of what may be lost.
    pub tolerance: f64,
    /// Standard deviation of a record's figures against a smooth curve, where it has no error column.
    pub jitter: f64,
    /// Whether all sizes are one level: they differ by no more than the noise.
    pub flat: bool,
    fewest_failures: f64,
}

/// The top of the curve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Best {
    pub size: u32,
    pub log: f64,
    pub variance: f64,
}

impl Picture {
    /// Judges what was measured; `None` before the first measurement.
    pub fn new(means: Means, question: &Question) -> Option<Self> {
        let recorded = question.source == Source::Recorded;
        let mut best = best(&means.means)?;
        let tolerance = question.tolerance();
        let jitter =
            if recorded && means.noise.is_none() { jitter(&means.means, NEAR * tolerance) } else { 0.0 };
        let flat = recorded && is_flat(&means, tolerance);
        if flat {
            let noise = means.noise.unwrap_or(jitter);
            let level = level(&means.means);
            best = Best { log: level.log, variance: noise * noise / level.repeats, ..best };
        }
        let failures = means.means.iter().filter_map(|mean| mean.failed_share);
        let fewest_failures = failures.fold(1.0, f64::min);
        Some(Self { means, best, tolerance, jitter, flat, fewest_failures })
    }

    /// How much of the best goodput a size gives up, in logarithms; 0 is nothing.
    pub fn loss(&self, mean: &Mean) -> f64 {
        (self.best.log - mean.log).max(0.0)
    }

    /// By how many standard errors a size of a record is inside (positive) or outside (negative) the plateau.
    pub fn standing(&self, mean: &Mean) -> f64 {
        let against = |other: &Mean| {
            let room = self.tolerance - (other.log - mean.log);
            let doubt = self.doubt(mean.variance + other.variance);
            if doubt > 0.0 { room / doubt } else { room.signum() * f64::INFINITY }
        };
        let others = self.means.means.iter().filter(|other| other.size != mean.size);
        others.map(against).fold(f64::INFINITY, f64::min)
    }

    /// Standard error of a size against the level of all others.
    pub fn level_doubt(&self, mean: &Mean) -> f64 {
        let others = level(self.means.means.iter().filter(|other| other.size != mean.size)).repeats;
        let own = f64::from(mean.repeats);
        self.doubt(mean.variance * (1.0 + own / others.max(1.0)))
    }

    /// Standard error of a difference with this variance, made wider because an error column is an estimate too
    /// (about as Student's t is wider than the normal distribution).
    pub fn doubt(&self, variance: f64) -> f64 {
        variance.sqrt() * (1.0 + 1.0 / (self.means.degrees + 2.0))
    }

    /// Whether the goodput of a recorded size is within the tolerance. Part of the tolerance is kept back: what was
    /// not asked for may be better by about one standard deviation, and no record is exact.
    pub fn within(&self, mean: &Mean) -> bool {
        let noise = self.jitter.max(self.means.noise.unwrap_or(0.0));
        let margin = if self.flat {
            0.0
        } else {
            (UNASKED * noise).clamp(LEAST_KEPT_BACK * self.tolerance, KEPT_BACK * self.tolerance)
        };
        self.loss(mean) <= self.tolerance - margin && !self.behind_record(mean)
    }

    /// Whether a record without an error column has a figure that beats this one by more than the tolerance. Nothing
    /// excuses that: whoever reads the record sees no noise, but two figures.
    fn behind_record(&self, mean: &Mean) -> bool {
        let bare = self.means.noise.is_none();
        bare && self.means.means.iter().any(|other| other.log - mean.log > self.tolerance)
    }

    /// Whether a size fails no more often than others.
    pub fn reliable(&self, mean: &Mean) -> bool {
        mean.failed_share.unwrap_or(0.0) <= self.fewest_failures + MORE_FAILURES
    }

    /// How a size stands with the objective.
    pub fn objective(&self, mean: &Mean, question: &Question) -> Objective {
        let mut worst = Objective { ratio: 0.0, condition: None, value: 0.0, missing: None };
        for condition in question.slo.iter().flat_map(|slo| &slo.conditions) {
            match condition.figure.of(&mean.latency, mean.failed_share) {
                None => worst.missing = Some(condition.figure.to_string()),
                Some(value) if value / condition.limit >= worst.ratio => {
                    worst.ratio = value / condition.limit;
                    worst.condition = Some(condition.to_string());
                    worst.value = value;
                }
                Some(_) => {}
            }
        }
        worst
    }

    /// The smallest recorded size that does the job: it meets the objective, or where there is none it is within the
    /// tolerance of the best.
    pub fn candidate(&self, question: &Question) -> Option<&Mean> {
        let meets = |mean: &&Mean| match question.slo {
            Some(_) => mean.log.is_finite() && self.objective(mean, question).met(),
            None => self.within(mean),
        };
        self.means.means.iter().find(|mean| self.reliable(mean) && meets(mean))
    }

    /// The measurements of a size.
    pub fn mean(&self, size: u32) -> Option<&Mean> {
        self.means.means.iter().find(|mean| mean.size == size)
    }

    /// The next smaller measured size.
    pub fn below(&self, size: u32) -> Option<&Mean> {
        self.means.means.iter().rev().find(|mean| mean.size < size)
    }

    /// The next larger measured size.
    pub fn above(&self, size: u32) -> Option<&Mean> {
        self.means.means.iter().find(|mean| mean.size > size)
    }

    /// The recorded sizes without a gap around `size` that are within the tolerance.
    pub fn plateau(&self, size: u32) -> Option<Plateau> {
        let inside = |mean: &Mean| self.flat || self.loss(mean) <= self.tolerance;
        around(&self.means.means, size, inside)
    }
}

/// The measured sizes without a gap around `size` for which that holds.
pub(super) fn around(means: &[Mean], size: u32, inside: impl Fn(&Mean) -> bool) -> Option<Plateau> {
    let at = means.iter().position(|mean| mean.size == size)?;
    let (below, above) = means.split_at(at);
    let high = above.iter().take_while(|mean| mean.size == size || inside(mean)).last()?.size;
    let low = below.iter().rev().take_while(|mean| inside(mean)).last().map_or(size, |mean| mean.size);
    Some(Plateau { low, high })
}

/// How a size stands with the objective.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Objective {
    /// The worst figure in units of its limit: below 1 is met.
    pub ratio: f64,
    /// Its condition.
    pub condition: Option<String>,
    /// The figure itself.
    pub value: f64,
    /// A figure that was not measured.
    pub missing: Option<String>,
}

impl Objective {
    /// All conditions hold.
    pub fn met(&self) -> bool {
        self.missing.is_none() && self.ratio < 1.0
    }
}

/// What sizes have in common if they do not differ.
pub(super) struct Common {
    pub log: f64,
    pub repeats: f64,
}

/// The mean of all measurements of these sizes.
pub(super) fn level<'a>(means: impl IntoIterator<Item = &'a Mean>) -> Common {
    let (mut sum, mut repeats) = (0.0, 0.0);
    for mean in means {
        sum += f64::from(mean.repeats) * mean.log;
        repeats += f64::from(mean.repeats);
    }
    Common { log: sum / repeats, repeats }
}

/// The highest mean. It flatters the best of many equals, which makes the search careful: it then repeats them.
pub(super) fn best(means: &[Mean]) -> Option<Best> {
    let best = means.iter().reduce(|best, next| if next.log > best.log { next } else { best })?;
    Some(Best { size: best.size, log: best.log, variance: best.variance })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::Observation;
    use crate::tune::evidence::of_record;

    #[test]
    fn a_plateau_is_a_range_without_a_gap() {
        let points = [(4, 99.5), (8, 80.0), (16, 99.0), (32, 100.0), (64, 70.0)];
        let seen = points.map(|(size, goodput)| Observation::of_goodput(size, goodput));
        let question = Question { source: Source::Recorded, ..Question::up_to(64) };
        let picture = Picture::new(of_record(&seen), &question).unwrap();
        assert_eq!(picture.plateau(16), Some(Plateau { low: 16, high: 32 }));
        assert_eq!(picture.plateau(4), Some(Plateau { low: 4, high: 4 }));
    }
}
