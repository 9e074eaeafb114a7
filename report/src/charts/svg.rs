//! The elements that charts are made of. They carry classes instead of colours: themes, patterns and dashes are the
//! style sheet's.

use std::fmt::Write as _;

use maud::{Markup, html};

/// Width of every chart, in units of its own.
pub const WIDTH: f64 = 520.0;

/// A place in a chart, from its upper left corner.
pub type Point = (f64, f64);

/// Where a text is held.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// A chart. `label` is what a screen reader says instead of it; the tables have the figures.
pub fn chart(height: f64, label: &str, drawing: Markup) -> Markup {
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (round(height)) } role="img" aria-label=(label) { (drawing) }
    }
}

/// A small drawing for a legend, which says nothing that its text does not.
pub fn swatch(width: f64, drawing: Markup) -> Markup {
    html! { svg.swatch viewBox={ "0 0 " (width) " 12" } aria-hidden="true" { (drawing) } }
}

/// A line through all points.
pub fn line(class: &str, points: &[Point]) -> Markup {
    html! { path class=(classes(&["line", class])) d=(path(points)) {} }
}

/// The area within the points.
pub fn area(class: &str, points: &[Point]) -> Markup {
    html! { path class=(classes(&["area", class])) d={ (path(points)) "Z" } {} }
}

/// A box between two corners.
pub fn bar(class: &str, from: Point, to: Point) -> Markup {
    area(class, &[from, (to.0, from.1), to, (from.0, to.1)])
}

/// A text, its middle at the height of the point.
pub fn text(class: &str, anchor: Anchor, (x, y): Point, words: &str) -> Markup {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    html! { text class=(classes(&[anchor, class])) x=(round(x)) y=(round(y)) { (words) } }
}

/// A box that tells its figures when pointed at.
pub fn spot(from: Point, to: Point, says: &str) -> Markup {
    html! {
        rect.spot x=(round(from.0)) y=(round(from.1)) width=(round(to.0 - from.0).max(1.0)) height=(round(to.1 - from.1).max(1.0)) {
            title { (says) }
        }
    }
}

/// The value of a `class`; the last name may be empty.
pub fn classes(names: &[&str]) -> String {
    names.join(" ").trim_end().to_owned()
}

/// Points as path data, each step as short as it can be written.
fn path(points: &[Point]) -> String {
    let mut data = String::new();
    let mut last = None;
    for (x, y) in points.iter().map(|(x, y)| (round(*x), round(*y))) {
        let _ = match last.replace((x, y)) {
            None => write!(data, "M{x} {y}"),
            Some(before) if before == (x, y) => Ok(()),
            Some((_, before)) if before == y => write!(data, "H{x}"),
            Some((before, _)) if before == x => write!(data, "V{y}"),
            Some(_) => write!(data, "L{x} {y}"),
        };
    }
    data
}

/// To a tenth of a unit: less than a pixel on every screen.
pub fn round(value: f64) -> f64 {
    // No zero is negative.
    (value * 10.0).round() / 10.0 + 0.0
}

/// Room for a text of this length, roughly, in the widest of the usual fonts.
pub fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * 7.7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_text() {
        let evil = "\"</title><script>&";
        let svg = chart(
            40.0,
            evil,
            html! { (text("", Anchor::Start, (0.0, 0.0), evil)) (spot((0.0, 0.0), (1.0, 1.0), evil)) },
        );
        let svg = svg.into_string();
        assert!(!svg.contains("<script") && svg.matches("</title>").count() == 1, "{svg}");
        assert_eq!(svg.matches("&quot;").count(), 3, "{svg}");
    }

    #[test]
    fn a_path_goes_through_all_its_points() {
        let points = [(1.0, 2.0), (1.0, 2.04), (5.0, 2.0), (5.0, 9.96), (7.25, -0.01)];
        assert_eq!(path(&points), "M1 2H5V10L7.3 0");
    }
}
