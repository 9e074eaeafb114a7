//! Lists multiply into trials; repeats are interleaved in a seeded random order.

use poollab_model::{
    DefaultsPolicy, Driver, DriverChoice, Load, Plan, Route, Settings, SkippedTrial, StrategyInfo, TrialSpec,
    WorkloadSpec,
};
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::Registry;

/// The trials in the order in which they run, and what had to be left out.
///
/// Each repeat is a round that holds every combination once, in an order of its own: a machine that
/// gets slower during the run slows all strategies alike. ChaCha8 because its stream is the same in all
/// versions and on all machines, so that a seed means the same order everywhere.
pub fn expand(plan: &Plan, registry: &Registry) -> (Vec<TrialSpec>, Vec<SkippedTrial>) {
    let (combinations, skipped) = combinations(plan, registry);
    let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
    let mut trials = Vec::with_capacity(combinations.len() * plan.repeats as usize);
    for repeat in 1..=plan.repeats {
        let mut round = combinations.clone();
        round.shuffle(&mut rng);
        for mut trial in round {
            trial.repeat = repeat;
            trial.id = format!("{}.r{repeat}", trial.id);
            trial.seed = rng.random();
            trials.push(trial);
        }
    }
    (trials, skipped)
}

fn combinations(plan: &Plan, registry: &Registry) -> (Vec<TrialSpec>, Vec<SkippedTrial>) {
    let (mut trials, mut skipped) = (Vec::new(), Vec::new());
    for info in plan.strategies.iter().filter_map(|id| registry.strategy(id)) {
        for settings in settings_of(plan, info) {
            for workload in &plan.workloads {
                for route in &plan.routes {
                    for (load, driver) in by_driver(plan) {
                        let id = name(info, &settings, workload, *route, load);
                        match (registry.supports)(&info.id, workload) {
                            Err(reason) => skipped.push(SkippedTrial { id, reason }),
                            Ok(()) => trials.push(TrialSpec {
                                id: id + suffix(plan, driver),
                                strategy: info.id.clone(),
                                workload: workload.clone(),
                                route: *route,
                                load: load.clone(),
                                driver,
                                settings: settings.clone(),
                                repeat: 0,
                                seed: 0,
                            }),
                        }
                    }
                }
            }
        }
    }
    (trials, skipped)
}

/// Each load with each driver.
fn by_driver(plan: &Plan) -> impl Iterator<Item = (&Load, Driver)> {
    plan.loads.iter().flat_map(|load| plan.driver.drivers().iter().map(move |driver| (load, *driver)))
}

/// Who made the load, where it goes without saying for nobody.
fn suffix(plan: &Plan, driver: Driver) -> &'static str {
    match (plan.driver, driver) {
        (DriverChoice::Goose, _) => "",
        (_, Driver::Goose) => ".goose",
        (_, Driver::K6) => ".k6",
    }
}

/// One entry for each pool size, or a single one where a size means nothing.
fn settings_of(plan: &Plan, info: &StrategyInfo) -> Vec<Settings> {
    let with_size = |pool_size| Settings { pool_size, ..plan.settings.clone() };
    if !info.acquisition.has_size() {
        vec![with_size(None)]
    } else if plan.pool_sizes.is_empty() {
        // What is left to a library stays open; `pipelined` is no library and keeps the common size.
        let size = match plan.settings.defaults {
            DefaultsPolicy::Equalised => plan.settings.pool_size,
            DefaultsPolicy::Library => None,
        };
        vec![with_size(size)]
    } else {
        plan.pool_sizes.iter().map(|size| with_size(Some(*size))).collect()
    }
}

fn name(
    info: &StrategyInfo,
    settings: &Settings,
    workload: &WorkloadSpec,
    route: Route,
    load: &Load,
) -> String {
    let size = settings.pool_size.map_or_else(String::new, |size| format!("-{size}"));
    let slug = |text: String| {
        text.chars()
            .filter(|c| *c != ',')
            .map(|c| if c == ' ' || c == '/' { '-' } else { c })
            .collect::<String>()
    };
    format!("{}{size}.{}.{route}.{}", info.id, slug(workload.to_string()), slug(load.to_string()))
}
