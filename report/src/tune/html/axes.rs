//! The two axes that both charts share: sizes on a logarithmic scale, figures beside it.

use poollab_analysis::tune::chart::Chart;

use super::charts::Predicted;
use crate::charts::canvas::{Area, Error, Side, WIDTH, line, text_width, write};
use crate::charts::ink::Ink;

/// Height of a chart without what stands below its axis.
pub const HEIGHT: i32 = 330;
/// The plot's edges.
pub const TOP: i32 = 34;
pub const LEFT: i32 = 62;
pub const RIGHT: i32 = WIDTH as i32 - 44;
/// The floor of the plot.
pub const LOWEST: i32 = HEIGHT - 52;

/// How far beyond the measured sizes a prediction is still drawn.
const BEYOND: f64 = 2.0;

/// Scales of a chart.
pub struct Axis {
    first: f64,
    last: f64,
    low: f64,
    high: f64,
    /// Whether the figures' axis is logarithmic too.
    logarithmic: bool,
}

impl Axis {
    /// Scales for all measured sizes, the predictions near them, and figures from `low` to `high`; `None`
    /// without a size.
    pub fn new(
        chart: &Chart,
        predicted: &[Predicted],
        low: f64,
        high: f64,
        logarithmic: bool,
    ) -> Option<Self> {
        let first = f64::from(chart.points.first()?.size).max(1.0);
        let last = f64::from(chart.points.last()?.size).max(first);
        let near = predicted.iter().map(|one| f64::from(one.size));
        let near: Vec<f64> = near.filter(|size| *size >= first / BEYOND && *size <= last * BEYOND).collect();
        let first = near.iter().copied().fold(first, f64::min).max(1.0);
        let last = near.iter().copied().fold(last, f64::max).max(first * 2.0);
        Some(Self { first, last, low, high, logarithmic })
    }

    /// Whether a size lies on the axis.
    pub fn holds(&self, size: u32) -> bool {
        (self.first..=self.last).contains(&f64::from(size))
    }

    /// Place of a size.
    pub fn x(&self, size: f64) -> i32 {
        let share = (size.max(1e-9) / self.first).ln() / (self.last / self.first).ln();
        LEFT + 8 + (share * f64::from(RIGHT - LEFT - 8)).round() as i32
    }

    /// Place of a figure.
    pub fn y(&self, value: f64) -> i32 {
        let share = if self.logarithmic {
            (value.max(1e-9) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        LOWEST - (share.clamp(0.0, 1.0) * f64::from(LOWEST - TOP)).round() as i32
    }

    /// Grid and figures.
    pub fn paint(&self, area: &Area<'_>, what: &str, text: impl Fn(f64) -> String) -> Result<(), Error> {
        for value in self.values() {
            let y = self.y(value);
            line(area, vec![(LEFT, y), (RIGHT + 4, y)], Ink::Grid, 1)?;
            write(area, (LEFT - 6, y), Side::Left, Ink::Muted, false, &text(value))?;
        }
        line(area, vec![(LEFT, LOWEST), (RIGHT + 4, LOWEST)], Ink::Muted, 1)?;
        let mut end = i32::MIN;
        for size in sizes(self.first, self.last) {
            let (x, text) = (self.x(size), format!("{size:.0}"));
            let half = text_width(&text) / 2 + 3;
            if x - half > end {
                line(area, vec![(x, LOWEST), (x, LOWEST + 4)], Ink::Muted, 1)?;
                write(area, (x, LOWEST + 15), Side::Centre, Ink::Muted, false, &text)?;
                end = x + half;
            }
        }
        write(area, (RIGHT + 4, LOWEST + 33), Side::Left, Ink::Muted, false, what)
    }

    /// Round figures within the scale: powers of ten with their doubles and halves, or even steps.
    fn values(&self) -> Vec<f64> {
        if self.logarithmic {
            return round(self.low, self.high);
        }
        let rough = (self.high - self.low) / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].iter().map(|s| s * power).find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        (0..=8).map(|n| self.low + f64::from(n) * step).filter(|value| *value <= self.high).collect()
    }
}

/// Powers of ten with their doubles and halves, from `low` to `high`; of more than three decades powers only.
fn round(low: f64, high: f64) -> Vec<f64> {
    let steps: &[f64] = if high / low > 1e3 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let from = low.log10().floor() as i32;
    (from..=from + 12)
        .flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)))
        .filter(|value| (low..=high).contains(value))
        .collect()
}

/// Sizes to write below the axis: powers of two, as most people try them; of a very wide range every fourth.
fn sizes(first: f64, last: f64) -> Vec<f64> {
    let octaves = (last / first).log2();
    let step = if octaves > 10.0 { 4 } else { 1 };
    let powers: Vec<f64> = (0..=20)
        .step_by(step)
        .map(|n| f64::from(1_u32 << n))
        .filter(|size| (first..=last).contains(size))
        .collect();
    if powers.len() >= 2 { powers } else { vec![first, last] }
}
