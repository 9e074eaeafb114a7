//! One trial's course: requests, failures, pool, backends and throttling above each other, on one clock,
//! so that cause stands above effect.

mod lanes;
mod moments;

use plotters::prelude::*;
use poollab_analysis::figures;
use poollab_model::{ErrorKind, TimelinePoint, TrialRecord};

use self::lanes::lanes;
use self::moments::spots;
use super::canvas::{Area, Error, Side, WIDTH, draw, line, round_up, write};
use super::ink::{Fill, Ink};

const LEFT: i32 = 54;
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

struct Clock {
    end: f64,
}

/// The end of a lane's scale: counts are whole.
fn level(value: f64) -> String {
    if value.fract() == 0.0 { figures::whole(value as u64) } else { figures::rate(value) }
}

impl Clock {
    fn x(&self, at_ms: f64) -> i32 {
        LEFT + ((at_ms / self.end).clamp(0.0, 1.0) * f64::from(RIGHT - LEFT)) as i32
    }
}

/// How a series is drawn.
enum Shape {
    /// Filled from the top of the ones before it.
    Stacked(Fill),
    /// A line of this thickness.
    Line(Ink, u32),
}

struct Series {
    shape: Shape,
    value: Value,
}

/// A series' figure at a moment; `None`: not observed.
type Value = Box<dyn Fn(&TimelinePoint) -> Option<f64>>;

struct Lane {
    title: &'static str,
    series: Vec<Series>,
    /// A level that matters: the slots.
    limit: Option<(f64, String)>,
    /// What a line that is drawn in the same ink means.
    line: Option<String>,
    /// The least that the axis shows.
    at_least: f64,
}

impl Lane {
    /// For those who can't see it.
    fn in_words(&self) -> String {
        match &self.line {
            Some(line) => format!("{} with {line}", self.title),
            None => self.title.to_owned(),
        }
    }

    fn draw(&self, area: &Area<'_>, clock: &Clock, points: &[TimelinePoint], top: i32) -> Result<(), Error> {
        let (roof, floor) = (top + TITLE, top + TITLE + PLOT);
        write(area, (LEFT, top + TITLE / 2), Side::Right, Ink::Text, true, self.title)?;
        line(area, vec![(LEFT, floor), (RIGHT, floor)], Ink::Grid, 1)?;
        let seen =
            points.iter().any(|point| self.series.iter().any(|series| (series.value)(point).is_some()));
        if !seen {
            return write(area, (LEFT + 6, roof + PLOT / 2), Side::Right, Ink::Muted, false, "not observed");
        }
        let highest = points.iter().map(|point| self.height_at(point)).fold(self.at_least, f64::max);
        let limit = self.limit.as_ref().map_or(0.0, |(level, _)| *level);
        let most = round_up(highest.max(limit * 1.05));
        let y = |value: f64| floor - (value / most * f64::from(PLOT)).round() as i32;
        line(area, vec![(LEFT, roof), (RIGHT, roof)], Ink::Grid, 1)?;
        write(area, (LEFT - 6, roof + 4), Side::Left, Ink::Muted, false, &level(most))?;
        write(area, (LEFT - 6, floor - 4), Side::Left, Ink::Muted, false, "0")?;
        self.stacks(area, clock, points, &y)?;
        for series in &self.series {
            if let Shape::Line(ink, thick) = series.shape {
                for path in unbroken(points, clock, &y, &series.value) {
                    area.draw(&PathElement::new(path, ink.colour().stroke_width(thick)))?;
                }
            }
        }
        if let Some((level, _)) = &self.limit {
            line(area, vec![(LEFT, y(*level)), (RIGHT, y(*level))], Ink::Limit, 2)?;
        }
        if let Some(named) = self.limit.as_ref().map(|(_, text)| text.as_str()).or(self.line.as_deref()) {
            write(area, (RIGHT, top + TITLE / 2), Side::Left, Ink::Limit, false, &format!("― {named}"))?;
        }
        Ok(())
    }

    /// Each stacked series as one shape of steps, from the top of the ones before it. One shape and not a
    /// box for each interval: between boxes a scaled page shows seams.
    fn stacks(
        &self,
        area: &Area<'_>,
        clock: &Clock,
        points: &[TimelinePoint],
        y: &impl Fn(f64) -> i32,
    ) -> Result<(), Error> {
        let mut below = vec![0.0; points.len()];
        for series in &self.series {
            let Shape::Stacked(ink) = series.shape else { continue };
            let tops: Vec<f64> = points
                .iter()
                .zip(&below)
                .map(|(point, base)| base + (series.value)(point).unwrap_or(0.0))
                .collect();
            if tops != below {
                let mut outline = steps(points, clock, &tops, y);
                outline.extend(steps(points, clock, &below, y).into_iter().rev());
                area.draw(&Polygon::new(outline, Ink::Area(ink).colour().filled()))?;
            }
            below = tops;
        }
        Ok(())
    }

    fn height_at(&self, point: &TimelinePoint) -> f64 {
        let (mut stack, mut lines) = (0.0, 0.0_f64);
        for series in &self.series {
            let value = (series.value)(point).unwrap_or(0.0);
            match series.shape {
                Shape::Stacked(_) => stack += value,
                Shape::Line(..) => lines = lines.max(value),
            }
        }
        lines.max(stack)
    }
}

/// The outline of values that hold for the whole of their interval.
fn steps(
    points: &[TimelinePoint],
    clock: &Clock,
    values: &[f64],
    y: &impl Fn(f64) -> i32,
) -> Vec<(i32, i32)> {
    let mut from = 0.0;
    let mut outline = Vec::with_capacity(points.len() * 2);
    for (point, value) in points.iter().zip(values) {
        outline.push((clock.x(from), y(*value)));
        outline.push((clock.x(point.at_ms), y(*value)));
        from = point.at_ms;
    }
    outline
}

/// Lines end where nothing was observed: a gap is not a zero, nor what lies between its neighbours.
fn unbroken(
    points: &[TimelinePoint],
    clock: &Clock,
    y: &impl Fn(f64) -> i32,
    value: &Value,
) -> Vec<Vec<(i32, i32)>> {
    let interval = clock.end / points.len().max(1) as f64;
    points
        .split(|point| value(point).is_none())
        .map(|part| {
            // A value belongs to the whole interval, so it stands in its middle.
            let half = interval / 2.0;
            part.iter()
                .filter_map(|point| Some((clock.x(point.at_ms - half), y(value(point)?))))
                .collect::<Vec<_>>()
        })
        .filter(|path| !path.is_empty())
        .collect()
}
