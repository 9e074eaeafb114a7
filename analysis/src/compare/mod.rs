//! Trials side by side: the rows that every document shows.

mod errors;
mod group;
mod phases;

pub use errors::merge_errors;
pub use group::{Group, LatencySource, Watched};
pub use phases::PhaseMeans;

use poollab_model::{Ceiling, Driver, Load, Route, TrialRecord, WorkloadSpec};

use crate::stats::{Noise, Ratio, Verdict, family_confidence, ratio};

/// Everything that may be compared with each other: same workload, same load, same route, same driver.
#[derive(Debug, Clone)]
pub struct Section {
    /// What stands above it: the workload, with load and route where the run has several.
    pub heading: String,
    /// The workload with its parameters.
    pub workload: WorkloadSpec,
    /// The load.
    pub load: Load,
    /// The route.
    pub route: Route,
    /// What made the load.
    pub driver: Driver,
    /// Best goodput first.
    pub groups: Vec<Group>,
    /// What pgbench reached on the same statement; `None` where it was not measured.
    pub ceiling_tps: Option<f64>,
    /// The noise of all groups together.
    pub noise: Noise,
    /// The noise of those that work.
    pub steady_noise: Noise,
}

impl Section {
    /// The group with the highest goodput among those whose successes are sound; `None` when nobody had
    /// a sound success.
    pub fn best(&self) -> Option<&Group> {
        self.groups.iter().find(|group| group.is_sound() && group.requests.ok > 0)
    }

    /// The groups that can't be told from the best one: the best, and those sound ones whose difference
    /// to it is inside the noise.
    pub fn leaders(&self) -> Vec<&Group> {
        let Some(best) = self.best() else { return Vec::new() };
        let level = |group: &&Group| {
            group.label == best.label
                || group.to_best.is_some_and(|ratio| ratio.verdict() == Verdict::NoDifference)
        };
        self.groups.iter().filter(|group| group.is_sound() && group.requests.ok > 0).filter(level).collect()
    }

    /// The group whose course says most: the one with the largest share of failures, else the best.
    pub fn most_telling(&self) -> Option<&Group> {
        self.groups
            .iter()
            .filter(|group| group.failed_share() > 0.0)
            .max_by(|a, b| a.failed_share().total_cmp(&b.failed_share()))
            .or(self.groups.first())
    }

    /// Two of its groups' goodput, first over second, at the confidence that fits so many comparisons.
    pub fn ratio(&self, first: &Group, second: &Group) -> Option<Ratio> {
        let confidence = family_confidence(self.groups.len().saturating_sub(1));
        // A working group is no noisier because a broken one stands beside it.
        let scatters = first.scatters() || second.scatters();
        let noise = if scatters { &self.noise } else { &self.steady_noise };
        ratio(&first.goodput.values, &second.goodput.values, noise, confidence)
    }
}

/// Groups trials (same strategy, pool size, workload, load, route and driver are repeats of one another) and
/// puts the groups into sections, in the order in which their trials first appear.
pub fn compare(trials: &[TrialRecord], ceiling: Option<&Ceiling>) -> Vec<Section> {
    let mut parts: Vec<Vec<&TrialRecord>> = Vec::new();
    for trial in trials {
        match parts.iter_mut().find(|part| same_section(part[0], trial)) {
            Some(part) => part.push(trial),
            None => parts.push(vec![trial]),
        }
    }
    parts.iter().map(|part| section(part, trials, ceiling)).collect()
}

fn section(part: &[&TrialRecord], all: &[TrialRecord], ceiling: Option<&Ceiling>) -> Section {
    let first = part[0];
    let ceiling_tps = ceiling
        .filter(|ceiling| ceiling.tps > 0.0 && first.route == Route::Direct)
        .filter(|ceiling| {
            first.workload == *ceiling.workload.as_str()
                || first.workload_spec.to_string() == ceiling.workload
        })
        .map(|ceiling| ceiling.tps);
    let mut groups: Vec<Group> =
        repeats(part).iter().filter_map(|repeats| Group::of(repeats, ceiling_tps)).collect();
    groups.sort_by(|a, b| b.goodput.mean.total_cmp(&a.goodput.mean).then_with(|| a.label.cmp(&b.label)));

    let noise_of = |wanted: fn(&&Group) -> bool| {
        Noise::of(groups.iter().filter(wanted).map(|group| group.goodput.values.as_slice()))
    };
    let (noise, steady_noise) = (noise_of(|_| true), noise_of(|group| !group.scatters()));
    let mut section = Section {
        heading: heading(first, all),
        workload: first.workload_spec.clone(),
        load: first.load.clone(),
        route: first.route,
        driver: first.driver,
        groups,
        ceiling_tps,
        noise,
        steady_noise,
    };
    if let Some(best) = section.best().cloned() {
        let ratios: Vec<Option<Ratio>> = section
            .groups
            .iter()
            .map(|group| if group.label == best.label { None } else { section.ratio(group, &best) })
            .collect();
        section.groups.iter_mut().zip(ratios).for_each(|(group, ratio)| group.to_best = ratio);
    }
    section
}

