//! Latency by percentile, as HdrHistogram plots it: more room for each further nine.

use plotters::prelude::*;
use poollab_analysis::stats::{Latency, curve};
use poollab_analysis::{Section, figures};

use super::canvas::{Area, Error, Side, Spot, WIDTH, draw, line, text_width, write};
use super::ink::{Ink, SERIES_COLOURS};
use super::marks::Mark;

/// The least; many lines need more, so that each name has room.
const HEIGHT: i32 = 320;
/// Between names.
const APART: i32 = 17;
const TOP: i32 = 12;
const BOTTOM: i32 = 42;
const LEFT: i32 = 58;
const STEPS_PER_NINE: u32 = 10;

/// One line of the chart.
pub struct Curve<'a> {
    /// Its name.
    pub label: &'a str,
    /// The number of its colour, dash and mark, the same in the whole document.
    pub series: usize,
    /// What it shows.
    pub latency: &'a Latency,
}

/// The chart; `None` when there is nothing to show.
pub fn percentiles(section: &Section, what: &str, curves: &[Curve<'_>]) -> Option<String> {
    let lines: Vec<(&Curve<'_>, Vec<(f64, u64)>)> = curves
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
    let (low, high) = (low * 0.85, high * 1.15);
    let label = format!("Latency of {what} by percentile, {}; both axes logarithmic", section.heading);
    // They are bold, which takes more room.
    let names = lines.iter().map(|(one, _)| text_width(one.label) * 8 / 7).max().unwrap_or(0);
    let right = WIDTH as i32 - (names + 20).clamp(40, 200);
    let height = HEIGHT.max(TOP + BOTTOM + APART * lines.len() as i32);
    let floor = height - BOTTOM;
    let scale = Scale { nines, low: low.ln(), high: high.max(low * 4.0).ln(), right, floor };
    Some(draw(height as u32, &label, |area| {
        axes(area, &scale)?;
        let mut ends: Vec<(i32, &Curve<'_>, i32)> = Vec::new();
        for (one, points) in &lines {
            let path: Vec<(i32, i32)> =
                points.iter().map(|(n, us)| (scale.x(*n), scale.y(*us as f64))).collect();
            if let Some((x, y)) = path.last().copied() {
                ends.push((y, one, x));
            }
            area.draw(&PathElement::new(path, Ink::Series(one.series).colour().stroke_width(2)))?;
            marks(area, one.series, points, &scale)?;
        }
        names_at_ends(area, ends, &scale)?;
        Ok(spots(&lines, &scale))
    }))
}

struct Scale {
    nines: f64,
    /// Logarithms of microseconds.
    low: f64,
    high: f64,
    right: i32,
    floor: i32,
}

impl Scale {
    fn x(&self, nines: f64) -> i32 {
        LEFT + (nines / self.nines * f64::from(self.right - LEFT)) as i32
    }

    fn y(&self, us: f64) -> i32 {
        let share = (us.max(1.0).ln() - self.low) / (self.high - self.low);
        self.floor - (share * f64::from(self.floor - TOP)) as i32
    }
}

fn axes(area: &Area<'_>, scale: &Scale) -> Result<(), Error> {
    let floor = scale.floor;
    let ticks =
        [(0.0, "0"), (0.301, "50"), (1.0, "90"), (2.0, "99"), (3.0, "99.9"), (4.0, "99.99"), (5.0, "99.999")];
    for (nines, text) in ticks.iter().filter(|(nines, _)| *nines <= scale.nines) {
        line(area, vec![(scale.x(*nines), TOP), (scale.x(*nines), floor)], Ink::Grid, 1)?;
        write(area, (scale.x(*nines), floor + 12), Side::Centre, Ink::Muted, false, text)?;
    }
    write(area, (LEFT, floor + BOTTOM - 8), Side::Right, Ink::Muted, false, "per cent of requests")?;
    // Each power of ten; with few of them in sight, their doubles and halves too.
    let steps: &[f64] = if scale.high - scale.low > 7.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let mut decade = 10_f64.powf((scale.low / std::f64::consts::LN_10).floor());
    while decade.ln() <= scale.high {
        for value in steps.iter().map(|step| step * decade) {
            if value.ln() < scale.low - 1e-9 || value.ln() > scale.high {
                continue;
            }
            let y = scale.y(value);
            line(area, vec![(LEFT, y), (scale.right, y)], Ink::Grid, 1)?;
            write(area, (LEFT - 6, y), Side::Left, Ink::Muted, false, &figures::time(value))?;
        }
        decade *= 10.0;
    }
    Ok(())
}

/// Marks on the line of a series that has its colour from an earlier one, at each half of a nine.
fn marks(area: &Area<'_>, series: usize, points: &[(f64, u64)], scale: &Scale) -> Result<(), Error> {
    let Some(mark) = Mark::of_round(series / SERIES_COLOURS) else { return Ok(()) };
    let mut next = 0.25;
    for (nines, us) in points {
        if *nines >= next {
            mark.draw(area, (scale.x(*nines), scale.y(*us as f64)), 4, Ink::Series(series))?;
            next = nines + 0.5;
        }
    }
    Ok(())
}

/// Each line's name at its end, moved apart where they would overlap.
fn names_at_ends(area: &Area<'_>, mut ends: Vec<(i32, &Curve<'_>, i32)>, scale: &Scale) -> Result<(), Error> {
    let right = scale.right;
    ends.sort_by_key(|(y, ..)| *y);
    let mut places: Vec<i32> = ends.iter().map(|(y, ..)| *y).collect();
    for index in 1..places.len() {
        places[index] = places[index].max(places[index - 1] + APART);
    }
    // What was pushed beyond the floor pushes the others back up.
    let mut lowest = scale.floor;
    for place in places.iter_mut().rev() {
        *place = (*place).min(lowest);
        lowest = *place - APART;
    }
    for ((y, one, x), place) in ends.into_iter().zip(places) {
        line(area, vec![(x, y), (right + 6, place)], Ink::Grid, 1)?;
        area.draw(&Circle::new((x, y), 3, Ink::Series(one.series).colour().filled()))?;
        let style = Ink::Series(one.series);
        write(area, (right + 9, place), Side::Right, style, true, one.label)?;
    }
    Ok(())
}

/// A strip for each percentile that people ask for.
fn spots(lines: &[(&Curve<'_>, Vec<(f64, u64)>)], scale: &Scale) -> Vec<Spot> {
    let edges: Vec<f64> = (0..=(scale.nines * 5.0).ceil() as u32).map(|step| f64::from(step) / 5.0).collect();
    edges
        .windows(2)
        .map(|edge| {
            let nines = edge[0] + 0.1;
            let percent = 100.0 * (1.0 - 10_f64.powf(-nines));
            let mut says = format!("{percent:.2}% took at most");
            for (one, points) in
                lines.iter().filter(|(_, points)| points.last().is_some_and(|last| last.0 >= edge[0]))
            {
                let at = points.iter().rev().find(|point| point.0 <= nines).or(points.first());
                if let Some((_, us)) = at {
                    says.push_str(&format!("\n{} {}", one.label, figures::time(*us as f64)));
                }
            }
            let (left, right) = (scale.x(edge[0]), scale.x(edge[1]).min(scale.right));
            Spot { left, top: TOP, width: right - left, height: scale.floor - TOP, says }
        })
        .collect()
}
