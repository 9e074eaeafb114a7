//! The search itself: what to measure next, and when to stop.

use std::collections::BTreeSet;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::evidence::{Evidence, Mean};
use super::noise::ENOUGH_REPEATS;
use super::picture::Picture;
use super::{Answer, Observation, Question, QuestionError, Source, explore, verify, wording};

/// Noise of a record that counts, as a share of the tolerance.
const VISIBLE: f64 = 0.1;

/// How often the recommended size is measured again before its verification counts as failed.
const SECOND_CHANCES: usize = 2;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Measure this size and [`observe`](Search::observe) it.
    Measure {
        /// The pool size.
        size: u32,
        /// Which measurement of this size, from 1.
        repeat: u32,
    },
    /// Measure this size as part of the verification: the search does not use it to choose.
    Verify {
        /// The pool size.
        size: u32,
        /// What it is in the verification.
        role: Role,
    },
    /// The search has ended.
    Done(Box<Answer>),
}

/// What a size is in a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The recommended size.
    Recommended,
    /// The next smaller measured one.
    Smaller,
    /// The next larger measured one.
    Larger,
}

/// Why an observation is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObserveError {
    /// Nothing was asked.
    #[error(
        "an observation of pool size {0} came unasked: call next() first, and observe once for each measurement"
    )]
    Unasked(u32),
    /// Something else was asked.
    #[error("pool size {asked} was asked for, and {got} was observed: observe what was asked")]
    OtherSize {
        /// The size asked for.
        asked: u32,
        /// The size observed.
        got: u32,
    },
    /// A figure that is none.
    #[error(
        "the goodput {0} of pool size {1} is not a figure of 0 or more; a failed measurement has a goodput of 0"
    )]
    Goodput(f64, u32),
}

/// A search for the smallest pool that does the job.
#[derive(Debug, Clone)]
pub struct Search {
    pub(super) question: Question,
    pub(super) evidence: Evidence,
    pub(super) refuted: BTreeSet<u32>,
    pub(super) asked: Vec<u32>,
    ladder: Vec<u32>,
    left: u32,
    pending: Option<Step>,
    verifying: Vec<(Role, u32)>,
    verified: Vec<(Role, Observation)>,
}

impl Search {
    /// Starts a search, or says all that is wrong with the question.
    pub fn new(question: Question) -> Result<Self, Vec<QuestionError>> {
        let problems = question.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut ladder = explore::ladder(&question.sizes);
        if question.source == Source::Live {
            // In order of size, a drifting machine would tilt the curve.
            ladder.shuffle(&mut StdRng::seed_from_u64(question.seed));
        }
        ladder.reverse();
        Ok(Self {
            left: question.budget.measurements,
            question,
            evidence: Evidence::default(),
            refuted: BTreeSet::new(),
            asked: Vec::new(),
            ladder,
            pending: None,
            verifying: Vec::new(),
            verified: Vec::new(),
        })
    }

    /// What to do next. Asking again without an observation gives the same step.
    #[expect(clippy::should_implement_trait, reason = "it has no end of its own kind: the last step repeats")]
    pub fn next(&mut self) -> Step {
        if let Some(step) = &self.pending {
            return step.clone();
        }
        let step = self.decide();
        self.pending = Some(step.clone());
        step
    }

    /// Measurements that the budget still allows.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Shortens the rest of the budget to so many measurements: for a caller whose measurements take longer
    /// than planned. The budget never grows.
    pub fn shorten_to(&mut self, measurements: u32) {
        self.left = self.left.min(measurements);
    }

    /// Tells what the step that was asked for has shown.
    pub fn observe(&mut self, observation: Observation) -> Result<(), ObserveError> {
        let got = observation.size;
        let (asked, role) = match &self.pending {
            Some(Step::Measure { size, .. }) => (*size, None),
            Some(Step::Verify { size, role }) => (*size, Some(*role)),
            Some(Step::Done(_)) | None => return Err(ObserveError::Unasked(got)),
        };
        if asked != got {
            return Err(ObserveError::OtherSize { asked, got });
        }
        if !observation.goodput.is_finite() || observation.goodput < 0.0 {
            return Err(ObserveError::Goodput(observation.goodput, got));
        }
        self.pending = None;
        self.asked.push(asked);
        self.left = self.left.saturating_sub(1);
        match role {
            None => self.evidence.add(observation),
            Some(role) => {
                self.evidence.skip();
                self.verified.push((role, observation));
            }
        }
        Ok(())
    }

