//! Goodput by pool size, as measured.

/// Goodput at some sizes, ascending, each size once. It is never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    points: Vec<(u32, f64)>,
}

impl Curve {
    /// A curve through points, in any order. Of a size that comes twice the mean counts. Points whose goodput
    /// is not finite, is negative, or whose size is 0 are left out; `None` if nothing is left.
    pub fn new(points: impl IntoIterator<Item = (u32, f64)>) -> Option<Self> {
        let mut points: Vec<(u32, f64)> = points
            .into_iter()
            .filter(|(size, goodput)| *size > 0 && goodput.is_finite() && *goodput >= 0.0)
            .collect();
        points.sort_by_key(|point| point.0);
        let merged: Vec<(u32, f64)> = points
            .chunk_by(|a, b| a.0 == b.0)
            .map(|same| (same[0].0, same.iter().map(|point| point.1).sum::<f64>() / same.len() as f64))
            .collect();
        (!merged.is_empty()).then_some(Self { points: merged })
    }

    /// The points, by size.
    pub fn points(&self) -> &[(u32, f64)] {
        &self.points
    }

    /// The smallest measured size.
    pub fn smallest(&self) -> u32 {
        self.points[0].0
    }

    /// The largest measured size.
    pub fn largest(&self) -> u32 {
        self.points[self.points.len() - 1].0
    }

    /// The size with the highest goodput, and that goodput; of equals the smallest.
    pub fn best(&self) -> (u32, f64) {
        self.points.iter().fold(self.points[0], |best, point| if point.1 > best.1 { *point } else { best })
    }

    /// Goodput at a size: as measured, between two measured sizes on a straight line, and outside the range
    /// that of the nearest end.
    pub fn at(&self, size: f64) -> f64 {
        let after = self.points.partition_point(|point| f64::from(point.0) < size);
        if after == 0 {
            return self.points[0].1;
        }
        let Some(&(right, high)) = self.points.get(after) else {
            return self.points[after - 1].1;
        };
        let (left, low) = self.points[after - 1];
        let share = (size - f64::from(left)) / f64::from(right - left);
        low + share * (high - low)
    }

    /// Share of the best goodput that one loses at a size: 0 is nothing, 1 is all.
    pub fn loss(&self, size: f64) -> f64 {
        let best = self.best().1;
        if best > 0.0 { 1.0 - self.at(size) / best } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_comes_back_and_the_rest_lies_between() {
        let curve = Curve::new([(8, 80.0), (1, 10.0), (16, 100.0)]).unwrap();
        assert_eq!(curve.at(8.0), 80.0);
        assert_eq!(curve.at(12.0), 90.0);
        assert_eq!(curve.at(0.0), 10.0);
        assert_eq!(curve.at(99.0), 100.0);
        assert_eq!(curve.best(), (16, 100.0));
        assert!((curve.loss(8.0) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn points_that_are_no_figures_are_left_out() {
        assert_eq!(Curve::new([(1, f64::NAN), (0, 5.0), (2, -1.0)]), None);
        assert_eq!(Curve::new([(4, 1.0), (4, 3.0)]).unwrap().points(), [(4, 2.0)]);
    }

    #[test]
    fn a_curve_of_zeros_loses_nothing_anywhere() {
        assert_eq!(Curve::new([(1, 0.0), (2, 0.0)]).unwrap().loss(1.0), 0.0);
    }
}
