//! The memory limit affected the figures.

use poollab_model::{Finding, FindingKind, TrialRecord};

use super::{Context, Draft};
use crate::figures;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    [killed(context), short(context)].into_iter().flatten().collect()
}

fn killed(context: &Context<'_>) -> Option<Finding> {
    let (trials, kills) = hit(context, |trial| trial.database.oom_kills)?;
    let finding = Draft::problem(FindingKind::MemoryPressure).trials(trials).figure("oom_kills", kills).say(format!(
        "The kernel killed {} of Postgres (out of memory). Postgres then restarts and closes all connections: those trials \
         show that restart. Use fewer backends (a smaller pool), or raise --memory.",
        figures::plural(kills, "process", "processes")
    ));
    Some(finding)
}

fn short(context: &Context<'_>) -> Option<Finding> {
    let (trials, failures) = hit(context, |trial| trial.database.memory_failures)?;
    let finding =
        Draft::doubt(FindingKind::MemoryPressure).trials(trials).figure("memory_failures", failures).say(format!(
            "Postgres reached its memory limit {}, and the kernel dropped cached pages. Reads may have gone to disk. Raise \
             --memory, or use fewer backends (a smaller pool).",
            figures::plural(failures, "time", "times")
        ));
    Some(finding)
}

fn hit(context: &Context<'_>, pick: fn(&TrialRecord) -> Option<u64>) -> Option<(Vec<String>, u64)> {
    let hit: Vec<&TrialRecord> =
        context.trials.iter().filter(|trial| pick(trial).is_some_and(|count| count > 0)).collect();
    let sum = hit.iter().filter_map(|trial| pick(trial)).sum();
    (!hit.is_empty()).then(|| (hit.iter().map(|trial| trial.id.clone()).collect(), sum))
}
