//! From figures to places on paper, and the round figures that stand beside them.

/// Where each figure of a range stands between two places.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    figures: (f64, f64),
    places: (f64, f64),
    logarithmic: bool,
}

impl Scale {
    /// Equal steps for equal differences.
    pub fn linear(figures: (f64, f64), places: (f64, f64)) -> Self {
        Self { figures, places, logarithmic: false }
    }

    /// Equal steps for equal ratios; the figures are above 0.
    pub fn logarithmic(figures: (f64, f64), places: (f64, f64)) -> Self {
        Self { figures, places, logarithmic: true }
    }

    /// The place of a figure; of one beyond the range its nearer end.
    pub fn at(&self, figure: f64) -> f64 {
        let (low, high) = self.figures;
        let share = if self.logarithmic {
            (figure.max(f64::MIN_POSITIVE) / low).ln() / (high / low).ln()
        } else {
            (figure - low) / (high - low)
        };
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        self.places.0 + share * (self.places.1 - self.places.0)
    }

    /// Where its lowest and its highest figure stand.
    pub fn ends(&self) -> (f64, f64) {
        self.places
    }

    /// Round figures within the range, ascending.
    pub fn ticks(&self) -> Vec<f64> {
        let (low, high) = self.figures;
        if high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater) {
            return vec![low];
        }
        if self.logarithmic { ratios(low, high) } else { steps(low, high) }
    }
}

/// Multiples of the smallest round step that makes no more than six parts.
fn steps(low: f64, high: f64) -> Vec<f64> {
    const ROUND: [f64; 5] = [1.0, 2.0, 2.5, 5.0, 10.0];
    let rough = (high - low) / 6.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = ROUND.iter().map(|step| step * power).find(|step| *step >= rough * 0.999).unwrap_or(rough);
    let first = (low / step - 1e-6).ceil();
    (0..=6).map(|n| (first + f64::from(n)) * step).filter(|tick| *tick <= high + step * 1e-6).collect()
}

/// Powers of ten; where they are too few with their doubles and halves, or with what lies between.
fn ratios(low: f64, high: f64) -> Vec<f64> {
    const STEPS: [&[f64]; 3] = [&[1.0], &[1.0, 2.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]];
    const ENOUGH: usize = 4;
    let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let of = |steps: &[f64]| -> Vec<f64> {
        let all = powers.clone().flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
        all.filter(|tick| (low..=high).contains(tick)).collect()
    };
    let [powers, halves, dense] = STEPS.map(of);
    [powers, halves].into_iter().find(|ticks| ticks.len() >= ENOUGH).unwrap_or(dense)
}

/// The next larger round number, for the end of a scale.
pub fn round_up(value: f64) -> f64 {
    const ROUND: [f64; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 8.0, 10.0];
    let power = 10_f64.powf(value.log10().floor());
    ROUND.iter().map(|step| step * power).find(|round| *round >= value * 0.999).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(high: f64) -> Vec<f64> {
        Scale::linear((0.0, high), (0.0, 1.0)).ticks()
    }

    fn logarithmic(low: f64, high: f64) -> Vec<f64> {
        Scale::logarithmic((low, high), (0.0, 1.0)).ticks()
    }

    #[test]
    fn ticks_are_round_and_neither_few_nor_many() {
        assert_eq!(linear(1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(linear(8_786.0), [0.0, 2_000.0, 4_000.0, 6_000.0, 8_000.0]);
        assert_eq!(linear(1_500.0), [0.0, 250.0, 500.0, 750.0, 1_000.0, 1_250.0, 1_500.0]);
        assert_eq!(logarithmic(7.0, 250.0), [10.0, 20.0, 50.0, 100.0, 200.0]);
        assert_eq!(logarithmic(2.1, 8.4), [3.0, 5.0, 7.0], "one tick alone tells no ratio");
        assert_eq!(logarithmic(1.0, 1e4), [1.0, 10.0, 100.0, 1e3, 1e4]);
        for exponent in -30..30 {
            let high = 1.37_f64.powi(exponent);
            assert!((4..=7).contains(&linear(high).len()), "{high}: {:?}", linear(high));
            let ticks = logarithmic(high, high * 7.0);
            assert!((4..=10).contains(&ticks.len()), "{high}: {ticks:?}");
        }
    }

    #[test]
    fn a_figure_that_is_none_or_lies_beyond_stays_on_the_paper() {
        for scale in
            [Scale::linear((0.0, 10.0), (100.0, 20.0)), Scale::logarithmic((1.0, 10.0), (100.0, 20.0))]
        {
            assert_eq!((scale.at(1e9), scale.at(-1e9)), (20.0, 100.0));
            assert_eq!((scale.at(0.0), scale.at(f64::NAN)), (100.0, 100.0));
        }
        let nothing = Scale::linear((0.0, 0.0), (0.0, 50.0));
        assert_eq!((nothing.at(0.0), nothing.at(3.0), nothing.ticks()), (0.0, 0.0, vec![0.0]));
    }
}
