//! What was measured of each size, as figures that can be compared.

use super::{LatencyMs, Observation};

/// Goodput below this share of the best counts as this share: 0 has no logarithm.
pub(super) const FLOOR: f64 = 1e-4;

/// Measurements of one size together, in logarithms of goodput.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mean {
    pub size: u32,
    pub repeats: u32,
    /// Mean logarithm of goodput; of a live search the machine's ups and downs taken out.
    pub log: f64,
    /// Goodput to show: what is 0 stays 0, though its logarithm has a floor.
    pub goodput: f64,
    /// Variance of that mean.
    pub variance: f64,
    /// Mean share of failed requests; `None` for a record that does not tell.
    pub failed_share: Option<f64>,
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
    /// Degrees of freedom behind it.
    pub degrees: f64,
}

/// What the asked rows of a record say: each has its own noise or none. One for each size.
pub(super) fn of_record(observations: &[Observation]) -> Means {
    let top = observations.iter().map(|seen| seen.goodput).fold(f64::MIN_POSITIVE, f64::max);
    let mut means: Vec<Mean> = observations
        .iter()
        .map(|seen| {
            let own = seen.noise.unwrap_or(0.0);
            let log = (seen.goodput / top).max(FLOOR).ln() + top.ln();
            Mean { log, variance: own * own, ..plain(&[seen]) }
        })
        .collect();
    means.sort_by_key(|mean| mean.size);
    let known: Vec<f64> = observations.iter().filter_map(|seen| seen.noise).collect();
    let noise = (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64);
    Means { means, noise, degrees: 0.0 }
}

/// The part of a [`Mean`] that has nothing to do with the machine's ups and downs.
pub(super) fn plain(group: &[&Observation]) -> Mean {
    let average =
        |values: Vec<f64>| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let geometric = |of: fn(&LatencyMs) -> Option<f64>| {
        let logs = group.iter().filter_map(|seen| of(&seen.latency)).map(|ms| ms.max(1e-6).ln());
        average(logs.collect()).map(f64::exp)
    };
    Mean {
        size: group.first().map_or(0, |seen| seen.size),
        repeats: group.len() as u32,
        log: 0.0,
        goodput: average(group.iter().map(|seen| seen.goodput).collect()).unwrap_or_default(),
        variance: 0.0,
        failed_share: average(group.iter().filter_map(|seen| seen.failed_share).collect()),
        latency: LatencyMs {
            p50: geometric(|latency| latency.p50),
            p95: geometric(|latency| latency.p95),
            p99: geometric(|latency| latency.p99),
            p99_9: geometric(|latency| latency.p99_9),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_an_error_column_has_no_noise_of_its_own() {
        let means = of_record(&[Observation::of_goodput(1, 10.0), Observation::of_goodput(2, 20.0)]);
        assert_eq!((means.noise, means.means[0].variance), (None, 0.0));
    }
}
