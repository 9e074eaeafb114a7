//! Whether two groups of repeats differ by more than the noise.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Spread;

/// Degrees of freedom with which the other groups' spread counts.
pub const PRIOR_DF: f64 = 4.0;

/// The smallest relative standard deviation that is believed: two trials on the same machine differ by
/// this much even where their figures happen to agree.
pub const FLOOR: f64 = 0.01;

/// A range that holds the true value with the confidence it was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// How noisy each of a set of groups is, on the logarithmic scale, where a standard deviation is a
/// relative one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Noise(Vec<Own>);

/// One group's own spread.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Own {
    /// Sum of squared deviations from the group's mean.
    squares: f64,
    /// Degrees of freedom of that sum, at least 1.
    df: f64,
}

impl Noise {
    /// Takes the spread of groups of repeats. Groups with one repeat, or with a repeat at 0, add nothing.
    pub fn of<'a>(groups: impl IntoIterator<Item = &'a [f64]>) -> Self {
        Self(groups.into_iter().filter_map(Own::of).collect())
    }

    /// The relative standard deviation of one trial of a typical group; `None` without repeats.
    pub fn relative(&self) -> Option<f64> {
        self.typical().map(|(variance, _)| variance.sqrt())
    }

    /// The median of the groups' variances and their degrees of freedom together. The median, because a
    /// few groups may be far noisier than the rest by nature; each variance is first divided by what a
    /// median of so many repeats falls short (Wilson and Hilferty's median of chi-square).
    fn typical(&self) -> Option<(f64, f64)> {
        let short = |df: f64| (1.0 - 2.0 / (9.0 * df)).powi(3);
        let variances = self.0.iter().map(|own| own.squares / own.df / short(own.df));
        let df = self.0.iter().map(|own| own.df).sum();
        Some((Spread::of(variances)?.median, df))
    }

    /// What is left when these groups are taken out.
    fn without(&self, out: &[Own]) -> Self {
        let mut rest = self.0.clone();
        for own in out {
            if let Some(place) = rest.iter().position(|other| other == own) {
                rest.swap_remove(place);
            }
        }
        Self(rest)
    }
}

impl Own {
    fn of(group: &[f64]) -> Option<Self> {
        let logs = logarithms(group).filter(|logs| logs.len() > 1)?;
        let mean = mean(&logs);
        Some(Self { squares: logs.iter().map(|x| (x - mean).powi(2)).sum(), df: logs.len() as f64 - 1.0 })
    }

    /// Own variance moderated by that of others: variance and its degrees of freedom.
    fn moderated(self, others: &Noise) -> (f64, f64) {
        let (prior, prior_df) =
            others.typical().map_or((0.0, 0.0), |(variance, df)| (variance, df.min(PRIOR_DF)));
        let df = prior_df + self.df;
        let variance = (prior_df * prior + self.squares) / df;
        (variance.max(FLOOR * FLOOR), df)
    }
}

/// What can be said about two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The first is higher, beyond the noise.
    Higher,
    /// The first is lower, beyond the noise.
    Lower,
    /// The difference is inside the noise: it is *no difference*.
    NoDifference,
    /// One of them has a single repeat: nothing is known about its noise.
    CannotTell,
}

/// The ratio of two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// First over second, by their geometric means.
    pub value: f64,
    /// Its interval; `None` when a group has a single repeat.
    pub interval: Option<Interval>,
}

impl Ratio {
    /// Whether 1 lies inside the interval.
    pub fn verdict(&self) -> Verdict {
        match self.interval {
            None => Verdict::CannotTell,
            Some(interval) if interval.low > 1.0 => Verdict::Higher,
            Some(interval) if interval.high < 1.0 => Verdict::Lower,
            Some(_) => Verdict::NoDifference,
        }
    }
}

/// The ratio of two groups of repeats. `noise` pools the groups that ran beside them (these two
/// included), `confidence` is for example 0.95. `None` when a repeat is 0 or there is none: a ratio to
/// nothing is no number.
pub fn ratio(first: &[f64], second: &[f64], noise: &Noise, confidence: f64) -> Option<Ratio> {
    with_shared(first, second, noise, confidence, 0.0)
}

