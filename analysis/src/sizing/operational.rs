//! Asymptotic bounds of operational analysis (P. J. Denning, J. P. Buzen, *Computing Surveys* 10, 1978;
//! E. D. Lazowska et al., *Quantitative System Performance*, 1984, chapter 5).
//!
//! They hold for any distribution and any order of service. N connections that each go round and round,
//! through resources (demand D in all, Dmax at the busiest) and through Z seconds that the connection is held
//! and nothing is asked of them, can't do more than `min(N / (D + Z), 1 / Dmax)` a second.

use super::Curve;

/// What one request asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// D + Z: how long a request holds its connection when it is alone, in seconds.
    pub alone_s: f64,
    /// Dmax: how long it occupies the busiest resource, in seconds.
    pub bottleneck_s: f64,
}

impl Bounds {
    /// From a measured curve: `N / X(N)` at the smallest size is what one connection takes with the least
    /// company, `1 / X` at the best is the demand on whatever was the limit. `None` when nothing succeeded.
    ///
    /// If the smallest measured size is far from 1, its connections have got in each other's way already and
    /// the knee comes out too small a number; if the load never filled the pools, both come out too long.
    pub fn of(curve: &Curve) -> Option<Self> {
        let (size, goodput) = *curve.points().iter().find(|(_, goodput)| *goodput > 0.0)?;
        Some(Self { alone_s: f64::from(size) / goodput, bottleneck_s: 1.0 / curve.best().1 })
    }

    /// The most that `connections` can do, in requests a second.
    pub fn throughput(&self, connections: f64) -> f64 {
        (connections / self.alone_s).min(1.0 / self.bottleneck_s)
    }

    /// N*: where the two bounds meet. With fewer connections the busiest resource has to idle; with more,
    /// connections have to wait for each other.
    pub fn knee(&self) -> f64 {
        self.alone_s / self.bottleneck_s
    }

    /// The least time that a request can hold its connection among `connections` busy ones, in seconds.
    pub fn held_s(&self, connections: f64) -> f64 {
        self.alone_s.max(connections * self.bottleneck_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_knee_is_where_the_bounds_meet() {
        let bounds = Bounds { alone_s: 0.012, bottleneck_s: 0.002 };
        assert!((bounds.knee() - 6.0).abs() < 1e-12);
        assert!((bounds.throughput(3.0) - 250.0).abs() < 1e-9);
        assert!((bounds.throughput(60.0) - 500.0).abs() < 1e-9);
        assert!((bounds.held_s(12.0) - 0.024).abs() < 1e-12);
    }

    #[test]
    fn no_measured_point_of_a_concave_curve_lies_above_its_bounds() {
        let curve = Curve::new([(1, 100.0), (4, 350.0), (8, 500.0), (16, 480.0)]).unwrap();
        let bounds = Bounds::of(&curve).unwrap();
        for (size, goodput) in curve.points() {
            assert!(*goodput <= bounds.throughput(f64::from(*size)) + 1e-9);
        }
    }

    #[test]
    fn a_curve_without_a_success_has_no_bounds() {
        assert_eq!(Bounds::of(&Curve::new([(1, 0.0), (2, 0.0)]).unwrap()), None);
    }
}
