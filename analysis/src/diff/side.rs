//! One side of a comparison: a run, or several of the same plan.

use poollab_model::{Report, TrialRecord};
use serde::Serialize;

use super::Obstacle;
use super::comparable::obstacles;
use crate::compare::Group;
use crate::stats::Spread;

/// One side: its runs in the order of time, and all their trials together.
#[derive(Debug, Clone)]
pub struct Side {
    /// Everything but the trials is that of the first run. Trials have the place of their run before their id.
    pub(super) report: Report,
    /// When each run began, as texts that sort.
    began: Vec<String>,
    /// Ids of the first run and of the last.
    ends: (String, String),
    /// Why its runs are not of the same plan on the same machine; empty when they are.
    pub(super) obstacles: Vec<Obstacle>,
    /// Of each run, how much of the machine others used.
    pub(super) others: Vec<f64>,
}

/// What the two sides are made of, and with that how the noise between them is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Design {
    /// One run a side. What two runs of the same thing differ by is taken to be what two repeats do.
    Single,
    /// Several runs a side, made alternately: compared pair by pair, so that what both went through drops out.
    Alternate,
    /// Several runs a side in another order. What changed on the machine between them counts as a difference.
    Apart,
}

impl Side {
    /// Takes runs together.
    pub fn of(first: Report, more: Vec<Report>) -> Self {
        let mut runs = vec![first];
        runs.extend(more);
        runs.sort_by(|a, b| moment(a).cmp(moment(b)));
        let began = runs.iter().map(|run| moment(run).to_owned()).collect();
        let ends = (runs[0].run.id.clone(), runs[runs.len() - 1].run.id.clone());
        let others = runs.iter().filter_map(others).collect();
        let mut found: Vec<Obstacle> = Vec::new();
        for run in &runs[1..] {
            for obstacle in obstacles(&runs[0], run) {
                if !found.contains(&obstacle) {
                    found.push(obstacle);
                }
            }
        }
        let mut report = runs[0].clone();
        report.trials = Vec::new();
        for (place, run) in runs.into_iter().enumerate() {
            let in_place = |trial: TrialRecord| TrialRecord { id: id_in(place, &trial.id), ..trial };
            report.trials.extend(run.trials.into_iter().map(in_place));
        }
        Self { report, began, ends, obstacles: found, others }
    }

    /// How many runs.
    pub fn runs(&self) -> usize {
        self.began.len()
    }

    /// The run's id, or how many there are and which.
    pub fn name(&self) -> String {
        match self.runs() {
            1 => self.ends.0.clone(),
            count => format!("{count} runs, {} to {}", self.ends.0, self.ends.1),
        }
    }

    /// How much of the machine others used in the middle one of its runs, 0 to 1.
    pub(super) fn others(&self) -> Option<f64> {
        Spread::of(self.others.iter().copied()).map(|spread| spread.median)
    }

    /// The repeats of a group's figure, run by run; a run without it has none.
    pub(super) fn values(&self, group: &Group, pick: impl Fn(&TrialRecord) -> Option<f64>) -> Vec<Vec<f64>> {
        let of_run = |place: usize| {
            let start = id_in(place, "");
            let ours = self.report.trials.iter().filter(|trial| trial.id.starts_with(&start));
            ours.filter(|trial| group.trials.contains(&trial.id)).filter_map(&pick).collect()
        };
        (0..self.runs()).map(of_run).collect()
    }
}

impl From<Report> for Side {
    fn from(run: Report) -> Self {
        Self::of(run, Vec::new())
    }
}

/// How two sides were measured: what is decided by the order of the runs is decided before their figures are seen.
pub(super) fn design(base: &Side, run: &Side) -> Design {
    if base.runs() == 1 && run.runs() == 1 {
        return Design::Single;
    }
    let mut order: Vec<(&str, bool)> = base.began.iter().map(|began| (began.as_str(), false)).collect();
    order.extend(run.began.iter().map(|began| (began.as_str(), true)));
    order.sort();
    let alternate = order.len() >= 6 && order.chunks(2).all(|pair| matches!(pair, [a, b] if a.1 != b.1));
    if alternate { Design::Alternate } else { Design::Apart }
}

/// When a run began, RFC 3339 in UTC. That sorts by time, but for its last letter: `43Z` comes after `43.5Z`.
fn moment(run: &Report) -> &str {
    run.run.started_at.trim_end_matches('Z')
}

fn id_in(place: usize, id: &str) -> String {
    format!("{place}/{id}")
}

/// How much of the machine others used while a run's trials were measured, in the median.
fn others(run: &Report) -> Option<f64> {
    Spread::of(run.trials.iter().filter_map(|trial| trial.others_cpu_share)).map(|spread| spread.median)
}
