//! Limits that were requested and not in force.

use poollab_model::{Finding, FindingKind, Means};

use super::{Context, Draft};

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let (asked, force) = (&context.environment.limits, &context.environment.limits_in_force);
    let mut missing = Vec::new();
    if let Some(cpus) = asked.cpus.filter(|_| force.cpu == Means::None) {
        missing.push(format!("the CPU limit of {cpus}"));
    }
    if let Some(memory) = asked.memory.filter(|_| force.memory == Means::None) {
        missing.push(format!("the memory limit of {memory}"));
    }
    if missing.is_empty() {
        return Vec::new();
    }
    let reasons = if force.reasons.is_empty() {
        String::new()
    } else {
        format!(" Why: {}.", force.reasons.join("; ").trim_end_matches('.'))
    };
    let was = if missing.len() == 1 { "was" } else { "were" };
    vec![Draft::problem(FindingKind::LimitsNotInForce).figure("missing", missing.clone()).say(format!(
        "{} {was} NOT in force: Postgres could use the whole machine.{reasons} Do not compare these figures with a run \
         whose limits were in force.",
        capital(&crate::figures::list(&missing)),
    ))]
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}
