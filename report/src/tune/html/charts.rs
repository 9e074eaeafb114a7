//! Goodput and latency against pool size, sizes on a logarithmic axis.

use plotters::prelude::*;
use poollab_analysis::figures;
use poollab_analysis::tune::chart::{Chart, ChartPoint};

use super::axes::{Axis, HEIGHT, LEFT, LOWEST, RIGHT, TOP};
use crate::charts::canvas::{Area, Error, Side, Spot, draw, fill, line, text_width, write};
use crate::charts::ink::{Fill, Ink};
use crate::tune::{Tuned, TunedSeries, words};

/// Numbers of colours and dashes in the style sheet: a solid line, and dashed ones.
pub const P50: usize = 0;
pub const P99: usize = 1;
pub const CURVES: [usize; 2] = [1, 2];

/// A row of letters below the axis.
const LETTER_ROW: i32 = 16;

const PLATEAU: &str = "plateau";

/// A size that models predict, and their letters.
#[derive(Debug, PartialEq)]
pub struct Predicted {
    pub size: u32,
    pub letters: String,
}

/// The letter of each model in the scorecard.
pub fn letter(number: usize) -> char {
    char::from(b'a' + u8::try_from(number % 26).unwrap_or(0))
}

/// Predicted sizes with the letters of their models, ascending.
pub fn predicted(series: &TunedSeries) -> Vec<Predicted> {
    let mut all: Vec<Predicted> = Vec::new();
    for (number, card) in series.models.iter().enumerate() {
        let Some(size) = card.predicted else { continue };
        match all.iter_mut().find(|one| one.size == size) {
            Some(one) => one.letters.push(letter(number)),
            None => all.push(Predicted { size, letters: letter(number).to_string() }),
        }
    }
    all.sort_by_key(|one| one.size);
    all
}

/// Goodput with the models laid over it; `None` when nothing succeeded.
pub fn goodput(series: &TunedSeries) -> Option<String> {
    let chart = &series.chart;
    let best = chart.points.iter().map(|point| point.goodput).fold(0.0, f64::max);
    let highest = chart.points.iter().map(|point| point.high.unwrap_or(point.goodput)).fold(best, f64::max);
    // A curve that leaves the data far behind would press them to the floor.
    let modelled = chart.curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
    let top = modelled.filter(|goodput| goodput.is_finite()).fold(highest, f64::max).min(1.3 * highest);
    let predicted = predicted(series);
    let axis = Axis::new(chart, &predicted, 0.0, top * 1.06, false).filter(|_| best > 0.0)?;
    let rows = rows(&predicted, &axis);
    let below = rows.iter().map(|(row, ..)| row + 1).max().unwrap_or(0) * LETTER_ROW;
    Some(draw((HEIGHT + below) as u32, &goodput_label(series), |area| {
        plateau(area, chart, &axis)?;
        axis.paint(area, "connections", figures::rate)?;
        for (curve, number) in chart.curves.iter().zip(CURVES) {
            let visible: Vec<(i32, i32)> = curve
                .points
                .iter()
                .filter(|(_, goodput)| goodput.is_finite() && *goodput <= top * 1.06)
                .map(|(size, goodput)| (axis.x(*size), axis.y(*goodput)))
                .collect();
            if visible.len() > 1 {
                area.draw(&PathElement::new(visible, Ink::Series(number).colour().stroke_width(2)))?;
            }
        }
        measured(area, chart, &axis)?;
        for (row, one, x) in &rows {
            let y = HEIGHT + row * LETTER_ROW - 4;
            line(area, vec![(*x, LOWEST), (*x, LOWEST + 5)], Ink::Text, 2)?;
            write(area, (*x, y), Side::Centre, Ink::Text, true, &one.letters)?;
        }
        recommended(area, chart, &axis)?;
        Ok(spots(chart, &axis))
    }))
}

