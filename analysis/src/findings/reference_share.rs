//! Goodput as a share of the reference.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft};
use crate::compare::{Group, Section};
use crate::figures;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    if context.sections.is_empty() {
        return Vec::new();
    }
    match &context.run.ceiling {
        Some(_) => context.sections.iter().filter_map(|section| of_section(context, section)).collect(),
        None if context.plan.ceiling => vec![Draft::doubt(FindingKind::CeilingShare).say(
            "The run has no reference: pgbench did not run. Without it, the report cannot separate the cost of the service \
             from the limits of the database. Install pgbench (it comes with PostgreSQL).",
        )],
        None => Vec::new(),
    }
}

fn of_section(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let (reference, tps) = (context.run.ceiling.as_ref()?, section.references.plain?);
    let shares = |wanted: &dyn Fn(&Group) -> bool| -> Option<String> {
        let told: Vec<String> = section
            .groups
            .iter()
            .filter(|group| wanted(group))
            .filter_map(|group| Some(format!("{} {}", group.label, figures::percent(group.of_reference?))))
            .collect();
        (!told.is_empty()).then(|| told.join(", "))
    };
    let mut text = format!(
        "{} reaches {}/s over {}, without a service in between.",
        reference.tool,
        figures::rate(tps),
        figures::plural(reference.clients.into(), "connection", "connections"),
    );
    if let Some(shares) = shares(&Group::isolates) {
        text += &format!(" Of that: {shares}.");
    }
    if let (Some(pipelined), Some(shares)) =
        (&reference.pipelined, shares(&|group: &Group| !group.isolates()))
    {
        text += &format!(
            " With {} statements in a pipeline it reaches {}/s. Of that: {shares}.",
            pipelined.depth,
            figures::rate(pipelined.tps)
        );
    }
    let beyond = section.groups.iter().any(|group| group.of_reference.is_some_and(|share| share > 1.02));
    if beyond {
        text += " More than 100% is possible: this is a reference, not a limit.";
    }
    let finding = Draft::note(FindingKind::CeilingShare)
        .section(section)
        .groups(&section.groups)
        .figure("ceiling_tps", tps)
        .figure("pipelined_tps", section.references.pipelined)
        .figure(
            "best_share",
            section.groups.iter().filter_map(|group| group.of_reference).max_by(f64::total_cmp),
        )
        .say(text);
    Some(finding)
}
