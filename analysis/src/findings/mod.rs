//! Conclusions from a run, and reasons to doubt it: one file per family, and one list of families.
//!
//! A family looks at the whole run and returns its findings with their evidence. It reasons with [`Acquisition`](poollab_model::Acquisition) and figures, never with a strategy's name.

mod bound;
pub(crate) mod busy_machine;
mod clean;
mod debug_build;
mod draft;
mod drivers;
mod failure_texts;
mod failures;
mod gap;
mod generator_bound;
mod hold_effect;
mod isolation;
mod limits;
mod memory;
mod no_difference;
mod pool_exceeds_slots;
mod ranking;
mod reference_share;
mod shortfall;
mod tail;
mod throttled;
mod time_spent;
mod too_short;
mod unanswered;
mod unequal_holds;
mod unobserved;

use poollab_model::{Environment, Finding, Plan, RunInfo, TrialRecord};

use crate::compare::{Group, Section};
use draft::Draft;

/// What a family may look at.
pub(crate) struct Context<'a> {
    run: &'a RunInfo,
    plan: &'a Plan,
    environment: &'a Environment,
    trials: &'a [TrialRecord],
    sections: &'a [Section],
    /// Ids of trials that were given more than once.
    repeated: &'a [String],
}

type Family = fn(&Context<'_>) -> Vec<Finding>;

/// The families. Findings of equal severity are listed in this order.
const FAMILIES: &[Family] = &[
    debug_build::find,
    clean::find,
    failures::find,
    unanswered::find,
    gap::find,
    isolation::find,
    memory::find,
    shortfall::find,
    limits::find,
    generator_bound::find,
    bound::find,
    busy_machine::find,
    unequal_holds::find,
    throttled::find,
    too_short::find,
    pool_exceeds_slots::find,
    unobserved::find,
    drivers::find,
    ranking::find,
    tail::find,
    no_difference::find,
    hold_effect::find,
    time_spent::find,
    reference_share::find,
];

/// Concludes from a run. Problems come first, then doubts, then conclusions.
pub(crate) fn findings(
    run: &RunInfo,
    plan: &Plan,
    environment: &Environment,
    trials: &[TrialRecord],
    sections: &[Section],
    repeated: &[String],
) -> Vec<Finding> {
    let context = Context { run, plan, environment, trials, sections, repeated };
    let mut found: Vec<Finding> = FAMILIES.iter().flat_map(|family| family(&context)).collect();
    found.sort_by_key(|finding| finding.severity);
    found
}

impl Context<'_> {
    /// Processes of the service, each with a pool of its own.
    fn processes(&self, group: &Group) -> u32 {
        let ours = self.trials.iter().filter(|trial| group.trials.contains(&trial.id));
        ours.filter_map(|trial| trial.server.processes).max().unwrap_or(1).max(1)
    }

    /// Slots that ordinary roles can use while the observer holds one, as the database reported them.
    fn free_slots(&self, group: &Group) -> u32 {
        let seen =
            self.trials.iter().find(|trial| group.trials.contains(&trial.id) && trial.database.slots > 0);
        seen.map_or(self.plan.limits.free_slots(), |trial| {
            trial.database.slots.saturating_sub(trial.database.reserved + 1)
        })
    }
}

/// The trials of a group.
fn trials_of<'a>(context: &Context<'a>, group: &Group) -> impl Iterator<Item = &'a TrialRecord> {
    context.trials.iter().filter(|trial| group.trials.contains(&trial.id))
}

/// Labels of groups as a list in words.
fn names(groups: &[&Group]) -> String {
    crate::figures::list(&groups.iter().map(|group| group.label.as_str()).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