fn repeats<'a>(part: &[&'a TrialRecord]) -> Vec<Vec<&'a TrialRecord>> {
    let mut groups: Vec<Vec<&TrialRecord>> = Vec::new();
    for trial in part {
        let same = |group: &&mut Vec<&TrialRecord>| {
            group[0].strategy == trial.strategy && group[0].pool_size == trial.pool_size
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(trial),
            None => groups.push(vec![trial]),
        }
    }
    groups
}

fn same_section(a: &TrialRecord, b: &TrialRecord) -> bool {
    a.workload_spec == b.workload_spec && a.load == b.load && a.route == b.route && a.driver == b.driver
}

/// `point-read`, and what else distinguishes it in this run: `point-read · 64 users · pgbouncer-session`.
fn heading(first: &TrialRecord, all: &[TrialRecord]) -> String {
    let mut heading = first.workload_spec.to_string();
    if all.iter().any(|trial| trial.load != first.load) {
        heading.push_str(&format!(" · {}", first.load));
    }
    if all.iter().any(|trial| trial.route != first.route) || first.route != Route::Direct {
        heading.push_str(&format!(" · {}", first.route));
    }
    if all.iter().any(|trial| trial.driver != first.driver) || first.driver != Driver::Goose {
        heading.push_str(&format!(" · {}", first.driver));
    }
    heading
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn repeats_of_one_trial_are_one_row() {
        let run = fixtures::main_run();
        let sections = compare(&run.trials, run.run.ceiling.as_ref());
        assert_eq!(
            sections.iter().map(|section| section.heading.as_str()).collect::<Vec<_>>(),
            ["point-read", "hold 5 ms"]
        );
        assert_eq!(sections[0].groups.len(), 9);
        assert!(sections[0].groups.iter().all(|group| group.trials.len() == 2));
        let merged: u64 = sections.iter().flat_map(|s| &s.groups).map(|group| group.requests.total).sum();
        assert_eq!(merged, run.trials.iter().map(|trial| trial.requests.total).sum::<u64>());
    }

    #[test]
    fn the_ceiling_of_one_workload_is_not_that_of_another() {
        let run = fixtures::main_run();
        let sections = compare(&run.trials, run.run.ceiling.as_ref());
        assert!(sections[0].groups.iter().all(|group| group.of_ceiling.is_some()));
        assert!(sections[1].groups.iter().all(|group| group.of_ceiling.is_none()));
    }

    #[test]
    fn loads_and_sizes_are_never_mixed() {
        let mut run = fixtures::main_run();
        let mut other = run.trials[0].clone();
        other.load = Load::Closed { users: 16 };
        run.trials.push(other);
        let mut bigger = run.trials[0].clone();
        bigger.pool_size = Some(99);
        run.trials.push(bigger);
        let sections = compare(&run.trials, None);
        assert_eq!(sections.len(), 3);
        assert!(sections.iter().any(|section| section.heading == "point-read · 16 users"));
        assert_eq!(sections[0].groups.len(), 10);
    }

    /// As it was measured: two repeats, and half of the strategies broken.
    #[test]
    fn a_working_pool_is_no_noisier_because_broken_ones_stand_beside_it() {
        const MEASURED: [(&str, [f64; 2]); 8] = [
            ("r2d2", [1_539.5, 1_522.0]),
            ("deadpool", [1_220.5, 1_239.5]),
            ("bb8", [1_236.5, 1_189.5]),
            ("sqlx", [1_181.5, 1_224.5]),
            ("naive-locked", [184.5, 189.5]),
            ("naive", [224.5, 185.5]),
            ("per-request", [166.0, 122.5]),
            ("per-request-sync", [206.5, 157.0]),
        ];
        let mut run = fixtures::main_run();
        run.trials.retain(|trial| trial.workload == "hold");
        for trial in &mut run.trials {
            let (_, repeats) = MEASURED.iter().find(|(id, _)| trial.strategy == **id).unwrap();
            fixtures::set_goodput(trial, repeats[trial.repeat as usize - 1]);
        }
        let section = compare(&run.trials, None).remove(0);
        assert!(section.groups.iter().any(Group::scatters), "the canned run has broken ones");
        let leaders: Vec<&str> = section.leaders().iter().map(|group| group.label.as_str()).collect();
        assert_eq!(leaders, ["r2d2 ×8"], "a quarter more, with repeats that agree within some per cent");
    }

    #[test]
    fn without_trials_there_is_no_section_and_no_panic() {
        assert!(compare(&[], None).is_empty());
    }

    #[test]
    fn where_nothing_succeeded_nobody_leads() {
        let mut run = fixtures::main_run();
        run.trials.iter_mut().for_each(fixtures::fail_everything);
        for section in compare(&run.trials, run.run.ceiling.as_ref()) {
            assert!(section.leaders().is_empty() && section.best().is_none());
            assert!(section.groups.iter().all(|group| group.latency_ok.is_none()));
        }
    }
}
