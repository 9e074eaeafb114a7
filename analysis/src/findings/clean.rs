//! Leaked connections, unclean exits, skipped and repeated trials.

use poollab_model::{Finding, FindingKind, RunStatus, TrialRecord};

use super::{Context, Draft};
use crate::figures;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        [status(context), left(context), exits(context), unverified(context)].into_iter().flatten().collect();
    found.extend(repeated(context));
    found.extend(skipped(context));
    found.extend(remarks(context));
    found
}

fn status(context: &Context<'_>) -> Option<Finding> {
    let finished = context.trials.len();
    let planned = context.run.trials_planned;
    let how = match context.run.status {
        RunStatus::Complete => return None,
        RunStatus::Running => "is still in progress, or was killed",
        RunStatus::Interrupted => "was interrupted",
        RunStatus::Failed => "ended early",
    };
    let why = context.run.error.as_deref().map_or(String::new(), |why| format!(" {}", why.trim()));
    Some(Draft::problem(FindingKind::Unclean).figure("finished", finished).figure("planned", planned).say(format!(
        "The run {how}: {finished} of {planned} trials finished. They are valid, but some rows may have fewer repeats \
         than planned.{why}"
    )))
}

/// Lines of `trials.jsonl` that were copied, or that two merged folders share.
fn repeated(context: &Context<'_>) -> Option<Finding> {
    let ids = context.repeated;
    (!ids.is_empty()).then(|| {
        Draft::doubt(FindingKind::Unclean).trials(ids.iter().cloned()).say(format!(
            "trials.jsonl has {} more than once ({}). Only the first record of each counts.",
            figures::plural(ids.len() as u64, "trial", "trials"),
            figures::list(&ids.iter().take(3).collect::<Vec<_>>()),
        ))
    })
}

fn left(context: &Context<'_>) -> Option<Finding> {
    let trials = hit(context, |trial| trial.database.backends_left.is_some_and(|left| left > 0));
    let left: u32 = trials.iter().filter_map(|trial| trial.database.backends_left).sum();
    (left > 0).then(|| {
        Draft::problem(FindingKind::Unclean).trials(ids(&trials)).figure("backends_left", left).say(format!(
            "Postgres still had {} after the service stopped ({}): the service leaks connections at shutdown.",
            figures::plural(left.into(), "connection", "connections"),
            figures::list(&ids(&trials)),
        ))
    })
}

fn exits(context: &Context<'_>) -> Option<Finding> {
    let trials = hit(context, |trial| trial.server.exit_code.is_some_and(|code| code != 0));
    (!trials.is_empty()).then(|| {
        let codes: Vec<i32> = trials.iter().filter_map(|trial| trial.server.exit_code).collect();
        Draft::problem(FindingKind::Unclean).trials(ids(&trials)).figure("exit_codes", codes).say(format!(
            "The service did not stop cleanly after {}: it crashed or had to be killed.",
            figures::list(&ids(&trials)),
        ))
    })
}

fn unverified(context: &Context<'_>) -> Option<Finding> {
    let trials = hit(context, |trial| trial.database.statements_verified == Some(false));
    (!trials.is_empty()).then(|| {
        Draft::problem(FindingKind::Unclean).trials(ids(&trials)).say(format!(
            "Postgres did not see the statements of the workload in {}. Ignore those rows: they measure something else.",
            figures::list(&ids(&trials)),
        ))
    })
}

/// One note for each reason.
fn skipped(context: &Context<'_>) -> Vec<Finding> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for trial in &context.run.skipped {
        match reasons.iter_mut().find(|(reason, _)| *reason == trial.reason) {
            Some((_, ids)) => ids.push(&trial.id),
            None => reasons.push((&trial.reason, vec![&trial.id])),
        }
    }
    let say = |(reason, ids): (&str, Vec<&str>)| {
        let count = figures::plural(ids.len() as u64, "trial was", "trials were");
        let text = format!("{count} skipped: {}.", reason.trim_end_matches('.'));
        Draft::note(FindingKind::Unclean).figure("skipped", ids).say(text)
    };
    reasons.into_iter().map(say).collect()
}

/// Remarks of the lab, each once.
fn remarks(context: &Context<'_>) -> Vec<Finding> {
    let mut remarks: Vec<(&str, Vec<String>)> = Vec::new();
    for trial in context.trials {
        for remark in &trial.remarks {
            match remarks.iter_mut().find(|(known, _)| *known == remark.as_str()) {
                Some((_, ids)) => ids.push(trial.id.clone()),
                None => remarks.push((remark, vec![trial.id.clone()])),
            }
        }
    }
    let say = |(remark, ids): (&str, Vec<String>)| {
        let where_ = if ids.len() <= 3 { figures::list(&ids) } else { format!("{} trials", ids.len()) };
        Draft::doubt(FindingKind::Unclean).trials(ids).say(format!("In {where_}: {}", remark.trim()))
    };
    remarks.into_iter().map(say).collect()
}

fn hit<'a>(context: &Context<'a>, which: fn(&TrialRecord) -> bool) -> Vec<&'a TrialRecord> {
    context.trials.iter().filter(|trial| which(trial)).collect()
}

fn ids(trials: &[&TrialRecord]) -> Vec<String> {
    trials.iter().map(|trial| trial.id.clone()).collect()
}
