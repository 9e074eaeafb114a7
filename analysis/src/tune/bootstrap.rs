//! How sure an answer is: the measurements are drawn again, and the answer is judged on each draw.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Distribution as _, Normal};

use super::evidence::Mean;
use super::picture::{self, Picture};

const SAMPLES: u32 = 500;

/// With fewer residuals than this their own distribution says less than the normal one.
const ENOUGH_RESIDUALS: usize = 8;

/// A record without an error column and without a visible jitter is still not exact.
const LEAST_NOISE: f64 = 0.003;

/// Share of bootstrap samples in which a size is within the tolerance of the best.
///
/// Residuals of repeats are pooled over sizes and drawn with replacement; with too few of them (or a record,
/// which has none) normal ones of the same spread are drawn instead.
pub(super) fn confidence(picture: &Picture, size: u32, seed: u64) -> f64 {
    let mut rng = StdRng::seed_from_u64(seed);
    let residuals = &picture.means.residuals;
    let repeats: usize = residuals.len();
    // Residuals are smaller than the errors that they come from; this makes up for the estimated means.
    let stretch =
        if picture.means.degrees > 0.0 { (repeats as f64 / picture.means.degrees).sqrt() } else { 1.0 };
    let mut error = |mean: &Mean| {
        if repeats >= ENOUGH_RESIDUALS {
            let sum: f64 = (0..mean.repeats).map(|_| residuals[rng.random_range(0..repeats)]).sum();
            return stretch * sum / f64::from(mean.repeats);
        }
        let spread = mean.variance.sqrt().max(picture.jitter).max(LEAST_NOISE);
        Normal::new(0.0, spread).map_or(0.0, |normal| normal.sample(&mut rng))
    };
    let mut held = 0;
    for _ in 0..SAMPLES {
        let drawn: Vec<Mean> =
            picture.means.means.iter().map(|mean| Mean { log: mean.log + error(mean), ..*mean }).collect();
        let level = drawn.iter().find(|mean| mean.size == size).map(|mean| mean.log);
        let top = if picture.flat {
            Some(picture::level(&drawn).log)
        } else {
            picture::best(&drawn).map(|best| best.log)
        };
        if let (Some(level), Some(top)) = (level, top)
            && top - level <= picture.tolerance
        {
            held += 1;
        }
    }
    f64::from(held) / f64::from(SAMPLES)
}
