//! `tune.html`: one file that opens from disk, needs no network and is useful with scripts off.

mod answer;
mod axes;
mod charts;
mod parts;

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use super::{Tuned, TunedSeries, words};

/// The report's own design and comforts.
const STYLE: &str = include_str!("../../html/style.css");
const MORE_STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("../../html/script.js");

/// Nothing may be loaded from anywhere: the browser enforces it.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// The answers as a page of their own.
pub fn html(tuned: &Tuned) -> String {
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "poollab tune · " (title(tuned)) }
                style { (PreEscaped(STYLE)) (PreEscaped(crate::charts::style(charts::SERIES))) (PreEscaped(MORE_STYLE)) }
            }
            body {
                (crate::charts::patterns())
                header {
                    p.kicker { "poollab tune" }
                    h1 { (title(tuned)) }
                    ul.chips { li { (tuned.source) } }
                }
                main {
                    @if tuned.series.is_empty() { p { "No series: nothing was measured." } }
                    @if tuned.series.len() > 1 { (parts::summary(tuned)) }
                    @for (number, series) in tuned.series.iter().enumerate() {
                        (one(series, number, tuned))
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The answer of one series, or how many there are.
fn title(tuned: &Tuned) -> String {
    match tuned.series.as_slice() {
        [only] => words::headline(only),
        all => format!("{} series", all.len()),
    }
}

fn one(series: &TunedSeries, number: usize, tuned: &Tuned) -> Markup {
    let several = tuned.series.len() > 1;
    markup! {
        h2.series id=(anchor(number)) { (series.name) }
        (answer::cards(series, number))
        (parts::curves(series, tuned))
        @if !series.models.is_empty() { (parts::scorecard(series)) }
        @if series.capacity.is_some() || series.fleet.is_some() { (parts::load(series)) }
        @if !series.settings.is_empty() { (parts::settings(series, several)) }
    }
}

/// Where a series begins.
fn anchor(number: usize) -> String {
    format!("series-{}", number + 1)
}

/// A sentence begins with a capital.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A text whose figures stay on one line with their unit.
fn prose(text: &str) -> String {
    text.replace(" %", "\u{a0}%").replace(" ms", "\u{a0}ms")
}
