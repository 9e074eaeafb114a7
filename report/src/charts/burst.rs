//! A burst, request by request: whom the queue served first, and when the last one was through.

use poollab_analysis::figures;
use poollab_model::{Burst, BurstRequest, ErrorKind};

use super::canvas::{Area, Error, Side, Spot, WIDTH, draw, line, write};
use super::ink::{Fill, Ink};
use super::marks::Mark;

const HEIGHT: i32 = 280;
const TOP: i32 = 24;
const LEFT: i32 = 62;
const RIGHT: i32 = WIDTH as i32 - 16;
const FLOOR: i32 = HEIGHT - 46;
/// Strips that tell their figures.
const STRIPS: u32 = 48;

/// The chart: the order of sending against the end. `kinds` are the section's kinds of failures with their fills,
/// and `until_us` is the end of the scale, so that bursts can be compared with each other.
pub fn burst(of: &str, burst: &Burst, kinds: &[(ErrorKind, Fill)], until_us: u64) -> String {
    let scale = Scale { last: burst.sent - burst.left_out, until_us: until_us.max(1) as f64 };
    draw(HEIGHT as u32, &label(of, burst), |area| {
        axes(area, &scale)?;
        let reach = if scale.last > 400 { 2 } else { 3 };
        // Failures last: what is rare is not to be covered.
        let (failed, ok): (Vec<_>, Vec<_>) = burst.requests.iter().partition(|one| one.error.is_some());
        let mut last = None;
        for request in ok.into_iter().chain(failed) {
            let fill = fill_of(request, kinds);
            let at = (scale.x(request.order), scale.y(request.ended_us));
            // Of thousands many fall onto the same spot: there is one mark for a row of them.
            if last.replace((at, fill)) != Some((at, fill)) {
                Mark::of(fill).draw(area, at, reach, Ink::Dot(fill))?;
            }
        }
        Ok(spots(burst, &scale))
    })
}

struct Scale {
    /// The last request, from 1.
    last: u32,
    until_us: f64,
}

impl Scale {
    fn x(&self, order: u32) -> i32 {
        let share = (f64::from(order) - 0.5) / f64::from(self.last.max(1));
        LEFT + (share * f64::from(RIGHT - LEFT)) as i32
    }

    fn y(&self, us: u64) -> i32 {
        FLOOR - (us as f64 / self.until_us * f64::from(FLOOR - TOP)) as i32
    }
}

fn axes(area: &Area<'_>, scale: &Scale) -> Result<(), Error> {
    let parts = round_parts(scale.until_us);
    for part in 0..=parts {
        let us = scale.until_us * f64::from(part) / f64::from(parts);
        let y = scale.y(us as u64);
        line(area, vec![(LEFT, y), (RIGHT, y)], Ink::Grid, 1)?;
        let text = if part == 0 { "0".to_owned() } else { figures::time(us) };
        write(area, (LEFT - 6, y), Side::Left, Ink::Muted, false, &text)?;
    }
    let mut orders: Vec<u32> = (0..=4).map(|quarter| (scale.last * quarter / 4).max(1)).collect();
    orders.dedup();
    for order in orders {
        let text = figures::whole(order.into());
        write(area, (scale.x(order), FLOOR + 12), Side::Centre, Ink::Muted, false, &text)?;
    }
    write(area, (LEFT, TOP - 14), Side::Right, Ink::Muted, false, "ended after the burst was due")?;
    write(area, (LEFT, HEIGHT - 9), Side::Right, Ink::Muted, false, "request, in the order of sending")
}

/// Four parts of a round number or five, whichever are round themselves.
fn round_parts(round: f64) -> u32 {
    let mantissa = round / 10_f64.powf(round.log10().floor());
    if ((mantissa * 10.0).round() as u32).is_multiple_of(4) { 4 } else { 5 }
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

fn spots(burst: &Burst, scale: &Scale) -> Vec<Spot> {
    let width = scale.last.div_ceil(STRIPS).max(1);
    (1..=scale.last)
        .step_by(width as usize)
        .map(|first| {
            let last = (first + width - 1).min(scale.last);
            let (left, right) = (scale.x(first), scale.x(last));
            let step = (RIGHT - LEFT) / scale.last.max(1) as i32;
            let of = burst.requests.iter().filter(|one| (first..=last).contains(&one.order));
            Spot {
                left: left - step / 2,
                top: TOP,
                width: right - left + step,
                height: FLOOR - TOP,
                says: says(first, last, of),
            }
        })
        .collect()
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
