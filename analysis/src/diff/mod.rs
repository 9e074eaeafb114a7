//! Two runs side by side, or several of each: what became better, what worse, and what the noise does not allow to
//! be told apart.

mod comparable;
mod judge;
mod side;

pub use comparable::{Obstacle, environments, obstacles};
pub use judge::{Change, Judgement};
pub use side::{Design, Side};

use poollab_model::TrialRecord;
use serde::Serialize;

use crate::compare::{Group, Section, compare};
use crate::stats::{Spread, family_confidence};
use judge::{Judge, Samples};
use side::design;

/// Two runs compared, or several of each.
#[derive(Debug, Clone, Serialize)]
pub struct Diff {
    /// The base: its id, or how many runs it is.
    pub base: String,
    /// What is judged, likewise.
    pub run: String,
    /// Runs of both.
    pub runs: (usize, usize),
    /// How they were measured.
    pub design: Design,
    /// The smallest change of goodput that a middling row could have shown, as a share; `None`: no row could any.
    pub smallest_change: Option<f64>,
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

/// One workload, load, route and generator.
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
pub fn diff(base: &Side, run: &Side) -> Diff {
    let sections_of = |side: &Side| compare(&side.report.trials, side.report.ceiling.as_ref());
    let (base_sections, run_sections) = (sections_of(base), sections_of(run));
    let pairs: Vec<(&Section, &Section)> = base_sections
        .iter()
        .filter_map(|section| Some((section, run_sections.iter().find(|other| same(section, other))?)))
        .collect();
    let matched: Vec<Matched<'_>> =
        pairs.into_iter().map(|(one, other)| (one, other, groups(one, other))).collect();
    // Each goodput is a chance of a false alarm, and each p99 another.
    let comparisons = 2 * matched.iter().map(|(_, _, groups)| groups.len()).sum::<usize>();
    let (design, busy) = (design(base, run), comparable::busy(base, run));
    let judge = Judge { design, confidence: family_confidence(comparisons), busy: busy.is_some() };
    let mut obstacles = obstacles(&base.report, &run.report);
    for more in base.obstacles.iter().chain(&run.obstacles) {
        if !obstacles.contains(more) {
            obstacles.push(more.clone());
        }
    }
    for (one, _, groups) in &matched {
        obstacles.extend(comparable::settings(&one.heading, groups));
    }
    let sections: Vec<SectionDiff> = matched
        .iter()
        .map(|(one, other, groups)| SectionDiff {
            heading: one.heading.clone(),
            rows: rows(base, run, one, other, groups, &judge),
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
    let rows = sections.iter().flat_map(|section| &section.rows);
    let shown = Spread::of(rows.filter_map(|row| row.goodput.shows(judge.allowance())));
    Diff {
        base: base.name(),
        run: run.name(),
        runs: (base.runs(), run.runs()),
        design,
        smallest_change: shown.map(|shown| shown.median),
        obstacles,
        remarks: comparable::remarks(base, run, design, busy),
        only_base: missing(&base_sections, true),
        only_run: missing(&run_sections, false),
        sections,
    }
}

fn same(one: &Section, other: &Section) -> bool {
    one.workload == other.workload
        && one.load == other.load
        && one.route == other.route
        && one.driver == other.driver
}

/// Groups of the same strategy and size.
fn groups<'a>(one: &'a Section, other: &'a Section) -> Vec<(&'a Group, &'a Group)> {
    one.groups
        .iter()
        .filter_map(|group| Some((group, other.groups.iter().find(|twin| twin.label == group.label)?)))
        .collect()
}

fn rows(
    base: &Side,
    run: &Side,
    one: &Section,
    other: &Section,
    pairs: &[(&Group, &Group)],
    judge: &Judge,
) -> Vec<Row> {
    let changes = |pick: fn(&TrialRecord) -> Option<f64>, more_is_better: bool| -> Vec<Change> {
        // Every group of both sides says how noisy this figure is here.
        let of = |side: &Side, section: &Section| -> Vec<(bool, Samples)> {
            let groups = section.groups.iter();
            groups.map(|group| (group.scatters(), Samples(side.values(group, pick)))).collect()
        };
        let all = [of(base, one), of(run, other)].concat();
        let noise = judge.noise(all.iter().map(|(_, samples)| samples));
        let steady = all.iter().filter(|(scatters, _)| !scatters);
        let steady_noise = judge.noise(steady.map(|(_, samples)| samples));
        pairs
            .iter()
            .map(|(a, b)| {
                let noise = if a.scatters() || b.scatters() { &noise } else { &steady_noise };
                let (a, b) = (Samples(base.values(a, pick)), Samples(run.values(b, pick)));
                judge.change(&a, &b, noise, more_is_better)
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

#[cfg(test)]
mod tests;
