//! A run, analysed once: every document prints this value and decides nothing.

use std::collections::HashSet;

use poollab_model::{
    Comparison, ComparisonRow, Environment, Plan, Report, RunInfo, SCHEMA_VERSION, TrialRecord, Verdict,
};

use crate::compare::{Group, Section, compare};
use crate::digest::{Digest, digest};
use crate::{findings, verdict};

/// What a run comes to.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// The document: what was asked and measured, verdict, findings and figures.
    pub report: Report,
    /// The trials side by side, with everything that a chart needs.
    pub sections: Vec<Section>,
    /// The findings in as many paragraphs as a person reads in a terminal.
    pub digest: Digest,
}

impl Analysis {
    /// Concludes from a run.
    pub fn of(run: RunInfo, plan: Plan, environment: Environment, trials: Vec<TrialRecord>) -> Self {
        let (trials, repeated) = each_once(trials);
        let sections = compare(&trials, run.ceiling.as_ref());
        let findings = findings::findings(&run, &plan, &environment, &trials, &sections, &repeated);
        let verdict = verdict::verdict(&sections);
        let digest = digest(&findings);
        let report = Report {
            schema_version: SCHEMA_VERSION,
            ceiling: run.ceiling.clone(),
            comparisons: sections.iter().map(comparison).collect(),
            run,
            plan,
            environment,
            trials,
            verdict,
            findings,
            k6: Vec::new(),
        };
        Self { report, sections, digest }
    }

    /// What the run comes down to.
    pub fn verdict(&self) -> &Verdict {
        &self.report.verdict
    }
}

/// A trial's id is unique in its run: what comes again is the same trial, and no repeat. Also gives the ids that came
/// more than once.
fn each_once(trials: Vec<TrialRecord>) -> (Vec<TrialRecord>, Vec<String>) {
    let (mut seen, mut repeated) = (HashSet::new(), Vec::new());
    let mut once = Vec::with_capacity(trials.len());
    for trial in trials {
        if seen.insert(trial.id.clone()) {
            once.push(trial);
        } else if !repeated.contains(&trial.id) {
            repeated.push(trial.id);
        }
    }
    (once, repeated)
}

fn comparison(section: &Section) -> Comparison {
    Comparison { heading: section.heading.clone(), rows: section.groups.iter().map(row).collect() }
}

fn row(group: &Group) -> ComparisonRow {
    ComparisonRow {
        strategy: group.label.clone(),
        sound: group.is_sound(),
        goodput_rps: group.goodput.mean,
        goodput_plus_minus: group.plus_minus(),
        repeats: u32::try_from(group.goodput.repeats()).unwrap_or(u32::MAX),
        failed_share: group.failed_share(),
        failed_rps: group.failed_rps(),
        p50_us: group.latency_ok.map(|latency| latency.p50),
        p99_us: group.latency_ok.map(|latency| latency.p99),
        service_cpu_us_per_request: group.cost.service_us,
        postgres_cpu_us_per_request: group.cost.postgres_us,
        round_trips_per_request: group.cost.round_trips,
        users_without_answer: group.silence.users,
        oldest_in_flight_us: group.silence.oldest_us,
        not_ranked: group.silence.reason().filter(|_| group.is_sound()),
        of_reference: group.of_reference,
    }
}

#[cfg(test)]
mod tests {
    use poollab_model::FindingKind;

    use crate::fixtures;

    #[test]
    fn a_line_given_twice_is_no_repeat() {
        let plain = fixtures::main_run();
        let mut twice = plain.clone();
        twice.trials.push(twice.trials[0].clone());
        let (before, after) = (plain.analysis(), twice.analysis());
        assert_eq!(after.report.trials, before.report.trials);
        assert_eq!(after.report.comparisons, before.report.comparisons);
        let told = after.report.findings.iter().filter(|finding| finding.kind == FindingKind::Unclean);
        assert!(told.clone().any(|finding| finding.text.contains("more than once")), "{told:?}");
    }

    #[test]
    fn the_rows_of_the_json_are_those_of_the_tables() {
        let analysis = fixtures::main_run().analysis();
        let rows = &analysis.report.comparisons[0].rows;
        assert_eq!(rows.len(), analysis.sections[0].groups.len());
        assert!(rows.iter().all(|row| row.service_cpu_us_per_request.is_some()));
        assert!(rows.iter().all(|row| row.postgres_cpu_us_per_request.is_some()));
    }
}
