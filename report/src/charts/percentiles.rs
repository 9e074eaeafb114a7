//! Latency by percentile, as HdrHistogram plots it: more room for each further nine.

use maud::{Markup, html};
use poollab_analysis::stats::{Latency, curve};
use poollab_analysis::{Section, figures};

use super::Mark;
use super::axis::{columns, rows};
use super::scale::Scale;
use super::series;
use super::svg::{Anchor, Point, WIDTH, chart, line, spot, text, text_width};

/// The least; many lines need more, so that each name has room.
const HEIGHT: f64 = 320.0;
/// Between names.
const APART: f64 = 18.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 42.0;
const LEFT: f64 = 58.0;
const STEPS_PER_NINE: u32 = 10;

/// Percentiles on the axis, by their nines.
const TICKS: [(f64, &str); 7] =
    [(0.0, "0"), (0.301, "50"), (1.0, "90"), (2.0, "99"), (3.0, "99.9"), (4.0, "99.99"), (5.0, "99.999")];

/// One line of the chart.
pub struct Curve<'a> {
    /// Its name.
    pub label: &'a str,
    /// The number of its colour, dash and mark, the same in the whole document.
    pub series: usize,
    /// What it shows.
    pub latency: &'a Latency,
}

/// Its points: nines, and the microseconds that so many requests took at most.
type Points = Vec<(f64, u64)>;

/// The chart; `None` when there is nothing to show.
pub fn percentiles(section: &Section, what: &str, curves: &[Curve<'_>]) -> Option<Markup> {
    let lines: Vec<(&Curve<'_>, Points)> = curves
        .iter()
        .map(|one| (one, curve(one.latency, STEPS_PER_NINE)))
        .filter(|(_, points)| points.len() > 1)
        .collect();
    let nines = lines.iter().filter_map(|(_, points)| points.last()).map(|last| last.0).fold(1.0, f64::max);
    let values = lines.iter().flat_map(|(_, points)| points.iter().map(|point| point.1.max(1) as f64));
    let (low, high) = values.fold((f64::INFINITY, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
    if lines.is_empty() || !low.is_finite() {
        return None;
    }
    let label = format!("Latency of {what} by percentile, {}; both axes logarithmic", section.heading);
    // They are bold, which takes more room.
    let names = lines.iter().map(|(one, _)| text_width(one.label) * 8.0 / 7.0).fold(0.0, f64::max);
    let right = WIDTH - (names + 20.0).clamp(40.0, 200.0);
    let height = HEIGHT.max(TOP + BOTTOM + APART * lines.len() as f64);
    let floor = height - BOTTOM;
    let x = Scale::linear((0.0, nines), (LEFT, right));
    let y = Scale::logarithmic((low * 0.85, (high * 1.15).max(low * 4.0)), (floor, TOP));
    let ticks: Vec<(f64, String)> = TICKS
        .iter()
        .filter(|(tick, _)| *tick <= nines)
        .map(|(tick, text)| (*tick, (*text).to_owned()))
        .collect();
    let paths: Vec<Vec<Point>> = lines
        .iter()
        .map(|(_, points)| points.iter().map(|(nines, us)| (x.at(*nines), y.at(*us as f64))).collect())
        .collect();
    let ends: Vec<Point> = paths.iter().filter_map(|path| path.last().copied()).collect();
    let drawing = html! {
        (rows(&y, x.ends(), figures::time))
        (columns(&x, y.ends(), x.ends(), &ticks))
        (text("muted", Anchor::Start, (LEFT, height - 8.0), "percentile of requests"))
        @for (((one, points), path), (end, place)) in lines.iter().zip(&paths).zip(ends.iter().zip(apart(&ends, floor))) {
            g.(series::class(one.series)) {
                (line("curve", path))
                @if let Some(mark) = series::mark(one.series) { (mark.draw("", &marked(points, path), 4.0)) }
                (line("grid", &[*end, (right + 6.0, place)]))
                (Mark::Disc.draw("", &[*end], 3.0))
                (text("strong", Anchor::Start, (right + 9.0, place), one.label))
            }
        }
        (spots(&lines, nines, &x, floor))
    };
    Some(chart(height, &label, drawing))
}

/// The places of marks along a line, at each half of a nine.
fn marked(points: &Points, path: &[Point]) -> Vec<Point> {
    let mut next = 0.25;
    let mut places = Vec::new();
    for ((nines, _), place) in points.iter().zip(path) {
        if *nines >= next {
            places.push(*place);
            next = nines + 0.5;
        }
    }
    places
}

/// Heights of names beside the ends of their lines, moved apart where they would overlap.
fn apart(ends: &[Point], floor: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by(|a, b| ends[*a].1.total_cmp(&ends[*b].1));
    let mut places: Vec<f64> = ends.iter().map(|end| end.1).collect();
    for pair in order.windows(2) {
        places[pair[1]] = places[pair[1]].max(places[pair[0]] + APART);
    }
    // What was pushed beyond the floor pushes the others back up.
    let mut lowest = floor;
    for index in order.into_iter().rev() {
        places[index] = places[index].min(lowest);
        lowest = places[index] - APART;
    }
    places
}

/// A strip for each percentile that people ask for.
fn spots(lines: &[(&Curve<'_>, Points)], nines: f64, x: &Scale, floor: f64) -> Markup {
    let edges: Vec<f64> = (0..=(nines * 5.0).ceil() as u32).map(|step| f64::from(step) / 5.0).collect();
    html! {
        @for edge in edges.windows(2) {
            (spot((x.at(edge[0]), TOP), (x.at(edge[1]), floor), &says(lines, edge[0])))
        }
    }
}

/// What a strip tells that begins at so many nines.
fn says(lines: &[(&Curve<'_>, Points)], from: f64) -> String {
    let nines = from + 0.1;
    let mut says = format!("{:.2}% took at most", 100.0 * (1.0 - 10_f64.powf(-nines)));
    for (one, points) in lines.iter().filter(|(_, points)| points.last().is_some_and(|last| last.0 >= from)) {
        let at = points.iter().rev().find(|point| point.0 <= nines).or(points.first());
        if let Some((_, us)) = at {
            says.push_str(&format!("\n{} {}", one.label, figures::time(*us as f64)));
        }
    }
    says
}
