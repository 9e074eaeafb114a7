//! Shapes that say what a colour says: one for successes and one for each kind of failure.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::Fill;
use super::svg::{Point, classes, round, swatch};

/// A shape that stands at a point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A round one.
    Disc,
    /// Two crossed strokes.
    Cross,
    /// On its base.
    Triangle,
    /// With upright sides.
    Square,
    /// On its corner.
    Diamond,
    /// An upright and a level stroke.
    Plus,
    /// On its point.
    Wedge,
}

impl Mark {
    /// The shape of an outcome.
    pub fn of(fill: Fill) -> Self {
        match fill {
            Fill::Failed(0) => Self::Cross,
            Fill::Failed(1) => Self::Triangle,
            Fill::Failed(2) => Self::Square,
            Fill::Failed(3) => Self::Diamond,
            Fill::Failed(4) => Self::Plus,
            Fill::Failed(_) => Self::Wedge,
            _ => Self::Disc,
        }
    }

    /// Draws it at each of the points, reaching `r` from its middle: one element, however many they are.
    pub fn draw(self, class: &str, points: &[Point], r: f64) -> Markup {
        let mut data = String::new();
        let shape = self.shape(r);
        for (x, y) in points {
            let _ = write!(data, "M{} {}{shape}", round(*x), round(*y));
        }
        let shape = if matches!(self, Self::Cross | Self::Plus) { "mark strokes" } else { "mark" };
        html! { path class=(classes(&[shape, class])) d=(data) {} }
    }

    /// Path data relative to the middle.
    fn shape(self, r: f64) -> String {
        let (d, more, most) = (2.0 * r, r + 1.0, 2.0 * r + 2.0);
        match self {
            Self::Disc => format!("m-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0-{d} 0z"),
            Self::Square => format!("m-{r}-{r}h{d}v{d}h-{d}z"),
            Self::Triangle => format!("m0-{r}l{r} {d}h-{d}z"),
            Self::Wedge => format!("m0 {r}l{r}-{d}h-{d}z"),
            Self::Diamond => format!("m0-{more}l{more} {more}-{more} {more}-{more}-{more}z"),
            Self::Cross => format!("m-{r}-{r}l{d} {d}m0-{d}l-{d} {d}"),
            Self::Plus => format!("m-{more} 0h{most}m-{more}-{more}v{most}"),
        }
    }
}

/// The mark of an outcome, to stand in a legend.
pub fn sample_mark(fill: Fill) -> Markup {
    swatch(16.0, Mark::of(fill).draw(fill.class(), &[(8.0, 6.0)], 4.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_outcomes_look_alike_without_their_colour() {
        let outcomes = std::iter::once(Fill::Ok).chain((0..Fill::KINDS).map(Fill::Failed));
        let shapes: Vec<Mark> = outcomes.map(Mark::of).collect();
        for (place, mark) in shapes.iter().enumerate() {
            assert!(!shapes[..place].contains(mark), "{mark:?} twice");
        }
    }
}
