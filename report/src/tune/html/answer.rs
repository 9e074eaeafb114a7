//! The first thing on the page: the answer, how sure it is, what to doubt.

use maud::{Markup, html};
use poollab_analysis::figures;

use super::{anchor, capital, prose};
use crate::tune::{TunedSeries, words};

/// Three cards.
pub fn cards(series: &TunedSeries, number: usize) -> Markup {
    let id = anchor(number);
    let answered = series.recommended.is_some();
    html! {
        div.answers {
            section.won[answered].failed[!answered] aria-labelledby={ (id) "-answer" } {
                h2 id={ (id) "-answer" } { "The answer" }
                @if let Some(size) = series.recommended {
                    p.big {
                        (size)
                        span.unit { @if size == 1 { " connection" } @else { " connections" } }
                    }
                    @if series.plateau.is_some() { p.muted { "plateau " (words::plateau(series.plateau)) } }
                } @else {
                    p.big.words { (capital(&words::headline(series))) }
                }
                p.sentence { (prose(&capital(&series.text))) }
            }
            section aria-labelledby={ (id) "-sure" } {
                h2 id={ (id) "-sure" } { "How sure" }
                dl.facts {
                    @for (name, value) in sure(series) { div { dt { (name) } dd { (prose(&value)) } } }
                }
            }
            section.doubted aria-labelledby={ (id) "-doubt" } {
                h2 id={ (id) "-doubt" } { "What to doubt" }
                @if series.answer.doubts.is_empty() { p.muted { "No reason for doubt was found." } }
                ul.findings {
                    @for doubt in &series.answer.doubts {
                        li.doubt {
                            span.sign title="Doubt" aria-hidden="true" { "?" }
                            div { span.aside-only { "Doubt: " } (prose(&capital(doubt))) }
                        }
                    }
                }
            }
        }
    }
}

fn sure(series: &TunedSeries) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Confidence", words::confidence(series))];
    if let Some(noise) = series.answer.noise {
        facts.push((
            "Noise",
            format!("one measurement varies by {} (standard deviation)", figures::percent(noise)),
        ));
    }
    facts.extend(words::true_regret(series).map(|text| ("Regret", capital(&text))));
    facts.push(("Sizes asked for", format!("{}: {}", words::spent(series), words::asked(series))));
    facts
}
