//! Whether two runs, or two sets of runs, differ by more than runs of the same thing do.
//!
//! Repeats inside one run share its minute of the machine: what slows that minute slows most of them, and no number
//! of repeats averages it out. So a run is one sample, however many repeats it has.

use super::Interval;
use super::ratio::{FLOOR, Noise, Ratio, logarithms, mean, quantile, with_shared};

/// How much of a repeat's variance a whole run has as well: all of it. With one run a side nothing in the figures
/// tells; this was measured with forty runs of the same plan on a machine with neighbours (`docs/comparing.md`).
pub const SHARED: f64 = 1.0;

/// The ratio of one run's repeats to another's, allowing for what two runs of the same thing differ by. `noise` and
/// `confidence` as for [`ratio`](super::ratio()).
pub fn of_runs(first: &[f64], second: &[f64], noise: &Noise, confidence: f64) -> Option<Ratio> {
    with_shared(first, second, noise, confidence, SHARED)
}

/// The ratio of runs that were made alternately, pair by pair: what a pair has in common, such as a minute in which
/// the machine was slow, drops out (the paired t-test on logarithms). `None` where the two differ in number, there
/// are less than two pairs, or a value is 0.
pub fn of_pairs(first: &[f64], second: &[f64], confidence: f64) -> Option<Ratio> {
    let (a, b) = (logarithms(first)?, logarithms(second)?);
    if a.len() != b.len() || a.len() < 2 {
        return None;
    }
    let apart: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    let centre = mean(&apart);
    let count = apart.len() as f64;
    let squares: f64 = apart.iter().map(|difference| (difference - centre).powi(2)).sum();
    // A difference of two has twice the variance of one.
    let variance = (squares / (count - 1.0)).max(2.0 * FLOOR * FLOOR);
    let margin = quantile(confidence, count - 1.0)? * (variance / count).sqrt();
    let interval = Interval { low: (centre - margin).exp(), high: (centre + margin).exp() };
    Some(Ratio { value: centre.exp(), interval: Some(interval) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Verdict, ratio};

    /// Repeats that agree with each other, in runs that do not: what a machine with neighbours gives.
    const SLOW: [f64; 4] = [33_000.0, 36_000.0, 34_000.0, 38_000.0];
    const FAST: [f64; 4] = [47_000.0, 51_000.0, 49_000.0, 46_000.0];

    #[test]
    fn what_two_runs_of_the_same_thing_differ_by_is_more_than_their_repeats_show() {
        let noise = Noise::of([SLOW.as_slice(), FAST.as_slice()]);
        let (near, same) =
            (&[33_000.0, 36_000.0, 34_000.0, 38_000.0], &[36_500.0, 39_500.0, 37_500.0, 41_000.0]);
        assert_eq!(ratio(near, same, &noise, 0.95).unwrap().verdict(), Verdict::Lower);
        assert_eq!(of_runs(near, same, &noise, 0.95).unwrap().verdict(), Verdict::NoDifference);
        let halved = FAST.map(|value| value / 2.0);
        assert_eq!(of_runs(&halved, &FAST, &noise, 0.95).unwrap().verdict(), Verdict::Lower);
    }

    #[test]
    fn what_both_of_a_pair_went_through_drops_out() {
        let machine = [50.0, 33.0, 52.0, 35.0, 51.0, 34.0];
        let less = machine.map(|value| value * 0.9);
        let wobbling: Vec<f64> =
            less.iter().enumerate().map(|(at, value)| value * [1.01, 0.99, 1.02][at % 3]).collect();
        let found = of_pairs(&wobbling, &machine, 0.95).unwrap();
        assert_eq!(found.verdict(), Verdict::Lower);
        assert!((found.value - 0.906).abs() < 0.01, "{found:?}");
        let apart = ratio(&wobbling, &machine, &Noise::of([wobbling.as_slice(), &machine]), 0.95).unwrap();
        assert_eq!(apart.verdict(), Verdict::NoDifference, "without the pairs it is lost in the noise");
    }

    #[test]
    fn pairs_that_agree_by_luck_make_no_small_difference_certain() {
        let found = of_pairs(&[100.5, 100.5, 100.5], &[100.0, 100.0, 100.0], 0.95).unwrap();
        assert_eq!(found.verdict(), Verdict::NoDifference);
    }

    #[test]
    fn what_is_no_pair_has_no_ratio() {
        assert_eq!(of_pairs(&[1.0, 2.0], &[1.0], 0.95), None);
        assert_eq!(of_pairs(&[1.0], &[1.0], 0.95), None);
        assert_eq!(of_pairs(&[1.0, 0.0], &[1.0, 2.0], 0.95), None);
    }
}
