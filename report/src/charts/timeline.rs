//! One trial's course: requests, failures, pool, backends and throttling above each other, on one clock,
//! so that cause stands above effect.

use plotters::prelude::*;
use poollab_analysis::figures;
use poollab_model::{ErrorKind, TimelinePoint, TrialRecord};

use super::canvas::{Area, Error, Fill, Ink, Side, Spot, WIDTH, draw, line, write};

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
    let panels = panels(trial, kinds);
    let height = panels.len() as i32 * (TITLE + PLOT + GAP) + AXIS;
    let label = format!(
        "Course of {} over {}: requests, failures, latency, pool, backends and throttling",
        trial.id,
        figures::time(end * 1_000.0)
    );
    Some(draw(height as u32, &label, |area| {
        let clock = Clock { end };
        for (index, panel) in panels.iter().enumerate() {
            panel.draw(area, &clock, points, index as i32 * (TITLE + PLOT + GAP))?;
        }
        let floor = height - AXIS;
        for tick in 0..=4 {
            let at = end * f64::from(tick) / 4.0;
            let side = if tick == 4 { Side::Left } else { Side::Centre };
            let text = format!("{:.1} s", at / 1_000.0);
            write(area, (clock.x(at), floor + 10), side, Ink::Muted, false, &text)?;
        }
        Ok(spots(points, &clock, floor))
    }))
}

struct Clock {
    end: f64,
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

struct Panel {
    title: &'static str,
    series: Vec<Series>,
    /// A level that matters: the slots.
    limit: Option<(f64, String)>,
    /// What a line that is drawn in the same ink means.
    line: Option<&'static str>,
    /// The least that the axis shows.
    at_least: f64,
    say: fn(f64) -> String,
}

fn panels(trial: &TrialRecord, kinds: &[(ErrorKind, Fill)]) -> Vec<Panel> {
    let stacked = |fill, value: fn(&TimelinePoint) -> Option<f64>| Series {
        shape: Shape::Stacked(fill),
        value: Box::new(value),
    };
    let lined = |ink, value: fn(&TimelinePoint) -> Option<f64>| Series {
        shape: Shape::Line(ink, 2),
        value: Box::new(value),
    };
    let database = &trial.database;
    let slots = f64::from(database.slots.saturating_sub(database.reserved + 1));
    vec![
        Panel {
            title: "answers/s",
            series: vec![lined(Ink::Mark, |point| Some(point.rps))],
            limit: None,
            line: None,
            at_least: 1.0,
            say: figures::rate,
        },
        Panel {
            title: "failures",
            series: failures(trial, kinds),
            limit: None,
            line: None,
            at_least: 4.0,
            say: figures::rate,
        },
        Panel {
            title: "p99 ms",
            series: vec![lined(Ink::Mark, |point| Some(point.p99_us? as f64 / 1_000.0))],
            limit: None,
            line: None,
            at_least: 1.0,
            say: figures::rate,
        },
        Panel {
            title: "pool",
            series: vec![
                stacked(Fill::Ok, |point| {
                    let pool = point.pool?;
                    Some(f64::from(pool.size.saturating_sub(pool.idle)))
                }),
                stacked(Fill::Idle, |point| Some(f64::from(point.pool?.idle))),
                lined(Ink::Limit, |point| Some(f64::from(point.pool?.waiting))),
            ],
            limit: None,
            line: Some("requests waiting"),
            at_least: 4.0,
            say: figures::rate,
        },
        Panel {
            title: "backends",
            series: vec![
                stacked(Fill::Ok, |point| Some(f64::from(point.backends?.active))),
                stacked(Fill::IdleInTransaction, |point| {
                    Some(f64::from(point.backends?.idle_in_transaction))
                }),
                stacked(Fill::Idle, |point| Some(f64::from(point.backends?.idle))),
                stacked(Fill::Elsewhere, |point| Some(f64::from(point.backends?.other))),
            ],
            limit: (slots > 0.0).then(|| (slots, format!("{slots} free slots"))),
            line: None,
            at_least: 4.0,
            say: figures::rate,
        },
        Panel {
            title: "throttled ms",
            series: vec![stacked(Fill::Throttled, |point| point.throttled_ms)],
            limit: None,
            line: None,
            at_least: 10.0,
            say: figures::rate,
        },
    ]
}

/// Failures by kind; in one where the record does not tell their kinds over time.
fn failures(trial: &TrialRecord, kinds: &[(ErrorKind, Fill)]) -> Vec<Series> {
    let told = trial.timeline.iter().any(|point| !point.failures.is_empty());
    if !told {
        let value: Value = Box::new(|point| Some(point.failed as f64));
        return vec![Series { shape: Shape::Stacked(Fill::Failed(0)), value }];
    }
    kinds
        .iter()
        .map(|(kind, fill)| {
            let kind = *kind;
            let value: Value =
                Box::new(move |point| Some(point.failures.get(&kind).copied().unwrap_or(0) as f64));
            Series { shape: Shape::Stacked(*fill), value }
        })
        .collect()
}

impl Panel {
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
        write(area, (LEFT - 6, roof + 4), Side::Left, Ink::Muted, false, &(self.say)(most))?;
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
        if let Some(named) = self.limit.as_ref().map(|(_, text)| text.as_str()).or(self.line) {
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

/// The next larger round number.
fn round_up(value: f64) -> f64 {
    const ROUND: [f64; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 8.0, 10.0];
    let power = 10_f64.powf(value.log10().floor());
    ROUND.iter().map(|step| step * power).find(|round| *round >= value * 0.999).unwrap_or(value)
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

fn spots(points: &[TimelinePoint], clock: &Clock, floor: i32) -> Vec<Spot> {
    let mut from = 0.0;
    let mut spots = Vec::new();
    for point in points {
        let mut says = format!(
            "{:.2} s\n{}/s answered, {} failed",
            point.at_ms / 1_000.0,
            figures::rate(point.rps),
            figures::whole(point.failed)
        );
        for (kind, count) in &point.failures {
            says.push_str(&format!("\n{kind} × {}", figures::whole(*count)));
        }
        if let Some(p99) = point.p99_us {
            says.push_str(&format!("\np99 {}", figures::time(p99 as f64)));
        }
        if let Some(pool) = point.pool {
            says.push_str(&format!("\npool {}, {} idle, {} waiting", pool.size, pool.idle, pool.waiting));
        }
        if let Some(backends) = point.backends {
            says.push_str(&format!(
                "\nbackends {}: {} active, {} idle in transaction, {} idle",
                backends.total(),
                backends.active,
                backends.idle_in_transaction,
                backends.idle
            ));
        }
        if let Some(ms) = point.throttled_ms {
            says.push_str(&format!("\nthrottled {} ms", figures::rate(ms)));
        }
        let (left, right) = (clock.x(from), clock.x(point.at_ms));
        spots.push(Spot { left, top: 0, width: right - left, height: floor, says });
        from = point.at_ms;
    }
    spots
}
