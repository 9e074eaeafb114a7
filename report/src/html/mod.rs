//! `report.html`: one file that opens from disk, needs no network and is useful with scripts off.

mod bursts;
mod environment;
mod figures_tables;
mod first_screen;
mod legend;
mod section;

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};
use poollab_analysis::{Analysis, Section};
use poollab_model::{Finding, Severity};

use crate::charts;
use crate::rows::mark;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing may be loaded from anywhere: the browser enforces it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The report as a page of its own.
pub fn html(analysis: &Analysis) -> String {
    let Analysis { report, sections, .. } = analysis;
    let series = series(sections);
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "poollab · " (report.run.id) }
                style { (PreEscaped(STYLE)) (PreEscaped(charts::style(series.len()))) (PreEscaped(legend::hiding(series.len()))) }
            }
            body {
                (charts::patterns())
                (first_screen::first_screen(report, sections))
                main {
                    @for (number, section) in sections.iter().enumerate() {
                        (section::section(report, section, number, &series))
                    }
                    (crate::k6::sections(&report.k6))
                    (environment::environment(report))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The labels of all rows, so that a strategy has the same colour and dash in every chart.
fn series(sections: &[Section]) -> Vec<String> {
    let mut labels: Vec<String> = sections.iter().flat_map(|s| &s.groups).map(|g| g.label.clone()).collect();
    labels.sort();
    labels.dedup();
    labels
}

/// Where a section's own part of the page starts.
fn anchor(number: usize) -> String {
    format!("section-{}", number + 1)
}

/// One finding as an item of a list. The sign says in shape what the colour says.
fn item(finding: &Finding, about: bool) -> Markup {
    let (class, word) = match finding.severity {
        Severity::Problem => ("problem", "Problem"),
        Severity::Doubt => ("doubt", "Doubt"),
        Severity::Note => ("note", "Note"),
    };
    markup! {
        li.(class) {
            span.sign title=(word) aria-hidden="true" { (mark(finding.severity)) }
            div {
                span.aside-only { (word) ": " }
                @if let Some(workload) = finding.workload.as_ref().filter(|_| about) {
                    span.about { (workload) }
                    " "
                }
                (prose(&finding.text))
            }
        }
    }
}

/// A text with its options as code and its figures kept on one line with their unit.
fn prose(text: &str) -> Markup {
    let text = text.replace(" ×", "\u{a0}×");
    let words = text.split_inclusive(' ').map(|word| {
        let option = word.trim_end().trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
        match word.split_once(option) {
            Some((before, after)) if option.starts_with("--") => {
                markup! { (before) code.option { (option) } (after) }
            }
            _ => markup! { (word) },
        }
    });
    markup! { @for word in words { (word) } }
}
