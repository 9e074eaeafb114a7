//! Measurements in rounds, and what they say: within a round all sizes met nearly the same machine, so sizes are
//! compared within rounds, as alternating runs are in a comparison of two.

use std::cell::RefCell;
use std::collections::HashMap;

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::Observation;
use super::evidence::{FLOOR, Mean, Means, plain};
use crate::stats::PRIOR_DF;

/// Relative standard deviation of one measurement that is believed before repeats tell.
const PRIOR_NOISE: f64 = 0.15;

/// Fewer degrees of freedom than this don't tell the noise.
const TELLING: f64 = 2.0;

/// Repeats never agree better than this, as a relative standard deviation.
const LEAST_NOISE: f64 = 0.005;

/// Sizes this far (in logarithms) below the best say nothing about the noise near the top, where decisions fall.
const NEAR_TOP: f64 = 0.7;

/// In a comparison of two no difference (in logarithms) counts for more than this: a slice in which the machine stood
/// still would drown all others.
const STARVED: f64 = 1.5;

/// The same for the fit of all: what lies further (in logarithms) below the best of its round lies as far as this.
const DEEPEST: f64 = 4.0;

/// How sure a statement is: the share of searches in which it is right.
pub(super) const CONFIDENCE: f64 = 0.95;

/// Passes of the fit of sizes and rounds; it converges within a few, because sizes share most rounds.
const PASSES: u32 = 20;

/// All measurements of a live search.
#[derive(Debug, Clone, Default)]
pub(super) struct Rounds {
    seen: Vec<(u32, Observation)>,
    round: u32,
}

/// How a size stands against all others, in logarithms of goodput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    pub size: u32,
    /// Estimated loss against the best of the others; 0 where it is the best.
    pub loss: f64,
    /// It gives up at most this much of the best, with [`CONFIDENCE`] for all sizes together.
    pub at_most: f64,
    /// It surely gives up more than the tolerance, with the same confidence.
    pub outside: bool,
}

/// One size against another: the mean of the differences within rounds, and how far it may be off.
#[derive(Debug, Clone, Copy)]
struct Pair {
    lead: f64,
    margin: f64,
}

/// How many standard errors a comparison allows for, by its degrees of freedom.
struct Sure {
    error: f64,
    /// Most pairs share their degrees of freedom, and a quantile takes long.
    known: RefCell<HashMap<u64, f64>>,
}

impl Sure {
    /// Each of the other sizes is one comparison (Bonferroni): together they hold with the confidence.
    fn among(sizes: usize) -> Self {
        let error = (1.0 - CONFIDENCE) / sizes.saturating_sub(1).max(1) as f64;
        Self { error, known: RefCell::default() }
    }

    fn errors(&self, degrees: f64) -> f64 {
        *self.known.borrow_mut().entry(degrees.to_bits()).or_insert_with(|| {
            StudentsT::new(0.0, 1.0, degrees).map_or(f64::INFINITY, |t| t.inverse_cdf(1.0 - self.error))
        })
    }
}

impl Rounds {
    /// The measurements that follow belong to another round.
    pub fn begin(&mut self) {
        self.round += 1;
    }

    /// Adds a measurement to the round.
    pub fn add(&mut self, observation: Observation) {
        self.seen.push((self.round, observation));
    }

    /// The measurements.
    pub fn observations(&self) -> impl Iterator<Item = &Observation> {
        self.seen.iter().map(|(_, observation)| observation)
    }

    /// How often a size was measured.
    pub fn repeats(&self, size: u32) -> u32 {
        self.observations().filter(|seen| seen.size == size).count() as u32
    }

    /// Rounds that were begun.
    pub fn count(&self) -> u32 {
        self.round
    }

