//! The generator may have been the limit.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft, names};
use crate::compare::Group;
use crate::figures;

/// Share of the generator's cores above which its own queue may make the latency.
const BUSY: f64 = 0.7;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context
        .sections
        .iter()
        .filter_map(|section| {
            let hit: Vec<&Group> =
                section.groups.iter().filter(|group| group.generator_cpu_share > BUSY).collect();
            let highest = hit.iter().map(|group| group.generator_cpu_share).max_by(f64::total_cmp)?;
            let finding = Draft::doubt(FindingKind::GeneratorBound)
                .section(section)
                .groups(hit.iter().copied())
                .figure("cpu_share", highest)
                .say(format!(
                    "The load generator used up to {} of its core with {}. It may have been the limit: the true goodput \
                     may be higher. Use more cores, or lower --users.",
                    figures::percent(highest),
                    names(&hit),
                ));
            Some(finding)
        })
        .collect()
}
