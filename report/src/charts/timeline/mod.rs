//! One trial's course: requests, failures, pool, backends and throttling above each other, on one clock,
//! so that cause stands above effect.

mod lane;
mod lanes;
mod moments;

use poollab_analysis::figures;
use poollab_model::{ErrorKind, TrialRecord};

use self::lane::Lane;
use self::lanes::lanes;
use self::moments::spots;
use super::canvas::{Side, WIDTH, draw, write};
use super::ink::{Fill, Ink};

const LEFT: i32 = 64;
const RIGHT: i32 = WIDTH as i32 - 14;
const TITLE: i32 = 20;
const PLOT: i32 = 52;
const GAP: i32 = 8;
const AXIS: i32 = 24;

/// The chart; `None` when the trial has no course. `kinds` are the section's kinds of failures with their fills,
/// so that a kind looks the same in every chart.
pub fn timeline(trial: &TrialRecord, kinds: &[(ErrorKind, Fill)]) -> Option<String> {
    let points = &trial.timeline;
    let end = points.last()?.at_ms;
    if end <= 0.0 {
        return None;
    }
    let lanes = lanes(trial, kinds);
    let height = lanes.len() as i32 * (TITLE + PLOT + GAP) + AXIS;
    let label = format!(
        "Course of {} over {}: {}",
        trial.id,
        figures::time(end * 1_000.0),
        figures::list(&lanes.iter().map(Lane::in_words).collect::<Vec<_>>())
    );
    Some(draw(height as u32, &label, |area| {
        let clock = Clock { end };
        for (index, lane) in lanes.iter().enumerate() {
            lane.draw(area, &clock, points, index as i32 * (TITLE + PLOT + GAP))?;
        }
        let floor = height - AXIS;
        for tick in 0..=4 {
            let at = end * f64::from(tick) / 4.0;
            let side = if tick == 4 { Side::Left } else { Side::Centre };
            // A quarter of a short course has a second digit.
            let digits = if end < 4_000.0 { 2 } else { 1 };
            let text = format!("{:.digits$} s", at / 1_000.0);
            write(area, (clock.x(at), floor + 10), side, Ink::Muted, false, &text)?;
        }
        Ok(spots(points, &clock, floor))
    }))
}

/// Whether there are stretches of a trial that part of it was not observed in.
pub fn has_gaps(trial: &TrialRecord, kinds: &[(ErrorKind, Fill)]) -> bool {
    lanes(trial, kinds).iter().any(|lane| !lane.gaps(&trial.timeline).is_empty())
}

struct Clock {
    end: f64,
}

impl Clock {
    fn x(&self, at_ms: f64) -> i32 {
        LEFT + ((at_ms / self.end).clamp(0.0, 1.0) * f64::from(RIGHT - LEFT)) as i32
    }
}