    /// Each size with what a fit of sizes and rounds gives it: the machine's ups and downs are the rounds' part.
    pub fn means(&self) -> Means {
        let top = self.observations().map(|seen| seen.goodput).fold(f64::MIN_POSITIVE, f64::max);
        let points: Vec<(u32, u32, f64)> = self
            .seen
            .chunk_by(|a, b| a.0 == b.0)
            .flat_map(|round| {
                let best = round.iter().map(|(_, seen)| seen.goodput).fold(f64::MIN_POSITIVE, f64::max);
                let least = best * (-DEEPEST).exp();
                round.iter().map(move |(number, seen)| {
                    (*number, seen.size, (seen.goodput.max(least) / top).max(FLOOR).ln())
                })
            })
            .collect();
        let mut sizes: Vec<u32> = points.iter().map(|point| point.1).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let index = |size: u32| sizes.partition_point(|other| *other < size);
        let mut levels = vec![0.0; sizes.len()];
        let mut weather = vec![0.0; self.round as usize + 1];
        for _ in 0..PASSES {
            average(
                &mut levels,
                points.iter().map(|(round, size, y)| (index(*size), y - weather[*round as usize])),
            );
            average(
                &mut weather,
                points.iter().map(|(round, size, y)| (*round as usize, y - levels[index(*size)])),
            );
        }
        let best = levels.iter().copied().fold(f64::MIN, f64::max);
        let near: Vec<&(u32, u32, f64)> =
            points.iter().filter(|point| levels[index(point.1)] > best - NEAR_TOP).collect();
        let squares: f64 = near
            .iter()
            .map(|(round, size, y)| (y - weather[*round as usize] - levels[index(*size)]).powi(2))
            .sum();
        let distinct = |of: fn(&(u32, u32, f64)) -> u32| {
            near.iter().map(|point| of(point)).collect::<std::collections::BTreeSet<_>>().len() as f64
        };
        let degrees =
            (near.len() as f64 + 1.0 - distinct(|point| point.0) - distinct(|point| point.1)).max(0.0);
        let noise = if degrees < TELLING { PRIOR_NOISE } else { (squares / degrees).sqrt().max(LEAST_NOISE) };
        let means = sizes
            .iter()
            .map(|size| {
                let group: Vec<&Observation> =
                    self.observations().filter(|seen| seen.size == *size).collect();
                let variance = noise * noise / group.len() as f64;
                let (log, plain) = (levels[index(*size)] + top.ln(), plain(&group));
                let starved = group.iter().all(|seen| seen.goodput < FLOOR * top);
                let goodput = if starved { plain.goodput } else { log.exp() };
                Mean { log, goodput, variance, ..plain }
            })
            .collect();
        Means { means, noise: Some(noise), degrees }
    }

    /// How each size stands, ascending. `tolerance` in logarithms.
    pub fn standings(&self, means: &Means, tolerance: f64) -> Vec<Standing> {
        let sizes: Vec<u32> = means.means.iter().map(|mean| mean.size).collect();
        let sure = Sure::among(sizes.len());
        let pairs: Vec<Vec<Option<Pair>>> = sizes
            .iter()
            .map(|one| sizes.iter().map(|other| self.pair(*other, *one, means, &sure)).collect())
            .collect();
        let outside: Vec<bool> = pairs
            .iter()
            .map(|row| row.iter().flatten().any(|pair| pair.lead - pair.margin > tolerance))
            .collect();
        sizes
            .iter()
            .enumerate()
            .map(|(at, size)| {
                // A size that is not the best, with high confidence, is no reference.
                let rivals = (0..sizes.len()).filter(|other| *other != at && !outside[*other]);
                let (mut loss, mut at_most) = (0.0_f64, 0.0_f64);
                for other in rivals {
                    if let Some(pair) = pairs[at][other] {
                        loss = loss.max(pair.lead);
                        at_most = at_most.max(pair.lead + pair.margin);
                    }
                }
                Standing { size: *size, loss, at_most, outside: outside[at] }
            })
            .collect()
    }

    /// How far one size may lie above another, upper end.
    pub fn lead_at_most(&self, one: u32, other: u32, means: &Means) -> Option<f64> {
        self.pair(one, other, means, &Sure::among(means.means.len())).map(|pair| pair.lead + pair.margin)
    }

