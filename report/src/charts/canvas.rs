//! One drawing: plotters' area with our inks, and what turns it into a part of the page.

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::ink::{Ink, themed};

/// Width of every chart, in units of its own.
pub const WIDTH: u32 = 520;

/// Where plotters draws.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What can go wrong while drawing into a text.
pub type Error = DrawingAreaErrorKind<std::io::Error>;

/// A place that tells its figures when pointed at.
pub struct Spot {
    pub left: i32,
    pub top: i32,
    pub width: i32,
    pub height: i32,
    pub says: String,
}

/// Draws a chart. `label` is what a screen reader says instead of it; the tables have the figures.
pub fn draw(height: u32, label: &str, paint: impl FnOnce(&Area<'_>) -> Result<Vec<Spot>, Error>) -> String {
    let mut svg = String::new();
    let spots = {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let spots = paint(&area);
        match spots.and_then(|spots| area.present().map(|()| spots)) {
            Ok(spots) => spots,
            Err(_) => return "<p class=\"muted\">This chart could not be drawn.</p>".to_owned(),
        }
    };
    finish(&svg, height, label, &spots)
}

/// A small drawing for a legend, which says nothing that its text does not.
pub fn shape(width: u32, height: u32, paint: impl FnOnce(&Area<'_>) -> Result<(), Error>) -> String {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        if paint(&area).and_then(|()| area.present()).is_err() {
            return String::new();
        }
    }
    let inner: String = svg.lines().skip(1).filter(|line| *line != "</svg>").map(themed).collect();
    format!("<svg class=\"swatch\" viewBox=\"0 0 {width} {height}\" aria-hidden=\"true\">{inner}</svg>")
}

/// Inks become variables, series become classes, spots become titles, and the frame scales.
fn finish(svg: &str, height: u32, label: &str, spots: &[Spot]) -> String {
    let mut out = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n",
        escape(label)
    );
    let inner = svg.lines().skip(1).filter(|line| *line != "</svg>");
    for line in inner {
        out.push_str(&themed(line));
        out.push('\n');
    }
    for spot in spots {
        let _ = writeln!(
            out,
            "<rect class=\"spot\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
            spot.left,
            spot.top,
            spot.width.max(1),
            spot.height.max(1),
            escape(&spot.says)
        );
    }
    out + "</svg>"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Where a text stands in relation to its point.
#[derive(Clone, Copy)]
pub enum Side {
    Left,
    Centre,
    Right,
}

/// A text, its middle at the height of the point.
pub fn write(
    area: &Area<'_>,
    at: (i32, i32),
    side: Side,
    ink: Ink,
    bold: bool,
    text: &str,
) -> Result<(), Error> {
    let h = match side {
        Side::Left => HPos::Right,
        Side::Centre => HPos::Center,
        Side::Right => HPos::Left,
    };
    let weight = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let colour = ink.colour();
    let style =
        TextStyle::from(("sans-serif", 15, weight).into_font()).color(&colour).pos(Pos::new(h, VPos::Center));
    area.draw(&Text::new(text.to_owned(), at, style))
}

/// A filled box.
pub fn fill(area: &Area<'_>, from: (i32, i32), to: (i32, i32), ink: Ink) -> Result<(), Error> {
    area.draw(&Rectangle::new([from, to], ink.colour().filled()))
}

/// A line.
pub fn line(area: &Area<'_>, points: Vec<(i32, i32)>, ink: Ink, thick: u32) -> Result<(), Error> {
    area.draw(&PathElement::new(points, ink.colour().stroke_width(thick)))
}

/// Room for a text of this length, roughly, in the widest of the usual fonts.
pub fn text_width(text: &str) -> i32 {
    (text.chars().count() as f64 * 7.7).ceil() as i32
}

/// The next larger round number, for the end of a scale.
pub fn round_up(value: f64) -> f64 {
    const ROUND: [f64; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 8.0, 10.0];
    let power = 10_f64.powf(value.log10().floor());
    ROUND.iter().map(|step| step * power).find(|round| *round >= value * 0.999).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stand_in_is_left_in_a_chart() {
        let svg = draw(40, "a \"label\" <b>", |area| {
            for ink in Ink::all() {
                fill(area, (0, 0), (10, 10), ink)?;
                line(area, vec![(0, 0), (5, 5)], ink, 2)?;
                write(area, (5, 5), Side::Left, ink, false, "<script>")?;
            }
            Ok(vec![Spot { left: 0, top: 0, width: 1, height: 1, says: "</title><script>".into() }])
        });
        assert!(!svg.contains("#FEDC") && !svg.contains("<script") && !svg.contains("<b>"), "{svg}");
    }
}
