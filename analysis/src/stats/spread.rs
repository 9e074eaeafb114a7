//! What repeats say together.

/// The repeats of one figure. It is never empty, and holds finite values only.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Each repeat, in the order given.
    pub values: Vec<f64>,
    /// Their arithmetic mean.
    pub mean: f64,
    /// Their median.
    pub median: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
}

impl Spread {
    /// Summarises repeats; values that are not finite are left out. `None` if nothing is left.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        if values.is_empty() {
            return None;
        }
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            sorted[middle - 1] / 2.0 + sorted[middle] / 2.0
        };
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        let count = values.len() as f64;
        // Divided first, so that large values can't overflow; clamped, because rounding may leave the range.
        let mean = values.iter().map(|value| value / count).sum::<f64>().clamp(min, max);
        Some(Self { values, mean, median, min, max })
    }

    /// How many repeats.
    pub fn repeats(&self) -> usize {
        self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_number_is_no_repeat() {
        assert_eq!(Spread::of([f64::NAN]), None);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(Spread::of([4.0, 1.0, 3.0, 2.0]).unwrap().median, 2.5);
    }

    proptest! {
        #[test]
        fn mean_and_median_lie_between_lowest_and_highest(values in prop::collection::vec(0.0..1e12, 1..20)) {
            let spread = Spread::of(values).unwrap();
            prop_assert!(spread.min <= spread.median && spread.median <= spread.max);
            prop_assert!(spread.min <= spread.mean && spread.mean <= spread.max);
        }

        #[test]
        fn order_of_repeats_does_not_matter(mut values in prop::collection::vec(0.1..1e6, 2..8)) {
            let before = Spread::of(values.clone()).unwrap();
            values.reverse();
            let after = Spread::of(values).unwrap();
            prop_assert!((before.mean - after.mean).abs() <= 1e-9 * before.mean);
            prop_assert_eq!(before.median, after.median);
        }
    }
}
