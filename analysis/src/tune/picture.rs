//! What the evidence means for the question: the best size, the plateau, the candidate.

use std::collections::BTreeSet;

use super::evidence::{Evidence, Mean, Means};
use super::{Plateau, Question, Reason, Source};

/// One-sided 95 %: how sure the search wants to be that a size is inside the plateau.
pub(super) const SURE_INSIDE: f64 = 1.645;

/// 84 %: how sure that a smaller one is outside. Being wrong there costs connections, not goodput.
pub(super) const SURE_OUTSIDE: f64 = 1.0;

/// The largest part of the tolerance that is kept back for the noise, with repeats and without.
const KEPT_BACK: f64 = 0.5;
const KEPT_BACK_OF_RECORD: f64 = 0.75;

/// The smallest part that is kept back for the sizes of a record that were not asked for.
const LEAST_KEPT_BACK: f64 = 0.25;

/// Share of the variance that neighbours don't explain, from which on a curve is noise.
const MISSED: f64 = 0.8;

/// Two peaks turn three times; what turns as often or more may be noise.
const ODD_TURNS: usize = 3;

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
    /// Whether a record is flat: its sizes differ by no more than its own noise.
    pub flat: bool,
    fewest_failures: f64,
    recorded: bool,
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
            if recorded && means.noise.is_none() { jitter(&means.means, 4.0 * tolerance) } else { 0.0 };
        let flat = recorded && is_flat(&means, tolerance);
        if flat {
            best.log = means.means.iter().map(|mean| mean.log).sum::<f64>() / means.means.len() as f64;
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
        let against = |other: &Mean| {
            let room = self.tolerance - (other.log - mean.log);
            let doubt = self.doubt(mean.variance + other.variance);
            (if doubt > 0.0 { room / doubt } else { room.signum() * f64::INFINITY }, other.size)
        };
        let others = self.means.means.iter().filter(|other| other.size != mean.size);
        others.map(against).min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::INFINITY, mean.size))
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
            noise.clamp(LEAST_KEPT_BACK * self.tolerance, KEPT_BACK_OF_RECORD * self.tolerance)
        } else {
            (SURE_INSIDE * doubt).min(KEPT_BACK * self.tolerance)
        };
        self.loss(mean) <= self.tolerance - margin
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

    /// Whether the sizes explain nothing: no two of them are further apart than noise allows, and the noise is
    /// too large to call that a plateau.
    pub fn pure_noise(&self) -> Option<Reason> {
        let means = &self.means.means;
        match self.means.noise {
            Some(noise) => {
                let weights: f64 = means.iter().map(|mean| 1.0 / mean.variance.max(1e-12)).sum();
                let middle =
                    means.iter().map(|mean| mean.log / mean.variance.max(1e-12)).sum::<f64>() / weights;
                let spread: f64 =
                    means.iter().map(|mean| (mean.log - middle).powi(2) / mean.variance.max(1e-12)).sum();
                let best = means.iter().map(|mean| self.standing(mean).0).fold(f64::MIN, f64::max);
                // Generous, because the noise is an estimate too.
                let alike = spread <= 1.5 * chi_square_95(means.len() as f64 - 1.0);
                if alike && best < 0.5 * SURE_INSIDE {
                    return Some(self.noise_reason(noise));
                }
                // A few repeats may agree by luck; a curve without any neighbourhood is noise all the same.
                let strange = self.turns() > ODD_TURNS || noise > 2.0 * self.tolerance;
                (strange && self.means.degrees < 8.0 && self.shapeless())
                    .then(|| self.noise_reason(noise.max(spread_of(means))))
            }
            // No repeats to compare with: a curve without any neighbourhood is noise.
            None => self.shapeless().then(|| self.noise_reason(spread_of(means))),
        }
    }

    /// Whether the sizes differ and no size can be told from its neighbours: not a curve, but noise.
    fn shapeless(&self) -> bool {
        let means = &self.means.means;
        let interior = means.get(1..means.len().saturating_sub(1)).unwrap_or_default();
        if interior.len() < 4 || spread_of(means) < 1.5 * self.tolerance {
            return false;
        }
        let middle = means.iter().map(|mean| mean.log).sum::<f64>() / means.len() as f64;
        let total: f64 = interior.iter().map(|mean| (mean.log - middle).powi(2)).sum();
        let missed: f64 = means.windows(3).map(|three| bend(three).0.powi(2)).sum();
        // White noise misses by one and a half times its variance, a curve by next to nothing.
        missed > MISSED * total && self.turns() >= ODD_TURNS
    }

    /// Whether it turns so often that more of it should be seen.
    pub fn odd(&self) -> bool {
        self.turns() >= ODD_TURNS
    }

    /// How often the curve changes between up and down; small moves don't count. One peak is one turn, two
    /// peaks are three.
    fn turns(&self) -> usize {
        let (mut turns, mut up, mut extreme) = (0, None, f64::NAN);
        let logs = || self.means.means.iter().map(|mean| mean.log);
        let range = logs().fold(f64::MIN, f64::max) - logs().fold(f64::MAX, f64::min);
        let small = (3.0 * self.tolerance).max(range / 4.0);
        for mean in &self.means.means {
            if extreme.is_nan() {
                extreme = mean.log;
            }
            let moved = mean.log - extreme;
            let onward = up.is_some_and(|up| (moved > 0.0) == up);
            if onward {
                extreme = mean.log;
            } else if moved.abs() > small {
                turns += usize::from(up.is_some());
                up = Some(moved > 0.0);
                extreme = mean.log;
            }
        }
        turns
    }

    /// Noise as a reason, with the repeats that would be enough.
    pub fn noise_reason(&self, noise: f64) -> Reason {
        let repeats = 2.0 * (SURE_INSIDE * noise / (0.5 * self.tolerance)).powi(2);
        Reason::Noise { noise, repeats_needed: repeats.ceil().clamp(2.0, 1e6) as u32 }
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

/// The highest mean. It flatters the best of many equals, which makes the search careful: it then repeats them.
pub(super) fn best(means: &[Mean]) -> Option<Best> {
    let best = means.iter().reduce(|best, next| if next.log > best.log { next } else { best })?;
    Some(Best { size: best.size, log: best.log, variance: best.variance })
}

/// Standard deviation of the sizes near the top against the straight line between their neighbours. What bends
/// all of them the same way is the curve and not noise.
fn jitter(means: &[Mean], near: f64) -> f64 {
    let top = means.iter().map(|mean| mean.log).fold(f64::MIN, f64::max);
    let upper: Vec<&Mean> = means.iter().filter(|mean| top - mean.log <= near).collect();
    let bends: Vec<f64> = upper
        .windows(3)
        .map(|three| {
            let (missed, share) = bend(&[*three[0], *three[1], *three[2]]);
            missed / (1.0 + share * share + (1.0 - share) * (1.0 - share)).sqrt()
        })
        .collect();
    if bends.len() < 3 {
        return 0.0;
    }
    let middle = bends.iter().sum::<f64>() / bends.len() as f64;
    let squares: f64 = bends.iter().map(|bend| (bend - middle).powi(2)).sum();
    (squares / (bends.len() as f64 - 1.0)).sqrt()
}

/// How far the middle one of three sizes lies above the straight line (over the logarithm of size) between the
/// others, and its place between them, 0 to 1.
fn bend(three: &[Mean]) -> (f64, f64) {
    let x = |at: usize| f64::from(three[at].size).ln();
    let share = (x(1) - x(0)) / (x(2) - x(0));
    (three[1].log - three[0].log - share * (three[2].log - three[0].log), share)
}

/// 95 % point of the chi-square distribution (Wilson and Hilferty's approximation).
fn chi_square_95(degrees: f64) -> f64 {
    let part = 2.0 / (9.0 * degrees.max(1.0));
    degrees.max(1.0) * (1.0 - part + 1.645 * part.sqrt()).powi(3)
}

/// Standard deviation over the sizes.
fn spread_of(means: &[Mean]) -> f64 {
    let middle = means.iter().map(|mean| mean.log).sum::<f64>() / means.len() as f64;
    let squares: f64 = means.iter().map(|mean| (mean.log - middle).powi(2)).sum();
    (squares / (means.len() as f64 - 1.0).max(1.0)).sqrt()
}

/// Von Neumann's ratio of successive differences to variance, halved: near 0 for a curve, near 1 for noise;
/// and the standard deviation. `None` for fewer than six sizes, which can look like anything.
fn roughness(means: &[Mean]) -> Option<(f64, f64)> {
    if means.len() < 6 {
        return None;
    }
    let middle = means.iter().map(|mean| mean.log).sum::<f64>() / means.len() as f64;
    let squares: f64 = means.iter().map(|mean| (mean.log - middle).powi(2)).sum();
    let steps: f64 = means.windows(2).map(|pair| (pair[1].log - pair[0].log).powi(2)).sum();
    let spread = (squares / (means.len() as f64 - 1.0)).sqrt();
    (squares > 0.0).then(|| (steps / (2.0 * squares), spread))
}

/// Whether a record is an A/A series: with an error column, no size differs from their mean by more than
/// the errors allow, and the errors are small enough to have seen a difference that matters; without one,
/// the sizes differ by less than the tolerance and show no trend.
fn is_flat(means: &Means, tolerance: f64) -> bool {
    let (sizes, count) = (&means.means, means.means.len() as f64);
    if sizes.len() < 4 {
        return false;
    }
    let middle = sizes.iter().map(|mean| mean.log).sum::<f64>() / count;
    match means.noise {
        Some(noise) => {
            let spread: f64 =
                sizes.iter().map(|mean| (mean.log - middle).powi(2) / mean.variance.max(1e-12)).sum();
            noise <= tolerance && spread <= chi_square_95(count - 1.0)
        }
        None => match roughness(sizes) {
            Some((rough, spread)) => rough > 0.4 && spread <= 0.75 * tolerance,
            None => false,
        },
    }
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

    #[test]
    fn a_curve_is_not_noise_and_noise_is_no_curve() {
        let curve = [(1, 10.0), (2, 19.0), (4, 35.0), (8, 60.0), (16, 80.0), (32, 75.0), (64, 60.0)];
        assert_eq!(picture(&curve, Source::Recorded).pure_noise(), None);
        let one_step = [(2, 20.0), (10, 60.0), (20, 61.5), (50, 60.2), (100, 58.0), (200, 50.0)];
        assert_eq!(picture(&one_step, Source::Recorded).pure_noise(), None);
        let noise = [(1, 70.0), (2, 15.0), (4, 90.0), (8, 30.0), (16, 80.0), (32, 12.0), (64, 60.0)];
        assert!(picture(&noise, Source::Recorded).pure_noise().is_some());
    }
}
