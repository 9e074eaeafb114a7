//! Patterns of areas and the legends that explain them: colour is never the only difference.

use maud::{Markup, PreEscaped, html};

use crate::charts::{self, Fill};

/// The page's patterns: each area has a colour and, where neighbours could be mistaken, a hatch.
pub fn patterns() -> Markup {
    let patterns: String = Fill::ALL
        .iter()
        .map(|fill| {
            // What nobody saw is no area: it is strewn on the paper itself.
            let ground = if *fill == Fill::Unseen { "--paper".to_owned() } else { fill.variable() };
            format!(
                "<pattern id=\"{}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\
                 <rect width=\"8\" height=\"8\" style=\"fill:var({})\"/>{}</pattern>",
                fill.id(),
                ground,
                over(*fill)
            )
        })
        .collect();
    PreEscaped(format!(
        "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\" focusable=\"false\"><defs>{patterns}</defs></svg>"
    ))
}

/// What lies over the colour of an area.
fn over(fill: Fill) -> &'static str {
    match fill {
        Fill::Ok | Fill::Wait | Fill::Query | Fill::Idle => "",
        Fill::Failed(0) | Fill::Connect | Fill::Throttled => HATCH,
        Fill::Failed(1) | Fill::Hold | Fill::IdleInTransaction => DOTS,
        Fill::Failed(2) | Fill::Unsound => CROSS,
        Fill::Failed(3) | Fill::Elsewhere => BARS,
        Fill::Failed(4) => POSTS,
        Fill::Failed(_) => BACK,
        Fill::Unseen => STREWN,
    }
}

const HATCH: &str = "<path d=\"M-2 2L2 -2M0 8L8 0M6 10L10 6\" class=\"over\"/>";
const DOTS: &str =
    "<circle cx=\"2\" cy=\"2\" r=\"1.1\" class=\"dot\"/><circle cx=\"6\" cy=\"6\" r=\"1.1\" class=\"dot\"/>";
const CROSS: &str = "<path d=\"M0 0L8 8M8 0L0 8\" class=\"over\"/>";
const STREWN: &str = "<circle cx=\"2\" cy=\"2\" r=\".8\" style=\"fill:var(--muted)\"/>";
const BARS: &str = "<path d=\"M0 2H8M0 6H8\" class=\"over\"/>";
const POSTS: &str = "<path d=\"M2 0V8M6 0V8\" class=\"over\"/>";
const BACK: &str = "<path d=\"M-2 6L2 10M0 0L8 8M6 -2L10 2\" class=\"over\"/>";

/// Names beside their patterns.
pub fn legend(entries: &[(String, Fill)]) -> Markup {
    html! {
        ul.legend {
            @for (name, fill) in entries { li { (swatch(*fill)) (name) } }
        }
    }
}

/// Outcomes beside their marks.
pub fn marks(entries: &[(String, Fill)]) -> Markup {
    html! {
        ul.legend {
            @for (name, fill) in entries { li { (PreEscaped(charts::sample(*fill))) (name) } }
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
                    (PreEscaped(charts::sample_line(*series)))
                    (name)
                }
            }
        }
    }
}

/// The style that hides the lines whose box is not checked.
pub fn hiding(series: usize) -> String {
    (0..series)
        .map(|number| {
            format!("figure:has([data-series=\"{number}\"]:not(:checked)) .chart .s{number}{{opacity:.06}}\n")
        })
        .collect()
}