/// p50 and p99 with the objective's limit; `None` where no latency was measured.
pub fn latency(series: &TunedSeries, tuned: &Tuned) -> Option<String> {
    let chart = &series.chart;
    let measured = chart.points.iter().flat_map(|p| [p.p50_ms, p.p99_ms]).flatten();
    let measured: Vec<f64> = measured.filter(|ms| *ms > 0.0).collect();
    // The limit is seen also where all is far from it.
    let values: Vec<f64> = measured.iter().copied().chain(tuned.slo_limit_ms).collect();
    let (low, high) =
        values.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), ms| (low.min(*ms), high.max(*ms)));
    let axis = Axis::new(chart, &predicted(series), low * 0.8, (high * 1.25).max(low * 3.0), true)
        .filter(|_| !measured.is_empty())?;
    let limit = tuned.slo.as_ref().map_or_else(String::new, |slo| format!("; the objective is {slo}"));
    let label = format!(
        "Latency by pool size, {}: p50 and p99, both axes logarithmic{limit}; the table has the figures",
        series.name
    );
    Some(draw(HEIGHT as u32, &label, |area| {
        plateau(area, chart, &axis)?;
        axis.paint(area, "connections", |ms| figures::time(ms * 1e3))?;
        if let Some(limit) = tuned.slo_limit_ms {
            let y = axis.y(limit);
            line(area, vec![(LEFT, y), (RIGHT + 4, y)], Ink::Limit, 2)?;
            let name = tuned.slo.as_deref().unwrap_or("objective");
            write(area, (LEFT + 6, y - 8), Side::Right, Ink::Limit, true, name)?;
        }
        for (name, number, of) in
            [("p50", P50, (|p| p.p50_ms) as fn(&ChartPoint) -> Option<f64>), ("p99", P99, |p| p.p99_ms)]
        {
            let points: Vec<(i32, i32)> = drawn(chart, &axis)
                .iter()
                .filter_map(|p| Some((axis.x(f64::from(p.size)), axis.y(of(p).filter(|ms| *ms > 0.0)?))))
                .collect();
            let ink = Ink::Series(number);
            if points.len() > 1 {
                area.draw(&PathElement::new(points.clone(), ink.colour().stroke_width(2)))?;
            }
            for point in &points {
                area.draw(&Circle::new(*point, 3, ink.colour().filled()))?;
            }
            if let Some((_, y)) = points.last() {
                write(area, (RIGHT + 6, *y), Side::Right, ink, true, name)?;
            }
        }
        recommended(area, chart, &axis)?;
        Ok(spots(chart, &axis))
    }))
}

/// The range within the tolerance, shaded from half-way to its neighbours.
fn plateau(area: &Area<'_>, chart: &Chart, axis: &Axis) -> Result<(), Error> {
    let Some(plateau) = chart.plateau else { return Ok(()) };
    let (left, right) = (axis.x(f64::from(plateau.low)), axis.x(f64::from(plateau.high)));
    fill(area, ((left - 6).max(LEFT), TOP), ((right + 6).min(RIGHT + 4), LOWEST), Ink::Area(Fill::Ok))?;
    // Right of the recommended size's line, if there is room; the legend says it anyway.
    if right - left < text_width(PLATEAU) + 8 {
        return Ok(());
    }
    write(area, (right, LOWEST - 10), Side::Left, Ink::Muted, false, PLATEAU)
}

/// The measured sizes: a line, a dot for each, and its 95 % interval.
fn measured(area: &Area<'_>, chart: &Chart, axis: &Axis) -> Result<(), Error> {
    let points = drawn(chart, axis);
    let at = |point: &ChartPoint| (axis.x(f64::from(point.size)), axis.y(point.goodput));
    // Many dots would hide what they stand on.
    let radius =
        [(24, 4), (80, 2)].into_iter().find(|(most, _)| points.len() <= *most).map(|(_, radius)| radius);
    area.draw(&PathElement::new(
        points.iter().map(at).collect::<Vec<_>>(),
        Ink::Mark.colour().stroke_width(2),
    ))?;
    for point in &points {
        let (x, y) = at(point);
        if let Some((low, high)) = point.low.zip(point.high) {
            line(area, vec![(x, axis.y(low)), (x, axis.y(high))], Ink::Text, 1)?;
        }
        if let Some(radius) = radius {
            area.draw(&Circle::new((x, y), radius, Ink::Mark.colour().filled()))?;
        }
    }
    Ok(())
}

