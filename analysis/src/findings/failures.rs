//! Which requests failed, and why.

use poollab_model::{ErrorKind, ErrorRecord, Finding, FindingKind};

use super::failure_texts::{Failure, advice};
use super::{Context, Draft};
use crate::compare::{Group, Section};
use crate::figures;

/// What tells one family of failures from another: its kind, and the kind of what lay beneath.
type Key = (ErrorKind, Option<ErrorKind>);

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context.sections.iter().flat_map(|section| of_section(context, section)).collect()
}

fn of_section(context: &Context<'_>, section: &Section) -> Vec<Finding> {
    let mut keys: Vec<(Key, u64)> = Vec::new();
    for error in section.groups.iter().flat_map(|group| &group.errors) {
        // Arrivals that were never sent are the load's shortfall; wrong answers are isolation's.
        if matches!(error.kind, ErrorKind::Dropped | ErrorKind::WrongAnswer) || error.count == 0 {
            continue;
        }
        match keys.iter_mut().find(|(key, _)| *key == key_of(error)) {
            Some((_, count)) => *count += error.count,
            None => keys.push((key_of(error), error.count)),
        }
    }
    keys.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    keys.into_iter().filter_map(|(key, count)| say(context, section, key, count)).collect()
}

fn say(context: &Context<'_>, section: &Section, key: Key, count: u64) -> Option<Finding> {
    let hit: Vec<&Group> =
        section.groups.iter().filter(|group| group.errors.iter().any(|e| key_of(e) == key)).collect();
    let worst = hit.iter().max_by_key(|group| own(group, key))?;
    let example = worst.errors.iter().find(|error| key_of(error) == key)?;
    let failure = Failure {
        error: example,
        hit: &hit,
        section,
        free_slots: context.free_slots(worst),
        request_timeout: context.plan.request_timeout,
    };
    let who: Vec<String> = hit
        .iter()
        .map(|group| {
            format!(
                "{} {} of {}",
                group.label,
                figures::whole(own(group, key)),
                figures::plural(group.requests.total, "request", "requests")
            )
        })
        .collect();
    let draft = match key.0 {
        ErrorKind::Unsupported => Draft::note(FindingKind::Failures),
        _ => Draft::problem(FindingKind::Failures),
    };
    let state = example.cause.as_ref().map_or(&example.sqlstate, |cause| &cause.sqlstate);
    let finding = draft
        .section(section)
        .groups(hit.iter().copied())
        .figure("kind", key.0.as_str())
        .figure("cause", key.1.map(ErrorKind::as_str))
        .figure("sqlstate", state.as_deref())
        .figure("message", example.message.as_str())
        .figure("count", count)
        .say(format!("{} ({}): {}", key.0, figures::list(&who), advice(&failure)));
    Some(finding)
}

fn key_of(error: &ErrorRecord) -> Key {
    (error.kind, error.cause.as_ref().map(|cause| cause.kind))
}

fn own(group: &Group, key: Key) -> u64 {
    group.errors.iter().filter(|error| key_of(error) == key).map(|error| error.count).sum()
}
