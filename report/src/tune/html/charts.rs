//! Goodput and latency against pool size, sizes on a logarithmic axis.

use maud::{Markup, html};
use poollab_analysis::figures;
use poollab_analysis::tune::chart::{Chart, ChartPoint};

use super::axes::{Axes, HEIGHT, LEFT, LOWEST, RIGHT, TOP, UPWARDS};
use crate::charts::scale::Scale;
use crate::charts::svg::{Anchor, Point, area, bar, chart, line, spot, swatch, text, text_width};
use crate::charts::{Fill, Mark, series};
use crate::tune::{Tuned, TunedSeries, words};

/// Numbers of colours and dashes in the style sheet: a solid line, and dashed ones.
pub const P50: usize = 0;
pub const P99: usize = 1;
pub const CURVES: [usize; 2] = [1, 2];

/// How many series the page has.
pub const SERIES: usize = 3;

/// A row of letters below the axis.
const LETTER_ROW: f64 = 18.0;

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
pub fn goodput(series: &TunedSeries) -> Option<Markup> {
    let data = &series.chart;
    let best = data.points.iter().map(|point| point.goodput).fold(0.0, f64::max);
    let highest = data.points.iter().map(|point| point.high.unwrap_or(point.goodput)).fold(best, f64::max);
    // A curve that leaves the data far behind would press them to the floor.
    let modelled = data.curves.iter().flat_map(|curve| &curve.points).map(|point| point.1);
    let top =
        modelled.filter(|goodput| goodput.is_finite()).fold(highest, f64::max).min(1.3 * highest) * 1.06;
    let predicted = predicted(series);
    let axes = Axes::new(data, &predicted, Scale::linear((0.0, top), UPWARDS)).filter(|_| best > 0.0)?;
    let rows = letter_rows(&predicted, &axes);
    let below = rows.iter().map(|(row, ..)| row + 1).max().unwrap_or(0) as f64 * LETTER_ROW;
    let drawing = html! {
        (plateau(data, &axes, LOWEST - 10.0))
        (axes.draw(figures::rate))
        @for (curve, number) in data.curves.iter().zip(CURVES) {
            @let inside = curve.points.iter().filter(|(_, goodput)| goodput.is_finite() && *goodput <= top);
            @let places: Vec<Point> = inside.map(|(size, goodput)| (axes.x(*size), axes.y(*goodput))).collect();
            @if places.len() > 1 { g.(series::class(number)) { (line("curve", &places)) } }
        }
        (measured(data, &axes))
        @for (row, one, x) in &rows {
            (line("", &[(*x, LOWEST), (*x, LOWEST + 5.0)]))
            (text("strong", Anchor::Middle, (*x, HEIGHT + 2.0 + *row as f64 * LETTER_ROW), &one.letters))
        }
        (recommended(data, &axes))
        (spots(data, &axes))
    };
    Some(chart(HEIGHT + below, &goodput_label(series), drawing))
}

/// p50 and p99 with the objective's limit; `None` where no latency was measured.
pub fn latency(series: &TunedSeries, tuned: &Tuned) -> Option<Markup> {
    let data = &series.chart;
    let measured = data.points.iter().flat_map(|p| [p.p50_ms, p.p99_ms]).flatten();
    let measured: Vec<f64> = measured.filter(|ms| *ms > 0.0).collect();
    // The limit is seen also where all is far from it.
    let values: Vec<f64> = measured.iter().copied().chain(tuned.slo_limit_ms).collect();
    let (low, high) =
        values.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), ms| (low.min(*ms), high.max(*ms)));
    let range = (low * 0.8, (high * 1.25).max(low * 3.0));
    let axes = Axes::new(data, &predicted(series), Scale::logarithmic(range, UPWARDS))
        .filter(|_| !measured.is_empty())?;
    let objective = tuned.slo.as_deref().unwrap_or("objective");
    let limit = tuned.slo.as_ref().map_or_else(String::new, |slo| format!("; the objective is {slo}"));
    let label = format!(
        "Latency by pool size, {}: p50 and p99, both axes logarithmic{limit}; the table has the figures",
        series.name
    );
    let drawing = html! {
        (plateau(data, &axes, TOP + 12.0))
        (axes.draw(|ms| figures::time(ms * 1e3)))
        @if let Some(y) = tuned.slo_limit_ms.map(|limit| axes.y(limit)) {
            (line("limit", &[(LEFT, y), (RIGHT, y)]))
            (text("limit strong haloed", Anchor::End, (RIGHT - 6.0, y - 11.0), objective))
        }
        (curve(data, &axes, P50, "p50", |point| point.p50_ms))
        (curve(data, &axes, P99, "p99", |point| point.p99_ms))
        (recommended(data, &axes))
        (spots(data, &axes))
    };
    Some(chart(HEIGHT, &label, drawing))
}

