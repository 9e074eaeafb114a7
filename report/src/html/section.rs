//! One comparison: its conclusions, its table, its charts.

use maud::{Markup, html};
use poollab_analysis::stats::Latency;
use poollab_analysis::{Group, Section, figures};
use poollab_model::{ErrorKind, Finding, Report, Severity, TrialRecord};

use super::figures_tables::{percentile_table, table};
use super::legend::{legend, switches};
use super::{anchor, item};
use crate::charts::{self, Curve, Fill};
use crate::rows::leads;

/// The section's part of the page.
pub fn section(report: &Report, section: &Section, number: usize, series: &[String]) -> Markup {
    let conclusions: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Note)
        .filter(|finding| finding.workload.as_ref() == Some(&section.heading))
        .collect();
    html! {
        section.comparison id=(anchor(number)) aria-labelledby={ (anchor(number)) "-title" } {
            h2 id={ (anchor(number)) "-title" } { (section.heading) }
            p.muted { (section.load) ", " (section.route) ", " (repeats(section)) }
            (table(report, section))
            @if !conclusions.is_empty() {
                ul.findings.conclusions { @for finding in &conclusions { (item(finding, false)) } }
            }
            // Rows on one side and lines on the other: in a grid the short ones would leave holes beside the tall.
            div.charts {
                div.stack {
                    (figure(
                        "Goodput",
                        "Successes a second. The bar is the mean, the ticks are the repeats; names in bold lead.",
                        charts::goodput(section, |group| leads(report, section, group)),
                        html! {},
                    ))
                    @if section.groups.iter().any(|group| group.failed_share() > 0.0) { (outcomes(section)) }
                    (phases(section))
                }
                div.stack {
                    (percentiles(section, series, "successes", |group| group.distribution_ok.as_ref()))
                    (percentiles(section, series, "failures", |group| group.distribution_failed.as_ref()))
                }
            }
            (percentile_table(section))
            (super::bursts::bursts(report, section))
            (timelines(report, section))
        }
    }
}

fn outcomes(section: &Section) -> Markup {
    let mut entries = vec![("ok".to_owned(), Fill::Ok)];
    entries.extend(charts::failure_fills(section).into_iter().map(|(kind, fill)| (kind.to_string(), fill)));
    figure("How requests ended", "Shares of all requests.", charts::outcomes(section), legend(&entries))
}

fn phases(section: &Section) -> Markup {
    let entries = [
        ("wait", Fill::Wait),
        ("connect", Fill::Connect),
        ("query", Fill::Query),
        ("hold", Fill::Hold),
        ("elsewhere", Fill::Elsewhere),
    ]
    .map(|(name, fill)| (name.to_owned(), fill));
    figure(
        "Where the time went",
        "Shares of an average success; the time beside each bar is its mean.",
        charts::phases(section),
        legend(&entries),
    )
}

fn percentiles(
    section: &Section,
    series: &[String],
    what: &str,
    pick: fn(&Group) -> Option<&Latency>,
) -> Markup {
    let number = |label: &str| series.iter().position(|one| one == label).unwrap_or(0);
    let curves: Vec<Curve<'_>> = section
        .groups
        .iter()
        .filter_map(|group| {
            Some(Curve { label: &group.label, series: number(&group.label), latency: pick(group)? })
        })
        .collect();
    let entries: Vec<(&str, usize)> = curves.iter().map(|curve| (curve.label, curve.series)).collect();
    html! {
        @if let Some(chart) = charts::percentiles(section, what, &curves) {
            (figure(
                &format!("Latency of {what}"),
                "By percentile, repeats together; each line ends at its slowest request.",
                chart,
                switches(&entries),
            ))
        }
    }
}

/// The most telling course and the leader's side by side, the others one click away.
fn timelines(report: &Report, section: &Section) -> Markup {
    let trial = |group: &Group| report.trials.iter().find(|trial| trial.id == group.typical);
    let telling = [section.most_telling(), section.best()].into_iter().flatten();
    let mut shown: Vec<&Group> = Vec::new();
    // Two beside each other, also where the most telling one leads.
    for group in telling.chain(&section.groups) {
        if shown.len() < 2 && shown.iter().all(|one| one.label != group.label) {
            shown.push(group);
        }
    }
    let others = section.groups.iter().filter(|group| shown.iter().all(|one| one.label != group.label));
    let others: Vec<&Group> = others.collect();
    let names: Vec<&str> = others.iter().map(|group| group.label.as_str()).collect();
    let kinds = charts::failure_fills(section);
    let gaps = section.groups.iter().filter_map(trial).any(|trial| charts::has_gaps(trial, &kinds));
    html! {
        @if section.groups.iter().filter_map(trial).any(|trial| !trial.timeline.is_empty()) {
            h3 { "The course of a trial" }
            p.muted {
                "Of each strategy the repeat with the median goodput. Cause stands above effect: read a moment from top to \
                 bottom."
            }
            (legend(&course_legend(&kinds, gaps)))
            div.charts { @for group in &shown { (course(group, trial(group), &kinds)) } }
            @if !others.is_empty() {
                details {
                    summary { (others.len()) " more: " (figures::list(&names)) }
                    div.charts { @for group in &others { (course(group, trial(group), &kinds)) } }
                }
            }
        }
    }
}

fn course(group: &Group, trial: Option<&TrialRecord>, kinds: &[(ErrorKind, Fill)]) -> Markup {
    html! {
        @if let Some((trial, chart)) = trial.and_then(|trial| Some((trial, charts::timeline(trial, kinds)?))) {
            (figure(
                &group.label,
                &format!("Repeat {}, {}/s goodput.", trial.repeat, figures::rate(trial.goodput_rps)),
                chart,
                html! {},
            ))
        } @else {
            p.muted { (group.label) ": no course was recorded." }
        }
    }
}

/// What the areas of a course mean; kinds of failures as in the outcomes.
fn course_legend(kinds: &[(ErrorKind, Fill)], gaps: bool) -> Vec<(String, Fill)> {
    let mut entries: Vec<(String, Fill)> = [
        ("lent or active", Fill::Ok),
        ("idle", Fill::Idle),
        ("idle in transaction", Fill::IdleInTransaction),
        ("other state", Fill::Elsewhere),
        ("throttled", Fill::Throttled),
    ]
    .map(|(name, fill)| (name.to_owned(), fill))
    .to_vec();
    entries.extend(gaps.then(|| ("not observed".to_owned(), Fill::Unseen)));
    entries.extend(kinds.iter().map(|(kind, fill)| (kind.to_string(), *fill)));
    entries
}

/// A chart with its title, a line on what it shows, and what belongs below it.
pub(super) fn figure(title: &str, says: &str, chart: Markup, below: Markup) -> Markup {
    html! {
        figure {
            figcaption { strong { (title) } " " span.muted { (says) } }
            (chart)
            (below)
        }
    }
}

fn repeats(section: &Section) -> String {
    let most = section.groups.iter().map(|group| group.goodput.repeats()).max().unwrap_or(0);
    figures::plural(most as u64, "repeat", "repeats")
}