    fn decide(&mut self) -> Step {
        loop {
            if let Some((role, size)) = self.verifying.pop() {
                if self.left > 0 {
                    return Step::Verify { size, role };
                }
                self.verifying.clear();
            }
            let picture = Picture::new(&self.evidence, &self.question);
            if !self.verified.is_empty() {
                let Some(picture) = &picture else { return self.give_up() };
                // Its repeats say how noisy measurements are, too.
                if self.with_verified().is_some_and(|picture| picture.pure_noise().is_some()) {
                    self.absorb();
                    continue;
                }
                let verification = verify::judge(picture, &self.question, &self.verified);
                if verification.as_ref().is_some_and(|verification| verification.holds) {
                    return Step::Done(Box::new(wording::answer(self, picture, verification)));
                }
                let checked = self.verified.iter().filter(|(role, _)| *role == Role::Recommended).count();
                if checked < SECOND_CHANCES && self.left > 0 {
                    // One measurement may have had bad luck; its neighbours get the same second chance.
                    self.verifying =
                        self.verified.iter().rev().map(|(role, seen)| (*role, seen.size)).collect();
                    continue;
                }
                self.refute();
                continue;
            }
            let reserved = self.reserved(picture.as_ref());
            if self.left > reserved
                && let Some(size) = self.explore(picture.as_ref(), reserved)
            {
                return self.measure(size);
            }
            let Some(picture) = picture else { return self.give_up() };
            if !self.plan_verification(&picture) {
                return Step::Done(Box::new(wording::answer(self, &picture, None)));
            }
        }
    }

    fn measure(&self, size: u32) -> Step {
        let before = self.evidence.observations().filter(|observation| observation.size == size).count();
        Step::Measure { size, repeat: before as u32 + 1 }
    }

    /// The next measurement of the search, or `None` when another one could not change the answer.
    fn explore(&mut self, picture: Option<&Picture>, reserved: u32) -> Option<u32> {
        if let Some(size) = self.ladder.pop() {
            return Some(size);
        }
        let picture = picture?;
        if !self.evidence.any_success() {
            return None;
        }
        let live = self.question.source == Source::Live;
        let candidate = picture.candidate(&self.question, &self.refuted);
        let noise = if live { picture.means.noise.unwrap_or(0.0) } else { picture.jitter };
        let sizes = &self.question.sizes;
        if let Some(size) = explore::gap(picture, sizes, noise) {
            return Some(size);
        }
        // Without a few repeats the noise is only believed, and refining would follow it.
        let enough = if picture.odd() { 2.0 * ENOUGH_REPEATS } else { ENOUGH_REPEATS };
        if live && picture.flat {
            return self.repeat_level(picture, self.left - reserved);
        }
        if live && (picture.means.degrees < enough || picture.lucky()) {
            let wanted = [candidate, picture.mean(picture.best.size), picture.below(picture.best.size)];
            return wanted.into_iter().flatten().min_by_key(|mean| mean.repeats).map(|mean| mean.size);
        }
        if let Some(size) = explore::refine(picture, sizes, candidate.map(|candidate| candidate.size), noise)
        {
            return Some(size);
        }
        if candidate.is_none()
            && let Some(size) = self.beside_nearest(picture)
        {
            return Some(size);
        }
        if live {
            self.repeat(picture, candidate, self.left - reserved)
        } else {
            self.look_around(picture, candidate)
        }
    }

