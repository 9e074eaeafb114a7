//! Measurements in the order in which they were made, and what they say about noise and drift.

use statrs::distribution::{ContinuousCDF as _, FisherSnedecor};

use super::{LatencyMs, Observation};

/// Relative standard deviation that a measurement is believed to have before there are repeats, and how many
/// degrees of freedom that belief is worth. Two repeats may agree by luck.
const PRIOR_NOISE: f64 = 0.012;
const PRIOR_DEGREES: f64 = 2.0;

/// How much a machine is believed to drift from one measurement to the next. It keeps the estimate small
/// while the repeats lie close together in time.
const PRIOR_DRIFT: f64 = 0.004;

/// Sizes this far (in logarithms) below the best say nothing about noise: what happens in an overloaded or
/// starved system is not what happens near the top, where decisions fall.
const NEAR_TOP: f64 = 0.4;

/// Below this probability (of the analysis of variance) sizes differ: what is searched for decides what is
/// measured, and what looks good is repeated until it does not, so that the usual 5 % would come too often.
pub(super) const DIFFER: f64 = 0.001;

/// In the comparison of all sizes, what lies further (in logarithms) below the best lies as far as this: a size
/// at which next to nothing succeeds must not drown the others.
const STARVED: f64 = 3.0;

/// Repeats never agree better than this, as a relative standard deviation.
const LEAST_NOISE: f64 = 0.001;

/// Goodput below this share of the best counts as this share: 0 has no logarithm.
const FLOOR: f64 = 1e-4;

/// All measurements of a search.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    observations: Vec<(f64, Observation)>,
    clock: f64,
}

/// Measurements of one size together, in logarithms of goodput.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mean {
    pub size: u32,
    pub repeats: u32,
    /// Mean logarithm of goodput, the drift taken out.
    pub log: f64,
    /// Variance of that mean.
    pub variance: f64,
    /// Mean share of failed requests.
    pub failed_share: f64,
    /// Geometric means of the latencies.
    pub latency: LatencyMs,
}

/// Evidence in a few figures.
#[derive(Debug, Clone)]
pub(super) struct Means {
    /// By size, ascending.
    pub means: Vec<Mean>,
    /// Relative standard deviation of a single measurement; `None` for a record that does not tell.
    pub noise: Option<f64>,
    /// Degrees of freedom behind it, the prior's not counted.
    pub degrees: f64,
    /// Relative change from one measurement to the next.
    pub drift: f64,
    /// Probability that sizes which do not differ at all look as different as these: an analysis of variance
    /// between and within sizes. It believes nothing beforehand, so that a few repeats which agree by luck prove
    /// little. 1 for a record.
    pub alike: f64,
    /// What is left of each measurement near the top when size and drift are taken out.
    pub residuals: Vec<f64>,
}

impl Evidence {
    /// Adds a measurement. Time passes with each, also with those that are only [`skip`](Self::skip)ped.
    pub fn add(&mut self, observation: Observation) {
        self.observations.push((self.clock, observation));
        self.clock += 1.0;
    }

    /// Lets time pass for a measurement that is no evidence.
    pub fn skip(&mut self) {
        self.clock += 1.0;
    }

    /// The measurements.
    pub fn observations(&self) -> impl Iterator<Item = &Observation> {
        self.observations.iter().map(|(_, observation)| observation)
    }

    /// How many measurements ago a size was last measured.
    pub fn age(&self, size: u32) -> Option<f64> {
        self.observations.iter().rev().find(|(_, o)| o.size == size).map(|(at, _)| self.clock - at)
    }

    /// Whether any request succeeded at all.
    pub fn any_success(&self) -> bool {
        self.observations().any(|observation| observation.goodput > 0.0)
    }

