//! How sure the answer to a record is: its figures are drawn again within their noise, and the answer is judged on
//! each draw.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand_distr::{Distribution as _, Normal};

use super::evidence::Mean;
use super::picture::{self, Picture};

const SAMPLES: u32 = 500;

/// Even a record with an error column of zeros is not exact.
const LEAST_NOISE: f64 = 0.003;

/// Share of draws in which a size is within the tolerance of the best. `None` for a record that has neither an error
/// column nor repeats: nothing tells then how sure its figures are.
pub(super) fn confidence(picture: &Picture, size: u32, seed: u64) -> Option<f64> {
    picture.means.noise?;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut error = |mean: &Mean| {
        let spread = mean.variance.sqrt().max(LEAST_NOISE);
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
    Some(f64::from(held) / f64::from(SAMPLES))
}
