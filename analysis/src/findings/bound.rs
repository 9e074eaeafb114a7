//! The limit was the service's CPU or the whole machine, not the pool.

use poollab_model::{Finding, FindingKind, TrialRecord};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

/// Share of the cores from which on a process waits for them. Not 1: the end of the window is seen a little late, and
/// the kernel counts CPU time in ticks of 10 ms.
const FULL: f64 = 0.95;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context
        .sections
        .iter()
        .flat_map(|section| [service(section), machine(context, section)])
        .flatten()
        .collect()
}

/// An HTTP worker is a thread: so many workers can use so many cores. Synchronous drivers have threads beside them and
/// may use more.
fn service(section: &Section) -> Option<Finding> {
    let share = |group: &Group| {
        group.watched.server_cpu_share.map(|cores| cores / f64::from(group.settings.workers.max(1)))
    };
    let hit: Vec<&Group> =
        section.groups.iter().filter(|group| share(group).is_some_and(|share| share >= FULL)).collect();
    let workers = hit.iter().map(|group| group.settings.workers).max()?;
    let most = hit.iter().filter_map(|group| group.watched.server_cpu_share).max_by(f64::total_cmp)?;
    let finding = Draft::doubt(FindingKind::ServiceBound)
        .section(section)
        .groups(hit.iter().copied())
        .figure("server_cpu_share", most)
        .figure("workers", workers)
        .say(format!(
            "The service used {} cores with {}. It has {}. Its CPU was the limit, not the pool: these rows compare CPU \
             time per request. Raise --workers, or lower the load.",
            figures::rate(most),
            names(&hit),
            figures::plural(workers.into(), "worker thread", "worker threads"),
        ));
    Some(finding)
}

fn machine(context: &Context<'_>, section: &Section) -> Option<Finding> {
    let cores = f64::from(context.environment.machine.cores.max(1));
    let share = |group: &Group| {
        let trials = context.trials.iter().filter(|trial| group.trials.contains(&trial.id));
        trials.filter_map(cores_used).map(|used| used / cores).max_by(f64::total_cmp)
    };
    let hit: Vec<(&Group, f64)> = section
        .groups
        .iter()
        .filter_map(|group| Some((group, share(group).filter(|share| *share >= FULL)?)))
        .collect();
    let most = hit.iter().map(|(_, share)| *share).max_by(f64::total_cmp)?;
    let groups: Vec<&Group> = hit.iter().map(|(group, _)| *group).collect();
    let finding = Draft::doubt(FindingKind::MachineBound)
        .section(section)
        .groups(groups.iter().copied())
        .figure("cpu_share", most)
        .figure("cores", context.environment.machine.cores)
        .say(format!(
            "Service, load generator and Postgres together used up to {} of this machine's {} with {}. The machine was the \
             limit, not the pool. Use more cores, or lower the load or --cpus.",
            figures::percent(most.min(1.0)),
            figures::plural(context.environment.machine.cores.into(), "core", "cores"),
            names(&groups),
        ));
    Some(finding)
}

/// Cores that our processes used. The generator's is known per request: its share is one of its own cores.
fn cores_used(trial: &TrialRecord) -> Option<f64> {
    let answered = (trial.requests.ok + trial.requests.failed) as f64;
    let seconds = Some(trial.measured_s).filter(|seconds| *seconds > 0.0)?;
    let generator = trial.generator.cpu_us_per_request * answered / 1e6 / seconds;
    let used = trial.server.cpu_share? + trial.database.cpu_s? / seconds + generator;
    used.is_finite().then_some(used)
}
