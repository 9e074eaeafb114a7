//! Areas with a meaning: the class, the colour and the pattern of each.

use maud::{Markup, PreEscaped, html};

use super::svg::{bar, swatch};

/// What an area or a mark stands for.
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
    /// Sizes that are nearly as good as the best.
    Plateau,
}

impl Fill {
    /// Kinds of failures that get a pattern and a mark of their own.
    pub const KINDS: u8 = 6;

    /// All of them.
    pub const ALL: [Self; 18] = [
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
        Self::Plateau,
    ];

    /// Its class, which is also the id of its pattern.
    pub fn class(self) -> &'static str {
        self.look().0
    }

    /// The variable of its colour.
    pub fn variable(self) -> &'static str {
        self.look().1
    }

    /// Class, colour, and what lies over the colour, so that neighbours can be told apart without it.
    fn look(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ok => ("f-ok", "--ok", PLAIN),
            Self::Failed(0) => ("f-failed0", "--bad0", HATCH),
            Self::Failed(1) => ("f-failed1", "--bad1", DOTS),
            Self::Failed(2) => ("f-failed2", "--bad2", CROSS),
            Self::Failed(3) => ("f-failed3", "--bad3", BARS),
            Self::Failed(4) => ("f-failed4", "--bad4", POSTS),
            Self::Failed(_) => ("f-failed5", "--bad5", BACK),
            Self::Wait => ("f-wait", "--wait", PLAIN),
            Self::Connect => ("f-connect", "--connect", HATCH),
            Self::Query => ("f-query", "--query", PLAIN),
            Self::Hold => ("f-hold", "--hold", DOTS),
            Self::Elsewhere => ("f-elsewhere", "--elsewhere", BARS),
            Self::IdleInTransaction => ("f-idle-tx", "--hold", DOTS),
            Self::Idle => ("f-idle", "--elsewhere", PLAIN),
            Self::Throttled => ("f-throttled", "--throttled", HATCH),
            Self::Unsound => ("f-unsound", "--elsewhere", CROSS),
            Self::Unseen => ("f-unseen", "--muted", STREWN),
            Self::Plateau => ("f-plateau", "--ok", HATCH),
        }
    }
}

const PLAIN: &str = "";
const HATCH: &str = r#"<path class="over" d="M-2 2L2-2M0 8L8 0M6 10L10 6"/>"#;
const DOTS: &str =
    r#"<circle class="drop" cx="2" cy="2" r="1.1"/><circle class="drop" cx="6" cy="6" r="1.1"/>"#;
const CROSS: &str = r#"<path class="over" d="M0 0L8 8M8 0L0 8"/>"#;
const STREWN: &str = r#"<circle class="drop" cx="2" cy="2" r=".8"/>"#;
const BARS: &str = r#"<path class="over" d="M0 2H8M0 6H8"/>"#;
const POSTS: &str = r#"<path class="over" d="M2 0V8M6 0V8"/>"#;
const BACK: &str = r#"<path class="over" d="M-2 6L2 10M0 0L8 8M6-2L10 2"/>"#;

/// The definitions that a page with charts needs.
pub fn patterns() -> Markup {
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                @for fill in Fill::ALL {
                    pattern id=(fill.class()) class=(fill.class()) width="8" height="8" patternUnits="userSpaceOnUse" {
                        rect.ground width="8" height="8" {}
                        (PreEscaped(fill.look().2))
                    }
                }
            }
        }
    }
}

/// The rules of all areas: a pattern for what has room for it, and its colour for marks.
pub fn rules() -> String {
    let rule = |fill: Fill| {
        let (class, colour) = (fill.class(), fill.variable());
        format!(".{class}{{color:var({colour})}}.area.{class}{{fill:url(#{class})}}\n")
    };
    Fill::ALL.into_iter().map(rule).collect()
}

/// An area, to stand in a legend.
pub fn sample_area(fill: Fill) -> Markup {
    swatch(16.0, bar(fill.class(), (0.0, 0.0), (16.0, 12.0)))
}
