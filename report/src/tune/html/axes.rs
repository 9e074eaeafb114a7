//! The two axes that both charts share: sizes on a logarithmic scale, figures beside it.

use maud::{Markup, html};
use poollab_analysis::tune::chart::Chart;

use super::charts::Predicted;
use crate::charts::axis::{columns, rows};
use crate::charts::scale::Scale;
use crate::charts::svg::{Anchor, WIDTH, text};

/// Height of a chart without what stands below its axis.
pub const HEIGHT: f64 = 330.0;
/// The plot's edges.
pub const TOP: f64 = 34.0;
pub const LEFT: f64 = 62.0;
pub const RIGHT: f64 = WIDTH - 40.0;
/// The floor of the plot.
pub const LOWEST: f64 = HEIGHT - 52.0;
/// The first and the last size stand so far from the plot's edges.
const ASIDE: f64 = 8.0;

/// How far beyond the measured sizes a prediction is still drawn.
const BEYOND: f64 = 2.0;

/// Scales of a chart.
pub struct Axes {
    first: f64,
    last: f64,
    sizes: Scale,
    figures: Scale,
}

/// Edges of the plot for figures, from the floor upwards.
pub const UPWARDS: (f64, f64) = (LOWEST, TOP);

impl Axes {
    /// Scales for all measured sizes and the predictions near them; `None` without a size.
    pub fn new(chart: &Chart, predicted: &[Predicted], figures: Scale) -> Option<Self> {
        let first = f64::from(chart.points.first()?.size).max(1.0);
        let last = f64::from(chart.points.last()?.size).max(first);
        let near = predicted.iter().map(|one| f64::from(one.size));
        let near: Vec<f64> = near.filter(|size| *size >= first / BEYOND && *size <= last * BEYOND).collect();
        let first = near.iter().copied().fold(first, f64::min).max(1.0);
        let last = near.iter().copied().fold(last, f64::max).max(first * 2.0);
        let sizes = Scale::logarithmic((first, last), (LEFT + ASIDE, RIGHT - ASIDE));
        Some(Self { first, last, sizes, figures })
    }

    /// Whether a size lies on the axis.
    pub fn holds(&self, size: u32) -> bool {
        (self.first..=self.last).contains(&f64::from(size))
    }

    /// Place of a size.
    pub fn x(&self, size: f64) -> f64 {
        self.sizes.at(size)
    }

    /// Place of a figure.
    pub fn y(&self, figure: f64) -> f64 {
        self.figures.at(figure)
    }

    /// Grid and figures.
    pub fn draw(&self, figure: impl Fn(f64) -> String) -> Markup {
        let sizes: Vec<(f64, String)> =
            sizes(self.first, self.last).into_iter().map(|size| (size, format!("{size:.0}"))).collect();
        html! {
            (rows(&self.figures, (LEFT, RIGHT), figure))
            (columns(&self.sizes, UPWARDS, (LEFT, RIGHT), &sizes))
            (text("muted", Anchor::End, (RIGHT, LOWEST + 33.0), "connections"))
        }
    }
}

/// Sizes to write below the axis: powers of two, as most people try them.
fn sizes(first: f64, last: f64) -> Vec<f64> {
    let powers: Vec<f64> =
        (0..=20).map(|n| f64::from(1_u32 << n)).filter(|size| (first..=last).contains(size)).collect();
    if powers.len() >= 2 { powers } else { vec![first, last] }
}
