//! Differences within the noise.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;
use crate::stats::Verdict;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context
        .sections
        .iter()
        .flat_map(|section| clusters(section).into_iter().map(|c| say(section, &c)))
        .collect()
}

/// Neighbours in the ranking that do not differ from the first of them beyond the noise.
fn clusters(section: &Section) -> Vec<Vec<&Group>> {
    let mut clusters: Vec<Vec<&Group>> = Vec::new();
    for group in section.ranked() {
        let alike = |cluster: &&mut Vec<&Group>| section.order(cluster[0], group) == Verdict::NoDifference;
        match clusters.last_mut().filter(alike) {
            Some(cluster) => cluster.push(group),
            None => clusters.push(vec![group]),
        }
    }
    clusters.retain(|cluster| cluster.len() > 1);
    clusters
}

fn say(section: &Section, cluster: &[&Group]) -> Finding {
    let (first, last) = (cluster[0], cluster[cluster.len() - 1]);
    let ratio = section.ratio(first, last);
    let apart = ratio.map_or(0.0, |ratio| ratio.value - 1.0).max(0.0);
    // From this ratio on, the interval would no longer hold 1.
    let needed = ratio.and_then(|ratio| Some(ratio.value / ratio.interval?.low - 1.0)).unwrap_or(0.0);
    Draft::note(FindingKind::NoDifference)
        .section(section)
        .groups(cluster.iter().copied())
        .figure("difference", apart)
        .figure("smallest_visible_difference", needed)
        .say(format!(
            "{} differ by {}: too close to rank with this many repeats. The smallest difference that would show is {}. \
             Raise --repeats to see smaller ones.",
            names(cluster),
            figures::percent(apart),
            figures::percent(needed),
        ))
}
