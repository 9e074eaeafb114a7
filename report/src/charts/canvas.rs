//! One drawing: plotters' area with our inks, and what turns it into a part of the page.

use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width of every chart, in units of its own.
pub const WIDTH: u32 = 520;

/// Series that can be told apart by colour and dash.
pub const SERIES: usize = 12;

/// Where plotters draws.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What can go wrong while drawing into a text.
pub type Error = DrawingAreaErrorKind<std::io::Error>;

/// Inks by role. plotters knows fixed colours only: each role is drawn in a colour that nothing else
/// uses, and replaced by the page's own variable afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Texts.
    Text,
    /// Less important texts, axes.
    Muted,
    /// Lines of the grid.
    Grid,
    /// What a mark stands on, to set it off.
    Paper,
    /// The one colour of marks without a meaning of their own.
    Mark,
    /// A limit: the ceiling, the slots.
    Limit,
    /// An area with a meaning.
    Area(Fill),
    /// A series by its number.
    Series(usize),
}

/// Areas with a meaning; each has a colour and a pattern in the page's definitions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fill {
    /// Successes.
    Ok,
    /// Failures, by their place among the kinds of a chart.
    Failed(u8),
    /// Waiting for a connection.
    Wait,
    /// Connecting.
    Connect,
    /// Statements.
    Query,
    /// Holding.
    Hold,
    /// Elsewhere.
    Elsewhere,
    /// Idle in a transaction.
    IdleInTransaction,
    /// Idle.
    Idle,
    /// Held back by the CPU limit.
    Throttled,
    /// Successes that are not sound.
    Unsound,
}

impl Fill {
    /// Kinds of failures that get a pattern of their own.
    pub const KINDS: u8 = 4;

    /// The id of its pattern.
    pub fn id(self) -> String {
        match self {
            Self::Ok => "f-ok".to_owned(),
            Self::Failed(kind) => format!("f-failed{}", kind.min(Self::KINDS - 1)),
            Self::Wait => "f-wait".to_owned(),
            Self::Connect => "f-connect".to_owned(),
            Self::Query => "f-query".to_owned(),
            Self::Hold => "f-hold".to_owned(),
            Self::Elsewhere => "f-elsewhere".to_owned(),
            Self::IdleInTransaction => "f-idle-tx".to_owned(),
            Self::Idle => "f-idle".to_owned(),
            Self::Throttled => "f-throttled".to_owned(),
            Self::Unsound => "f-unsound".to_owned(),
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Ok => 0x20,
            Self::Failed(kind) => 0x30 + kind.min(Self::KINDS - 1),
            Self::Wait => 0x21,
            Self::Connect => 0x22,
            Self::Query => 0x23,
            Self::Hold => 0x24,
            Self::Elsewhere => 0x25,
            Self::IdleInTransaction => 0x26,
            Self::Idle => 0x27,
            Self::Throttled => 0x28,
            Self::Unsound => 0x29,
        }
    }

    const ALL: [Self; 14] = [
        Self::Ok,
        Self::Failed(0),
        Self::Failed(1),
        Self::Failed(2),
        Self::Failed(3),
        Self::Wait,
        Self::Connect,
        Self::Query,
        Self::Hold,
        Self::Elsewhere,
        Self::IdleInTransaction,
        Self::Idle,
        Self::Throttled,
        Self::Unsound,
    ];
}

impl Ink {
    /// Its stand-in while drawing.
    pub fn colour(self) -> RGBColor {
        RGBColor(0xFE, 0xDC, self.code())
    }

    fn code(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Muted => 1,
            Self::Grid => 2,
            Self::Paper => 3,
            Self::Mark => 4,
            Self::Limit => 5,
            Self::Area(fill) => fill.code(),
            Self::Series(number) => 0x40 + (number % SERIES) as u8,
        }
    }

    fn css(self) -> String {
        match self {
            Self::Text => "var(--text)".to_owned(),
            Self::Muted => "var(--muted)".to_owned(),
            Self::Grid => "var(--grid)".to_owned(),
            Self::Paper => "var(--paper)".to_owned(),
            Self::Mark => "var(--mark)".to_owned(),
            Self::Limit => "var(--limit)".to_owned(),
            Self::Area(fill) => format!("url(#{})", fill.id()),
            Self::Series(number) => format!("var(--s{})", number % SERIES),
        }
    }
}

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

fn themed(line: &str) -> String {
    const STAND_IN: &str = "#FEDC";
    let Some(place) = line.find(STAND_IN) else { return line.to_owned() };
    let digits = line.get(place + STAND_IN.len()..place + STAND_IN.len() + 2);
    let Some(ink) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).and_then(of_code) else {
        return line.to_owned();
    };
    let stand_in = format!("{STAND_IN}{:02X}", ink.code());
    let mut themed = line.replace(&stand_in, &ink.css()).replace(" font-family=\"sans-serif\"", "");
    if let (Ink::Series(number), Some(space)) = (ink, themed.find(' ')) {
        themed.insert_str(space, &format!(" class=\"s{number}\""));
    }
    themed.replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "")
}

fn of_code(code: u8) -> Option<Ink> {
    let plain = [Ink::Text, Ink::Muted, Ink::Grid, Ink::Paper, Ink::Mark, Ink::Limit];
    plain
        .into_iter()
        .chain(Fill::ALL.map(Ink::Area))
        .chain((0..SERIES).map(Ink::Series))
        .find(|ink| ink.code() == code)
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

/// Room for a text of this length, roughly.
pub fn text_width(text: &str) -> i32 {
    (text.chars().count() as f64 * 6.9).ceil() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_has_a_code_of_its_own() {
        let mut codes: Vec<u8> = (0..=u8::MAX).filter(|code| of_code(*code).is_some()).collect();
        let all = codes.len();
        codes.dedup();
        assert_eq!(all, codes.len());
        assert_eq!(all, 6 + Fill::ALL.len() + SERIES);
    }

    #[test]
    fn no_stand_in_is_left_in_a_chart() {
        let svg = draw(40, "a \"label\" <b>", |area| {
            for code in 0..=u8::MAX {
                if let Some(ink) = of_code(code) {
                    fill(area, (0, 0), (10, 10), ink)?;
                    line(area, vec![(0, 0), (5, 5)], ink, 2)?;
                    write(area, (5, 5), Side::Left, ink, false, "<script>")?;
                }
            }
            Ok(vec![Spot { left: 0, top: 0, width: 1, height: 1, says: "</title><script>".into() }])
        });
        assert!(!svg.contains("#FEDC") && !svg.contains("<script") && !svg.contains("<b>"), "{svg}");
    }
}
