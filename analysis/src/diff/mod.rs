//! Two runs side by side: what became better, what worse, and what the noise does not allow to be told apart.

mod comparable;
mod judge;

pub use comparable::{Obstacle, environments, obstacles};
pub use judge::{Change, Judgement};

use poollab_model::{Report, TrialRecord};
use serde::Serialize;

use crate::compare::{Group, Section, compare};
use crate::stats::{Noise, family_confidence};
use judge::change;

/// Two runs compared.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    /// Ids of the two runs: first the base.
    pub base: String,
    /// The one that is judged.
    pub run: String,
    /// Why the two are not comparable; empty when they are.
    pub obstacles: Vec<Obstacle>,
    /// What differs and may be what was meant to be compared: versions.
    pub remarks: Vec<String>,
    /// What was compared.
    pub sections: Vec<SectionDiff>,
    /// What only the base has: it can't be judged.
    pub only_base: Vec<String>,
    /// What only the run has.
    pub only_run: Vec<String>,
}

/// One workload, load and route.
#[derive(Debug, Clone, Serialize)]
pub struct SectionDiff {
    /// As in the reports.
    pub heading: String,
    /// A row for each strategy and size, in the base's order.
    pub rows: Vec<Row>,
}

/// One strategy and size in both runs.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// As in the reports: `deadpool ×8`.
    pub label: String,
    /// Successes a second; more is better.
    pub goodput: Change,
    /// Median latency of successes, in microseconds; less is better.
    pub p50: Change,
    /// Their 95th percentile.
    pub p95: Change,
    /// Their 99th percentile.
    pub p99: Change,
    /// Their 99.9th percentile.
    pub p999: Change,
    /// Failed and dropped requests as a share of all, base and run.
    pub failed_share: (f64, f64),
    /// Their number.
    pub failed: (u64, u64),
    /// Repeats, base and run.
    pub repeats: (usize, usize),
}

impl Diff {
    /// Whether a difference beyond the noise was found anywhere.
    pub fn differs(&self) -> bool {
        self.rows().any(|(_, row)| {
            [&row.goodput, &row.p99]
                .iter()
                .any(|change| matches!(change.judgement, Judgement::Better | Judgement::Worse))
        })
    }

    /// All rows with their headings.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.sections
            .iter()
            .flat_map(|section| section.rows.iter().map(move |row| (section.heading.as_str(), row)))
    }
}

/// Two sections that are the same, and their groups that are.
type Matched<'a> = (&'a Section, &'a Section, Vec<(&'a Group, &'a Group)>);

/// Compares `run` with `base`, whether or not that makes sense: [`Diff::obstacles`] says why it may not.
pub fn diff(base: &Report, run: &Report) -> Diff {
    let (base_sections, run_sections) =
        (compare(&base.trials, base.ceiling.as_ref()), compare(&run.trials, run.ceiling.as_ref()));
    let pairs: Vec<(&Section, &Section)> = base_sections
        .iter()
        .filter_map(|section| Some((section, run_sections.iter().find(|other| same(section, other))?)))
        .collect();
    let matched: Vec<Matched<'_>> =
        pairs.into_iter().map(|(one, other)| (one, other, groups(one, other))).collect();
    // Each goodput is a chance of a false alarm, and each p99 another.
    let comparisons = 2 * matched.iter().map(|(_, _, groups)| groups.len()).sum::<usize>();
    let confidence = family_confidence(comparisons);
    let mut obstacles = obstacles(base, run);
    for (one, _, groups) in &matched {
        obstacles.extend(comparable::settings(&one.heading, groups));
    }
    let sections = matched
        .iter()
        .map(|(one, other, groups)| SectionDiff {
            heading: one.heading.clone(),
            rows: rows(base, run, one, other, groups, confidence),
        })
        .filter(|section| !section.rows.is_empty())
        .collect();
    let missing = |from: &[Section], to_base: bool| -> Vec<String> {
        from.iter()
            .flat_map(|section| section.groups.iter().map(move |group| (section, group)))
            .filter(|(_, group)| {
                !matched.iter().flat_map(|(_, _, groups)| groups).any(|(a, b)| {
                    let known = if to_base { a } else { b };
                    known.trials == group.trials && known.label == group.label
                })
            })
            .map(|(section, group)| format!("{} on {}", group.label, section.heading))
            .collect()
    };
    Diff {
        base: base.run.id.clone(),
        run: run.run.id.clone(),
        obstacles,
        remarks: comparable::remarks(base, run),
        only_base: missing(&base_sections, true),
        only_run: missing(&run_sections, false),
        sections,
    }
}

fn same(one: &Section, other: &Section) -> bool {
    one.workload == other.workload && one.load == other.load && one.route == other.route
}

/// Groups of the same strategy and size.
fn groups<'a>(one: &'a Section, other: &'a Section) -> Vec<(&'a Group, &'a Group)> {
    one.groups
        .iter()
        .filter_map(|group| Some((group, other.groups.iter().find(|twin| twin.label == group.label)?)))
        .collect()
}

fn rows(
    base: &Report,
    run: &Report,
    one: &Section,
    other: &Section,
    pairs: &[(&Group, &Group)],
    confidence: f64,
) -> Vec<Row> {
    let busy = [base, run].into_iter().any(|report| comparable::busy(report).is_some());
    let between = if busy { judge::BETWEEN_RUNS_BUSY } else { judge::BETWEEN_RUNS };
    let changes = |pick: fn(&TrialRecord) -> Option<f64>, more_is_better: bool| -> Vec<Change> {
        // The repeats of every group of both runs, as far as they say how noisy this figure is here.
        let of = |report: &Report, section: &Section| -> Vec<Vec<f64>> {
            section.groups.iter().map(|group| values(report, group, pick)).collect()
        };
        let lists = [of(base, one), of(run, other)].concat();
        let noise = Noise::of(lists.iter().map(Vec::as_slice));
        pairs
            .iter()
            .map(|(a, b)| {
                let (a, b) = (values(base, a, pick), values(run, b, pick));
                change(&a, &b, &noise, confidence, between, more_is_better)
            })
            .collect()
    };
    let goodput = changes(|trial| Some(trial.goodput_rps), true);
    let p50 = changes(|trial| Some(trial.latency_us.ok?.p50 as f64), false);
    let p95 = changes(|trial| Some(trial.latency_us.ok?.p95 as f64), false);
    let p99 = changes(|trial| Some(trial.latency_us.ok?.p99 as f64), false);
    let p999 = changes(|trial| Some(trial.latency_us.ok?.p99_9 as f64), false);
    let bad = |group: &Group| group.requests.failed + group.requests.dropped;
    pairs
        .iter()
        .enumerate()
        .map(|(index, (a, b))| Row {
            label: a.label.clone(),
            goodput: goodput[index].clone(),
            p50: p50[index].clone(),
            p95: p95[index].clone(),
            p99: p99[index].clone(),
            p999: p999[index].clone(),
            failed_share: (a.failed_share(), b.failed_share()),
            failed: (bad(a), bad(b)),
            repeats: (a.trials.len(), b.trials.len()),
        })
        .collect()
}

fn values(report: &Report, group: &Group, pick: fn(&TrialRecord) -> Option<f64>) -> Vec<f64> {
    report.trials.iter().filter(|trial| group.trials.contains(&trial.id)).filter_map(pick).collect()
}

#[cfg(test)]
mod tests;
