//! An open load that was not delivered as requested.

use poollab_model::{Arrivals, Driver, Finding, FindingKind, Load, TimelinePoint, TrialRecord};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

/// Answers below this share of the offered rate mean that requests piled up.
const KEPT_UP: f64 = 0.9;

/// A backlog that grew by this share of what arrived meanwhile.
const GROWS: f64 = 0.05;

/// A schedule that differs from its rate by this share is said to.
const DRAWN: f64 = 0.02;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let open = context.sections.iter().filter(|section| matches!(section.load, Load::Open { .. }));
    open.flat_map(|section| [dropped(section), behind(context, section), drawn(context, section)])
        .flatten()
        .collect()
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
                "{} of {} scheduled requests were not sent with {}: all {} connections of the load generator were waiting for \
                 responses. They count as failures. This is overload. If real callers would queue that long, raise \
                 --connections.",
                figures::whole(dropped),
                figures::whole(total),
                names(&hit),
                section.load.users(),
            ))
    })
}

fn behind(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let hit: Vec<(&Group, Backlog)> = section
        .groups
        .iter()
        .filter(|group| group.requests.dropped == 0)
        .filter_map(|group| Some((group, super::trials_of(context, group).find_map(backlog)?)))
        .collect();
    let share = |group: &Group| group.throughput_rps / group.offered_rps;
    let (worst, backlog) = hit.iter().min_by(|(a, _), (b, _)| share(a).total_cmp(&share(b)))?;
    let labels: Vec<&Group> = hit.iter().map(|(group, _)| *group).collect();
    let grew = match backlog {
        Backlog::Grew { middle, end } => format!(
            "Requests in flight grew from {} in the middle of a trial to {} at its end.",
            figures::whole(*middle),
            figures::whole(*end),
        ),
        Backlog::Short => "The rest got no response while it was measured.".to_owned(),
    };
    let finding = Draft::problem(FindingKind::OfferedShortfall)
        .section(section)
        .groups(labels.iter().copied())
        .figure("offered_rps", worst.offered_rps)
        .figure("throughput_rps", worst.throughput_rps)
        .say(format!(
            "{} did not keep up with the load. {} answered {}/s of {}/s scheduled. {grew} Latency therefore grows with the \
             length of the trial and says nothing about the strategy. Set --rate below {}/s to measure latency.",
            names(&labels),
            worst.label,
            figures::rate(worst.throughput_rps),
            figures::rate(worst.offered_rps),
            figures::rate(worst.throughput_rps),
        ));
    Some(finding)
}

/// The sign that requests piled up.
enum Backlog {
    /// Requests in flight in the middle of a trial and at its end.
    Grew { middle: u64, end: u64 },
    /// Nobody counted them, and answers fell short of arrivals.
    Short,
}

/// Whatever takes time is in flight, so only what grows is a backlog. Independent arrivals scatter by the root of
/// their number.
fn backlog(trial: &TrialRecord) -> Option<Backlog> {
    let in_flight = |point: &TimelinePoint| point.in_flight;
    let middle = trial.timeline.get(trial.timeline.len() / 2).and_then(in_flight);
    let Some((middle, end)) = middle.zip(trial.timeline.last().and_then(in_flight)) else {
        return (trial.throughput_rps < KEPT_UP * trial.offered_rps).then_some(Backlog::Short);
    };
    let arrived = trial.offered_rps * trial.measured_s / 2.0;
    let noise = (GROWS * arrived).max(3.0 * arrived.sqrt());
    (end.saturating_sub(middle) as f64 > noise).then_some(Backlog::Grew { middle, end })
}

/// Independent arrivals are drawn: a short window may have fewer or more than its rate.
fn drawn(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let Load::Open { rate_per_s, arrivals: Arrivals::Poisson, .. } = section.load else { return None };
    let of_ours =
        |group: &&Group| super::trials_of(context, group).any(|trial| trial.driver == Driver::Goose);
    let group = section.groups.iter().find(of_ours)?;
    let off = group.offered_rps / rate_per_s - 1.0;
    (off.is_finite() && off.abs() >= DRAWN).then(|| {
        Draft::note(FindingKind::OfferedShortfall)
            .section(section)
            .groups(section.groups.iter())
            .figure("asked_rps", rate_per_s)
            .figure("offered_rps", group.offered_rps)
            .say(format!(
                "The Poisson schedule sent {}/s while measuring, and --rate was {}/s. Rates are compared with the schedule. Raise \
                 --duration to come closer to --rate, or use --arrivals constant to meet it.",
                figures::rate(group.offered_rps),
                figures::rate(rate_per_s),
            ))
    })
}
