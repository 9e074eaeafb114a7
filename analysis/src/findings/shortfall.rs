//! An open load that was not delivered as asked.

use poollab_model::{Finding, FindingKind, Load};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

/// Answers below this share of the offered rate mean that requests piled up.
const KEPT_UP: f64 = 0.98;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let open = context.sections.iter().filter(|section| matches!(section.load, Load::Open { .. }));
    open.flat_map(|section| [dropped(section), behind(section)]).flatten().collect()
}

fn dropped(section: &Section) -> Option<Finding> {
    let hit: Vec<&Group> = section.groups.iter().filter(|group| group.requests.dropped > 0).collect();
    let dropped: u64 = hit.iter().map(|group| group.requests.dropped).sum();
    let total: u64 = hit.iter().map(|group| group.requests.total).sum();
    (dropped > 0).then(|| {
        Draft::problem(FindingKind::OfferedShortfall)
            .section(section)
            .groups(hit.iter().copied())
            .figure("dropped", dropped)
            .figure("total", total)
            .say(format!(
                "{} of {} arrivals were never sent with {}, because all {} connections of the generator were waiting for \
                 answers. They count as failures. If a real caller would queue as long, raise --users; else this is the \
                 overload.",
                figures::whole(dropped),
                figures::whole(total),
                names(&hit),
                section.load.users(),
            ))
    })
}

fn behind(section: &Section) -> Option<Finding> {
    let hit: Vec<&Group> = section
        .groups
        .iter()
        .filter(|group| group.requests.dropped == 0 && group.throughput_rps < KEPT_UP * group.offered_rps)
        .collect();
    let share = |group: &Group| group.throughput_rps / group.offered_rps;
    let worst = hit.iter().copied().min_by(|a, b| share(a).total_cmp(&share(b)))?;
    let finding = Draft::doubt(FindingKind::OfferedShortfall)
        .section(section)
        .groups(hit.iter().copied())
        .figure("offered_rps", worst.offered_rps)
        .figure("throughput_rps", worst.throughput_rps)
        .say(format!(
            "{} did not keep up with the load: {} answered {}/s of {}/s offered. Requests piled up, so latency grows \
             with the length of the trial and is not a property of the strategy.",
            names(&hit),
            worst.label,
            figures::rate(worst.throughput_rps),
            figures::rate(worst.offered_rps),
        ));
    Some(finding)
}
