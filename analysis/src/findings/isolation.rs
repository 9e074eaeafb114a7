//! Wrong answers, and transactions that ran into each other.

use poollab_model::{ErrorKind, Finding, FindingKind};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context.sections.iter().flat_map(|section| [wrong_answers(section), overlap(section)]).flatten().collect()
}

fn wrong_answers(section: &Section) -> Option<Finding> {
    let hit: Vec<&Group> =
        section.groups.iter().filter(|group| group.count_of(ErrorKind::WrongAnswer) > 0).collect();
    let count: u64 = hit.iter().map(|group| group.count_of(ErrorKind::WrongAnswer)).sum();
    (count > 0).then(|| {
        Draft::problem(FindingKind::Isolation)
            .section(section)
            .groups(hit.iter().copied())
            .figure("count", count)
            .say(format!(
                "{} answered {} with status 200 and wrong data: another request's, or data that had been lost. Don't use \
                 a strategy for this work that gives wrong answers, however fast it is.",
                names(&hit),
                figures::plural(count, "request", "requests"),
            ))
    })
}

/// One connection for all, seen idle in a transaction, while several requests held it at once.
fn overlap(section: &Section) -> Option<Finding> {
    let hit: Vec<(&Group, f64)> =
        section.groups.iter().filter_map(|group| Some((group, group.overlapping_transactions()?))).collect();
    let (first, holders) = hit.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let groups: Vec<&Group> = hit.iter().map(|(group, _)| *group).collect();
    let finding = Draft::problem(FindingKind::Isolation)
        .section(section)
        .groups(groups.iter().copied())
        .figure("requests_on_one_connection", holders)
        .figure("goodput_rps", first.goodput.mean)
        .say(format!(
            "{}: on average {} requests had the one connection at the same time, and it was seen idle in a transaction. \
             Their BEGIN and COMMIT run into each other: one's COMMIT ends another's transaction, one's error rolls \
             another's writes back. Its {}/s are no achievement. Give each transaction a connection of its own, from a \
             pool.",
            names(&groups),
            figures::rate(holders),
            figures::rate(first.goodput.mean),
        ));
    Some(finding)
}