/// The same where all repeats of a group share a deviation: its variance, as a share of one repeat's.
pub(super) fn with_shared(
    first: &[f64],
    second: &[f64],
    noise: &Noise,
    confidence: f64,
    shared: f64,
) -> Option<Ratio> {
    let (a, b) = (logarithms(first)?, logarithms(second)?);
    let difference = mean(&a) - mean(&b);
    let value = difference.exp();
    if !value.is_finite() || value <= 0.0 {
        return None;
    }
    let (Some(first), Some(second)) = (Own::of(first), Own::of(second)) else {
        return Some(Ratio { value, interval: None });
    };
    let own = [first, second];
    let others = noise.without(&own);
    let parts = [(own[0].moderated(&others), a.len()), (own[1].moderated(&others), b.len())]
        .map(|((variance, df), n)| (variance * (shared + 1.0 / n as f64), df));
    let variance: f64 = parts.iter().map(|(part, _)| part).sum();
    // Welch–Satterthwaite.
    let df = variance * variance / parts.iter().map(|(part, df)| part * part / df).sum::<f64>();
    let margin = quantile(confidence, df)? * variance.sqrt();
    let interval = Interval { low: (difference - margin).exp(), high: (difference + margin).exp() };
    Some(Ratio { value, interval: Some(interval) })
}

/// The interval of one group's geometric mean; `None` for one repeat or where a repeat is 0.
pub fn interval(repeats: &[f64], noise: &Noise, confidence: f64) -> Option<Interval> {
    let logs = logarithms(repeats).filter(|logs| logs.len() > 1)?;
    let own = Own::of(repeats)?;
    let (variance, df) = own.moderated(&noise.without(&[own]));
    let margin = quantile(confidence, df)? * (variance / logs.len() as f64).sqrt();
    let centre = mean(&logs);
    Some(Interval { low: (centre - margin).exp(), high: (centre + margin).exp() })
}

/// The confidence that each of `comparisons` needs, so that all of them together are wrong in one run of
/// twenty at most (Bonferroni).
pub fn family_confidence(comparisons: usize) -> f64 {
    1.0 - 0.05 / comparisons.max(1) as f64
}

