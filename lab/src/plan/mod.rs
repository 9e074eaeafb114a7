//! What was typed becomes what it means: defaults, then the configuration, then PLAN.toml in its place, then
//! flags; checked as a whole.
//!
//! Everything here is pure but for reading the one file, and every problem is collected before the
//! first one is told.

mod expand;
mod file;
pub mod filling;
mod flags;
pub mod nearest;
mod origins;
mod validate;

use std::path::Path;

use poollab_model::{
    DatabaseChoice, Limits, Plan, Secret, SkippedTrial, StrategyId, StrategyInfo, TrialSpec, WorkloadInfo,
    WorkloadSpec,
};

use crate::cli::RunArgs;

pub use origins::{Given, configuration, origins};

pub use flags::{database_of, load, numbers, settings};

/// What there is to choose from.
pub struct Registry {
    /// The strategies.
    pub strategies: Vec<StrategyInfo>,
    /// The workloads.
    pub workloads: Vec<WorkloadInfo>,
    /// Whether a strategy takes a workload; says why not.
    pub supports: fn(&StrategyId, &WorkloadSpec) -> Result<(), String>,
}

impl Registry {
    /// What this program holds.
    pub fn ours() -> Self {
        Self {
            strategies: poollab_servers::strategies(),
            workloads: poollab_servers::workloads(),
            supports: poollab_servers::supports,
        }
    }

    /// A strategy by its id.
    pub fn strategy(&self, id: &StrategyId) -> Option<&StrategyInfo> {
        self.strategies.iter().find(|info| info.id == *id)
    }

    fn strategy_ids(&self) -> Vec<&str> {
        self.strategies.iter().map(|info| info.id.as_str()).collect()
    }

    fn workload_ids(&self) -> Vec<&str> {
        self.workloads.iter().map(|info| info.id.as_str()).collect()
    }
}

/// A plan that can be carried out.
#[derive(Debug)]
pub struct Resolved {
    /// The plan.
    pub plan: Plan,
    /// The password that came with a database URL; never written down.
    pub password: Option<Secret>,
    /// Its trials in their order.
    pub trials: Vec<TrialSpec>,
    /// Combinations that can't be run.
    pub skipped: Vec<SkippedTrial>,
    /// What is allowed and worth knowing before it starts.
    pub notices: Vec<String>,
}

/// A plan from its file alone, with nothing typed.
pub fn resolve_file(path: &Path, registry: &Registry, cores: u32) -> Result<Resolved, Vec<String>> {
    let plan = file::read(path).map_err(|problem| vec![problem])?;
    checked(plan, registry, cores, Vec::new())
}

/// Makes a plan of what was typed, or says all that is wrong with it.
pub fn resolve(args: &RunArgs, registry: &Registry, cores: u32) -> Result<Resolved, Vec<String>> {
    resolve_on(Plan::default(), args, registry, cores)
}

/// The same for a search: a pool is to be found there and no refusal shown, so there are slots for larger pools, and
/// no hold is measured.
pub fn resolve_search(args: &RunArgs, registry: &Registry, cores: u32) -> Result<Resolved, Vec<String>> {
    let base = Plan { limits: Limits::default(), ..Plan::default() };
    let mut args = args.clone();
    if args.workload.iter().any(|id| id == "hold") && args.think_ms.is_none() {
        args.think_ms = Some(flags::DEFAULT_THINK_MS.to_string());
    }
    resolve_on(base, &args, registry, cores)
}

fn resolve_on(base: Plan, args: &RunArgs, registry: &Registry, cores: u32) -> Result<Resolved, Vec<String>> {
    let mut problems = Vec::new();
    let mut plan = match args.plan.clone().or_else(configuration) {
        Some(path) => file::read(&path).unwrap_or_else(|problem| {
            problems.push(problem);
            Plan::default()
        }),
        None => base,
    };
    flags::apply(args, registry, &mut plan, &mut problems);
    checked(plan, registry, cores, problems)
}

/// The same with its holds, on a database that makes so many connects a second.
pub fn filled(resolved: &Resolved, connects_per_s: f64, registry: &Registry) -> Resolved {
    let plan = filling::fill(&resolved.plan, connects_per_s);
    let (trials, skipped) = expand::expand(&plan, registry);
    Resolved { plan, password: resolved.password.clone(), trials, skipped, notices: resolved.notices.clone() }
}

fn checked(
    mut plan: Plan,
    registry: &Registry,
    cores: u32,
    mut problems: Vec<String>,
) -> Result<Resolved, Vec<String>> {
    fill_in(&mut plan, registry);
    let password = take_password(&mut plan, &mut problems);
    validate::check(&plan, registry, cores, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (trials, skipped) = expand::expand(&plan, registry);
    if trials.is_empty() {
        let mut reasons: Vec<String> =
            skipped.iter().map(|skip| format!("{}: {}", skip.id, skip.reason)).collect();
        reasons.insert(0, "the plan has no trial that can run".to_owned());
        return Err(reasons);
    }
    let notices = validate::notices(&plan, registry);
    Ok(Resolved { plan, password, trials, skipped, notices })
}

/// Wherever a plan came from, it has no password from here on: it is shown and written.
fn take_password(plan: &mut Plan, problems: &mut Vec<String>) -> Option<Secret> {
    let DatabaseChoice::Url { url } = &mut plan.database else { return None };
    match poollab_db::split_password(url) {
        Ok((shown, password)) => {
            *url = shown;
            password
        }
        Err(why) => {
            url.clear();
            problems.push(why.to_string());
            None
        }
    }
}

/// What only the registry knows: all strategies, the main job's workloads, the workloads' own defaults.
fn fill_in(plan: &mut Plan, registry: &Registry) {
    if plan.strategies.is_empty() {
        plan.strategies = registry.strategies.iter().map(|info| info.id.clone()).collect();
    }
    if plan.workloads.is_empty() {
        plan.workloads = flags::default_workloads();
    }
    filling::prepare(plan);
}

#[cfg(test)]
mod tests;
