//! Whether a record is a curve, a level or noise.

use super::Reason;
use super::evidence::{Mean, Means};
use super::picture::{Picture, SURE_INSIDE};

/// Sizes that lie less than so many tolerances below the best tell how smooth a record is near its top.
pub(super) const NEAR: f64 = 4.0;

/// So many of them do.
const ENOUGH_SIZES: usize = 5;

/// Share of the variance that neighbours don't explain, from which on a curve is noise.
const MISSED: f64 = 0.8;

/// Two peaks turn three times; what turns as often or more may be noise.
const ODD_TURNS: usize = 3;

impl Picture {
    /// Whether the sizes explain nothing: no two of them are further apart than noise allows, and the noise is
    /// too large to call that a plateau.
    pub fn pure_noise(&self) -> Option<Reason> {
        let means = &self.means.means;
        match self.means.noise {
            Some(noise) => {
                if self.unresolved() {
                    return Some(Reason::Noise { noise });
                }
                let weights: f64 = means.iter().map(|mean| 1.0 / mean.variance.max(1e-12)).sum();
                let middle =
                    means.iter().map(|mean| mean.log / mean.variance.max(1e-12)).sum::<f64>() / weights;
                let spread: f64 =
                    means.iter().map(|mean| (mean.log - middle).powi(2) / mean.variance.max(1e-12)).sum();
                let best = means.iter().map(|mean| self.standing(mean)).fold(f64::MIN, f64::max);
                // Generous, because the noise is an estimate too.
                let alike = spread <= 1.5 * chi_square_95(means.len() as f64 - 1.0);
                if alike && best < 0.5 * SURE_INSIDE {
                    return Some(Reason::Noise { noise });
                }
                // An error column may be wrong; a curve without any neighbourhood is noise all the same.
                let strange = self.turns() > ODD_TURNS || noise > 2.0 * self.tolerance;
                (strange && self.shapeless()).then(|| Reason::Noise { noise: noise.max(spread_of(means)) })
            }
            // No repeats to compare with: a curve without any neighbourhood is noise.
            None => self.shapeless().then(|| Reason::Noise { noise: spread_of(means) }),
        }
    }

    /// Whether a difference larger than the tolerance may be hidden, whatever the figures happen to be.
    fn unresolved(&self) -> bool {
        let means = &self.means.means;
        let doubt = |mean: &Mean| {
            if self.flat { self.level_doubt(mean) } else { self.doubt(mean.variance + self.best.variance) }
        };
        let least = means.iter().map(doubt).fold(f64::INFINITY, f64::min);
        means.len() > 1 && SURE_INSIDE * least > self.tolerance
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

    /// Whether too few sizes near the top of a record without an error column were seen to know its noise.
    pub fn smoothness_unknown(&self) -> bool {
        self.means.noise.is_none() && near_top(&self.means.means, NEAR * self.tolerance).len() < ENOUGH_SIZES
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
}

/// Standard deviation of the sizes near the top against the straight line between their neighbours. What bends
/// all of them the same way is the curve and not noise.
pub(super) fn jitter(means: &[Mean], near: f64) -> f64 {
    let upper = near_top(means, near);
    let bends: Vec<f64> = upper
        .windows(3)
        .map(|three| {
            let (missed, share) = bend(&[*three[0], *three[1], *three[2]]);
            missed / (1.0 + share * share + (1.0 - share) * (1.0 - share)).sqrt()
        })
        .collect();
    if upper.len() < ENOUGH_SIZES {
        return 0.0;
    }
    let middle = bends.iter().sum::<f64>() / bends.len() as f64;
    let squares: f64 = bends.iter().map(|bend| (bend - middle).powi(2)).sum();
    (squares / (bends.len() as f64 - 1.0)).sqrt()
}

/// The sizes that lie less than that (in logarithms) below the best.
fn near_top(means: &[Mean], near: f64) -> Vec<&Mean> {
    let top = means.iter().map(|mean| mean.log).fold(f64::MIN, f64::max);
    means.iter().filter(|mean| top - mean.log <= near).collect()
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
pub(super) fn is_flat(means: &Means, tolerance: f64) -> bool {
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
    use crate::tune::evidence::of_record;
    use crate::tune::picture::Picture;
    use crate::tune::{Observation, Question, Source};

    fn picture(points: &[(u32, f64)]) -> Picture {
        let seen: Vec<_> =
            points.iter().map(|(size, goodput)| Observation::of_goodput(*size, *goodput)).collect();
        Picture::new(of_record(&seen), &Question { source: Source::Recorded, ..Question::up_to(64) }).unwrap()
    }

    #[test]
    fn a_curve_is_not_noise_and_noise_is_no_curve() {
        let curve = [(1, 10.0), (2, 19.0), (4, 35.0), (8, 60.0), (16, 80.0), (32, 75.0), (64, 60.0)];
        assert_eq!(picture(&curve).pure_noise(), None);
        let one_step = [(2, 20.0), (10, 60.0), (20, 61.5), (50, 60.2), (100, 58.0), (200, 50.0)];
        assert_eq!(picture(&one_step).pure_noise(), None);
        let noise = [(1, 70.0), (2, 15.0), (4, 90.0), (8, 30.0), (16, 80.0), (32, 12.0), (64, 60.0)];
        assert!(picture(&noise).pure_noise().is_some());
    }
}
