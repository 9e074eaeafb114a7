//! One lane of a course: what it draws, and where it was not looked.

use plotters::prelude::*;
use poollab_analysis::figures;
use poollab_model::TimelinePoint;

use super::{Clock, LEFT, PLOT, RIGHT, TITLE};
use crate::charts::canvas::{Area, Error, Side, fill, line, round_up, write};
use crate::charts::ink::{Fill, Ink};

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
    /// A line of this thickness.
    Line(Ink, u32),
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
    pub fn draw(
        &self,
        area: &Area<'_>,
        clock: &Clock,
        points: &[TimelinePoint],
        top: i32,
    ) -> Result<(), Error> {
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
        for (from, to) in self.gaps(points) {
            fill(area, (clock.x(from), roof), (clock.x(to), floor), Ink::Area(Fill::Unseen))?;
        }
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

/// The end of a lane's scale: counts are whole.
fn level(value: f64) -> String {
    if value.fract() == 0.0 { figures::whole(value as u64) } else { figures::rate(value) }
}