    /// What the measurements say; `recorded` ones have their own noise or none, and no drift.
    pub fn means(&self, recorded: bool) -> Means {
        let top = self.observations().map(|o| o.goodput).fold(f64::MIN_POSITIVE, f64::max);
        let mut points: Vec<Point<'_>> = self
            .observations
            .iter()
            .map(|(at, o)| Point { at: *at, log: (o.goodput / top).max(FLOOR).ln(), observation: o })
            .collect();
        points.sort_by_key(|point| point.observation.size);
        let groups: Vec<&[Point<'_>]> =
            points.chunk_by(|a, b| a.observation.size == b.observation.size).collect();
        if recorded {
            return Self::of_record(&groups, top);
        }
        let level = |group: &[Point<'_>]| mean(group, |point| point.log);
        let best = groups.iter().map(|group| level(group)).fold(f64::MIN, f64::max);
        let mut near: Vec<&[Point<'_>]> =
            groups.iter().copied().filter(|group| level(group) > best - NEAR_TOP).collect();
        let alike = alike(&groups, drift(&near));
        if alike > DIFFER {
            // A lucky measurement makes a top of its own; where no size differs, all of them tell.
            near.clone_from(&groups);
        }
        let drift = drift(&near);
        let residuals: Vec<f64> = near.iter().flat_map(|group| residuals(group, drift)).collect();
        let degrees: f64 = near.iter().map(|group| group.len() as f64 - 1.0).sum();
        let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
        let noise = ((PRIOR_DEGREES * PRIOR_NOISE.powi(2) + squares) / (PRIOR_DEGREES + degrees)).sqrt();
        let now = self.clock - 1.0;
        let means = groups
            .iter()
            .map(|group| Mean {
                log: mean(group, |point| point.log - drift * (point.at - now)) + top.ln(),
                variance: noise * noise / group.len() as f64,
                ..plain(group)
            })
            .collect();
        Means { means, noise: Some(noise), degrees, drift, alike, residuals }
    }

    fn of_record(groups: &[&[Point<'_>]], top: f64) -> Means {
        let means: Vec<Mean> = groups
            .iter()
            .map(|group| {
                let own = group[0].observation.noise.unwrap_or(0.0);
                Mean { log: mean(group, |point| point.log) + top.ln(), variance: own * own, ..plain(group) }
            })
            .collect();
        let known: Vec<f64> = groups.iter().filter_map(|group| group[0].observation.noise).collect();
        let noise = (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64);
        Means { means, noise, degrees: 0.0, drift: 0.0, alike: 1.0, residuals: Vec::new() }
    }
}

struct Point<'a> {
    at: f64,
    log: f64,
    observation: &'a Observation,
}

fn mean(group: &[Point<'_>], of: impl Fn(&Point<'_>) -> f64) -> f64 {
    group.iter().map(of).sum::<f64>() / group.len() as f64
}

/// The part of a [`Mean`] that has nothing to do with drift.
fn plain(group: &[Point<'_>]) -> Mean {
    let geometric = |of: fn(&LatencyMs) -> Option<f64>| {
        let logs: Vec<f64> =
            group.iter().filter_map(|p| of(&p.observation.latency)).map(|ms| ms.max(1e-6).ln()).collect();
        (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
    };
    Mean {
        size: group[0].observation.size,
        repeats: group.len() as u32,
        log: 0.0,
        variance: 0.0,
        failed_share: mean(group, |point| point.observation.failed_share),
        latency: LatencyMs {
            p50: geometric(|latency| latency.p50),
            p95: geometric(|latency| latency.p95),
            p99: geometric(|latency| latency.p99),
            p99_9: geometric(|latency| latency.p99_9),
        },
    }
}

/// Change of the logarithm from one measurement to the next, from repeats of the same size at different
/// times: a straight line, shrunk towards none (ridge regression) as far as the noise would explain it.
fn drift(groups: &[&[Point<'_>]]) -> f64 {
    let (mut xx, mut xy, mut yy, mut degrees) = (0.0, 0.0, 0.0, 0.0);
    for group in groups {
        let (middle, level) = (mean(group, |point| point.at), mean(group, |point| point.log));
        for point in *group {
            xx += (point.at - middle).powi(2);
            xy += (point.at - middle) * (point.log - level);
            yy += (point.log - level).powi(2);
        }
        degrees += group.len() as f64 - 1.0;
    }
    if xx <= 0.0 {
        return 0.0;
    }
    let left = (yy - xy * xy / xx).max(0.0);
    let noise = (PRIOR_DEGREES * PRIOR_NOISE.powi(2) + left) / (PRIOR_DEGREES + (degrees - 1.0).max(0.0));
    xy / (xx + noise / PRIOR_DRIFT.powi(2))
}

/// The probability of the F-test that all sizes are one.
fn alike(groups: &[&[Point<'_>]], drift: f64) -> f64 {
    let log = |point: &Point<'_>| (point.log - drift * point.at).max(-STARVED);
    let count: usize = groups.iter().map(|group| group.len()).sum();
    let all = groups.iter().map(|group| group.len() as f64 * mean(group, log)).sum::<f64>() / count as f64;
    let between: f64 = groups.iter().map(|group| group.len() as f64 * (mean(group, log) - all).powi(2)).sum();
    let within: f64 = groups
        .iter()
        .map(|group| {
            let level = mean(group, log);
            group.iter().map(|point| (log(point) - level).powi(2)).sum::<f64>()
        })
        .sum();
    let (sizes, repeats) = (groups.len() as f64 - 1.0, (count - groups.len()) as f64);
    let Ok(distribution) = FisherSnedecor::new(sizes, repeats) else { return 1.0 };
    distribution.sf(between / sizes / (within / repeats).max(LEAST_NOISE.powi(2)))
}

fn residuals(group: &[Point<'_>], drift: f64) -> Vec<f64> {
    let level = mean(group, |point| point.log - drift * point.at);
    if group.len() < 2 {
        return Vec::new();
    }
    group.iter().map(|point| point.log - drift * point.at - level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(goodputs: &[(u32, f64)]) -> Evidence {
        let mut evidence = Evidence::default();
        for (size, goodput) in goodputs {
            evidence.add(Observation::of_goodput(*size, *goodput));
        }
        evidence
    }

    #[test]
    fn a_machine_that_slows_down_does_not_make_the_later_size_worse() {
        // Equal sizes; the machine loses 1 % with each measurement, and 16 comes late.
        let slow = |at: i32| 1_000.0 * 0.99_f64.powi(at);
        let mut goodputs: Vec<(u32, f64)> = (0..12).map(|at| (8, slow(at))).collect();
        goodputs.extend([(16, slow(12)), (16, slow(13))]);
        let means = evidence(&goodputs).means(false);
        assert!((means.drift + 0.01).abs() < 0.001, "{}", means.drift);
        let difference = means.means[1].log - means.means[0].log;
        assert!(difference.abs() < 0.01, "{difference}");
    }

    #[test]
    fn a_size_at_which_nothing_succeeded_does_not_count_as_noise() {
        let means = evidence(&[(8, 100.0), (8, 101.0), (64, 0.0), (64, 3.0)]).means(false);
        assert!(means.noise.unwrap() < 0.02, "{:?}", means.noise);
    }

    #[test]
    fn a_record_without_an_error_column_has_no_noise_of_its_own() {
        let means = evidence(&[(1, 10.0), (2, 20.0)]).means(true);
        assert_eq!((means.noise, means.means[0].variance), (None, 0.0));
    }
}
