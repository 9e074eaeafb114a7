//! What the trials say, and what to doubt: one file for each family, one explicit list of them.
//!
//! A family looks at the whole run and returns what it found, with the figures that it rests on. It
//! reasons with [`Acquisition`](poollab_model::Acquisition) and figures, never with a strategy's name.

pub(crate) mod busy_machine;
mod ceiling_share;
mod clean;
mod debug_build;
mod draft;
mod drivers;
mod failure_texts;
mod failures;
mod generator_bound;
mod hold_effect;
mod isolation;
mod limits;
mod memory;
mod no_difference;
mod pool_exceeds_slots;
mod ranking;
mod shortfall;
mod throttled;
mod time_spent;
mod too_short;
mod unobserved;

use poollab_model::{Environment, Finding, Plan, RunInfo, TrialRecord};

use crate::compare::{Group, Section, compare};
use draft::Draft;

/// What a family may look at.
pub(crate) struct Context<'a> {
    run: &'a RunInfo,
    plan: &'a Plan,
    environment: &'a Environment,
    trials: &'a [TrialRecord],
    sections: Vec<Section>,
}

type Family = fn(&Context<'_>) -> Vec<Finding>;

/// The families, in the order in which their findings are told among equals.
const FAMILIES: &[Family] = &[
    debug_build::find,
    clean::find,
    failures::find,
    isolation::find,
    memory::find,
    shortfall::find,
    limits::find,
    generator_bound::find,
    busy_machine::find,
    throttled::find,
    too_short::find,
    pool_exceeds_slots::find,
    unobserved::find,
    drivers::find,
    ranking::find,
    no_difference::find,
    hold_effect::find,
    time_spent::find,
    ceiling_share::find,
];

/// Concludes from a run. Problems come first, then doubts, then conclusions.
pub fn findings(
    run: &RunInfo,
    plan: &Plan,
    environment: &Environment,
    trials: &[TrialRecord],
) -> Vec<Finding> {
    let sections = compare(trials, run.ceiling.as_ref());
    let context = Context { run, plan, environment, trials, sections };
    let mut found: Vec<Finding> = FAMILIES.iter().flat_map(|family| family(&context)).collect();
    found.sort_by_key(|finding| finding.severity);
    found
}

impl Context<'_> {
    /// Slots that ordinary roles can use while the observer holds one, as the database reported them.
    fn free_slots(&self, group: &Group) -> u32 {
        let seen =
            self.trials.iter().find(|trial| group.trials.contains(&trial.id) && trial.database.slots > 0);
        seen.map_or(self.plan.limits.free_slots(), |trial| {
            trial.database.slots.saturating_sub(trial.database.reserved + 1)
        })
    }
}

/// Labels of groups as a list in words.
fn names(groups: &[&Group]) -> String {
    crate::figures::list(&groups.iter().map(|group| group.label.as_str()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
