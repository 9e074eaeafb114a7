//! The legends that explain areas, marks and lines.

use maud::{Markup, html};

use crate::charts::{self, Fill};

/// Names beside their patterns.
pub fn legend(entries: &[(String, Fill)]) -> Markup {
    html! {
        ul.legend {
            @for (name, fill) in entries { li { (charts::sample_area(*fill)) (name) } }
        }
    }
}

/// Outcomes beside their marks.
pub fn marks(entries: &[(String, Fill)]) -> Markup {
    html! {
        ul.legend {
            @for (name, fill) in entries { li { (charts::sample_mark(*fill)) (name) } }
        }
    }
}

/// Names of lines, each with a box that hides it. Style sheets alone do that, so it works without scripts.
pub fn switches(entries: &[(&str, usize)]) -> Markup {
    html! {
        fieldset.switches {
            legend { "Lines shown" }
            @for (name, series) in entries {
                label {
                    input type="checkbox" checked data-series=(series);
                    (charts::sample_line(*series))
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
