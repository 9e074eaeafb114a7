//! The bursts of a section: a picture of each, and its figures in a table.

use maud::{Markup, html};
use poollab_analysis::{Group, Section, figures};
use poollab_model::{Burst, BurstRequest, ErrorKind, Report};

use super::legend::marks;
use super::section::figure;
use crate::charts::{self, Fill};
use crate::rows::NOTHING;

/// Every burst of the section; nothing where its load has none.
pub fn bursts(report: &Report, section: &Section) -> Markup {
    let found: Vec<(&Group, &Burst)> = section
        .groups
        .iter()
        .filter_map(|group| Some((group, report.trials.iter().find(|trial| trial.id == group.typical)?)))
        .flat_map(|(group, trial)| trial.bursts.iter().map(move |burst| (group, burst)))
        .filter(|(_, burst)| !burst.requests.is_empty())
        .collect();
    let kinds = charts::failure_fills(section);
    let mut entries = vec![("ok".to_owned(), Fill::Ok)];
    entries.extend(kinds.iter().map(|(kind, fill)| (kind.to_string(), *fill)));
    let until_us = scale(report);
    html! {
        @if !found.is_empty() {
            h3 { "Request by request" }
            p.muted {
                "Requests that were sent all at once, in the order of sending, and when each of them ended. A level row was \
                 served together, a slope one after the other. All bursts of this report have the same scale."
            }
            (marks(&entries))
            div.charts {
                @for (group, burst) in found {
                    (figure(&group.label, &about(burst), charts::burst(&group.label, burst, &kinds, until_us), table(group, burst)))
                }
            }
        }
    }
}

/// The scale that all bursts of a report have room in.
fn scale(report: &Report) -> u64 {
    let all = report.trials.iter().flat_map(|trial| &trial.bursts).flat_map(|burst| &burst.requests);
    let longest = all.map(|request| request.ended_us).max().unwrap_or(0);
    charts::round_up(longest as f64) as u64
}

fn about(burst: &Burst) -> String {
    let sent = figures::plural(burst.sent.into(), "request", "requests");
    let mut text = if burst.at_ms > 0.0 {
        format!("{sent} at once, {} after the start.", figures::time(burst.at_ms * 1_000.0))
    } else {
        format!("{sent} at once, at the start.")
    };
    if burst.left_out > 0 {
        text += &format!(" The last {} were not kept one by one.", figures::whole(burst.left_out.into()));
    }
    text
}

fn table(group: &Group, burst: &Burst) -> Markup {
    let mut outcomes: Vec<(Option<ErrorKind>, Vec<u64>)> = Vec::new();
    for BurstRequest { error, ended_us, .. } in &burst.requests {
        match outcomes.iter_mut().find(|(known, _)| known == error) {
            Some((_, ends)) => ends.push(*ended_us),
            None => outcomes.push((*error, vec![*ended_us])),
        }
    }
    outcomes.sort_by_key(|(error, ends)| (error.is_some(), std::cmp::Reverse(ends.len())));
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Ends of the burst of " (group.label) } {
            table {
                caption.aside-only { "When the first, half and all requests of the burst of " (group.label) " had ended, in milliseconds after it was due" }
                thead {
                    tr {
                        th scope="col" { "outcome" } th scope="col" { "requests" }
                        th scope="col" { "first, ms" } th scope="col" { "half" } th scope="col" { "all" }
                    }
                }
                tbody {
                    @for (error, ends) in &mut outcomes {
                        tr {
                            th scope="row" { (error.map_or("ok".to_owned(), |kind| kind.to_string())) }
                            td { (figures::whole(ends.len() as u64)) }
                            @for us in first_half_all(ends) { td { (figures::ms(us as f64)) } }
                        }
                    }
                    @if burst.unfinished() > 0 {
                        tr {
                            th scope="row" { "not ended while measuring" }
                            td { (figures::whole(burst.unfinished().into())) }
                            @for _ in 0..3 { td { (NOTHING) } }
                        }
                    }
                }
            }
        }
    }
}

/// When the first, the middle one and the last one ended.
fn first_half_all(ends: &mut [u64]) -> Vec<u64> {
    ends.sort_unstable();
    let half = ends.len().div_ceil(2).saturating_sub(1);
    [ends.first(), ends.get(half), ends.last()].into_iter().flatten().copied().collect()
}
