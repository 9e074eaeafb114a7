//! Where requests spent their time.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

/// A phase dominates from this share of the time on.
const DOMINATES: f64 = 0.5;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context.sections.iter().flat_map(of_section).collect()
}

fn of_section(section: &Section) -> Vec<Finding> {
    let mut phases: Vec<(&'static str, Vec<(&Group, f64)>)> = Vec::new();
    for group in &section.groups {
        let Some((phase, share)) = dominating(group) else { continue };
        match phases.iter_mut().find(|(known, _)| *known == phase) {
            Some((_, groups)) => groups.push((group, share)),
            None => phases.push((phase, vec![(group, share)])),
        }
    }
    phases.into_iter().map(|(phase, groups)| say(section, phase, &groups)).collect()
}

/// The phase that takes most of an average success's time, and its share.
fn dominating(group: &Group) -> Option<(&'static str, f64)> {
    let total = group.phases.total();
    let (phase, mean) = group
        .phases
        .named()
        .into_iter()
        .filter_map(|(phase, mean)| Some((phase, mean?)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (total > 0.0 && mean / total >= DOMINATES).then(|| (phase, mean / total))
}

fn say(section: &Section, phase: &'static str, groups: &[(&Group, f64)]) -> Finding {
    let shares = groups.iter().map(|(_, share)| *share);
    let (low, high) = (shares.clone().fold(1.0, f64::min), shares.fold(0.0, f64::max));
    let range = match (figures::percent(low), figures::percent(high)) {
        (low, high) if low == high => high,
        (low, high) => format!("{}–{high}", low.trim_end_matches('%')),
    };
    let meaning = match phase {
        "wait" => {
            "waiting for a connection. That is the queue in front of the pool: there are more requests in flight than \
             connections"
        }
        "connect" => "connecting. Keep connections instead of opening one for each request",
        "query" => "on the statement, including queues inside Postgres and on a shared connection",
        "hold" => "holding the connection without using it. Return it before the wait",
        _ => "outside the connection: HTTP, and the service's own computing and queues",
    };
    let groups: Vec<&Group> = groups.iter().map(|(group, _)| *group).collect();
    Draft::note(FindingKind::TimeSpent)
        .section(section)
        .groups(groups.iter().copied())
        .figure("phase", phase)
        .figure("lowest_share", low)
        .figure("highest_share", high)
        .say(format!("{}: successful requests spent {range} of their time {meaning}.", names(&groups)))
}
