//! The tables: every figure that the charts show, and the percentiles.

use maud::{Markup, html};
use poollab_analysis::{Group, Section, figures};
use poollab_model::{Quantiles, Report};

use crate::rows::{NOTHING, columns, leads};

/// The rows of a section. With scripts on, its headings sort it.
pub fn table(report: &Report, section: &Section) -> Markup {
    let columns = columns(std::slice::from_ref(section));
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Figures of " (section.heading) } {
            table.sortable {
                caption.aside-only { "Figures of " (section.heading) }
                thead {
                    tr {
                        th scope="col" { "strategy" }
                        @for column in &columns { th scope="col" title=(column.meaning) { (column.name) } }
                        th.text scope="col" { "main failure" }
                    }
                }
                tbody {
                    @for group in &section.groups {
                        tr.leads[leads(report, section, group)] {
                            th scope="row" {
                                (group.label)
                                @if leads(report, section, group) { " " span.tag { "leads" } }
                                @if !group.is_sound() { " " span.tag.bad { "not sound" } }
                                @else if let Some(reason) = group.silence.reason() {
                                    " " span.tag.bad title=(reason) { "not ranked" }
                                }
                            }
                            @for column in &columns {
                                td data-key=[(column.key)(group)] { ((column.cell)(group)) }
                            }
                            td.text { (group.main_error().unwrap_or_else(|| NOTHING.to_owned())) }
                        }
                    }
                }
            }
        }
        details.meanings {
            summary { "What the columns mean" }
            dl { @for column in &columns { dt { (column.name) } dd { (column.meaning) } } }
            p { "A dash means that there is no such figure: it was not observed, or nothing happened that it could measure." }
        }
    }
}

/// The percentile table of `ab`; failures apart from successes.
pub fn percentile_table(section: &Section) -> Markup {
    let rows: Vec<(&Group, &str, Quantiles)> = section
        .groups
        .iter()
        .flat_map(|group| [(group, "ok", group.latency_ok), (group, "failed", group.latency_failed)])
        .filter_map(|(group, outcome, latency)| Some((group, outcome, latency?)))
        .collect();
    html! {
        @if let Some((_, _, first)) = rows.first() {
            h3 { "Latency by percentile, ms" }
            div.scroll tabindex="0" role="region" aria-label={ "Percentiles of " (section.heading) } {
                table.sortable {
                    caption.aside-only { "Latency by percentile of " (section.heading) ", in milliseconds" }
                    thead {
                        tr {
                            th scope="col" { "strategy" }
                            th.text scope="col" { "outcome" }
                            th scope="col" { "requests" }
                            @for (percent, _) in first.table() { th scope="col" { (percent) "%" } }
                        }
                    }
                    tbody {
                        @for (group, outcome, latency) in &rows {
                            tr {
                                th scope="row" { (group.label) }
                                td.text { (outcome) }
                                td data-key=(latency.count) { (figures::whole(latency.count)) }
                                @for (_, us) in latency.table() { td data-key=(us) { (figures::ms(us as f64)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