/// A line from the floor to a name above the chart.
fn recommended(area: &Area<'_>, chart: &Chart, axis: &Axis) -> Result<(), Error> {
    let Some(size) = chart.recommended else { return Ok(()) };
    let x = axis.x(f64::from(size));
    line(area, vec![(x, TOP), (x, LOWEST)], Ink::Text, 2)?;
    area.draw(&Polygon::new(
        [(x - 6, TOP - 7), (x + 6, TOP - 7), (x, TOP + 2)],
        Ink::Text.colour().filled(),
    ))?;
    let text = format!("take {size}");
    let half = text_width(&text) / 2;
    write(
        area,
        (x.clamp(LEFT + half - 30, RIGHT - half + 40), TOP - 17),
        Side::Centre,
        Ink::Text,
        true,
        &text,
    )
}

/// The points that paper has room for: of those in one column the highest and the lowest.
fn drawn(chart: &Chart, axis: &Axis) -> Vec<ChartPoint> {
    let column = |point: &ChartPoint| axis.x(f64::from(point.size));
    let mut drawn = Vec::new();
    for same in chart.points.chunk_by(|a, b| column(a) == column(b)) {
        let by_goodput = |a: &&ChartPoint, b: &&ChartPoint| a.goodput.total_cmp(&b.goodput);
        let (low, high) = (same.iter().min_by(by_goodput), same.iter().max_by(by_goodput));
        drawn.extend(low);
        drawn.extend(high.filter(|_| same.len() > 1));
    }
    drawn
}

/// Letters below the axis, moved to a lower row where they would overlap.
fn rows<'a>(predicted: &'a [Predicted], axis: &Axis) -> Vec<(i32, &'a Predicted, i32)> {
    let mut ends: Vec<i32> = Vec::new();
    let inside = predicted.iter().filter(|one| axis.holds(one.size));
    inside
        .map(|one| {
            let x = axis.x(f64::from(one.size));
            let half = 5 * one.letters.len() as i32 + 3;
            let row = ends.iter().position(|end| x - half > *end).unwrap_or(ends.len());
            if row == ends.len() {
                ends.push(0);
            }
            ends[row] = x + half;
            (row as i32, one, x)
        })
        .collect()
}

/// A strip for each measured size.
fn spots(chart: &Chart, axis: &Axis) -> Vec<Spot> {
    let points = drawn(chart, axis);
    let xs: Vec<i32> = points.iter().map(|point| axis.x(f64::from(point.size))).collect();
    points
        .iter()
        .enumerate()
        .map(|(number, point)| {
            let middle = |other: Option<&i32>, end: i32| other.map_or(end, |other| (other + xs[number]) / 2);
            let left = middle(number.checked_sub(1).and_then(|before| xs.get(before)), LEFT);
            let right = middle(xs.get(number + 1), RIGHT + 4);
            Spot { left, top: TOP, width: right - left, height: LOWEST - TOP, says: says(point, chart) }
        })
        .collect()
}

fn says(point: &ChartPoint, chart: &Chart) -> String {
    let mut says = format!(
        "{}\n{}/s",
        figures::plural(point.size.into(), "connection", "connections"),
        figures::rate(point.goodput)
    );
    if let Some((low, high)) = point.low.zip(point.high) {
        says.push_str(&format!(" ({} to {})", figures::rate(low), figures::rate(high)));
    }
    for (name, ms) in [("p50", point.p50_ms), ("p99", point.p99_ms)] {
        says.push_str(&ms.map_or_else(String::new, |ms| format!("\n{name} {}", figures::time(ms * 1e3))));
    }
    if chart.plateau.is_some_and(|plateau| (plateau.low..=plateau.high).contains(&point.size)) {
        says.push_str("\nin the plateau");
    }
    if chart.recommended == Some(point.size) {
        says.push_str("\nrecommended");
    }
    says
}

/// What a screen reader says instead of the chart.
fn goodput_label(series: &TunedSeries) -> String {
    let points = &series.chart.points;
    let at = |point: &ChartPoint| format!("{} a second with {}", figures::rate(point.goodput), point.size);
    let best = points.iter().max_by(|a, b| a.goodput.total_cmp(&b.goodput));
    let mut label = format!("Goodput by pool size, {}", series.name);
    if let (Some(first), Some(best), Some(last)) = (points.first(), best, points.last()) {
        label.push_str(&format!(": {}, at best {}, {}", at(first), at(best), at(last)));
    }
    if series.plateau.is_some() {
        label.push_str(&format!("; plateau {}", words::plateau(series.plateau)));
    }
    label + &format!("; {}", words::headline(series))
}
