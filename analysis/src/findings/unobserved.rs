//! Figures that could not be observed.

use poollab_model::{Finding, FindingKind, Means, TrialRecord};

use super::{Context, Draft};
use crate::compare::{Group, LatencySource};
use crate::figures;

/// What may be missing, and whether it is in a trial.
type Gap = (&'static str, fn(&TrialRecord) -> bool);

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = context
        .environment
        .unobserved
        .iter()
        .map(|what| Draft::doubt(FindingKind::Unobserved).say(format!("Not observed: {}", what.trim())))
        .collect();
    let limited = context.environment.limits_in_force.cpu != Means::None;
    let gaps: [Gap; 4] = [
        ("backends by state", |trial| trial.database.backends_peak.is_none()),
        ("throttling by the CPU limit", |trial| trial.database.throttled_share.is_none()),
        ("where successful requests spent their time", |trial| {
            trial.requests.ok > 0 && trial.phases_us.query.is_none()
        }),
        ("whether Postgres received the workload's statements", |trial| {
            trial.database.statements_verified.is_none()
        }),
    ];
    for (index, (what, missing)) in gaps.into_iter().enumerate() {
        if index == 1 && !limited {
            continue;
        }
        let ids: Vec<String> =
            context.trials.iter().filter(|trial| missing(trial)).map(|trial| trial.id.clone()).collect();
        if !ids.is_empty() {
            let count = format!("{} of {} trials", ids.len(), context.trials.len());
            found.push(
                Draft::doubt(FindingKind::Unobserved)
                    .trials(ids)
                    .figure("what", what)
                    .say(format!("Not observed in {count}: {what}. These figures are missing, not zero.")),
            );
        }
    }
    found.extend(latency(context));
    found
}

fn latency(context: &Context<'_>) -> Option<Finding> {
    let groups = context.sections.iter().flat_map(|section| &section.groups);
    let hit: Vec<&Group> = groups.filter(|group| group.latency_source == LatencySource::OneTrial).collect();
    (!hit.is_empty()).then(|| {
        Draft::doubt(FindingKind::Unobserved).groups(hit.iter().copied()).say(format!(
            "The latency of {} comes from a single repeat. The histograms of the other repeats are missing or damaged, and \
             percentiles cannot be averaged.",
            figures::plural(hit.len() as u64, "row", "rows"),
        ))
    })
}
