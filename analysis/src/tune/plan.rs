//! The next round of a live search: which sizes still matter.

use rand::seq::SliceRandom as _;

use super::judge::{Judgement, LEAST_REPEATS};
use super::{Search, explore};

/// Rungs of the first round lie this far apart: the next size is twice as large.
const OCTAVE: f64 = 2.0;

/// A smaller size that is still too close to the plateau after so many rounds, when the recommended one is
/// certain, is left out of it.
const MOST_ROUNDS: u32 = 40;

/// A new size is worth its measurements when so many rounds with it are left.
const WORTHWHILE: u32 = 4;

/// Rounds without a single success, after which there is nothing to search for.
const HOPELESS: u32 = 2;

impl Search {
    /// Sizes of the next round, or none when another round could not change the answer or can't be paid for.
    pub(super) fn plan_round(&mut self) -> Vec<u32> {
        let mut sizes = self.members();
        let fewest = self.question.sizes.len().min(2);
        sizes.truncate(self.left as usize);
        if sizes.len() < fewest {
            return Vec::new();
        }
        // In order of size, a machine that drifts within a round would tilt the curve.
        sizes.shuffle(&mut self.dice);
        sizes
    }

    /// The sizes that matter, the most important ones first: what is left of the budget may be too little for all.
    fn members(&self) -> Vec<u32> {
        if self.rounds.count() == 0 {
            // Half of a small budget is for telling the sizes apart.
            let most = (self.left / 2).max(2) as usize;
            let mut ratio = OCTAVE;
            let mut rungs = explore::ladder(&self.question.sizes, ratio);
            while rungs.len() > most && rungs.len() > 2 {
                ratio *= 1.5;
                rungs = explore::ladder(&self.question.sizes, ratio);
            }
            return rungs;
        }
        let Some(judgement) = Judgement::new(&self.rounds, &self.question) else { return Vec::new() };
        if !self.rounds.observations().any(|seen| seen.goodput > 0.0) {
            let all = judgement.sizes.iter().map(|judged| judged.size).collect();
            return if self.rounds.count() < HOPELESS { all } else { Vec::new() };
        }
        let mut members = match &self.question.slo {
            Some(_) => self.for_objective(&judgement),
            None => self.for_goodput(&judgement),
        };
        let enough = |count: usize| self.left >= WORTHWHILE * (count as u32 + 1);
        // One round is one throw of the dice for each size; where the next one lies is not decided by that.
        if self.rounds.count() >= 2
            && enough(members.len())
            && let Some(size) = self.another(&judgement, members.is_empty())
            && !members.contains(&size)
        {
            // A new size is compared with those that stand on both sides of it, and with the best.
            let beside = [judgement.recommended.map(|judged| judged.size), Some(judgement.picture.best.size)];
            members.extend(beside.into_iter().flatten());
            members.push(size);
        }
        let mut once = Vec::new();
        members.retain(|size| {
            let new = !once.contains(size);
            once.push(*size);
            new
        });
        if members.len() == 1 && self.question.sizes.len() > 1 {
            // Alone in a round a size is compared with nothing.
            let beside = judgement.picture.below(members[0]).or(judgement.picture.above(members[0]));
            members.extend(beside.map(|mean| mean.size));
        }
        members
    }

    /// Without an objective: the recommended size, what may be better, and what is smaller and may be as good.
    fn for_goodput(&self, judgement: &Judgement) -> Vec<u32> {
        let tolerance = self.question.tolerance();
        let Some(one) = judgement.recommended else {
            return judgement
                .sizes
                .iter()
                .filter(|judged| !judged.standing.outside)
                .map(|j| j.size)
                .collect();
        };
        if self.question.sizes.len() == 1 {
            return if one.repeats < 2 { vec![one.size] } else { Vec::new() };
        }
        let certain = one.standing.at_most <= tolerance;
        let smaller =
            judgement.sizes.iter().filter(|judged| judged.size < one.size && judged.open(&self.question));
        let smaller: Vec<u32> = smaller
            .filter(|judged| !certain || judged.repeats < MOST_ROUNDS)
            .map(|judged| judged.size)
            .collect();
        if certain && smaller.is_empty() {
            return Vec::new();
        }
        let mut members = vec![one.size];
        if certain {
            // Each smaller one against the size that speaks most against it.
            members.push(judgement.picture.best.size);
            let against = |size: &u32| self.rivals(judgement, *size).first().copied();
            members.extend(smaller.iter().filter_map(against));
        } else {
            members.extend(self.rivals(judgement, one.size));
        }
        members.extend(smaller);
        members
    }

