//! A p99 that differs where goodput does not: what a mean hides from the slowest requests.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft};
use crate::compare::{Group, Section};
use crate::figures;
use crate::stats::Verdict;
use crate::verdict::{longer_tail, p99};

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context.sections.iter().filter_map(one).collect()
}

/// Each group beside the one with the shortest tail among those that are level with it.
fn one(section: &Section) -> Option<Finding> {
    let hit: Vec<(&Group, &Group, f64)> = section
        .ranked()
        .filter_map(|group| {
            let level = section.ranked().filter(|other| {
                other.label != group.label
                    && other.p99.is_some()
                    && section.order(group, other) == Verdict::NoDifference
            });
            let low = level.min_by(|a, b| p99(a).total_cmp(&p99(b)))?;
            Some((group, low, longer_tail(section, group, low)?))
        })
        .collect();
    let (worst, low, ratio) = *hit.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let told: Vec<String> = hit
        .iter()
        .map(|(group, low, ratio)| {
            format!(
                "p99 of {} is {}, {} times that of {} ({}), at level goodput.",
                group.label,
                figures::time(p99(group)),
                figures::times(*ratio),
                low.label,
                figures::time(p99(low))
            )
        })
        .collect();
    let groups = std::iter::once(low).chain(hit.iter().map(|(group, _, _)| *group));
    let finding = Draft::note(FindingKind::Tail)
        .section(section)
        .groups(groups)
        .figure("p99_us", p99(worst))
        .figure("lowest_p99_us", p99(low))
        .figure("ratio", ratio)
        .say(format!("{} Prefer {} if slow requests matter.", told.join(" "), low.label));
    Some(finding)
}