/// A latency of all sizes: a line, a dot for each, and its name at the end.
fn curve(data: &Chart, axes: &Axes, number: usize, name: &str, of: fn(&ChartPoint) -> Option<f64>) -> Markup {
    let places: Vec<Point> = drawn(data, axes)
        .iter()
        .filter_map(|point| Some((axes.x(f64::from(point.size)), axes.y(of(point).filter(|ms| *ms > 0.0)?))))
        .collect();
    html! {
        @if let Some((_, y)) = places.last() {
            g.(series::class(number)) {
                (line("curve", &places))
                (Mark::Disc.draw("", &places, 3.0))
                (text("strong", Anchor::Start, (RIGHT + 4.0, *y), name))
            }
        }
    }
}

/// The range within the tolerance, shaded from half-way to its neighbours, and its name where no curve is.
fn plateau(data: &Chart, axes: &Axes, y: f64) -> Markup {
    let ends = data.plateau.map(|plateau| (axes.x(f64::from(plateau.low)), axes.x(f64::from(plateau.high))));
    html! {
        @if let Some((left, right)) = ends {
            (bar(Fill::Plateau.class(), ((left - 6.0).max(LEFT), TOP), ((right + 6.0).min(RIGHT), LOWEST)))
            // Right of the recommended size's line, if there is room; the legend says it anyway.
            @if right - left >= text_width(PLATEAU) + 8.0 {
                (text("muted", Anchor::End, (right, y), PLATEAU))
            }
        }
    }
}

/// The measured sizes: a line, a dot for each, and its 95% interval.
fn measured(data: &Chart, axes: &Axes) -> Markup {
    let points = drawn(data, axes);
    let places: Vec<Point> =
        points.iter().map(|point| (axes.x(f64::from(point.size)), axes.y(point.goodput))).collect();
    // Many dots would hide what they stand on.
    let radius =
        [(24, 4.0), (80, 2.0)].into_iter().find(|(most, _)| points.len() <= *most).map(|(_, radius)| radius);
    html! {
        (line("measured", &places))
        @for (point, (x, _)) in points.iter().zip(&places) {
            @if let Some((low, high)) = point.low.zip(point.high) {
                (line("thin", &[(*x, axes.y(low)), (*x, axes.y(high))]))
            }
        }
        @if let Some(radius) = radius { (Mark::Disc.draw("measured", &places, radius)) }
    }
}

/// The line of the measured sizes, to stand in a legend.
pub fn sample_measured() -> Markup {
    swatch(24.0, line("measured", &[(0.0, 6.0), (24.0, 6.0)]))
}

/// A line from the floor to a name above the chart.
fn recommended(data: &Chart, axes: &Axes) -> Markup {
    let Some(size) = data.recommended else { return html! {} };
    let x = axes.x(f64::from(size));
    let name = format!("take {size}");
    let half = text_width(&name) / 2.0;
    html! {
        (line("", &[(x, TOP), (x, LOWEST)]))
        (area("", &[(x - 6.0, TOP - 7.0), (x + 6.0, TOP - 7.0), (x, TOP + 2.0)]))
        (text("strong", Anchor::Middle, (x.clamp(LEFT + half - 30.0, RIGHT - half + 40.0), TOP - 17.0), &name))
    }
}

/// The points that paper has room for: of those in one column the highest and the lowest.
fn drawn(data: &Chart, axes: &Axes) -> Vec<ChartPoint> {
    let column = |point: &ChartPoint| axes.x(f64::from(point.size)).round();
    let mut drawn = Vec::new();
    for same in data.points.chunk_by(|a, b| column(a) == column(b)) {
        let by_goodput = |a: &&ChartPoint, b: &&ChartPoint| a.goodput.total_cmp(&b.goodput);
        let (low, high) = (same.iter().min_by(by_goodput), same.iter().max_by(by_goodput));
        drawn.extend(low);
        drawn.extend(high.filter(|_| same.len() > 1));
    }
    drawn
}

/// Letters below the axis, moved to a lower row where they would overlap.
fn letter_rows<'a>(predicted: &'a [Predicted], axes: &Axes) -> Vec<(usize, &'a Predicted, f64)> {
    let mut ends: Vec<f64> = Vec::new();
    let inside = predicted.iter().filter(|one| axes.holds(one.size));
    inside
        .map(|one| {
            let x = axes.x(f64::from(one.size));
            let half = 5.0 * one.letters.len() as f64 + 3.0;
            let row = ends.iter().position(|end| x - half > *end).unwrap_or(ends.len());
            if row == ends.len() {
                ends.push(0.0);
            }
            ends[row] = x + half;
            (row, one, x)
        })
        .collect()
}

/// A strip for each measured size.
fn spots(data: &Chart, axes: &Axes) -> Markup {
    let points = drawn(data, axes);
    let places: Vec<f64> = points.iter().map(|point| axes.x(f64::from(point.size))).collect();
    let middles = places.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    let edges: Vec<f64> = std::iter::once(LEFT).chain(middles).chain([RIGHT]).collect();
    html! {
        @for (point, edge) in points.iter().zip(edges.windows(2)) {
            (spot((edge[0], TOP), (edge[1], LOWEST), &says(point, data)))
        }
    }
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
