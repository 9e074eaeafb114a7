//! Inks by role, and how each becomes a variable of the page. plotters knows fixed colours only: each role is drawn
//! in a colour that nothing else uses, and replaced afterwards.

use plotters::prelude::RGBColor;

/// Colours of series. Series beyond them take the colours again, and marks on their lines.
pub const SERIES_COLOURS: usize = 12;

/// Series that have a stand-in of their own; further ones can't be told apart.
const SERIES: usize = 0x100 - SERIES_FROM as usize;

const AREAS_FROM: u8 = 0x10;
const MARKS_FROM: u8 = 0x28;
const SERIES_FROM: u8 = 0x40;

/// What something is drawn with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// A mark with the meaning of an area: its colour without its pattern, for which there is no room.
    Dot(Fill),
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
    /// Nobody looked.
    Unseen,
}

impl Fill {
    /// Kinds of failures that get a pattern and a mark of their own.
    pub const KINDS: u8 = 6;

    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Ok,
        Self::Failed(0),
        Self::Failed(1),
        Self::Failed(2),
        Self::Failed(3),
        Self::Failed(4),
        Self::Failed(5),
        Self::Wait,
        Self::Connect,
        Self::Query,
        Self::Hold,
        Self::Elsewhere,
        Self::IdleInTransaction,
        Self::Idle,
        Self::Throttled,
        Self::Unsound,
        Self::Unseen,
    ];

    /// The id of its pattern.
    pub fn id(self) -> String {
        match self {
            Self::Ok => "f-ok".to_owned(),
            Self::Failed(kind) => format!("f-failed{kind}"),
            Self::Wait => "f-wait".to_owned(),
            Self::Connect => "f-connect".to_owned(),
            Self::Query => "f-query".to_owned(),
            Self::Hold => "f-hold".to_owned(),
            Self::Elsewhere => "f-elsewhere".to_owned(),
            Self::IdleInTransaction => "f-idle-tx".to_owned(),
            Self::Idle => "f-idle".to_owned(),
            Self::Throttled => "f-throttled".to_owned(),
            Self::Unsound => "f-unsound".to_owned(),
            Self::Unseen => "f-unseen".to_owned(),
        }
    }

    /// The variable of its colour.
    pub fn variable(self) -> String {
        match self {
            Self::Ok => "--ok".to_owned(),
            Self::Failed(kind) => format!("--bad{kind}"),
            Self::Wait => "--wait".to_owned(),
            Self::Connect => "--connect".to_owned(),
            Self::Query => "--query".to_owned(),
            Self::Hold | Self::IdleInTransaction => "--hold".to_owned(),
            Self::Elsewhere | Self::Idle | Self::Unsound => "--elsewhere".to_owned(),
            Self::Throttled => "--throttled".to_owned(),
            Self::Unseen => "--muted".to_owned(),
        }
    }

    /// Its place in the list; a kind of failure beyond the last one looks like the last one.
    fn place(self) -> u8 {
        let own = match self {
            Self::Failed(kind) => Self::Failed(kind.min(Self::KINDS - 1)),
            other => other,
        };
        (0..).zip(Self::ALL).find(|(_, fill)| *fill == own).map_or(0, |(place, _)| place)
    }
}

impl Ink {
    /// Its stand-in while drawing.
    pub fn colour(self) -> RGBColor {
        RGBColor(0xFE, 0xDC, self.code())
    }

    /// All inks that there are.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Text, Self::Muted, Self::Grid, Self::Paper, Self::Mark, Self::Limit]
            .into_iter()
            .chain(Fill::ALL.map(Self::Area))
            .chain(Fill::ALL.map(Self::Dot))
            .chain((0..SERIES).map(Self::Series))
    }

    fn code(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Muted => 1,
            Self::Grid => 2,
            Self::Paper => 3,
            Self::Mark => 4,
            Self::Limit => 5,
            Self::Area(fill) => AREAS_FROM + fill.place(),
            Self::Dot(fill) => MARKS_FROM + fill.place(),
            Self::Series(number) => SERIES_FROM + (number % SERIES) as u8,
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
            Self::Dot(fill) => format!("var({})", fill.variable()),
            Self::Series(number) => format!("var(--s{})", number % SERIES_COLOURS),
        }
    }
}

/// The dash of a series' line, as SVG writes it; `None`: a whole line.
pub fn dash(series: usize) -> Option<&'static str> {
    match series % SERIES_COLOURS {
        1 | 6 | 11 => Some("7 3"),
        2 | 7 => Some("2 3"),
        3 | 8 => Some("9 3 2 3"),
        5 | 10 => Some("4 4"),
        _ => None,
    }
}

/// A line of a drawing with the page's own inks instead of their stand-ins; a series has its class and its dash.
pub fn themed(line: &str) -> String {
    const STAND_IN: &str = "#FEDC";
    let Some(place) = line.find(STAND_IN) else { return line.to_owned() };
    let digits = line.get(place + STAND_IN.len()..place + STAND_IN.len() + 2);
    let Some(ink) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).and_then(of_code) else {
        return line.to_owned();
    };
    let stand_in = format!("{STAND_IN}{:02X}", ink.code());
    let mut themed = line.replace(&stand_in, &ink.css()).replace(" font-family=\"sans-serif\"", "");
    if let (Ink::Series(number), Some(space)) = (ink, themed.find(' ')) {
        let dashed = dash(number).filter(|_| themed.starts_with("<polyline"));
        let dashed = dashed.map(|dash| format!(" stroke-dasharray=\"{dash}\"")).unwrap_or_default();
        themed.insert_str(space, &format!(" class=\"s{number}\"{dashed}"));
    }
    themed.replace(" opacity=\"1\"", "").replace(" stroke=\"none\"", "")
}

fn of_code(code: u8) -> Option<Ink> {
    Ink::all().find(|ink| ink.code() == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_ink_has_a_stand_in_of_its_own() {
        let codes: BTreeSet<u8> = Ink::all().map(Ink::code).collect();
        assert_eq!(codes.len(), Ink::all().count());
        assert!(Ink::all().all(|ink| of_code(ink.code()) == Some(ink)));
    }

    #[test]
    fn a_further_kind_of_failure_is_still_a_failure() {
        assert_eq!(themed("#FEDC16"), "url(#f-failed5)");
        assert_eq!(Ink::Area(Fill::Failed(200)).code(), Ink::Area(Fill::Failed(5)).code());
    }
}
