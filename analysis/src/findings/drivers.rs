//! Whether goose and k6, which share no code, measured the same.

use std::collections::BTreeMap;

use poollab_model::{Driver, ErrorKind, Finding, FindingKind, Load};

use super::{Context, Draft};
use crate::compare::{Group, Section};
use crate::figures;

/// A difference of goodput that two honest programs may have on one machine.
const GOODPUT: f64 = 0.10;
/// Latencies differ more: one program sends a little later than the other, and at other moments of the CPU
/// limit's period. A share, or so many microseconds where the share is of next to nothing.
const P50: (f64, u64) = (0.25, 1_000);
const P99: (f64, u64) = (0.50, 10_000);
/// A difference in the share of requests that ended with one kind.
const ERRORS: f64 = 0.05;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let ours = context.sections.iter().filter(|section| section.driver == Driver::Goose);
    ours.filter_map(|ours| Some((ours, other(context, ours)?)))
        .flat_map(|(ours, theirs)| section(ours, theirs))
        .collect()
}

/// The same work, made by k6.
fn other<'a>(context: &'a Context<'_>, ours: &Section) -> Option<&'a Section> {
    context.sections.iter().find(|section| {
        section.driver == Driver::K6
            && section.workload == ours.workload
            && section.load == ours.load
            && section.route == ours.route
    })
}

fn section(ours: &Section, theirs: &Section) -> Vec<Finding> {
    let mut agreeing = Vec::new();
    let mut findings = Vec::new();
    for goose in &ours.groups {
        let Some(k6) = theirs.groups.iter().find(|group| group.label == goose.label) else { continue };
        let differences = differences(goose, k6);
        if differences.is_empty() {
            agreeing.push((goose, k6));
            continue;
        }
        let draft =
            figures_of(Draft::doubt(FindingKind::DriversAgree).section(ours).groups([goose, k6]), goose, k6);
        findings.push(draft.say(format!(
            "goose and k6 disagree on {}: {}. {}",
            goose.label,
            differences.join("; "),
            explanation(&ours.load, goose, k6)
        )));
    }
    let gap = |(goose, k6): &(&Group, &Group)| apart(goose.goodput.mean, k6.goodput.mean);
    if let Some(widest) = agreeing.iter().max_by(|a, b| gap(a).total_cmp(&gap(b))) {
        let (goose, k6) = *widest;
        let labels: Vec<&str> = agreeing.iter().map(|(goose, _)| goose.label.as_str()).collect();
        let all = agreeing.iter().flat_map(|(goose, k6)| [*goose, *k6]);
        let draft = Draft::note(FindingKind::DriversAgree).section(ours).groups(all);
        findings.push(figures_of(draft, goose, k6).say(format!(
            "goose and k6, which share no code, agree on {}: goodput differs by {} at most ({} {}/s and {}/s), and p50, \
             p99 and the mix of failures are alike.",
            figures::list(&labels),
            figures::percent(gap(widest)),
            goose.label,
            figures::rate(goose.goodput.mean),
            figures::rate(k6.goodput.mean),
        )));
    }
    findings
}

fn figures_of(draft: Draft, goose: &Group, k6: &Group) -> Draft {
    let p = |group: &Group| group.latency_ok.map(|q| (q.p50, q.p99));
    draft
        .figure("goodput_rps_goose", goose.goodput.mean)
        .figure("goodput_rps_k6", k6.goodput.mean)
        .figure("p50_us_goose", p(goose).map(|it| it.0))
        .figure("p50_us_k6", p(k6).map(|it| it.0))
        .figure("p99_us_goose", p(goose).map(|it| it.1))
        .figure("p99_us_k6", p(k6).map(|it| it.1))
        .figure("failed_share_goose", goose.failed_share())
        .figure("failed_share_k6", k6.failed_share())
}

