//! Which size to measure again: where two can't be told apart, and until they can or never will be.

use super::Search;
use super::evidence::Mean;
use super::noise::ENOUGH_REPEATS;
use super::picture::{Picture, SURE_INSIDE, SURE_OUTSIDE};

/// Measurements without a look back at a size near the top: after so many the machine may have drifted.
const REFERENCE_EVERY: f64 = 6.0;

/// A size that can still not be told from the plateau after so many measurements is left out of it.
const MOST_REPEATS: u32 = 6;

/// A size that is as near as this to the limit of the objective is measured three times.
pub(super) const NEAR_LIMIT: f64 = 0.1;

impl Search {
    /// The size whose repeat would decide most, or `None` when all that matters can be told apart.
    pub(super) fn repeat(&self, picture: &Picture, candidate: Option<&Mean>, left: u32) -> Option<u32> {
        let candidate = candidate?;
        let below = picture.below(candidate.size);
        if self.hopeless(picture, left) {
            return None;
        }
        let near_limit = |mean: &&Mean| {
            let ratio = picture.objective(mean, &self.question).ratio;
            self.question.slo.is_some() && (ratio - 1.0).abs() < NEAR_LIMIT && mean.repeats < 3
        };
        if let Some(mean) = [Some(candidate), below].into_iter().flatten().find(near_limit) {
            return Some(mean.size);
        }
        let (standing, against) = picture.standing(candidate);
        if standing < SURE_INSIDE {
            return Some(self.weaker(picture, candidate, against));
        }
        if self.evidence.age(candidate.size).is_some_and(|age| age > REFERENCE_EVERY) && candidate.repeats < 2
        {
            return Some(candidate.size);
        }
        // A smaller one may be good enough after all.
        let open = |mean: &&Mean| {
            let blocked = !picture.reliable(mean) || !picture.objective(mean, &self.question).met();
            let refuted = self.refuted.contains(&mean.size);
            !blocked && !refuted && mean.repeats < MOST_REPEATS && picture.standing(mean).0 > -SURE_OUTSIDE
        };
        let smaller = picture.means.means.iter().filter(|mean| mean.size < candidate.size).find(open)?;
        Some(self.weaker(picture, smaller, picture.standing(smaller).1))
    }

    /// Where all sizes seem to be one level: the smallest that may be taken and all others in turn, until the one
    /// can be told from the others or never will be.
    pub(super) fn repeat_level(&self, picture: &Picture, left: u32) -> Option<u32> {
        let noise = picture.means.noise.unwrap_or(0.0);
        let means = &picture.means.means;
        let smallest = means.iter().find(|mean| {
            !self.refuted.contains(&mean.size)
                && picture.reliable(mean)
                && picture.objective(mean, &self.question).met()
        })?;
        let all = f64::from(left + means.iter().map(|mean| mean.repeats).sum::<u32>());
        // Half of all for the one and half for the others can't do better than this.
        let hopeless = SURE_INSIDE * noise * 2.0 / all.sqrt() > 1.5 * picture.tolerance;
        let sure = picture.standing(smallest).0 >= SURE_INSIDE && !picture.unresolved();
        if sure || (hopeless && picture.means.degrees >= 2.0 * ENOUGH_REPEATS) {
            return None;
        }
        let others = means.iter().filter(|mean| mean.size != smallest.size);
        let other = others.min_by_key(|mean| mean.repeats)?;
        let last = self.evidence.observations().last().map(|observation| observation.size);
        Some(if last == Some(smallest.size) { other.size } else { smallest.size })
    }

    /// Whether the rest of the budget, spent on the sizes near the top, would leave twice the tolerance in doubt.
    fn hopeless(&self, picture: &Picture, left: u32) -> bool {
        let noise = picture.means.noise.unwrap_or(0.0);
        let close = picture.means.means.iter().filter(|mean| {
            picture.loss(mean) < picture.tolerance + 2.0 * (mean.variance + picture.best.variance).sqrt()
        });
        let (sizes, repeats) =
            close.fold((0, 0), |(sizes, repeats), mean| (sizes + 1, repeats + mean.repeats));
        let each = f64::from(left + repeats) / f64::from(sizes.max(1));
        picture.means.degrees >= 4.0 && SURE_INSIDE * noise * (2.0 / each).sqrt() > 2.0 * picture.tolerance
    }

    /// Of two sizes that are compared the one with fewer repeats.
    fn weaker(&self, picture: &Picture, mean: &Mean, against: u32) -> u32 {
        let other = picture.mean(against).map_or(u32::MAX, |other| other.repeats);
        if mean.repeats <= other { mean.size } else { against }
    }
}