    /// In a record that is not smooth, the rest of the budget goes to sizes that may be better than they should:
    /// a record can't be asked twice, but its neighbours can.
    fn look_around(&self, picture: &Picture, candidate: Option<&Mean>) -> Option<u32> {
        let sizes = &self.question.sizes;
        let (first, last) = (sizes.first()?, sizes.last()?);
        if picture.odd() {
            return explore::widest(picture, sizes, *first, *last);
        }
        let noise = picture.means.noise.unwrap_or(picture.jitter);
        let plateau = picture.plateau(candidate?.size)?;
        let low = picture.below(plateau.low).map_or(plateau.low, |below| below.size);
        let high = picture.above(plateau.high).map_or(plateau.high, |above| above.size);
        // Before a few sizes near the top were seen, it is not known whether the record is smooth.
        let visible = noise > VISIBLE * picture.tolerance || picture.smoothness_unknown();
        let settled = picture.flat && picture.means.noise.is_some();
        if visible && !settled { explore::widest(picture, sizes, low, high) } else { None }
    }

    /// Where no size of the plateau meets the objective: the plateau beside the one that comes nearest.
    fn beside_nearest(&self, picture: &Picture) -> Option<u32> {
        let inside = picture.means.means.iter().filter(|mean| picture.within(mean));
        let ratio = |mean: &Mean| picture.objective(mean, &self.question).ratio;
        let nearest = inside.min_by(|a, b| ratio(a).total_cmp(&ratio(b)))?;
        let coarse = |low: u32, high: u32| f64::from(high) / f64::from(low) > 1.25;
        let above = picture.above(nearest.size).filter(|above| coarse(nearest.size, above.size));
        let below = picture.below(nearest.size).filter(|below| coarse(below.size, nearest.size));
        above
            .and_then(|above| explore::between(&self.question.sizes, nearest.size, above.size))
            .or_else(|| explore::between(&self.question.sizes, below?.size, nearest.size))
    }

    /// Measurements kept back for the verification.
    fn reserved(&self, picture: Option<&Picture>) -> u32 {
        if self.question.source == Source::Recorded {
            return 0;
        }
        let candidate = picture.and_then(|picture| picture.candidate(&self.question, &self.refuted));
        match (picture, candidate) {
            (Some(picture), Some(candidate)) => {
                1 + u32::from(picture.below(candidate.size).is_some())
                    + u32::from(picture.above(candidate.size).is_some())
            }
            _ => (self.question.sizes.len() as u32).min(3),
        }
        // A budget that hardly compares must not be eaten up by the verification.
        .min(self.question.budget.measurements / 2)
    }

    /// Plans the verification of the candidate; `false` when there is none, or nothing to verify it with.
    fn plan_verification(&mut self, picture: &Picture) -> bool {
        if self.question.source == Source::Recorded || self.left == 0 || picture.pure_noise().is_some() {
            return false;
        }
        let Some(candidate) = picture.candidate(&self.question, &self.refuted) else { return false };
        let size = candidate.size;
        // Taken from the end: the recommended one first, in case that the budget ends in between.
        self.verifying = [
            picture.above(size).map(|mean| (Role::Larger, mean.size)),
            picture.below(size).map(|mean| (Role::Smaller, mean.size)),
            Some((Role::Recommended, size)),
        ]
        .into_iter()
        .flatten()
        .collect();
        true
    }

    /// The size did not hold: it is out, and its measurements become evidence.
    fn refute(&mut self) {
        let role = |wanted: Role| self.verified.iter().find(|(role, _)| *role == wanted);
        if let Some((_, observation)) = role(Role::Recommended) {
            self.refuted.insert(observation.size);
        }
        self.absorb();
    }

    /// What the evidence would be with the verification as a part of it.
    pub(super) fn with_verified(&self) -> Option<Picture> {
        let mut evidence = self.evidence.clone();
        for (_, observation) in &self.verified {
            evidence.add(*observation);
        }
        Picture::new(&evidence, &self.question)
    }

    /// The verification becomes evidence.
    fn absorb(&mut self) {
        self.verifying.clear();
        for (_, observation) in std::mem::take(&mut self.verified) {
            self.evidence.add(observation);
        }
    }

    fn give_up(&self) -> Step {
        Step::Done(Box::new(wording::nothing_measured(self)))
    }
}