    /// By how much `one` leads `other`, over the rounds that have both. The variance is moderated by that of the fit
    /// as in every other comparison: two differences may agree by luck.
    fn pair(&self, one: u32, other: u32, means: &Means, sure: &Sure) -> Option<Pair> {
        if one == other {
            return None;
        }
        let differences = self.differences(one, other);
        let count = differences.len() as f64;
        let noise = means.noise.unwrap_or(PRIOR_NOISE);
        let prior = means.degrees.clamp(TELLING, PRIOR_DF);
        if differences.is_empty() {
            // They never met: by way of the sizes that met both, at twice the variance.
            let of = |size: u32| means.means.iter().find(|mean| mean.size == size);
            let (one, other) = (of(one)?, of(other)?);
            let margin =
                sure.errors(means.degrees.max(TELLING)) * (2.0 * (one.variance + other.variance)).sqrt();
            return Some(Pair { lead: one.log - other.log, margin });
        }
        let lead = differences.iter().sum::<f64>() / count;
        let squares: f64 = differences.iter().map(|difference| (difference - lead).powi(2)).sum();
        let degrees = prior + count - 1.0;
        let variance = (prior * 2.0 * noise * noise + squares) / degrees;
        let variance = variance.max(2.0 * LEAST_NOISE * LEAST_NOISE);
        Some(Pair { lead, margin: sure.errors(degrees) * (variance / count).sqrt() })
    }

    /// Logarithms of the ratio of two sizes, for each round that has both.
    fn differences(&self, one: u32, other: u32) -> Vec<f64> {
        self.seen
            .chunk_by(|a, b| a.0 == b.0)
            .filter_map(|round| {
                let of = |size: u32| {
                    round.iter().find(|(_, seen)| seen.size == size).map(|(_, seen)| seen.goodput)
                };
                let (one, other) = (of(one)?, of(other)?);
                let most = one.max(other).max(f64::MIN_POSITIVE);
                Some(((one / most).max(FLOOR).ln() - (other / most).max(FLOOR).ln()).clamp(-STARVED, STARVED))
            })
            .collect()
    }
}

/// Mean of the values for each place; a place without any keeps what it has.
fn average(places: &mut [f64], values: impl Iterator<Item = (usize, f64)>) {
    let mut sums = vec![(0.0, 0.0); places.len()];
    for (at, value) in values {
        sums[at].0 += value;
        sums[at].1 += 1.0;
    }
    for (place, (sum, count)) in places.iter_mut().zip(sums) {
        if count > 0.0 {
            *place = sum / count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(rows: &[&[(u32, f64)]]) -> Rounds {
        let mut rounds = Rounds::default();
        for row in rows {
            rounds.begin();
            for (size, goodput) in *row {
                rounds.add(Observation::of_goodput(*size, *goodput));
            }
        }
        rounds
    }

    #[test]
    fn a_machine_that_slows_down_does_not_make_the_later_size_worse() {
        // Both sizes are equal; each round is a fifth slower than the one before, and 16 joins late.
        let seen = rounds(&[
            &[(8, 1_000.0), (4, 700.0)],
            &[(4, 560.0), (8, 800.0)],
            &[(8, 640.0), (16, 641.0), (4, 448.0)],
            &[(16, 512.0), (8, 511.0), (4, 358.0)],
        ]);
        let means = seen.means();
        let log = |size: u32| means.means.iter().find(|mean| mean.size == size).unwrap().log;
        assert!((log(16) - log(8)).abs() < 0.01, "{means:?}");
        let standing = seen.standings(&means, 0.02);
        assert!(standing[0].outside && !standing[1].outside && !standing[2].outside, "{standing:?}");
    }

    #[test]
    fn sizes_that_never_met_in_a_round_are_compared_with_more_doubt() {
        let met = rounds(&[&[(8, 10.0), (16, 10.0)], &[(8, 10.0), (16, 10.0)]]);
        let apart = rounds(&[&[(8, 10.0), (4, 9.0)], &[(16, 10.0), (4, 9.0)]]);
        let bound = |rounds: &Rounds| rounds.lead_at_most(16, 8, &rounds.means()).unwrap();
        assert!(bound(&apart) > bound(&met));
    }

    #[test]
    fn a_size_at_which_nothing_succeeded_does_not_count_as_noise() {
        let seen = rounds(&[&[(8, 100.0), (12, 99.0), (64, 0.0)], &[(8, 101.0), (64, 3.0), (12, 100.0)]]);
        assert!(seen.means().noise.unwrap() < 0.2, "{:?}", seen.means());
    }
}
