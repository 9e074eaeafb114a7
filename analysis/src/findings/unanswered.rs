//! Users without a response, and requests that the end of a trial cut off.

use poollab_model::{Finding, FindingKind, Load, TrialRecord};

use super::{Context, Draft};
use crate::compare::{Group, Section};
use crate::figures;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let of = |section| [starved(context, section), cut_off(context, section), clamped(context, section)];
    context.sections.iter().flat_map(of).flatten().collect()
}

/// Of an open load only the backlog says something: its users wait in turn, and more of them than are needed.
fn starved(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let Load::Closed { users } = section.load else { return None };
    let (group, trial) = worst(context, section, |trial| trial.unfinished.users_without_answer)?;
    let stuck = trial.unfinished.users_without_answer;
    let oldest = trial.unfinished.oldest_us.unwrap_or(0);
    let finding = Draft::problem(FindingKind::Unanswered)
        .section(section)
        .groups([group])
        .figure("users_without_answer", stuck)
        .figure("users", users)
        .figure("oldest_us", oldest)
        .figure("measured_s", trial.measured_s)
        .say(format!(
            "{}: {} of {} got no response while measuring for {}. At the end their oldest request had been in flight for {}. \
             Either these requests hang, or the trial is too short for this workload. Check what they wait for, or raise \
             --duration.",
            group.label,
            figures::whole(stuck),
            figures::plural(u64::from(users), "user", "users"),
            figures::time(trial.measured_s * 1e6),
            figures::time(oldest as f64),
        ));
    Some(finding)
}

/// Requests that were given up with the trial, and had been in flight for longer than any that ended.
fn cut_off(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let hidden = |trial: &TrialRecord| {
        let latency = trial.latency_us;
        let slowest = latency.ok.iter().chain(&latency.failed).map(|figures| figures.max).max().unwrap_or(0);
        let hidden = trial.unfinished.oldest_us.is_none_or(|oldest| oldest > slowest);
        if hidden { trial.unfinished.cut_off } else { 0 }
    };
    let (group, trial) = worst(context, section, hidden)?;
    let count = trial.unfinished.cut_off;
    let age = trial.unfinished.oldest_us.map_or(String::new(), |oldest| {
        format!(
            " The oldest had been in flight for {}, longer than any that ended.",
            figures::time(oldest as f64)
        )
    });
    let finding = Draft::problem(FindingKind::Unanswered)
        .section(section)
        .groups([group])
        .figure("cut_off", count)
        .figure("oldest_us", trial.unfinished.oldest_us)
        .say(format!(
            "{}: the end of the trial cut off {}.{age} They are neither successes nor failures, and no latency includes \
             them.",
            group.label,
            figures::plural(count, "request", "requests"),
        ));
    Some(finding)
}

fn clamped(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let (group, trial) = worst(context, section, |trial| trial.unfinished.clamped)?;
    let count = trial.unfinished.clamped;
    let finding = Draft::problem(FindingKind::Unanswered)
        .section(section)
        .groups([group])
        .figure("clamped", count)
        .say(format!(
            "{}: {} took more than an hour and {} recorded as an hour. The true latency is higher.",
            group.label,
            figures::plural(count, "request", "requests"),
            if count == 1 { "was" } else { "were" },
        ));
    Some(finding)
}

/// The group and trial with the most of something; `None`: none has any.
fn worst<'a>(
    context: &Context<'a>,
    section: &'a Section,
    count: impl Fn(&TrialRecord) -> u64,
) -> Option<(&'a Group, &'a TrialRecord)> {
    section
        .groups
        .iter()
        .flat_map(|group| super::trials_of(context, group).map(move |trial| (group, trial)))
        .filter(|(_, trial)| count(trial) > 0)
        .max_by_key(|(_, trial)| count(trial))
}
