//! What the evidence means for the question: the best size, the plateau, the candidate.

use std::collections::BTreeSet;

use super::evidence::{Evidence, Mean, Means};
use super::noise::{NEAR, is_flat, jitter};
use super::{Plateau, Question, Source};

/// One-sided 95 %: how sure the search wants to be that a size is inside the plateau.
pub(super) const SURE_INSIDE: f64 = 1.645;

/// 84 %: how sure that a smaller one is outside. Being wrong there costs connections, not goodput.
pub(super) const SURE_OUTSIDE: f64 = 1.0;

/// The largest part of the tolerance that is kept back for the noise, with repeats and without.
const KEPT_BACK: f64 = 0.5;
const KEPT_BACK_OF_RECORD: f64 = 0.95;

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
    pub(super) recorded: bool,
}

/// The top of the curve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Best {
    pub size: u32,
    pub log: f64,
    pub variance: f64,
}

impl Picture {
    /// Judges the evidence; `None` before the first measurement.
    pub fn new(evidence: &Evidence, question: &Question) -> Option<Self> {
        let recorded = question.source == Source::Recorded;
        let means = evidence.means(recorded);
        let mut best = best(&means.means)?;
        let tolerance = -(1.0 - question.within).ln();
        let jitter =
            if recorded && means.noise.is_none() { jitter(&means.means, NEAR * tolerance) } else { 0.0 };
        let flat = is_flat(&means, tolerance, recorded);
        if flat {
            let noise = means.noise.unwrap_or(jitter);
            let level = level(&means.means);
            best = Best { log: level.log, variance: noise * noise / level.repeats, ..best };
        }
        let fewest_failures = means.means.iter().map(|mean| mean.failed_share).fold(1.0, f64::min);
        Some(Self { means, best, tolerance, jitter, flat, fewest_failures, recorded })
    }

    /// How much of the best goodput a size gives up, in logarithms; 0 is nothing.
    pub fn loss(&self, mean: &Mean) -> f64 {
        (self.best.log - mean.log).max(0.0)
    }

    /// By how many standard errors a size is inside (positive) or outside (negative) the plateau, and the size
    /// that speaks most against it: the best one, or one that was measured so little that it may be better.
    pub fn standing(&self, mean: &Mean) -> (f64, u32) {
        if self.flat && !self.recorded {
            return (self.inside_level(mean), mean.size);
        }
        let against = |other: &Mean| {
            let room = self.tolerance - (other.log - mean.log);
            let doubt = self.doubt(mean.variance + other.variance);
            (if doubt > 0.0 { room / doubt } else { room.signum() * f64::INFINITY }, other.size)
        };
        let others = self.means.means.iter().filter(|other| other.size != mean.size);
        others.map(against).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::INFINITY, mean.size))
    }

    /// The same where all sizes are one level, and the others are what it is compared with.
    fn inside_level(&self, mean: &Mean) -> f64 {
        let level = level(self.means.means.iter().filter(|other| other.size != mean.size));
        (self.tolerance - (level.log - mean.log)) / self.level_doubt(mean)
    }

    /// Standard error of a size against the level of all others.
    pub fn level_doubt(&self, mean: &Mean) -> f64 {
        let others = level(self.means.means.iter().filter(|other| other.size != mean.size)).repeats;
        let own = f64::from(mean.repeats);
        self.doubt(mean.variance * (1.0 + own / others.max(1.0)))
    }

    /// Standard error of a difference with this variance, made wider while the noise itself rests on few repeats
    /// (about as Student's t is wider than the normal distribution).
    pub fn doubt(&self, variance: f64) -> f64 {
        variance.sqrt() * (1.0 + 1.0 / (self.means.degrees + 2.0))
    }

    /// Whether goodput is within the tolerance, as far as the evidence goes. Part of the tolerance is kept
    /// back for the noise, so that a lucky measurement does not make a size too small.
    pub fn within(&self, mean: &Mean) -> bool {
        let doubt =
            if mean.size == self.best.size { 0.0 } else { self.doubt(mean.variance + self.best.variance) };
        let margin = if self.flat {
            0.0
        } else if self.recorded {
            // What was not asked for may be better by about one standard deviation, and no record is exact.
            let noise = self.jitter.max(self.means.noise.unwrap_or(0.0));
            (UNASKED * noise).clamp(LEAST_KEPT_BACK * self.tolerance, KEPT_BACK_OF_RECORD * self.tolerance)
        } else {
            (SURE_INSIDE * doubt).min(KEPT_BACK * self.tolerance)
        };
        self.loss(mean) <= self.tolerance - margin && !self.behind_record(mean)
    }

    /// Whether a record without an error column has a figure that beats this one by more than the tolerance. Nothing
    /// excuses that: whoever reads the record sees no noise, but two figures.
    fn behind_record(&self, mean: &Mean) -> bool {
        let bare = self.recorded && self.means.noise.is_none();
        bare && self.means.means.iter().any(|other| other.log - mean.log > self.tolerance)
    }

    /// Whether a size fails no more often than others.
    pub fn reliable(&self, mean: &Mean) -> bool {
        mean.failed_share <= self.fewest_failures + MORE_FAILURES
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

    /// Whether a size does the job.
    pub fn acceptable(&self, mean: &Mean, question: &Question) -> bool {
        self.within(mean) && self.reliable(mean) && self.objective(mean, question).met()
    }

    /// The smallest size that does the job and was not refuted.
    pub fn candidate(&self, question: &Question, refuted: &BTreeSet<u32>) -> Option<&Mean> {
        self.means.means.iter().find(|mean| !refuted.contains(&mean.size) && self.acceptable(mean, question))
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

    /// The sizes without a gap around `size` that are within the tolerance. A larger one also counts when it
    /// can't be told from that: nobody would take it.
    pub fn plateau(&self, size: u32) -> Option<Plateau> {
        let inside = |mean: &&Mean| self.flat || self.loss(mean) <= self.tolerance;
        let perhaps = |mean: &&Mean| inside(mean) || (!self.recorded && self.standing(mean).0 > -SURE_INSIDE);
        let at = self.means.means.iter().position(|mean| mean.size == size)?;
        let (below, above) = self.means.means.split_at(at);
        let high = above.iter().take_while(|mean| mean.size == size || perhaps(mean)).last()?.size;
        let low = below.iter().rev().take_while(inside).last().map_or(size, |mean| mean.size);
        Some(Plateau { low, high })
    }
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

    fn picture(points: &[(u32, f64)], source: Source) -> Picture {
        let mut evidence = Evidence::default();
        for (size, goodput) in points {
            evidence.add(Observation::of_goodput(*size, *goodput));
        }
        Picture::new(&evidence, &Question { source, ..Question::up_to(64) }).unwrap()
    }

    #[test]
    fn a_size_measured_once_speaks_against_one_measured_often() {
        let seen =
            [(8, 100.0), (8, 100.5), (8, 99.5), (8, 100.0), (16, 99.5), (32, 100.0), (32, 100.0), (32, 99.8)];
        let picture = picture(&seen, Source::Live);
        assert_eq!(picture.standing(picture.mean(8).unwrap()).1, 16);
    }

    #[test]
    fn a_plateau_is_a_range_without_a_gap() {
        let picture = picture(&[(4, 99.5), (8, 80.0), (16, 99.0), (32, 100.0), (64, 70.0)], Source::Recorded);
        assert_eq!(picture.plateau(16), Some(Plateau { low: 16, high: 32 }));
        assert_eq!(picture.plateau(4), Some(Plateau { low: 4, high: 4 }));
    }
}
