//! The parts of the page below the answer.

use maud::{Markup, html};
use poollab_analysis::figures;
use poollab_analysis::sizing::ModelCard;

use super::charts::{self, CURVES, letter, sample_measured};
use super::{anchor, capital, prose};
use crate::charts::{Fill, sample_area, sample_line};
use crate::tune::words::{self, NOTHING};
use crate::tune::{Tuned, TunedSeries};

/// One line for each series.
pub fn summary(tuned: &Tuned) -> Markup {
    html! {
        section.comparison aria-label="All series" {
            div.scroll tabindex="0" role="region" aria-label="Answers by series" {
                table.sortable.ends-in-words {
                    caption.aside-only { "Answers by series" }
                    thead {
                        tr {
                            @for name in ["series", "take", "plateau", "confidence", "gives up", "measured", "answer"] {
                                th scope="col" { (name) }
                            }
                        }
                    }
                    tbody {
                        @for (number, series) in tuned.series.iter().enumerate() {
                            tr {
                                th scope="row" { a href={ "#" (anchor(number)) } { (series.name) } }
                                td data-key=[series.recommended] {
                                    strong { (series.recommended.map_or_else(|| NOTHING.to_owned(), |size| size.to_string())) }
                                }
                                td data-key=[series.plateau.map(|p| p.low)] { (words::plateau(series.plateau)) }
                                td data-key=[series.confidence] { (words::sureness(series)) }
                                td data-key=[series.regret] { (words::share(series.regret)) }
                                td data-key=(series.asked.len()) { (series.asked.len()) }
                                td.text { (words::verdict(series.verdict)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The charts and the measured sizes.
pub fn curves(series: &TunedSeries, tuned: &Tuned) -> Markup {
    let goodput = charts::goodput(series);
    let latency = charts::latency(series, tuned);
    html! {
        section.comparison aria-label={ "Goodput and latency by size, " (series.name) } {
            h3 { "Goodput and latency by size" }
            @if goodput.is_none() { p { "No request succeeded at any size: there is no curve." } }
            div.charts {
                @if let Some(chart) = goodput {
                    figure {
                        figcaption {
                            strong { "Goodput" } " "
                            span.muted { "Successes a second, with 95% intervals." }
                        }
                        (chart)
                        (goodput_legend(series))
                    }
                }
                @if let Some(chart) = latency {
                    figure {
                        figcaption { strong { "Latency" } " " span.muted { "Of successes, p50 and p99." } }
                        (chart)
                    }
                }
            }
            (levels(series))
        }
    }
}

fn goodput_legend(series: &TunedSeries) -> Markup {
    html! {
        ul.legend {
            li { (sample_measured()) "measured" }
            @for (curve, number) in series.chart.curves.iter().zip(CURVES) {
                li { (sample_line(number)) (curve.title) }
            }
            @if series.plateau.is_some() {
                li {
                    (sample_area(Fill::Plateau))
                    "plateau"
                }
            }
        }
        @let predicted = charts::predicted(series);
        @if !predicted.is_empty() {
            ul.legend {
                li.muted { "Letters: what the models of the scorecard predict" }
                @for one in &predicted { li { strong { (one.letters) } " " (figures::whole(one.size.into())) } }
            }
        }
    }
}

fn levels(series: &TunedSeries) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Measured sizes of " (series.name) } {
            table.sortable.ends-in-words {
                caption.aside-only { "Measured sizes of " (series.name) }
                thead {
                    tr {
                        @for name in ["size", "goodput/s", "±", "p50 ms", "p99 ms", "failed", "measured", "plateau"] {
                            th scope="col" { (name) }
                        }
                    }
                }
                tbody {
                    @for level in &series.answer.levels {
                        @let taken = series.recommended == Some(level.size);
                        @let inside = words::inside(series, level);
                        tr.leads[taken].outside[!inside] {
                            th scope="row" data-key=(level.size) {
                                (level.size)
                                @if taken { " " span.tag { "recommended" } }
                            }
                            td data-key=[finite(Some(level.goodput))] { (figures::rate(level.goodput)) }
                            td data-key=[finite(words::half_interval(level))] { (words::share(words::half_interval(level))) }
                            td data-key=[finite(level.latency_ms.p50)] { (words::ms(level.latency_ms.p50)) }
                            td data-key=[finite(level.latency_ms.p99)] { (words::ms(level.latency_ms.p99)) }
                            td data-key=[level.failed_share] { (words::failed(level)) }
                            td data-key=(level.repeats) { (level.repeats) " ×" }
                            td.text { @if inside { "in the plateau" } }
                        }
                    }
                }
            }
        }
        p.muted { "±: half of the 95 % interval. A dash: there is no such figure." }
    }
}

/// What each model predicts, and what believing it costs.
pub fn scorecard(series: &TunedSeries) -> Markup {
    html! {
        section.comparison aria-label={ "Scorecard of models, " (series.name) } {
            h3 { "Scorecard of models" }
            p.muted { (capital(words::judged_on(series))) "." }
            div.scroll tabindex="0" role="region" aria-label="Scorecard of models" {
                table.sortable.ends-in-words.scorecard {
                    caption.aside-only { "Scorecard of models, " (series.name) }
                    thead {
                        tr {
                            @for name in ["model", "predicts", "connections", "loses", "with"] { th scope="col" { (name) } }
                        }
                    }
                    tbody {
                        @if let Some(size) = series.recommended {
                            tr.leads {
                                th scope="row" { span.letter {} "measured" span.tag { "recommended" } }
                                td data-key=(size) { (size) }
                                td data-key="0" { (NOTHING) }
                                td data-key=[series.regret] { (words::share(series.regret)) }
                                td {}
                            }
                        }
                        @for (number, card) in series.models.iter().enumerate() {
                            tr {
                                th scope="row" { span.letter { (letter(number)) } (card.title) }
                                td data-key=[card.predicted] {
                                    (card.predicted.map_or_else(|| NOTHING.to_owned(), |size| figures::whole(size.into())))
                                }
                                td data-key=[card.extra_connections] { (words::extra(card)) }
                                td data-key=[card.regret] { (words::share(card.regret)) }
                                td.wide { (with(card)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The parameters of a fit and what has to be known with a prediction.
fn with(card: &ModelCard) -> Markup {
    html! {
        @if card.name == "usl" && !card.parameters.is_empty() {
            (words::fitted(card).join(" · "))
            @if !card.intervals.is_empty() { " (95\u{a0}% intervals)" }
            @if !card.note.is_empty() { ". " }
        }
        (card.note)
    }
}

/// The load that one instance carries, and what a fleet of them needs.
pub fn load(series: &TunedSeries) -> Markup {
    html! {
        section.comparison aria-label={ "Capacity and fleet, " (series.name) } {
            div.two {
                @if let Some(estimate) = &series.capacity {
                    div {
                        h3 { "Capacity" }
                        p.muted { "Of a pool of " (estimate.size) ", estimated with Erlang C and the asymptotic bounds." }
                        dl.facts {
                            @for (name, value) in words::capacity(estimate) {
                                div { dt { (capital(name)) } dd { (value) } }
                            }
                        }
                    }
                }
                @if let Some(fleet) = &series.fleet {
                    div {
                        h3 {
                            "Fleet"
                            @if fleet.fits_deploying { span.tag { "fits" } }
                            @else if fleet.fits { span.tag.bad { "breaks during a deploy" } }
                            @else { span.tag.bad { "does not fit" } }
                        }
                        p { (prose(&capital(&fleet.text))) "." }
                    }
                }
            }
        }
    }
}

/// The settings of all libraries, the tuned one's first.
pub fn settings(series: &TunedSeries, several: bool) -> Markup {
    let own = words::own_snippet(series).map(|snippet| snippet.id);
    let mut all: Vec<_> = series.settings.iter().collect();
    all.sort_by_key(|snippet| Some(snippet.id) != own);
    let snippets = html! {
        div.snippets {
            @for snippet in all {
                div {
                    h4 { (snippet.id) @if Some(snippet.id) == own { " " span.tag { "tuned" } } }
                    pre tabindex="0" aria-label={ "Settings of " (snippet.id) } { code { (snippet.text.trim_end()) } }
                    p.muted { (snippet.remark) }
                }
            }
        }
    };
    html! {
        section.comparison aria-label={ "Settings to paste, " (series.name) } {
            h3 { "Settings to paste" }
            // Of several series they would bury the figures.
            @if several { details { summary { "Show" } (snippets) } } @else { (snippets) }
        }
    }
}

/// A key to sort by; what is no figure stays at the end.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}
