//! The order by goodput, with its spread.

use poollab_model::{Finding, FindingKind};
use serde_json::json;

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

/// How many of the followers are named.
const NAMED: usize = 3;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context.sections.iter().filter_map(one).collect()
}

fn one(section: &Section) -> Option<Finding> {
    let ranked: Vec<&Group> =
        section.groups.iter().filter(|group| group.requests.ok > 0 && group.is_sound()).collect();
    let (leaders, best) = (section.leaders(), *ranked.first()?);
    let table: Vec<_> = ranked
        .iter()
        .map(|group| {
            json!({
                "strategy": group.label,
                "goodput_rps": group.goodput.mean,
                "lowest_rps": group.goodput.min,
                "highest_rps": group.goodput.max,
                "repeats": group.goodput.repeats(),
            })
        })
        .collect();
    let behind: Vec<&Group> = ranked
        .iter()
        .copied()
        .filter(|group| leaders.iter().all(|leader| leader.label != group.label))
        .collect();
    let sentences = [first_place(&leaders), followers(best, &behind, leaders.len()), unsound(section)]
        .into_iter()
        .flatten();
    let finding = Draft::note(FindingKind::Ranking)
        .section(section)
        .groups(ranked.iter().copied())
        .figure("ranking", table)
        .say(sentences.collect::<Vec<_>>().join(" "));
    Some(finding)
}

fn first_place(leaders: &[&Group]) -> Option<String> {
    match leaders {
        [] => None,
        [best] => Some(format!("{} has the highest goodput, {}.", best.label, reached(best))),
        [best, .., last] => Some(format!(
            "{} lead with {} to {}: the noise allows no order between them.",
            names(leaders),
            reached(best),
            reached(last)
        )),
    }
}

fn followers(best: &Group, behind: &[&Group], leaders: usize) -> Option<String> {
    let (last, middle) = behind.split_last()?;
    let mut text = String::new();
    if !middle.is_empty() {
        let named: Vec<String> =
            middle.iter().take(NAMED).map(|group| format!("{} ({})", group.label, reached(group))).collect();
        let rest = middle.len().saturating_sub(NAMED);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let whom = if leaders > 1 { "them" } else { "it" };
        text.push_str(&format!("After {whom}: {}{more}. ", named.join(", ")));
    }
    let share = if last.goodput.mean > 0.0 { best.goodput.mean / last.goodput.mean } else { 1.0 };
    let distance = if share >= 2.0 {
        format!("{} times less than the first", figures::times(share))
    } else if share < 1.005 {
        "as much as the first".to_owned()
    } else {
        format!("{} below the first", figures::percent(1.0 - 1.0 / share))
    };
    text.push_str(&format!("Last is {} with {}, {distance}.", last.label, reached(last)));
    Some(text)
}

fn unsound(section: &Section) -> Option<String> {
    let out: Vec<&Group> = section.groups.iter().filter(|group| !group.is_sound()).collect();
    (!out.is_empty()).then(|| {
        let verb = if out.len() == 1 { "is" } else { "are" };
        format!("{} {verb} left out of this ranking: what came back was not sound.", names(&out))
    })
}

/// `7,480/s ± 1.5%`.
fn reached(group: &Group) -> String {
    let rate = figures::rate(group.goodput.mean);
    match group.goodput.half_range_share() {
        Some(share) => format!("{rate}/s ± {}", figures::percent(share)),
        None => format!("{rate}/s"),
    }
}
