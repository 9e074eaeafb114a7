//! The Universal Scalability Law, fitted by nonlinear least squares.
//!
//! `X(N) = λN / (1 + σ(N − 1) + κN(N − 1))` (N. J. Gunther, *Guerrilla Capacity Planning*, 2007; with λ
//! as a parameter of its own since 2018). σ is contention, κ is coherency delay; neither can be negative.
//!
//! The fit is Levenberg's and Marquardt's method with the two bounds as an active set: three parameters
//! don't justify a linear-algebra library. It agrees with the package `usl` (version 3) of R.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// The law with its three parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usl {
    /// λ: throughput of one connection, per second.
    pub lambda: f64,
    /// σ: contention, the share of work that only one can do at a time.
    pub sigma: f64,
    /// κ: coherency delay, the cost of keeping each other informed, for each pair.
    pub kappa: f64,
}

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// A fit with its doubt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UslFit {
    /// The parameters.
    pub usl: Usl,
    /// 95 % interval of λ; `None` with three points, which any curve fits.
    pub lambda: Option<Interval>,
    /// Of σ.
    pub sigma: Option<Interval>,
    /// Of κ.
    pub kappa: Option<Interval>,
    /// Of N*, by the delta method on its logarithm; `None` also where there is no peak.
    pub peak: Option<Interval>,
    /// Share of the variance that the curve explains. For a nonlinear model it is a figure for orientation.
    pub r_squared: f64,
    /// Residual standard deviation, in the unit of the throughput.
    pub residual: f64,
}

/// Why there is no fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UslError {
    /// Three parameters need three sizes.
    #[error(
        "the Universal Scalability Law has three parameters and can't be fitted to {0} pool sizes; measure at least 3, better 6"
    )]
    TooFewSizes(usize),
    /// There is nothing to fit.
    #[error("the Universal Scalability Law can't be fitted: no size has a throughput above 0")]
    NoThroughput,
}

impl Usl {
    /// Throughput of `n` connections.
    pub fn at(&self, n: f64) -> f64 {
        self.lambda * n / (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0))
    }

    /// N*, the number of connections with the highest throughput. `None`: the curve never falls, more is
    /// always more.
    pub fn peak(&self) -> Option<f64> {
        if self.sigma >= 1.0 {
            return Some(1.0);
        }
        (self.kappa > 0.0).then(|| ((1.0 - self.sigma) / self.kappa).sqrt().max(1.0))
    }

    /// The derivatives of [`at`](Self::at) by λ, σ and κ.
    fn gradient(&self, n: f64) -> [f64; 3] {
        let below = 1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0);
        let slope = -self.lambda * n / (below * below);
        [n / below, slope * (n - 1.0), slope * n * (n - 1.0)]
    }

    fn from_array([lambda, sigma, kappa]: [f64; 3]) -> Self {
        Self { lambda, sigma, kappa }
    }

    fn to_array(self) -> [f64; 3] {
        [self.lambda, self.sigma, self.kappa]
    }

    /// Sum of squared residuals.
    fn squares(&self, points: &[(f64, f64)]) -> f64 {
        points.iter().map(|(n, x)| (x - self.at(*n)).powi(2)).sum()
    }
}

/// Fits the law to pairs of pool size and throughput, all weighing the same.
pub fn fit(points: &[(u32, f64)]) -> Result<UslFit, UslError> {
    let points: Vec<(f64, f64)> = points
        .iter()
        .filter(|(size, x)| *size > 0 && x.is_finite() && *x >= 0.0)
        .map(|(size, x)| (f64::from(*size), *x))
        .collect();
    let mut sizes: Vec<f64> = points.iter().map(|point| point.0).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    if sizes.len() < 3 {
        return Err(UslError::TooFewSizes(sizes.len()));
    }
    let best = points.iter().map(|point| point.1).fold(0.0, f64::max);
    if best <= 0.0 {
        return Err(UslError::NoThroughput);
    }
    // Throughput in units of the best, so that no square can overflow.
    let scaled: Vec<(f64, f64)> = points.iter().map(|(n, x)| (*n, x / best)).collect();
    let usl = starts(&scaled)
        .into_iter()
        .map(|start| minimise(start, &scaled))
        .min_by(|a, b| a.squares(&scaled).total_cmp(&b.squares(&scaled)))
        .ok_or(UslError::NoThroughput)?;
    Ok(with_doubt(usl, &scaled, best))
}

