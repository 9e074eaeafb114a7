//! The CPU limit affected the figures.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

/// Share of scheduling periods from which on latency shows the limit's steps.
const VISIBLE: f64 = 0.1;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context.sections.iter().filter_map(|section| of_section(context, section)).collect()
}

fn of_section(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let hit: Vec<(&Group, f64)> = section
        .groups
        .iter()
        .filter_map(|group| Some((group, group.watched.throttled_share?)))
        .filter(|(_, share)| *share >= VISIBLE)
        .collect();
    let highest = hit.iter().map(|(_, share)| *share).max_by(f64::total_cmp)?;
    let lowest = hit.iter().map(|(_, share)| *share).min_by(f64::total_cmp)?;
    let groups: Vec<&Group> = hit.iter().map(|(group, _)| *group).collect();
    let who = if groups.len() == section.groups.len() { "all strategies".to_owned() } else { names(&groups) };
    let share = if figures::percent(lowest) == figures::percent(highest) {
        figures::percent(highest)
    } else {
        format!("{}–{}", figures::percent(lowest).trim_end_matches('%'), figures::percent(highest))
    };
    let limit = context.environment.limits.cpus.map_or(String::new(), |cpus| format!(" (limit: {cpus} CPU)"));
    let finding = Draft::doubt(FindingKind::Throttled)
        .section(section)
        .groups(groups.iter().copied())
        .figure("lowest_share", lowest)
        .figure("highest_share", highest)
        .say(format!(
            "Postgres was CPU-throttled{limit} in {share} of scheduling periods ({who}). High percentiles show the pauses of \
             that limit, not the strategies. Goodput shows how well each strategy uses the available CPU."
        ));
    Some(finding)
}
