//! What the rounds of a live search say about each size, and which one that recommends.

use super::picture::Picture;
use super::rounds::{Rounds, Standing};
use super::{Figure, Question};

/// How sure an objective must be met or missed, as a multiple of the standard error: 95% on either side.
const SURE: f64 = 1.96;

/// Percentiles of short measurements vary by this much at least (relative standard deviation).
const LEAST_SPREAD: f64 = 0.05;

/// Fewer measurements than this make no objective certain.
pub(super) const LEAST_REPEATS: u32 = 3;

/// The judgement of all rounds so far.
#[derive(Debug, Clone)]
pub(super) struct Judgement {
    pub picture: Picture,
    /// By size, ascending; as many as the picture has.
    pub sizes: Vec<Judged>,
    /// The size to take, if one does the job.
    pub recommended: Option<Judged>,
}

/// One size, judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub size: u32,
    pub repeats: u32,
    pub standing: Standing,
    /// A request succeeded there.
    pub works: bool,
    /// And it fails no more often than others.
    pub reliable: bool,
    pub objective: Objective,
}

/// How a size stands with the objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Objective {
    /// By what was measured it is met.
    pub met: bool,
    /// More measurements would hardly say otherwise.
    pub sure: bool,
}

impl Judged {
    /// Whether it may be the answer, as far as is known.
    fn eligible(&self, question: &Question) -> bool {
        // Under a closed load an objective says all: with the users given, latency is goodput (Little's law). Of an
        // open one the offered rate has to be carried as well.
        let carries = !self.standing.outside || (question.slo.is_some() && question.offered.is_none());
        self.reliable && carries && self.objective.met
    }

    /// Whether more measurements could make it the answer in place of a larger one.
    pub fn open(&self, question: &Question) -> bool {
        let may_meet = self.objective.met || !self.objective.sure;
        let may_carry = !self.standing.outside || (question.slo.is_some() && question.offered.is_none());
        self.reliable && may_carry && may_meet
    }
}

impl Judgement {
    /// Judges the rounds; `None` before the first measurement.
    pub fn new(rounds: &Rounds, question: &Question) -> Option<Self> {
        let means = rounds.means();
        let standings = rounds.standings(&means, question.tolerance());
        let picture = Picture::new(means, question)?;
        let sizes: Vec<Judged> = picture
            .means
            .means
            .iter()
            .zip(standings)
            .map(|(mean, standing)| Judged {
                size: mean.size,
                repeats: mean.repeats,
                standing,
                works: mean.goodput > 0.0,
                reliable: picture.reliable(mean) && mean.goodput > 0.0,
                objective: Objective {
                    met: picture.objective(mean, question).met(),
                    sure: sure(rounds, mean.size, question),
                },
            })
            .collect();
        let recommended = recommended(&sizes, question);
        Some(Self { picture, sizes, recommended })
    }

    /// The judgement of a size.
    pub fn of(&self, size: u32) -> Option<&Judged> {
        self.sizes.iter().find(|judged| judged.size == size)
    }

    /// Whether the recommendation would not change any more.
    pub fn settled(&self, question: &Question) -> bool {
        let Some(one) = self.recommended else { return false };
        let sure = match question.slo {
            Some(_) => one.objective.sure && one.repeats >= LEAST_REPEATS,
            None => one.standing.at_most <= question.tolerance(),
        };
        sure && !self.sizes.iter().any(|other| other.size < one.size && other.open(question))
    }
}

/// With an objective the smallest size that meets it. Without one the smallest whose loss is, with high confidence, within the
/// tolerance; where none is, the smallest that promises nearly as much as any: its bound is at most the tolerance above
/// the least bound.
fn recommended(sizes: &[Judged], question: &Question) -> Option<Judged> {
    let eligible = || sizes.iter().filter(|judged| judged.eligible(question));
    if question.slo.is_some() {
        return eligible().next().copied();
    }
    if eligible().next().is_none() {
        // The size that fails least gives up too much goodput: then goodput decides among all that work.
        let working = sizes.iter().filter(|judged| judged.works);
        return working.min_by(|a, b| a.standing.at_most.total_cmp(&b.standing.at_most)).copied();
    }
    let least = eligible().map(|judged| judged.standing.at_most).fold(f64::INFINITY, f64::min);
    let tolerance = question.tolerance();
    let enough = if least <= tolerance { tolerance } else { least + tolerance };
    eligible().find(|judged| judged.standing.at_most <= enough).copied()
}

/// Whether each condition is met or missed by more than its measurements vary.
fn sure(rounds: &Rounds, size: u32, question: &Question) -> bool {
    question.slo.iter().flat_map(|slo| &slo.conditions).all(|condition| {
        let of = |seen: &super::Observation| condition.figure.of(&seen.latency, seen.failed_share);
        let values: Vec<f64> =
            rounds.observations().filter(|seen| seen.size == size).filter_map(of).collect();
        let count = values.len() as f64;
        if condition.figure == Figure::ErrorRate || values.len() < LEAST_REPEATS as usize {
            return values.len() >= LEAST_REPEATS as usize;
        }
        let logs: Vec<f64> = values.iter().map(|value| (value.max(1e-6) / condition.limit).ln()).collect();
        let mean = logs.iter().sum::<f64>() / count;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        let spread = (squares / (count - 1.0)).sqrt().max(LEAST_SPREAD);
        mean.abs() > SURE * spread / count.sqrt()
    })
}