/// Where to begin: from the slope at the smallest size, with little and much contention and coherency.
/// The surface has long flat valleys, in which one start alone can get stuck.
fn starts(points: &[(f64, f64)]) -> Vec<Usl> {
    let slope = points.iter().map(|(n, x)| x / n).fold(0.0, f64::max);
    let peak = points.iter().fold((1.0, 0.0), |best, point| if point.1 > best.1 { *point } else { best }).0;
    let mut starts = Vec::new();
    for sigma in [0.0, 0.03, 0.3, 0.9] {
        for kappa in [0.0, (1.0 - sigma) / (peak * peak).max(4.0)] {
            starts.push(Usl { lambda: slope, sigma, kappa });
        }
    }
    starts
}

/// Levenberg–Marquardt from one start. A parameter at its bound stays there while the gradient pushes it out.
fn minimise(start: Usl, points: &[(f64, f64)]) -> Usl {
    let (mut best, mut damping) = (start, 1e-3);
    let mut squares = best.squares(points);
    for _ in 0..500 {
        let (normal, push) = normal_equations(&best, points);
        let at = best.to_array();
        let held: [bool; 3] = std::array::from_fn(|i| i > 0 && at[i] <= 0.0 && push[i] <= 0.0);
        let mut damped = normal;
        for i in 0..3 {
            damped[i][i] += damping * normal[i][i].max(f64::MIN_POSITIVE);
        }
        let step = solve(damped, push, held);
        let next = Usl::from_array(std::array::from_fn(|i| {
            let moved = at[i] + step.map_or(0.0, |step| step[i]);
            if i == 0 { moved } else { moved.max(0.0) }
        }));
        let next_squares = next.squares(points);
        if next_squares < squares {
            let gained = squares - next_squares;
            (best, squares) = (next, next_squares);
            damping = (damping / 5.0).max(1e-15);
            if gained <= squares * 1e-15 {
                break;
            }
        } else {
            damping *= 4.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    best
}

/// JᵀJ and Jᵀr.
fn normal_equations(usl: &Usl, points: &[(f64, f64)]) -> ([[f64; 3]; 3], [f64; 3]) {
    let (mut normal, mut push) = ([[0.0; 3]; 3], [0.0; 3]);
    for (n, x) in points {
        let gradient = usl.gradient(*n);
        for i in 0..3 {
            push[i] += gradient[i] * (x - usl.at(*n));
            for j in 0..3 {
                normal[i][j] += gradient[i] * gradient[j];
            }
        }
    }
    (normal, push)
}

/// Solves the equations of the parameters that are not held, by Gauss with pivots, after scaling the diagonal
/// to 1 (κ is often a million times smaller than λ). `None` when they have no solution.
fn solve(mut matrix: [[f64; 3]; 3], mut right: [f64; 3], held: [bool; 3]) -> Option<[f64; 3]> {
    let scale: [f64; 3] = std::array::from_fn(|i| matrix[i][i].max(f64::MIN_POSITIVE).sqrt());
    for i in 0..3 {
        right[i] = if held[i] { 0.0 } else { right[i] / scale[i] };
        for j in 0..3 {
            let free = !held[i] && !held[j];
            matrix[i][j] = match (free, i == j) {
                (true, _) => matrix[i][j] / scale[i] / scale[j],
                (false, same) => f64::from(u8::from(same)),
            };
        }
    }
    for column in 0..3 {
        let pivot =
            (column..3).max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs()))?;
        if matrix[pivot][column].abs() < 1e-14 {
            return None;
        }
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let above = matrix[column];
        for row in column + 1..3 {
            let factor = matrix[row][column] / above[column];
            for (entry, above) in matrix[row].iter_mut().zip(above).skip(column) {
                *entry -= factor * above;
            }
            right[row] -= factor * right[column];
        }
    }
    let mut solution = [0.0; 3];
    for row in (0..3).rev() {
        let known: f64 = (row + 1..3).map(|j| matrix[row][j] * solution[j]).sum();
        solution[row] = (right[row] - known) / matrix[row][row];
    }
    Some(std::array::from_fn(|i| solution[i] / scale[i]))
}

