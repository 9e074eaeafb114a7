//! Requests held their connections for different times, which alone may explain different goodput.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;
use crate::stats::Verdict;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context.sections.iter().filter_map(one).collect()
}

fn one(section: &Section) -> Option<Finding> {
    let best = section.best()?;
    let hit: Vec<&Group> = section
        .ranked()
        .filter(|group| section.holds_apart(best, group).is_some())
        .filter(|group| section.order(best, group) == Verdict::CannotTell)
        .collect();
    let all: Vec<&Group> = std::iter::once(best).chain(hit.iter().copied()).collect();
    let holds = || all.iter().filter_map(|group| group.hold_us);
    let (low, high) = (holds().fold(f64::INFINITY, f64::min), holds().fold(0.0, f64::max));
    (!hit.is_empty()).then(|| {
        Draft::doubt(FindingKind::UnequalHolds)
            .section(section)
            .groups(all.iter().copied())
            .figure("shortest_hold_us", low)
            .figure("longest_hold_us", high)
            .say(format!(
                "Requests held their connections for {} to {} (median). {} and {} are not ranked: the time held differs by \
                 more than 2%, and that alone may explain the difference in goodput.",
                figures::time(low),
                figures::time(high),
                best.label,
                names(&hit),
            ))
    })
}
