//! Too few requests, too short a trial, too few repeats.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

/// A 99th percentile of fewer successes rests on less than ten of them.
const ENOUGH_FOR_P99: u64 = 1_000;

/// Scheduling periods of a CPU limit are 100 ms long: fewer than ten of them are a matter of luck.
const ENOUGH_SECONDS: f64 = 1.0;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let few = context.sections.iter().filter_map(few_successes);
    few.chain(short(context)).chain(once(context)).collect()
}

fn few_successes(section: &Section) -> Option<Finding> {
    let hit: Vec<&Group> = section
        .groups
        .iter()
        .filter(|group| group.requests.ok > 0 && group.requests.ok < ENOUGH_FOR_P99)
        .collect();
    let fewest = hit.iter().map(|group| group.requests.ok).min()?;
    let finding = Draft::doubt(FindingKind::TooShort)
        .section(section)
        .groups(hit.iter().copied())
        .figure("fewest_successes", fewest)
        .say(format!(
            "{} had only about {}, too few for a reliable p99 ({} or more are needed). Raise --duration if p99 matters.",
            names(&hit),
            figures::plural(fewest, "successful request", "successful requests"),
            figures::whole(ENOUGH_FOR_P99),
        ));
    Some(finding)
}

fn short(context: &Context<'_>) -> Option<Finding> {
    let trials: Vec<_> = context.trials.iter().filter(|trial| trial.measured_s < ENOUGH_SECONDS).collect();
    let shortest = trials.iter().map(|trial| trial.measured_s).min_by(f64::total_cmp)?;
    let finding = Draft::doubt(FindingKind::TooShort)
        .trials(trials.iter().map(|trial| trial.id.clone()))
        .figure("measured_s", shortest)
        .say(format!(
            "{} measured for less than a second (shortest: {}). Single pauses weigh too much in that time. Raise \
             --duration.",
            figures::plural(trials.len() as u64, "trial was", "trials were"),
            figures::time(shortest.max(0.0) * 1e6),
        ));
    Some(finding)
}

fn once(context: &Context<'_>) -> Option<Finding> {
    let groups = context.sections.iter().flat_map(|section| &section.groups);
    let single: Vec<&Group> = groups.filter(|group| group.goodput.repeats() == 1).collect();
    let comparable = context.sections.iter().any(|section| section.groups.len() > 1);
    (comparable && !single.is_empty()).then(|| {
        let all = context.sections.iter().map(|section| section.groups.len()).sum::<usize>() == single.len();
        let who = if all { "Each trial".to_owned() } else { format!("{} of the rows", single.len()) };
        Draft::doubt(FindingKind::TooShort)
            .groups(single.iter().copied())
            .figure("repeats", 1)
            .say(format!("{who} ran once: not enough data to rank. Use --repeats 3 or more."))
    })
}
