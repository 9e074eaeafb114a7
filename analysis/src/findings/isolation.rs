//! Wrong responses, and transactions that ran into each other.

use poollab_model::{ErrorKind, Finding, FindingKind};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context
        .sections
        .iter()
        .flat_map(|section| [wrong_answers(section), mixed_up(section), overlap(section)])
        .flatten()
        .collect()
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
                "{} answered {} with status 200 and wrong data: another request's data, or data that was lost. Do not use a \
                 strategy that gives wrong answers.",
                names(&hit),
                figures::plural(count, "request", "requests"),
            ))
    })
}

/// Postgres itself said that a BEGIN came inside a transaction, or a COMMIT outside of one.
fn mixed_up(section: &Section) -> Option<Finding> {
    let hit: Vec<(&Group, &str)> =
        section.groups.iter().filter_map(|group| Some((group, group.mixed_up()?))).collect();
    let (_, state) = *hit.first()?;
    let groups: Vec<&Group> = hit.iter().map(|(group, _)| *group).collect();
    let finding = Draft::problem(FindingKind::Isolation)
        .section(section)
        .groups(groups.iter().copied())
        .figure("sqlstate", state)
        .say(format!(
            "{}: Postgres reported SQLSTATE {state}. Requests share one connection, and their transactions run into each \
             other. Ignore its figures: these results are not valid. Give each transaction a connection of its own, from \
             a pool.",
            names(&groups),
        ));
    Some(finding)
}

/// What Postgres itself said needs no arithmetic.
fn unreported(section: &Section) -> impl Iterator<Item = &Group> {
    section.groups.iter().filter(|group| group.mixed_up().is_none())
}

/// One connection for all, and several requests inside a transaction on it at once.
fn overlap(section: &Section) -> Option<Finding> {
    let hit: Vec<(&Group, f64)> =
        unreported(section).filter_map(|group| Some((group, group.overlapping_transactions()?))).collect();
    let (first, holders) = hit.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let groups: Vec<&Group> = hit.iter().map(|(group, _)| *group).collect();
    let finding = Draft::problem(FindingKind::Isolation)
        .section(section)
        .groups(groups.iter().copied())
        .figure("requests_on_one_connection", holders)
        .figure("goodput_rps", first.goodput.mean)
        .say(format!(
            "{}: on average {} requests had a transaction open on the one shared connection at the same time. One \
             request's COMMIT ends another's transaction, and one's error rolls back another's writes. Ignore its {}/s: \
             these results are not valid. Give each transaction a connection of its own, from a pool.",
            names(&groups),
            figures::rate(holders),
            figures::rate(first.goodput.mean),
        ));
    Some(finding)
}