/// Two-sided quantile of Student's t.
pub(super) fn quantile(confidence: f64, df: f64) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, df).ok()?.inverse_cdf(0.5 + confidence / 2.0);
    t.is_finite().then_some(t)
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// `None` unless every value is positive and finite, and there is one.
pub(super) fn logarithms(values: &[f64]) -> Option<Vec<f64>> {
    let usable = !values.is_empty() && values.iter().all(|value| value.is_finite() && *value > 0.0);
    usable.then(|| values.iter().map(|value| value.ln()).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alone(a: &[f64], b: &[f64]) -> Ratio {
        ratio(a, b, &Noise::of([a, b]), 0.95).unwrap()
    }

    #[test]
    fn a_difference_inside_the_noise_is_no_difference() {
        assert_eq!(alone(&[100.0, 108.0, 104.0], &[103.0, 99.0, 110.0]).verdict(), Verdict::NoDifference);
    }

    #[test]
    fn a_difference_far_beyond_the_noise_is_found_with_two_repeats() {
        assert_eq!(alone(&[7_480.0, 7_310.0], &[68.0, 71.0]).verdict(), Verdict::Higher);
        assert_eq!(alone(&[68.0, 71.0], &[7_480.0, 7_310.0]).verdict(), Verdict::Lower);
    }

    #[test]
    fn a_single_repeat_never_claims_certainty() {
        assert_eq!(alone(&[7_480.0], &[68.0, 71.0]).verdict(), Verdict::CannotTell);
        assert_eq!(alone(&[7_480.0], &[68.0]).verdict(), Verdict::CannotTell);
    }

    #[test]
    fn two_repeats_that_agree_by_luck_do_not_make_a_small_difference_certain() {
        // 0.5 % apart, spread of zero: without a floor this would be "certain".
        assert_eq!(alone(&[1_000.0, 1_000.0], &[1_005.0, 1_005.0]).verdict(), Verdict::NoDifference);
    }

    #[test]
    fn the_noise_of_the_neighbours_counts() {
        let (a, b) = ([1_000.0, 1_002.0], [1_100.0, 1_101.0]);
        let quiet = [[500.0, 502.0], [700.0, 697.0], [900.0, 903.0]];
        let loud = [[500.0, 620.0], [700.0, 560.0], [900.0, 1_130.0]];
        let among = |others: &[[f64; 2]; 3]| {
            let groups = others.iter().map(<[f64; 2]>::as_slice).chain([a.as_slice(), b.as_slice()]);
            ratio(&a, &b, &Noise::of(groups), 0.95).unwrap().verdict()
        };
        assert_eq!(among(&quiet), Verdict::Lower);
        assert_eq!(among(&loud), Verdict::NoDifference);
    }

    #[test]
    fn a_ratio_to_nothing_is_no_number() {
        assert_eq!(ratio(&[0.0, 0.0], &[5.0, 6.0], &Noise::default(), 0.95), None);
        assert_eq!(ratio(&[], &[5.0], &Noise::default(), 0.95), None);
        assert_eq!(ratio(&[f64::NAN], &[5.0], &Noise::default(), 0.95), None);
    }

    #[test]
    fn the_quantile_is_the_one_of_the_tables() {
        for (df, t) in [(1.0, 12.706), (2.0, 4.303), (5.0, 2.571), (30.0, 2.042)] {
            assert!((quantile(0.95, df).unwrap() - t).abs() < 0.01, "{df}");
        }
    }

    /// How often two samples of the same distribution are told apart. The noise is normal on the
    /// logarithmic scale; the seed is fixed, so the test is the same every time.
    fn false_alarms(repeats: usize, effect: f64) -> usize {
        let mut state = 42_u64;
        let mut uniform = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
        };
        let mut normal = move || {
            let radius = (-2.0 * uniform().ln()).sqrt();
            radius * (std::f64::consts::TAU * uniform()).cos()
        };
        (0..1_000)
            .filter(|_| {
                let mut group = |centre: f64| -> Vec<f64> {
                    (0..repeats).map(|_| centre * (0.03 * normal()).exp()).collect()
                };
                let (a, b) = (group(1_000.0), group(1_000.0 * effect));
                let others: Vec<Vec<f64>> = (0..6).map(|_| group(500.0)).collect();
                let all = others.iter().chain([&a, &b]).map(Vec::as_slice);
                let verdict = ratio(&a, &b, &Noise::of(all), 0.95).unwrap().verdict();
                verdict != Verdict::NoDifference
            })
            .count()
    }

    #[test]
    fn the_same_against_the_same_is_told_apart_in_at_most_one_run_of_twenty() {
        for repeats in [2, 3, 5] {
            let alarms = false_alarms(repeats, 1.0);
            assert!(alarms <= 65, "{alarms} of 1000 with {repeats} repeats");
        }
    }

    #[test]
    fn a_true_difference_of_ten_per_cent_is_found_with_five_repeats() {
        let found = false_alarms(5, 1.10);
        assert!(found >= 950, "{found} of 1000");
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_ratio_and_turns_over_with_it(
            a in prop::collection::vec(1.0..1e6, 2..6),
            b in prop::collection::vec(1.0..1e6, 2..6),
        ) {
            let (there, back) = (alone(&a, &b), alone(&b, &a));
            let interval = there.interval.unwrap();
            prop_assert!(interval.low <= there.value && there.value <= interval.high);
            prop_assert!((there.value * back.value - 1.0).abs() < 1e-9);
            prop_assert!((interval.low * back.interval.unwrap().high - 1.0).abs() < 1e-6);
        }

        #[test]
        fn a_faster_machine_changes_no_verdict(
            a in prop::collection::vec(1.0..1e3, 2..6),
            b in prop::collection::vec(1.0..1e3, 2..6),
            factor in 0.01..100.0,
        ) {
            let scale = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value * factor).collect() };
            let (before, after) = (alone(&a, &b), alone(&scale(&a), &scale(&b)));
            prop_assert!((before.value / after.value - 1.0).abs() < 1e-9);
        }

        #[test]
        fn more_confidence_never_narrows_the_interval(a in prop::collection::vec(1.0..1e3, 2..6)) {
            let noise = Noise::of([a.as_slice()]);
            let (wide, narrow) = (interval(&a, &noise, 0.99).unwrap(), interval(&a, &noise, 0.9).unwrap());
            prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
        }
    }
}
