//! p99 differs although goodput does not.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft};
use crate::compare::{Group, Section};
use crate::figures;
use crate::stats::Verdict;
use crate::verdict::{longer_tail, p99, usable};

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let usable = usable(context.sections);
    context.sections.iter().filter_map(|section| one(section, &usable)).collect()
}

/// Among strategies that may be recommended: this is advice on which to take.
fn one(section: &Section, usable: &[&str]) -> Option<Finding> {
    let mut groups: Vec<&Group> = section
        .ranked()
        .filter(|group| group.p99.is_some() && usable.contains(&group.label.as_str()))
        .collect();
    groups.sort_by(|a, b| p99(a).total_cmp(&p99(b)));
    let behind = |low: &Group| -> Vec<(&Group, f64)> {
        let level = |group: &Group| section.order(group, low) == Verdict::NoDifference;
        let others = groups.iter().filter(|group| group.label != low.label && level(group));
        others.filter_map(|group| Some((*group, longer_tail(section, group, low)?))).collect()
    };
    // The shortest tail of those that the most are level with.
    let (low, hit) =
        groups.iter().rev().map(|low| (*low, behind(low))).max_by_key(|(_, behind)| behind.len())?;
    let ((_, least), (worst, most)) = (hit.first()?, hit.last()?);
    let told: Vec<String> =
        hit.iter().map(|(group, _)| format!("{} {}", group.label, figures::time(p99(group)))).collect();
    let (least, highest) = (figures::rate(*least), figures::rate(*most));
    let times = if least == highest { least } else { format!("{least}–{highest}") };
    let finding = Draft::note(FindingKind::Tail)
        .section(section)
        .groups(std::iter::once(low).chain(hit.iter().map(|(group, _)| *group)))
        .figure("p99_us", p99(worst))
        .figure("lowest_p99_us", p99(low))
        .figure("ratio", *most)
        .say(format!(
            "p99 at level goodput: {} {}; {} {} {times} times that. Prefer {} if slow requests matter.",
            low.label,
            figures::time(p99(low)),
            figures::list(&told),
            if hit.len() == 1 { "is" } else { "are" },
            low.label
        ));
    Some(finding)
}
