//! One lane of a course: what it draws, and where it was not looked.

use maud::{Markup, html};
use poollab_analysis::figures;
use poollab_model::TimelinePoint;

use super::{PLOT, TITLE};
use crate::charts::Fill;
use crate::charts::scale::{Scale, round_up};
use crate::charts::svg::{Anchor, Point, area, bar, line, text};

/// Figures of one kind on the common clock.
pub struct Lane {
    /// What stands above it.
    pub title: &'static str,
    /// What it shows, stacked ones from the floor upwards.
    pub series: Vec<Series>,
    /// A level that matters: the slots.
    pub limit: Option<(f64, String)>,
    /// What a line that is drawn in the same ink means.
    pub line: Option<String>,
    /// The least that the axis shows.
    pub at_least: f64,
}

/// How a series is drawn.
pub enum Shape {
    /// Filled from the top of the ones before it.
    Stacked(Fill),
    /// A line of this class.
    Line(&'static str),
}

/// One figure of a lane over time.
pub struct Series {
    /// How it is drawn.
    pub shape: Shape,
    /// What it is.
    pub value: Value,
}

/// A series' figure at a moment; `None`: not observed.
pub type Value = Box<dyn Fn(&TimelinePoint) -> Option<f64>>;

impl Lane {
    /// For those who can't see it.
    pub fn in_words(&self) -> String {
        match &self.line {
            Some(line) => format!("{} with {line}", self.title),
            None => self.title.to_owned(),
        }
    }

    /// Draws it, so far below the top of the chart.
    pub fn draw(&self, clock: &Scale, points: &[TimelinePoint], top: f64) -> Markup {
        let (roof, floor) = (top + TITLE, top + TITLE + PLOT);
        let (left, right) = clock.ends();
        let highest = points.iter().map(|point| self.height_at(point)).fold(self.at_least, f64::max);
        let limit = self.limit.as_ref().map(|(level, _)| *level);
        let most = round_up(highest.max(limit.unwrap_or(0.0) * 1.05));
        let y = Scale::linear((0.0, most), (floor, roof));
        let seen = |point: &TimelinePoint| self.series.iter().any(|series| (series.value)(point).is_some());
        html! {
            (text("strong haloed", Anchor::Start, (left, top + TITLE / 2.0), self.title))
            (line("grid", &[(left, floor), (right, floor)]))
            @if points.iter().any(seen) {
                (line("grid", &[(left, roof), (right, roof)]))
                (text("muted", Anchor::End, (left - 6.0, roof + 4.0), &level(most)))
                (text("muted", Anchor::End, (left - 6.0, floor - 4.0), "0"))
                @for (from, to) in self.gaps(points) {
                    (bar(Fill::Unseen.class(), (clock.at(from), roof), (clock.at(to), floor)))
                }
                (self.stacks(clock, points, &y))
                @for series in &self.series {
                    @if let Shape::Line(class) = series.shape {
                        @for path in unbroken(points, clock, &y, &series.value) { (line(class, &path)) }
                    }
                }
                @if let Some(limit) = limit { (line("limit", &[(left, y.at(limit)), (right, y.at(limit))])) }
                @if let Some(named) = self.limit.as_ref().map(|(_, text)| text.as_str()).or(self.line.as_deref()) {
                    (text("limit haloed", Anchor::End, (right, top + TITLE / 2.0), &format!("― {named}")))
                }
            } @else {
                (text("muted", Anchor::Start, (left + 6.0, roof + PLOT / 2.0), "not observed"))
            }
        }
    }

    /// Stretches in which nothing that is stacked was observed, though it was in others: an empty place would say that
    /// there was nothing.
    pub fn gaps(&self, points: &[TimelinePoint]) -> Vec<(f64, f64)> {
        let stacked = || self.series.iter().filter(|series| matches!(series.shape, Shape::Stacked(_)));
        let blind = |point: &TimelinePoint| stacked().all(|series| (series.value)(point).is_none());
        if stacked().next().is_none() || points.iter().all(blind) {
            return Vec::new();
        }
        let begins = std::iter::once(0.0).chain(points.iter().map(|point| point.at_ms));
        begins
            .zip(points)
            .filter(|(_, point)| blind(point))
            .map(|(begin, point)| (begin, point.at_ms))
            .collect()
    }

    /// Each stacked series as one shape of steps, from the top of the ones before it. One shape and not a
    /// box for each interval: between boxes a scaled page shows seams.
    fn stacks(&self, clock: &Scale, points: &[TimelinePoint], y: &Scale) -> Markup {
        let mut below = vec![0.0; points.len()];
        let mut stacked = |series: &Series| {
            let Shape::Stacked(fill) = series.shape else { return None };
            let values = points.iter().map(|point| (series.value)(point).unwrap_or(0.0));
            let tops: Vec<f64> = values.zip(&below).map(|(value, base)| base + value).collect();
            let mut outline = steps(points, clock, &tops, y);
            outline.extend(steps(points, clock, &below, y).into_iter().rev());
            let drawn = (tops != below).then(|| area(fill.class(), &outline));
            below = tops;
            drawn
        };
        html! { @for series in &self.series { @if let Some(area) = stacked(series) { (area) } } }
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
fn steps(points: &[TimelinePoint], clock: &Scale, values: &[f64], y: &Scale) -> Vec<Point> {
    let begins = std::iter::once(0.0).chain(points.iter().map(|point| point.at_ms));
    begins
        .zip(points)
        .zip(values)
        .flat_map(|((from, point), value)| [from, point.at_ms].map(|at| (clock.at(at), y.at(*value))))
        .collect()
}

/// Lines end where nothing was observed: a gap is not a zero, nor what lies between its neighbours.
fn unbroken(points: &[TimelinePoint], clock: &Scale, y: &Scale, value: &Value) -> Vec<Vec<Point>> {
    let end = points.last().map_or(0.0, |point| point.at_ms);
    let interval = end / points.len().max(1) as f64;
    points
        .split(|point| value(point).is_none())
        .map(|part| match part {
            // Alone it has no neighbour to be joined with, and still is to be seen.
            [only] => [only.at_ms - interval, only.at_ms]
                .into_iter()
                .filter_map(|at| Some((clock.at(at), y.at(value(only)?))))
                .collect(),
            // A value belongs to the whole interval, so it stands in its middle.
            part => part
                .iter()
                .filter_map(|point| Some((clock.at(point.at_ms - interval / 2.0), y.at(value(point)?))))
                .collect::<Vec<_>>(),
        })
        .filter(|path| !path.is_empty())
        .collect()
}

/// The end of a lane's scale: counts are whole.
fn level(value: f64) -> String {
    if value.fract() == 0.0 { figures::whole(value as u64) } else { figures::rate(value) }
}

#[cfg(test)]
mod tests {
    use poollab_analysis::fixtures;

    use super::*;

    #[test]
    fn an_observation_between_two_gaps_is_seen() {
        let mut run = fixtures::main_run();
        let points = &mut run.trials[0].timeline;
        for (number, point) in points.iter_mut().enumerate() {
            point.p99_us = (number == 5 || number > 7).then_some(1_000);
        }
        let clock = Scale::linear((0.0, points.last().unwrap().at_ms), (0.0, 100.0));
        let y = Scale::linear((0.0, 2_000.0), (50.0, 0.0));
        let value: Value = Box::new(|point| Some(point.p99_us? as f64));
        let paths = unbroken(points, &clock, &y, &value);
        let wide: Vec<bool> = paths.iter().map(|path| path[path.len() - 1].0 - path[0].0 > 1.0).collect();
        assert_eq!(wide, [true, true], "{paths:?}");
    }
}
