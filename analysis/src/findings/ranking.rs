//! The ranking by goodput.

use poollab_model::{Finding, FindingKind};
use serde_json::json;

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;
use crate::stats::Verdict;

/// How many of the followers are named.
const NAMED: usize = 3;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context.sections.iter().filter_map(|section| one(context, section)).collect()
}

/// `None` where nobody leads: nothing succeeded, or there is not enough data.
fn one(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let ranked: Vec<&Group> = section.ranked().collect();
    let leaders = section.leaders();
    let best = *leaders.first()?;
    if best.goodput.repeats() < 2 {
        return None;
    }
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
    let behind: Vec<&Group> =
        ranked.iter().copied().filter(|group| section.order(best, group) == Verdict::Higher).collect();
    let sentences = [
        first_place(&leaders),
        failing(section, best, &leaders, &ranked),
        breaks(context, section, &leaders),
        followers(section, best, &behind),
        unsound(section),
        silent(section),
    ];
    let finding = Draft::note(FindingKind::Ranking)
        .section(section)
        .groups(ranked.iter().copied())
        .figure("ranking", table)
        .say(sentences.into_iter().flatten().collect::<Vec<_>>().join(" "));
    Some(finding)
}

/// As much goodput, with failures: no place among those that lead.
fn failing(section: &Section, best: &Group, leaders: &[&Group], ranked: &[&Group]) -> Option<String> {
    let level: Vec<String> = ranked
        .iter()
        .filter(|group| !leaders.is_empty() && !leaders.iter().any(|leader| leader.label == group.label))
        .filter(|group| section.order(best, group) == Verdict::NoDifference)
        .map(|group| format!("{} ({} failed)", group.label, figures::percent(group.failed_share())))
        .collect();
    (!level.is_empty()).then(|| format!("Level in goodput, but with failures: {}.", figures::list(&level)))
}

fn first_place(leaders: &[&Group]) -> Option<String> {
    match leaders {
        [] => None,
        [best] => Some(format!("{} has the highest goodput: {}.", best.label, reached(best))),
        [best, .., last] => Some(format!(
            "{} lead with {} to {}: too close to rank with this many repeats.",
            names(leaders),
            reached(best),
            reached(last)
        )),
    }
}

/// A leader that breaks on another workload is named as such.
fn breaks(context: &Context<'_>, section: &Section, leaders: &[&Group]) -> Option<String> {
    let broken = |leader: &&&Group| {
        let elsewhere = context.sections.iter().filter(|other| other.heading != section.heading);
        let places: Vec<&str> = elsewhere
            .filter(|other| {
                let mut groups = other.groups.iter();
                groups.any(|g| g.label == leader.label && (!g.is_sound() || g.failed_share() > 0.0))
            })
            .map(|other| other.heading.as_str())
            .collect();
        (!places.is_empty()).then(|| format!("{} breaks on {}.", leader.label, figures::list(&places)))
    };
    let told: Vec<String> = leaders.iter().filter_map(|leader| broken(&leader)).collect();
    (!told.is_empty()).then(|| told.join(" "))
}

/// Everybody here is behind the best beyond the noise; an order among them is claimed for the slowest alone, and only
/// where each of the others is ahead of it beyond the noise, too.
fn followers(section: &Section, best: &Group, behind: &[&Group]) -> Option<String> {
    let (last, middle) = behind.split_last()?;
    let slowest = middle.iter().all(|group| section.order(group, last) == Verdict::Higher);
    let listed = if slowest { middle } else { behind };
    let mut text = String::new();
    if !listed.is_empty() {
        let named: Vec<String> =
            listed.iter().take(NAMED).map(|group| format!("{} ({})", group.label, reached(group))).collect();
        let rest = listed.len().saturating_sub(NAMED);
        let named =
            if rest > 0 { format!("{} and {rest} more", named.join(", ")) } else { figures::list(&named) };
        text = format!("Slower: {named}.");
    }
    if slowest {
        let blank = if text.is_empty() { "" } else { " " };
        text += &format!(
            "{blank}{} is slowest: {}, {} of the leader.",
            last.label,
            reached(last),
            figures::percent(last.goodput.mean / best.goodput.mean)
        );
    }
    Some(text)
}

fn unsound(section: &Section) -> Option<String> {
    let out: Vec<&Group> = section.groups.iter().filter(|group| !group.is_sound()).collect();
    (!out.is_empty()).then(|| {
        let verb = if out.len() == 1 { "is" } else { "are" };
        format!("{} {verb} not ranked: these results are not valid.", names(&out))
    })
}

/// What answered nobody for a while is left out, and said.
fn silent(section: &Section) -> Option<String> {
    let told = section.groups.iter().filter(|group| group.is_sound()).filter_map(|group| {
        let reason = group.silence.reason()?;
        Some(format!("{} is not ranked: {reason}.", group.label))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join(" "))
}

/// `7,480/s ± 1.5%`.
fn reached(group: &Group) -> String {
    let rate = figures::rate(group.goodput.mean);
    match group.plus_minus() {
        Some(share) => format!("{rate}/s ± {}", figures::percent(share)),
        None => format!("{rate}/s"),
    }
}
