//! Patterns of areas and the legends that explain them: colour is never the only difference.

use maud::{Markup, PreEscaped, html};

use crate::charts::Fill;

/// The page's patterns: each area has a colour and, where neighbours could be mistaken, a hatch.
pub fn patterns() -> Markup {
    let all = [
        (Fill::Ok, "--ok", ""),
        (Fill::Failed(0), "--bad0", HATCH),
        (Fill::Failed(1), "--bad1", DOTS),
        (Fill::Failed(2), "--bad2", CROSS),
        (Fill::Failed(3), "--bad3", BARS),
        (Fill::Wait, "--wait", ""),
        (Fill::Connect, "--connect", HATCH),
        (Fill::Query, "--query", ""),
        (Fill::Hold, "--hold", DOTS),
        (Fill::Elsewhere, "--elsewhere", BARS),
        (Fill::IdleInTransaction, "--hold", DOTS),
        (Fill::Idle, "--elsewhere", ""),
        (Fill::Throttled, "--throttled", HATCH),
        (Fill::Unsound, "--elsewhere", CROSS),
    ];
    let patterns: String = all
        .iter()
        .map(|(fill, colour, over)| {
            format!(
                "<pattern id=\"{}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\
                 <rect width=\"8\" height=\"8\" style=\"fill:var({colour})\"/>{over}</pattern>",
                fill.id()
            )
        })
        .collect();
    PreEscaped(format!(
        "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\"><defs>{patterns}</defs></svg>"
    ))
}

const HATCH: &str = "<path d=\"M-2 2L2 -2M0 8L8 0M6 10L10 6\" class=\"over\"/>";
const DOTS: &str =
    "<circle cx=\"2\" cy=\"2\" r=\"1.1\" class=\"dot\"/><circle cx=\"6\" cy=\"6\" r=\"1.1\" class=\"dot\"/>";
const CROSS: &str = "<path d=\"M0 0L8 8M8 0L0 8\" class=\"over\"/>";
const BARS: &str = "<path d=\"M0 2H8M0 6H8\" class=\"over\"/>";

/// Names beside their patterns.
pub fn legend(entries: &[(String, Fill)]) -> Markup {
    html! {
        ul.legend {
            @for (name, fill) in entries { li { (swatch(*fill)) (name) } }
        }
    }
}

fn swatch(fill: Fill) -> Markup {
    PreEscaped(format!(
        "<svg class=\"swatch\" viewBox=\"0 0 16 12\" aria-hidden=\"true\"><rect width=\"16\" height=\"12\" fill=\"url(#{})\"/></svg>",
        fill.id()
    ))
}

/// Names of lines, each with a box that hides it. Style sheets alone do that, so it works without scripts.
pub fn switches(entries: &[(&str, usize)]) -> Markup {
    html! {
        fieldset.switches {
            legend { "Lines shown" }
            @for (name, series) in entries {
                label {
                    input type="checkbox" checked data-series=(series);
                    (PreEscaped(format!(
                        "<svg class=\"swatch\" viewBox=\"0 0 24 12\" aria-hidden=\"true\"><polyline class=\"s{series}\" points=\"0,6 24,6\" fill=\"none\" stroke=\"var(--s{series})\" stroke-width=\"2.5\"/></svg>"
                    )))
                    (name)
                }
            }
        }
    }
}