/// In words, with figures: goose's first.
fn differences(goose: &Group, k6: &Group) -> Vec<String> {
    let mut found = Vec::new();
    if apart(goose.goodput.mean, k6.goodput.mean) > GOODPUT {
        found.push(format!(
            "goodput {}/s and {}/s",
            figures::rate(goose.goodput.mean),
            figures::rate(k6.goodput.mean)
        ));
    }
    if let (Some(ours), Some(theirs)) = (goose.latency_ok, k6.latency_ok) {
        for (name, a, b, (share, least)) in
            [("p50", ours.p50, theirs.p50, P50), ("p99", ours.p99, theirs.p99, P99)]
        {
            if a.abs_diff(b) > least && apart(a as f64, b as f64) > share {
                found.push(format!("{name} {} and {}", figures::time(a as f64), figures::time(b as f64)));
            }
        }
    }
    let (ours, theirs) = (shares(goose), shares(k6));
    let kinds: BTreeMap<ErrorKind, ()> = ours.keys().chain(theirs.keys()).map(|kind| (*kind, ())).collect();
    for kind in kinds.keys() {
        let share = |of: &BTreeMap<ErrorKind, f64>| of.get(kind).copied().unwrap_or(0.0);
        if (share(&ours) - share(&theirs)).abs() > ERRORS {
            found.push(format!(
                "{kind} {} and {} of the requests",
                figures::percent(share(&ours)),
                figures::percent(share(&theirs))
            ));
        }
    }
    found
}

/// Known reasons why they may differ.
fn explanation(load: &Load, goose: &Group, k6: &Group) -> &'static str {
    /// From here on a program is busy enough to be late.
    const BUSY: f64 = 0.5;
    match (goose.generator_cpu_share > BUSY, k6.generator_cpu_share > BUSY) {
        (_, true) => {
            "k6 used more than half of this machine's CPU, which the service then lacked. Lower the load, or use the \
             figures of goose, which needs a tenth of that CPU."
        }
        (true, false) => "goose was busy more than half of the time. Lower the load.",
        (false, false) if matches!(load, Load::Closed { .. }) => {
            "Neither was busy. k6 measures a closed load until its last response, when most users have finished. This matters \
             if responses are slow. Raise --duration and compare again."
        }
        (false, false) => {
            "Neither was busy. In an open load, goose measures latency from the scheduled time and k6 from the send. If that \
             does not explain the difference, raise --duration and compare again."
        }
    }
}

/// Each kind's share of all requests.
fn shares(group: &Group) -> BTreeMap<ErrorKind, f64> {
    let mut shares = BTreeMap::new();
    for error in &group.errors {
        *shares.entry(error.kind).or_insert(0.0) += error.count as f64 / group.requests.total.max(1) as f64;
    }
    shares
}

/// The difference as a share of the greater one.
fn apart(a: f64, b: f64) -> f64 {
    let greater = a.max(b);
    if greater > 0.0 { (a - b).abs() / greater } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use poollab_model::{Severity, TrialRecord};

    use super::*;
    use crate::fixtures;

    /// deadpool on point-read with both, k6's trials changed.
    fn both(change: impl Fn(&mut TrialRecord)) -> Vec<Finding> {
        let mut run = fixtures::main_run();
        run.trials.retain(|trial| trial.strategy == "deadpool" && trial.workload == "point-read");
        let mut theirs = run.trials.clone();
        for trial in &mut theirs {
            trial.driver = Driver::K6;
            trial.id.push_str(".k6");
            trial.histograms = poollab_model::Histograms::default();
            change(trial);
        }
        run.trials.extend(theirs);
        run.findings().into_iter().filter(|finding| finding.kind == FindingKind::DriversAgree).collect()
    }

    #[test]
    fn equal_figures_are_agreement_and_repeats_of_two_drivers_are_not_mixed() {
        let found = both(|_| ());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].severity, found[0].trials.len()), (Severity::Note, 4));
    }

    #[test]
    fn another_goodput_is_told_with_both_figures() {
        let found = both(|trial| fixtures::set_goodput(trial, trial.goodput_rps * 0.8));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].severity == Severity::Doubt && found[0].text.contains("goodput"),
            "{}",
            found[0].text
        );
        let figure = |name: &str| found[0].evidence[name].as_f64().unwrap();
        assert!(figure("goodput_rps_k6") < 0.9 * figure("goodput_rps_goose"));
    }

    #[test]
    fn failures_that_only_one_of_them_saw_are_no_agreement() {
        let found = both(fixtures::fail_everything);
        assert!(found[0].severity == Severity::Doubt, "{found:?}");
    }

    #[test]
    fn with_one_driver_there_is_nothing_to_say() {
        let findings = fixtures::main_run().findings();
        assert!(findings.iter().all(|finding| finding.kind != FindingKind::DriversAgree));
    }
}
