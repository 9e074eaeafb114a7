//! The search itself: what to measure next, and when to stop.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::evidence::{Mean, of_record};
use super::picture::Picture;
use super::rounds::Rounds;
use super::{Answer, Observation, Question, QuestionError, Source, explore, wording};

/// Noise of a record that counts, as a share of the tolerance.
const VISIBLE: f64 = 0.1;

/// Rungs of the first ladder through a record lie this far apart; gaps that matter are closed afterwards.
const LADDER: f64 = 4.0;

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
    /// The search has ended.
    Done(Box<Answer>),
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
#[derive(Debug)]
pub struct Search {
    pub(super) question: Question,
    /// What a live search has measured.
    pub(super) rounds: Rounds,
    /// What was asked of a record, each size once.
    pub(super) record: Vec<Observation>,
    pub(super) asked: Vec<u32>,
    pub(super) left: u32,
    pub(super) dice: StdRng,
    /// Of a live search the rest of the round, of a record the rest of the first ladder; the next one last.
    queue: Vec<u32>,
    pending: Option<Step>,
}

impl Search {
    /// Starts a search, or says all that is wrong with the question.
    pub fn new(question: Question) -> Result<Self, Vec<QuestionError>> {
        let problems = question.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut queue = match question.source {
            Source::Recorded => explore::ladder(&question.sizes, LADDER),
            Source::Live => Vec::new(),
        };
        queue.reverse();
        Ok(Self {
            left: question.budget.measurements,
            dice: StdRng::seed_from_u64(question.seed),
            question,
            rounds: Rounds::default(),
            record: Vec::new(),
            asked: Vec::new(),
            queue,
            pending: None,
        })
    }

    /// What to do next. Asking again without an observation gives the same step.
    #[expect(clippy::should_implement_trait, reason = "it has no end of its own kind: the last step repeats")]
    pub fn next(&mut self) -> Step {
        if let Some(step) = &self.pending {
            return step.clone();
        }
        let step = match self.question.source {
            Source::Live => self.next_live(),
            Source::Recorded => self.next_recorded(),
        };
        self.pending = Some(step.clone());
        step
    }

    /// Measurements that the budget still allows.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Sets the rest of the budget: for a caller that has a time instead of a number, and learns how long a
    /// measurement takes.
    pub fn afford(&mut self, measurements: u32) {
        self.left = measurements;
    }

    /// Tells what the step that was asked for has shown.
    pub fn observe(&mut self, observation: Observation) -> Result<(), ObserveError> {
        let got = observation.size;
        let asked = match &self.pending {
            Some(Step::Measure { size, .. }) => *size,
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
        match self.question.source {
            Source::Live => self.rounds.add(observation),
            Source::Recorded => self.record.push(observation),
        }
        Ok(())
    }

    fn next_live(&mut self) -> Step {
        if self.left > 0 {
            if self.queue.is_empty() {
                self.queue = self.plan_round();
                if !self.queue.is_empty() {
                    self.rounds.begin();
                }
            }
            if let Some(size) = self.queue.pop() {
                return Step::Measure { size, repeat: self.rounds.repeats(size) + 1 };
            }
        }
        Step::Done(Box::new(wording::live(self)))
    }

    fn next_recorded(&mut self) -> Step {
        let picture = Picture::new(of_record(&self.record), &self.question);
        if self.left > 0
            && let Some(size) = self.explore(picture.as_ref())
        {
            return Step::Measure { size, repeat: 1 };
        }
        Step::Done(Box::new(wording::recorded(self, picture.as_ref())))
    }

    /// The next row to look at, or `None` when another one could not change the answer.
    fn explore(&mut self, picture: Option<&Picture>) -> Option<u32> {
        if let Some(size) = self.queue.pop() {
            return Some(size);
        }
        let picture = picture?;
        if !self.record.iter().any(|seen| seen.goodput > 0.0) {
            return None;
        }
        let sizes = &self.question.sizes;
        let candidate = picture.candidate(&self.question);
        explore::gap(picture, sizes, picture.jitter)
            .or_else(|| explore::peak(picture, sizes, picture.jitter))
            .or_else(|| explore::edge(picture, sizes, candidate?.size))
            .or_else(|| if candidate.is_none() { self.beside_nearest(picture) } else { None })
            .or_else(|| self.look_around(picture, candidate))
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

    /// Where no size does the job: the middle between the one that comes nearest to the objective and its neighbours.
    pub(super) fn beside_nearest(&self, picture: &Picture) -> Option<u32> {
        self.question.slo.as_ref()?;
        let ratio = |mean: &Mean| picture.objective(mean, &self.question).ratio;
        let nearest = picture.means.means.iter().min_by(|a, b| ratio(a).total_cmp(&ratio(b)))?;
        let coarse = |low: u32, high: u32| f64::from(high) / f64::from(low) > 1.25;
        let above = picture.above(nearest.size).filter(|above| coarse(nearest.size, above.size));
        let below = picture.below(nearest.size).filter(|below| coarse(below.size, nearest.size));
        above
            .and_then(|above| explore::between(&self.question.sizes, nearest.size, above.size))
            .or_else(|| explore::between(&self.question.sizes, below?.size, nearest.size))
    }
}