/// Wald intervals from the curvature at the minimum, as `confint` of R's package has them, but cut at the
/// bounds. `unit` is what throughput was divided by.
fn with_doubt(usl: Usl, points: &[(f64, f64)], unit: f64) -> UslFit {
    let count = points.len() as f64;
    let squares = usl.squares(points);
    let mean = points.iter().map(|point| point.1).sum::<f64>() / count;
    let total: f64 = points.iter().map(|point| (point.1 - mean).powi(2)).sum();
    // A flat series leaves nothing to explain.
    let r_squared = if total > f64::EPSILON * count { 1.0 - squares / total } else { 0.0 };
    let degrees = count - 3.0;
    let mut fit = UslFit {
        usl: Usl { lambda: usl.lambda * unit, ..usl },
        lambda: None,
        sigma: None,
        kappa: None,
        peak: None,
        r_squared,
        residual: if degrees > 0.0 { (squares / degrees).sqrt() * unit } else { 0.0 },
    };
    let Some(t) = (degrees > 0.0).then(|| StudentsT::new(0.0, 1.0, degrees).ok()).flatten() else {
        return fit;
    };
    let t = t.inverse_cdf(0.975);
    let (normal, _) = normal_equations(&usl, points);
    let unit_vector = |i: usize| std::array::from_fn(|j| f64::from(u8::from(i == j)));
    let columns: Option<Vec<[f64; 3]>> = (0..3).map(|i| solve(normal, unit_vector(i), [false; 3])).collect();
    let Some(inverse) = columns else { return fit };
    let variance = squares / degrees;
    let around = |value: f64, variance: f64, factor: f64| {
        let half = t * variance.max(0.0).sqrt();
        Interval { low: (value - half).max(0.0) * factor, high: (value + half) * factor }
    };
    fit.lambda = Some(around(usl.lambda, inverse[0][0] * variance, unit));
    fit.sigma = Some(around(usl.sigma, inverse[1][1] * variance, 1.0));
    fit.kappa = Some(around(usl.kappa, inverse[2][2] * variance, 1.0));
    if let (Some(peak), true) = (usl.peak(), usl.sigma < 1.0) {
        // ln N* = (ln(1 − σ) − ln κ) / 2.
        let slope = [-0.5 / (1.0 - usl.sigma), -0.5 / usl.kappa];
        let spread: f64 = (0..2)
            .flat_map(|i| (0..2).map(move |j| (i, j)))
            .map(|(i, j)| slope[i] * inverse[i + 1][j + 1] * slope[j])
            .sum();
        let half = t * (spread * variance).max(0.0).sqrt();
        fit.peak = Some(Interval { low: (peak * (-half).exp()).max(1.0), high: peak * half.exp() });
    }
    fit
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(value: f64, published: f64, share: f64) -> bool {
        (value / published - 1.0).abs() <= share
    }

    #[test]
    fn agrees_with_the_fit_that_r_publishes_for_specsdm91() {
        let data =
            [(1, 64.9), (18, 995.9), (36, 1652.4), (72, 1853.2), (108, 1828.9), (144, 1775.0), (216, 1702.2)];
        let fit = fit(&data).unwrap();
        // As printed by `summary(usl(throughput ~ load, specsdm91))`, version 3 of the package.
        assert!(near(fit.usl.sigma, 0.027_728_5, 1e-4), "{fit:?}");
        assert!(near(fit.usl.kappa, 0.000_104_4, 1e-3), "{fit:?}");
        assert!(near(fit.usl.lambda, 89.995_233_0, 1e-6), "{fit:?}");
        // Its standard errors, with Student's t of 4 degrees of freedom.
        let half = |interval: Option<Interval>, value: f64| interval.unwrap().high - value;
        assert!(near(half(fit.sigma, fit.usl.sigma), 2.776_445 * 0.009_121_7, 1e-3), "{fit:?}");
        assert!(near(half(fit.kappa, fit.usl.kappa), 2.776_445 * 0.000_019_9, 5e-3), "{fit:?}");
        assert!(near(half(fit.lambda, fit.usl.lambda), 2.776_445 * 14.213_489_4, 1e-3), "{fit:?}");
        assert!(near(fit.usl.peak().unwrap(), 96.5, 1e-3), "{fit:?}");
        let peak = fit.peak.unwrap();
        assert!(peak.low < 96.5 && 96.5 < peak.high);
        assert!(fit.r_squared > 0.98);
    }

    #[test]
    fn agrees_with_the_package_s_own_test_of_its_coefficients() {
        let data = [(1, 1.0), (2, 1.8868), (4, 3.0769), (6, 3.5294), (8, 3.5398), (10, 3.3557)];
        let usl = fit(&data).unwrap().usl;
        assert!(
            near(usl.sigma, 0.02, 5e-3) && near(usl.kappa, 0.02, 5e-3) && near(usl.lambda, 1.0, 5e-3),
            "{usl:?}"
        );
    }

    #[test]
    fn a_straight_line_has_neither_contention_nor_a_peak() {
        let fit = fit(&[(1, 10.0), (2, 20.0), (4, 40.0), (8, 80.0)]).unwrap();
        assert!(fit.usl.sigma < 1e-9 && fit.usl.kappa < 1e-9, "{fit:?}");
        assert!(fit.usl.peak().is_none_or(|peak| peak > 1e3));
    }

    #[test]
    fn superlinear_figures_stay_at_the_bound() {
        let usl = fit(&[(1, 10.0), (2, 25.0), (4, 60.0), (8, 140.0)]).unwrap().usl;
        assert!(usl.sigma >= 0.0 && usl.kappa >= 0.0 && usl.sigma < 1e-9, "{usl:?}");
    }

    #[test]
    fn flat_and_falling_series_fit_without_a_panic() {
        for data in [[(1, 5.0), (8, 5.0), (64, 5.0), (100, 5.0)], [(1, 9.0), (8, 5.0), (64, 2.0), (100, 0.0)]]
        {
            let fit = fit(&data).unwrap();
            assert!(fit.usl.at(1.0).is_finite() && fit.usl.peak().is_none_or(|peak| peak >= 1.0), "{fit:?}");
        }
    }

    #[test]
    fn too_little_to_fit_is_said() {
        assert_eq!(fit(&[(1, 1.0), (2, 2.0), (2, 3.0)]), Err(UslError::TooFewSizes(2)));
        assert_eq!(fit(&[(1, 0.0), (2, 0.0), (4, 0.0)]), Err(UslError::NoThroughput));
    }

    proptest! {
        #[test]
        fn an_exact_curve_gives_its_parameters_back(
            lambda in 1.0..1e5_f64, sigma in 0.001..0.5_f64, kappa in 1e-5..1e-2_f64,
        ) {
            let truth = Usl { lambda, sigma, kappa };
            let data = [1_u32, 2, 4, 8, 16, 32, 64, 128].map(|n| (n, truth.at(f64::from(n))));
            let found = fit(&data).unwrap().usl;
            prop_assert!(near(found.lambda, lambda, 1e-4), "{found:?}");
            prop_assert!(near(found.sigma, sigma, 1e-3), "{found:?}");
            prop_assert!(near(found.kappa, kappa, 1e-3), "{found:?}");
        }

        #[test]
        fn any_series_has_a_fit_within_the_bounds(xs in prop::collection::vec(0.0..1e9_f64, 3..12)) {
            let data: Vec<(u32, f64)> = xs.iter().enumerate().map(|(i, x)| (1 << i, *x)).collect();
            if let Ok(fit) = fit(&data) {
                prop_assert!(fit.usl.sigma >= 0.0 && fit.usl.kappa >= 0.0);
                prop_assert!(fit.usl.lambda.is_finite());
            }
        }
    }
}
