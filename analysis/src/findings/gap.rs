//! Periods without any response, and what the observer saw during them.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft};
use crate::compare::{Gap, Section};
use crate::figures;

/// From this share of a gap on the CPU limit accounts for it.
const MOSTLY: f64 = 0.5;

/// The observer's last look stands for a moment of the timeline for as long as this.
const STALE_MS: f64 = 1_100.0;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context.sections.iter().filter_map(|section| longest(context, section)).collect()
}

fn longest(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let gaps: Vec<_> = section
        .groups
        .iter()
        .flat_map(|group| super::trials_of(context, group).filter_map(Gap::of).map(move |gap| (group, gap)))
        .collect();
    let hit = gaps.len() as u64;
    let (group, worst) = gaps.into_iter().max_by(|(_, a), (_, b)| a.ms().total_cmp(&b.ms()))?;
    let others = match hit {
        1 => String::new(),
        more => format!(" {} of this workload had such a gap.", figures::plural(more, "trial", "trials")),
    };
    let (blame, who) = blame(&worst);
    let in_flight = worst.points.iter().filter_map(|point| point.in_flight).max().unwrap_or(0);
    let finding = Draft::problem(FindingKind::Gap)
        .section(section)
        .groups([group])
        .figure("trial", worst.trial.id.as_str())
        .figure("from_ms", worst.from_ms)
        .figure("to_ms", worst.to_ms)
        .figure("in_flight", in_flight)
        .figure("blame", who)
        .say(format!(
            "{} sent no response from {} to {} in repeat {}, with {} in flight. {blame} Goodput and latency include this \
             gap. Compare repeats without one, or repeat the run.{others}",
            group.label,
            figures::time(worst.from_ms * 1e3),
            figures::time(worst.to_ms * 1e3),
            worst.trial.repeat,
            figures::plural(in_flight, "request", "requests"),
        ));
    Some(finding)
}

/// What stalled, as far as it was observed: a sentence, and one word for the evidence.
fn blame(gap: &Gap<'_>) -> (String, &'static str) {
    let points = gap.points;
    let step = gap.trial.measured_s * 1e3 / gap.trial.timeline.len().max(1) as f64;
    let longest = points
        .iter()
        .scan(gap.from_ms, |before, point| Some(point.at_ms - std::mem::replace(before, point.at_ms)))
        .fold(0.0, f64::max);
    if longest > MOSTLY * gap.ms() && longest > 3.0 * step {
        let text = format!(
            "The load generator itself reported nothing for {}: it was stopped, or the machine was too busy to run it.",
            figures::time(longest * 1e3)
        );
        return (text, "generator");
    }
    let throttled: f64 = points.iter().filter_map(|point| point.throttled_ms).sum();
    if throttled > MOSTLY * gap.ms() {
        let text = format!("Postgres was CPU-throttled for {} of it.", figures::time(throttled * 1e3));
        return (text, "cpu-limit");
    }
    // What was seen in the first moments of a gap may be from before it.
    let later = points.iter().filter(|point| point.at_ms - gap.from_ms > STALE_MS);
    if later.clone().any(|point| point.backends.is_none()) {
        let text = "Postgres did not answer the observer either: the database or the machine stalled.";
        return (text.to_owned(), "database");
    }
    let seen: Vec<_> = later.filter_map(|point| point.backends).collect();
    if seen.is_empty() {
        return ("The gap was too short to see the cause.".to_owned(), "unknown");
    }
    let waiting = seen.iter().map(|backends| backends.waiting_for_lock).min().unwrap_or(0);
    let active = seen.iter().map(|backends| backends.active).min().unwrap_or(0);
    let held = seen.iter().map(|backends| backends.idle_in_transaction).min().unwrap_or(0);
    if waiting > 0 {
        return (format!("At least {waiting} backends waited for a lock the whole time."), "lock");
    }
    if active > 0 {
        return (
            format!("Postgres was working: at least {active} backends were active the whole time."),
            "statements",
        );
    }
    if held > 0 {
        let text = format!(
            "At least {held} backends were idle in transaction the whole time: the service held them."
        );
        return (text, "service");
    }
    if seen.iter().all(|backends| backends.active == 0) {
        return ("Postgres was idle: the requests waited in the service.".to_owned(), "service");
    }
    ("Postgres was working during part of the gap.".to_owned(), "unknown")
}
