//! A burst, request by request: whom the queue served first, and when the last one was through.

use maud::{Markup, html};
use poollab_analysis::figures;
use poollab_model::{Burst, BurstRequest, ErrorKind};

use super::axis::{columns, rows};
use super::scale::Scale;
use super::svg::{Anchor, Point, WIDTH, chart, spot, text};
use super::{Fill, Mark};

const HEIGHT: f64 = 280.0;
const TOP: f64 = 24.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = WIDTH - 16.0;
const FLOOR: f64 = HEIGHT - 46.0;
/// Strips that tell their figures.
const STRIPS: u32 = 48;

/// The chart: the order of sending against the end. `kinds` are the section's kinds of failures with their fills,
/// and `until_us` is the end of the scale, so that bursts can be compared with each other.
pub fn burst(of: &str, burst: &Burst, kinds: &[(ErrorKind, Fill)], until_us: u64) -> Markup {
    let last = burst.sent - burst.left_out;
    let x = Scale::linear((0.5, f64::from(last.max(1)) + 0.5), (LEFT, RIGHT));
    let y = Scale::linear((0.0, until_us.max(1) as f64), (FLOOR, TOP));
    let round = x.ticks().into_iter().filter(|order| *order > 1.0 && order.fract() == 0.0);
    let orders: Vec<_> =
        std::iter::once(1.0).chain(round).map(|order| (order, figures::whole(order as u64))).collect();
    let reach = if last > 400 { 2.0 } else { 3.0 };
    let drawing = html! {
        (rows(&y, x.ends(), |us| if us > 0.0 { figures::time(us) } else { "0".to_owned() }))
        (columns(&x, y.ends(), x.ends(), &orders))
        (text("muted", Anchor::Start, (LEFT, TOP - 14.0), "ended after the burst was due"))
        (text("muted", Anchor::Start, (LEFT, HEIGHT - 9.0), "request, in the order of sending"))
        @for (fill, points) in outcomes(burst, kinds, &x, &y) { (Mark::of(fill).draw(fill.class(), &points, reach)) }
        (spots(burst, last, &x))
    };
    chart(HEIGHT, &label(of, burst), drawing)
}

/// The places of the marks of each outcome. Failures come last: what is rare is not to be covered.
fn outcomes(burst: &Burst, kinds: &[(ErrorKind, Fill)], x: &Scale, y: &Scale) -> Vec<(Fill, Vec<Point>)> {
    let mut outcomes: Vec<(Fill, Vec<Point>)> = Vec::new();
    for request in &burst.requests {
        let fill = fill_of(request, kinds);
        // Of thousands many fall onto the same spot: there is one mark for a row of them.
        let at = (x.at(request.order.into()).round(), y.at(request.ended_us as f64).round());
        match outcomes.iter_mut().find(|(known, _)| *known == fill) {
            Some((_, points)) if points.last() == Some(&at) => {}
            Some((_, points)) => points.push(at),
            None => outcomes.push((fill, vec![at])),
        }
    }
    outcomes.sort_by_key(|(fill, _)| *fill != Fill::Ok);
    outcomes
}

/// A success, or its kind of failure; one that the section does not know looks like its last one.
fn fill_of(request: &BurstRequest, kinds: &[(ErrorKind, Fill)]) -> Fill {
    let Some(error) = request.error else { return Fill::Ok };
    kinds.iter().find(|(kind, _)| *kind == error).map_or(Fill::Failed(Fill::KINDS - 1), |(_, fill)| *fill)
}

fn label(of: &str, burst: &Burst) -> String {
    let failed = burst.requests.iter().filter(|request| request.error.is_some()).count();
    let last = burst.requests.iter().map(|request| request.ended_us).max();
    format!(
        "Burst of {}, {of}: the order of sending against the end. {} failed, {} unfinished{}",
        figures::plural(burst.sent.into(), "request", "requests"),
        figures::whole(failed as u64),
        figures::whole(burst.unfinished().into()),
        last.map(|us| format!(", the last one ended after {}", figures::time(us as f64))).unwrap_or_default()
    )
}

fn spots(burst: &Burst, all: u32, x: &Scale) -> Markup {
    let width = all.div_ceil(STRIPS).max(1);
    html! {
        @for first in (1..=all).step_by(width as usize) {
            @let last = (first + width - 1).min(all);
            @let of = burst.requests.iter().filter(|one| (first..=last).contains(&one.order));
            (spot((x.at(f64::from(first) - 0.5), TOP), (x.at(f64::from(last) + 0.5), FLOOR), &says(first, last, of)))
        }
    }
}

fn says<'a>(first: u32, last: u32, requests: impl Iterator<Item = &'a BurstRequest>) -> String {
    const IN_SIGHT: usize = 8;
    let mut lines = vec![if first == last {
        format!("request {}", figures::whole(first.into()))
    } else {
        format!("requests {} to {}", figures::whole(first.into()), figures::whole(last.into()))
    }];
    let ends: Vec<String> = requests
        .map(|one| {
            let outcome = one.error.map_or("ok".to_owned(), |kind| kind.to_string());
            format!("{outcome} after {}", figures::time(one.ended_us as f64))
        })
        .collect();
    lines.extend(ends.iter().take(IN_SIGHT).cloned());
    if ends.len() > IN_SIGHT {
        lines.push(format!("and {} more", ends.len() - IN_SIGHT));
    }
    if ends.is_empty() {
        lines.push("not ended while measuring".to_owned());
    }
    lines.join("\n")
}
