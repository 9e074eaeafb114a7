//! The findings of a run in as many paragraphs as a person reads in a terminal.
//!
//! The documents hold every finding; here those that say the same of several workloads become one, and the
//! least important ones are counted instead of printed.

use poollab_model::{Finding, FindingKind};
use serde_json::Value;

/// Paragraphs that a terminal shows at most.
const MOST: usize = 12;

/// One paragraph.
#[derive(Debug, Clone, PartialEq)]
pub struct Paragraph {
    /// What it says.
    pub finding: Finding,
    /// Other workloads of which the same is true, with other figures.
    pub also: Vec<String>,
}

/// The paragraphs of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    /// Most important first.
    pub paragraphs: Vec<Paragraph>,
    /// How many findings are in none of them.
    pub more: usize,
}

/// Puts the findings of a run together.
pub(crate) fn digest(findings: &[Finding]) -> Digest {
    let mut paragraphs: Vec<Paragraph> = Vec::new();
    for finding in findings {
        let known = paragraphs.iter_mut().find(|paragraph| says_the_same(paragraph, finding));
        match (known, finding.workload.as_ref()) {
            (Some(paragraph), Some(workload)) => paragraph.also.push(workload.clone()),
            _ => paragraphs.push(Paragraph { finding: finding.clone(), also: Vec::new() }),
        }
    }
    paragraphs.sort_by_key(|paragraph| (paragraph.finding.severity, importance(paragraph.finding.kind)));
    let left = paragraphs.split_off(paragraphs.len().min(MOST));
    Digest { paragraphs, more: left.iter().map(|paragraph| 1 + paragraph.also.len()).sum() }
}

/// Whether a finding repeats a paragraph for another workload: same family, and the same words among its
/// evidence (a kind of failure, a phase). Figures may differ, and so may the strategies.
fn says_the_same(paragraph: &Paragraph, finding: &Finding) -> bool {
    let first = &paragraph.finding;
    let elsewhere = match (&first.workload, &finding.workload) {
        (Some(one), Some(other)) => one != other && !paragraph.also.contains(other),
        _ => false,
    };
    elsewhere
        && mergeable(finding.kind)
        && first.kind == finding.kind
        && first.severity == finding.severity
        && first.evidence.keys().eq(finding.evidence.keys())
        && words(first).eq(words(finding))
}

/// An order of strategies is different for every workload, even where it looks alike.
fn mergeable(kind: FindingKind) -> bool {
    !matches!(
        kind,
        FindingKind::Ranking | FindingKind::HoldEffect | FindingKind::Isolation | FindingKind::Tail
    )
}

fn words(finding: &Finding) -> impl Iterator<Item = &str> {
    finding.evidence.values().filter_map(Value::as_str)
}

/// Among findings of one severity: the order first, then why; what the table shows anyway comes last.
fn importance(kind: FindingKind) -> u8 {
    match kind {
        FindingKind::NoDifference => 4,
        FindingKind::CeilingShare => 3,
        FindingKind::Unclean | FindingKind::Unobserved => 2,
        FindingKind::TimeSpent => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use poollab_model::Severity;

    use super::*;
    use crate::fixtures;

    #[test]
    fn every_finding_is_told_merged_or_counted() {
        let report = fixtures::main_run().report();
        let Digest { paragraphs, more } = digest(&report.findings);
        let told: usize = paragraphs.iter().map(|paragraph| 1 + paragraph.also.len()).sum();
        assert_eq!(told + more, report.findings.len());
        assert!(paragraphs.len() <= MOST && more > 0);
    }

    #[test]
    fn two_kinds_of_failures_are_never_told_as_one() {
        let report = fixtures::main_run().report();
        let mut failures: Vec<Finding> =
            report.findings.into_iter().filter(|finding| finding.kind == FindingKind::Failures).collect();
        assert_eq!(digest(&failures).paragraphs.len(), 1);
        failures[1].evidence.insert("kind".to_owned(), "pool-timeout".into());
        assert_eq!(digest(&failures).paragraphs.len(), 2);
    }

    #[test]
    fn no_note_pushes_a_problem_out() {
        let mut report = fixtures::main_run().report();
        let problem = report.findings[0].clone();
        let mut note = problem.clone();
        note.severity = Severity::Note;
        note.workload = None;
        report.findings = vec![note; 40];
        report.findings.push(problem);
        let Digest { paragraphs, more } = digest(&report.findings);
        assert_eq!(paragraphs[0].finding.severity, Severity::Problem);
        assert_eq!(more, 41 - MOST);
    }
}
