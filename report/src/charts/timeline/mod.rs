//! One trial's course: requests, failures, pool, backends and throttling above each other, on one clock,
//! so that cause stands above effect.

mod lane;
mod lanes;
mod moments;

use maud::{Markup, html};
use poollab_analysis::figures;
use poollab_model::{ErrorKind, TrialRecord};

use self::lane::Lane;
use self::lanes::lanes;
use self::moments::spots;
use super::Fill;
use super::axis::columns;
use super::scale::Scale;
use super::svg::{WIDTH, chart};

const LEFT: f64 = 64.0;
const RIGHT: f64 = WIDTH - 20.0;
const TITLE: f64 = 20.0;
const PLOT: f64 = 52.0;
const GAP: f64 = 8.0;
const AXIS: f64 = 24.0;

/// The chart; `None` when the trial has no course. `kinds` are the section's kinds of failures with their fills,
/// so that a kind looks the same in every chart.
pub fn timeline(trial: &TrialRecord, kinds: &[(ErrorKind, Fill)]) -> Option<Markup> {
    let points = &trial.timeline;
    let end = points.last()?.at_ms;
    if end <= 0.0 {
        return None;
    }
    let lanes = lanes(trial, kinds);
    let label = format!(
        "Course of {} over {}: {}",
        trial.id,
        figures::time(end * 1_000.0),
        figures::list(&lanes.iter().map(Lane::in_words).collect::<Vec<_>>())
    );
    let floor = lanes.len() as f64 * (TITLE + PLOT + GAP) - GAP;
    let clock = Scale::linear((0.0, end), (LEFT, RIGHT));
    let drawing = html! {
        (columns(&clock, (floor, TITLE), clock.ends(), &seconds(&clock)))
        @for (index, lane) in lanes.iter().enumerate() {
            (lane.draw(&clock, points, index as f64 * (TITLE + PLOT + GAP)))
        }
        (spots(points, &clock, floor))
    };
    Some(chart(floor + AXIS, &label, drawing))
}

/// The ticks of a clock in milliseconds, with as many digits as their steps need.
fn seconds(clock: &Scale) -> Vec<(f64, String)> {
    let ticks = clock.ticks();
    let step = ticks.get(1).map_or(1_000.0, |second| second - ticks[0]);
    let digits = [1_000.0, 100.0, 10.0].iter().position(|unit| (step / unit).fract() < 1e-6).unwrap_or(3);
    ticks.into_iter().map(|ms| (ms, format!("{:.digits$} s", ms / 1_000.0))).collect()
}

/// Whether there are stretches of a trial that part of it was not observed in.
pub fn has_gaps(trial: &TrialRecord, kinds: &[(ErrorKind, Fill)]) -> bool {
    lanes(trial, kinds).iter().any(|lane| !lane.gaps(&trial.timeline).is_empty())
}