    /// Sizes that may be better than this one by more than the tolerance, the likeliest first.
    fn rivals(&self, judgement: &Judgement, size: u32) -> Vec<u32> {
        let means = &judgement.picture.means;
        let others = judgement.sizes.iter().filter(|other| other.size != size && !other.standing.outside);
        let mut rivals: Vec<(f64, u32)> = others
            .filter_map(|other| Some((self.rounds.lead_at_most(other.size, size, means)?, other.size)))
            .filter(|(lead, _)| *lead > self.question.tolerance())
            .collect();
        rivals.sort_by(|a, b| b.0.total_cmp(&a.0));
        rivals.into_iter().map(|(_, size)| size).collect()
    }

    /// With an objective: the size that meets it, what is smaller and may meet it too, and the size of most goodput.
    fn for_objective(&self, judgement: &Judgement) -> Vec<u32> {
        let open = |judged: &&super::judge::Judged| judged.open(&self.question);
        match judgement.recommended {
            Some(one) => {
                let smaller = judgement.sizes.iter().filter(|judged| judged.size < one.size).filter(open);
                let mut members: Vec<u32> = smaller.map(|judged| judged.size).collect();
                let known = one.objective.sure && one.repeats >= LEAST_REPEATS;
                if !known || !members.is_empty() {
                    members.insert(0, one.size);
                    members.push(judgement.picture.best.size);
                }
                members
            }
            None => {
                // Whatever may still meet it, or where nothing may, nothing.
                judgement.sizes.iter().filter(open).map(|judged| judged.size).collect()
            }
        }
    }

    /// A size between measured ones that could change the answer, as far as the noise allows to tell; where everything
    /// else is settled, also one that only time will tell.
    fn another(&self, judgement: &Judgement, settled: bool) -> Option<u32> {
        let sizes = &self.question.sizes;
        let picture = &judgement.picture;
        let noise = if settled { 0.0 } else { self.resolution(judgement) };
        if let Some(size) = explore::gap(picture, sizes, noise) {
            return Some(size);
        }
        let Some(one) = judgement.recommended else {
            return self.beside_nearest(picture);
        };
        if self.question.slo.is_some() {
            let below = judgement.picture.below(one.size).and_then(|mean| judgement.of(mean.size))?;
            let told = one.repeats >= 2 && below.repeats >= 2 && !below.open(&self.question);
            return if told { explore::edge(picture, sizes, one.size) } else { None };
        }
        if let Some(size) = explore::peak(picture, sizes, noise) {
            return Some(size);
        }
        let below = picture.below(one.size)?;
        let judged = judgement.of(below.size)?;
        // What lies half way loses about half as much; below what the noise resolves it would stay open for ever.
        let resolvable = picture.loss(below) / 2.0 > noise.max(one.standing.at_most / 2.0);
        let ruled_out = !judged.open(&self.question);
        (ruled_out && (resolvable || !judged.reliable))
            .then(|| explore::edge(picture, sizes, one.size))
            .flatten()
    }

    /// The difference (in logarithms) that the rounds so far can tell between two sizes near the top.
    fn resolution(&self, judgement: &Judgement) -> f64 {
        let means = &judgement.picture.means;
        let repeats = judgement.recommended.map_or(self.rounds.count(), |judged| judged.repeats).max(1);
        2.0 * means.noise.unwrap_or(0.0) * (2.0 / f64::from(repeats)).sqrt()
    }
}
