//! The first screen: what was run, what won, what failed and why, what to doubt.

use maud::{Markup, html};
use poollab_analysis::{Group, Section, figures};
use poollab_model::{Finding, Report, RunStatus, Severity};

use super::{anchor, item};
use crate::facts;

/// Head of the page.
pub fn first_screen(report: &Report, sections: &[Section]) -> Markup {
    let several = sections.len() > 1;
    let problems = of(report, Severity::Problem);
    let doubts = of(report, Severity::Doubt);
    html! {
        header {
            p.kicker {
                "poollab run · " (when(report)) " · "
                @match report.run.status {
                    RunStatus::Complete => "complete",
                    RunStatus::Interrupted => strong { "interrupted" },
                    RunStatus::Running => strong { "not ended" },
                    RunStatus::Failed => strong { "ended early" },
                }
                " · " (report.trials.len()) " of " (report.run.trials_planned) " trials"
            }
            h1 { (title(sections)) }
            (bottom_line(&report.verdict.bottom_line))
            ul.chips {
                @for fact in facts::conditions(report) { li { (fact) } }
                @if let Some(reference) = &report.ceiling {
                    li { "reference " (figures::rate(reference.tps)) " tps (" (reference.tool) ")" }
                }
            }
        }
        div.answers {
            section.won aria-labelledby="won" {
                h2 #won { "Workload by workload" }
                @if sections.is_empty() { p { "Nothing: no trial has finished." } }
                @for (number, section) in sections.iter().enumerate() { (leader(report, section, number)) }
            }
            section.failed aria-labelledby="failed" {
                h2 #failed { "What failed, and why" }
                (list(&problems, several, "Nothing failed."))
            }
            section.doubted aria-labelledby="doubted" {
                h2 #doubted { "What to doubt" }
                (list(&doubts, several, "No reason for doubt was found."))
            }
        }
    }
}

/// The answer, and what it rests on.
fn bottom_line(lines: &[String]) -> Markup {
    html! {
        @if let Some((answer, rest)) = lines.split_first() {
            section.bottom-line aria-label="Bottom line" {
                p.answer { (super::prose(answer)) }
                @if !rest.is_empty() { ul { @for line in rest { li { (super::prose(line)) } } } }
            }
        }
    }
}

/// The highest goodput of a section, and what has to be said with it.
fn leader(report: &Report, section: &Section, number: usize) -> Markup {
    let leaders = section.leaders();
    let unsound: Vec<&str> =
        section.groups.iter().filter(|group| !group.is_sound()).map(|group| group.label.as_str()).collect();
    let conditions = report.verdict.conditional.iter().filter(|one| one.workloads.contains(&section.heading));
    html! {
        div.winner {
            h3 { a href={ "#" (anchor(number)) } { (section.heading) } }
            @match (leaders.as_slice(), section.best()) {
                ([best, ..], _) => {
                    p.big { (figures::rate(best.goodput.mean)) span.unit { "/s" } (spread(best)) }
                    p.who {
                        strong { (names(&leaders)) }
                        @if leaders.len() > 1 { ": too close to rank" }
                    }
                    @if let Some(share) = best.of_reference {
                        p.muted { (figures::percent(share)) " of the reference" }
                    }
                }
                ([], Some(best)) => {
                    p.big { (figures::rate(best.goodput.mean)) span.unit { "/s" } (spread(best)) }
                    p.who { "at most. Not enough data to rank the strategies." }
                }
                ([], None) => p.who { strong { "Nobody" } ": no valid success." },
            }
            @for one in conditions { p.muted { (one.strategy) ": " (one.condition) "." } }
            @if !unsound.is_empty() { p.muted { "Not ranked, results not valid: " (figures::list(&unsound)) } }
            @for group in section.groups.iter().filter(|group| group.is_sound()) {
                @if let Some(reason) = group.silence.reason() { p.muted { "Not ranked: " (group.label) ", " (reason) "." } }
            }
        }
    }
}

fn spread(best: &Group) -> Markup {
    html! {
        @if let Some(share) = best.plus_minus() {
            span.spread { "± " (figures::percent(share)) }
        } @else {
            span.spread { "one repeat" }
        }
    }
}

/// The first few in sight, the rest one click away.
fn list(findings: &[&Finding], several: bool, nothing: &str) -> Markup {
    const IN_SIGHT: usize = 3;
    let (first, rest) = findings.split_at(findings.len().min(IN_SIGHT));
    html! {
        @if findings.is_empty() { p.muted { (nothing) } }
        ul.findings { @for finding in first { (item(finding, several)) } }
        @if !rest.is_empty() {
            details {
                summary { (rest.len()) " more" }
                ul.findings { @for finding in rest { (item(finding, several)) } }
            }
        }
    }
}

fn of(report: &Report, severity: Severity) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.severity == severity).collect()
}

fn names(groups: &[&Group]) -> String {
    figures::list(&groups.iter().map(|group| group.label.as_str()).collect::<Vec<_>>())
}

/// `9 strategies on point-read and hold 5 ms`.
fn title(sections: &[Section]) -> String {
    let mut strategies: Vec<&str> =
        sections.iter().flat_map(|section| &section.groups).map(|group| group.strategy.as_str()).collect();
    strategies.sort_unstable();
    strategies.dedup();
    let headings: Vec<&str> = sections.iter().map(|section| section.heading.as_str()).collect();
    match (strategies.as_slice(), headings.len()) {
        ([], _) => "A run without a finished trial".to_owned(),
        ([one], 1..=3) => format!("{one} on {}", figures::list(&headings)),
        (many, 1..=3) => format!("{} strategies on {}", many.len(), figures::list(&headings)),
        (many, _) => format!(
            "{} in {} comparisons",
            figures::plural(many.len() as u64, "strategy", "strategies"),
            headings.len()
        ),
    }
}

/// `2026-11-21 10:15 UTC`, or what there is.
fn when(report: &Report) -> String {
    let at = &report.run.started_at;
    match (at.get(..10), at.get(11..16), at.ends_with('Z')) {
        (Some(day), Some(minute), true) => format!("{day} {minute} UTC"),
        _ => at.clone(),
    }
}
