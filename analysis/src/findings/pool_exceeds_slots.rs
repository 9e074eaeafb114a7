//! Pools larger than the free connection slots.

use poollab_model::{Acquisition, Finding, FindingKind, Route};

use super::{Context, Draft, names};
use crate::compare::Group;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    // Behind a pooler the service's connections are the pooler's clients, not Postgres's.
    let direct = context.sections.iter().filter(|section| section.route == Route::Direct);
    direct
        .filter_map(|section| {
            let hit: Vec<&Group> = section
                .groups
                .iter()
                .filter(|group| matches!(group.acquisition, Acquisition::Pooled | Acquisition::Pipelined))
                .filter(|group| group.pool_size.is_some_and(|size| size > context.free_slots(group)))
                .collect();
            let largest = hit.iter().filter_map(|group| group.pool_size).max()?;
            let free = hit.iter().map(|group| context.free_slots(group)).min()?;
            let finding = Draft::doubt(FindingKind::PoolExceedsSlots)
                .section(section)
                .groups(hit.iter().copied())
                .figure("pool_size", largest)
                .figure("free_slots", free)
                .say(format!(
                    "{}: the pool may grow to {largest} connections, and Postgres has {free} free slots. Under load the pool \
                     grows until connecting fails. Set --pool-size to at most {free}, divided by the number of instances.",
                    names(&hit),
                ));
            Some(finding)
        })
        .collect()
}
