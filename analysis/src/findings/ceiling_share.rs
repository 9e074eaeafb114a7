//! How much of the ceiling was reached.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft};
use crate::compare::Section;
use crate::figures;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    if context.sections.is_empty() {
        return Vec::new();
    }
    match &context.run.ceiling {
        Some(_) => context.sections.iter().filter_map(|section| of_section(context, section)).collect(),
        None if context.plan.ceiling => vec![Draft::doubt(FindingKind::CeilingShare).say(
            "There is no ceiling: pgbench was asked for and did not run. How much the service and its strategy cost \
             can't be told apart from what the database can give. Install pgbench (it comes with PostgreSQL).",
        )],
        None => Vec::new(),
    }
}

fn of_section(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let (ceiling, tps) = (context.run.ceiling.as_ref()?, section.ceiling_tps?);
    let shares: Vec<String> = section
        .groups
        .iter()
        .filter_map(|group| Some(format!("{} {}", group.label, figures::percent(group.of_ceiling?))))
        .collect();
    let beyond = section.groups.iter().any(|group| group.of_ceiling.is_some_and(|share| share > 1.02));
    let why = if beyond {
        format!(
            " More than 100% is possible: pgbench keeps one statement in flight on each of its {} connections, and a \
             strategy may keep more.",
            ceiling.clients
        )
    } else {
        String::new()
    };
    let finding = Draft::note(FindingKind::CeilingShare)
        .section(section)
        .groups(&section.groups)
        .figure("ceiling_tps", tps)
        .figure("best_share", section.groups.first().and_then(|group| group.of_ceiling))
        .say(format!(
            "Of the {}/s that {} reaches with {} connections and no service in between: {}.{why}",
            figures::rate(tps),
            ceiling.tool,
            ceiling.clients,
            shares.join(", ")
        ));
    Some(finding)
}
