//! Shapes that say what a colour says: one for successes and one for each kind of failure.

use plotters::prelude::*;

use super::canvas::{Area, Error, shape};
use super::ink::{Fill, Ink};

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

    /// The shape on the line of a series, for those that share their colour with an earlier one.
    pub fn of_round(round: usize) -> Option<Self> {
        const ROUNDS: [Mark; 5] = [Mark::Disc, Mark::Square, Mark::Triangle, Mark::Diamond, Mark::Wedge];
        round.checked_sub(1).map(|round| ROUNDS[round % ROUNDS.len()])
    }

    /// Draws it, reaching so far from its middle.
    pub fn draw(self, area: &Area<'_>, (x, y): (i32, i32), reach: i32, ink: Ink) -> Result<(), Error> {
        let r = reach;
        let stroke = |from, to| area.draw(&PathElement::new(vec![from, to], ink.colour().stroke_width(2)));
        let filled =
            |corners: &[(i32, i32)]| area.draw(&Polygon::new(corners.to_vec(), ink.colour().filled()));
        match self {
            Self::Disc => area.draw(&Circle::new((x, y), r, ink.colour().filled())),
            Self::Square => filled(&[(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]),
            Self::Triangle => filled(&[(x, y - r), (x + r, y + r), (x - r, y + r)]),
            Self::Wedge => filled(&[(x - r, y - r), (x + r, y - r), (x, y + r)]),
            Self::Diamond => filled(&[(x, y - r - 1), (x + r + 1, y), (x, y + r + 1), (x - r - 1, y)]),
            Self::Cross => {
                stroke((x - r, y - r), (x + r, y + r))?;
                stroke((x - r, y + r), (x + r, y - r))
            }
            Self::Plus => {
                stroke((x - r - 1, y), (x + r + 1, y))?;
                stroke((x, y - r - 1), (x, y + r + 1))
            }
        }
    }
}

/// The mark of an outcome, to stand in a legend.
pub fn sample(fill: Fill) -> String {
    shape(16, 12, |area| Mark::of(fill).draw(area, (8, 6), 4, Ink::Dot(fill)))
}

/// A piece of a series' line, to stand in a legend.
pub fn sample_line(series: usize) -> String {
    shape(24, 12, |area| {
        area.draw(&PathElement::new(vec![(0, 6), (24, 6)], Ink::Series(series).colour().stroke_width(2)))?;
        match Mark::of_round(series / super::ink::SERIES_COLOURS) {
            Some(mark) => mark.draw(area, (12, 6), 4, Ink::Series(series)),
            None => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::charts::ink::{SERIES_COLOURS, dash};

    #[test]
    fn no_two_outcomes_look_alike_without_their_colour() {
        let outcomes = std::iter::once(Fill::Ok).chain((0..Fill::KINDS).map(Fill::Failed));
        let shapes: Vec<Mark> = outcomes.map(Mark::of).collect();
        for (place, mark) in shapes.iter().enumerate() {
            assert!(!shapes[..place].contains(mark), "{mark:?} twice");
        }
    }

    #[test]
    fn sixty_lines_look_different_from_each_other() {
        let looks: BTreeSet<String> = (0..60)
            .map(|series| {
                let mark = Mark::of_round(series / SERIES_COLOURS);
                format!("{} {:?} {mark:?}", series % SERIES_COLOURS, dash(series))
            })
            .collect();
        assert_eq!(looks.len(), 60);
        assert!(
            sample_line(1).contains("<polyline class=\"s1\" stroke-dasharray=\"7 3\""),
            "{}",
            sample_line(1)
        );
        assert_ne!(sample_line(0), sample_line(12).replace("s12", "s0"), "and so do their samples");
    }
}
