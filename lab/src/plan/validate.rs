//! Is the plan one that can be carried out, and measured?

use std::collections::HashSet;
use std::hash::Hash;
use std::ops::RangeInclusive;

use poollab_model::{
    Acquisition, ByteSize, DatabaseChoice, DefaultsPolicy, Driver, HumanDuration, LARGEST_POOL, Load, Plan,
};

use super::Registry;
use super::nearest::unknown;

/// The CPU limit is a quota of 100 ms periods: below a few of them a figure shows where in a period the
/// measuring began, and nothing else.
const SHORTEST_TRIAL: HumanDuration = HumanDuration::from_millis(300);
const LONGEST_TRIAL: HumanDuration = HumanDuration::from_secs(3_600);
const LONGEST_WAIT: HumanDuration = HumanDuration::from_secs(600);
/// Each user is a socket in the generator and one in the service.
const USERS: RangeInclusive<u32> = 1..=10_000;
const RATE: RangeInclusive<f64> = 0.1..=200_000.0;
const POOL_SIZE: RangeInclusive<u32> = 1..=LARGEST_POOL;
/// Postgres accepts 262143; every slot costs shared memory that the limit has to hold.
const SLOTS: RangeInclusive<u32> = 5..=5_000;
/// Postgres does not start with less: shared buffers, WAL buffers and the first backends.
const LEAST_MEMORY: ByteSize = ByteSize::mib(64);
pub const LONGEST_THINK_MS: u64 = 60_000;

/// Adds all problems of the plan to `problems`.
pub fn check(plan: &Plan, registry: &Registry, cores: u32, problems: &mut Vec<String>) {
    names(plan, registry, problems);
    times(plan, problems);
    loads(plan, problems);
    limits(plan, cores, problems);
    settings(plan, problems);
    routes(plan, problems);
    container(plan, problems);
    if plan.driver.drivers().contains(&Driver::K6) {
        let wrong = plan
            .loads
            .iter()
            .flat_map(|load| poollab_loadtest::k6::problems(load, plan.duration, plan.request_timeout));
        let wrong: Vec<String> = wrong.collect();
        problems.extend(distinct(&wrong).cloned());
    }
}

/// Limitations of a database in a container.
fn container(plan: &Plan, problems: &mut Vec<String>) {
    let DatabaseChoice::Container { image } = &plan.database else { return };
    if image.as_deref().is_some_and(|image| image.trim().is_empty()) {
        problems.push("--image is empty".to_owned());
    }
    if plan.settings.tls {
        problems.push(
            "--tls does not work with --database container: its certificate is self-signed. Use an embedded database or \
             your own"
                .to_owned(),
        );
    }
}

fn routes(plan: &Plan, problems: &mut Vec<String>) {
    let Some(pooled) = plan.routes.iter().find(|route| route.is_pooled()) else { return };
    if !matches!(plan.database, DatabaseChoice::Embedded) {
        problems.push(format!(
            "the route {pooled} needs an embedded database. For your own server, start PgBouncer yourself and set \
             --database to its address"
        ));
    }
    within("pgbouncer's pool_size", plan.pgbouncer.pool_size, POOL_SIZE, problems);
    if let Some(most) = plan.pgbouncer.max_clients {
        within("pgbouncer's max_clients", most, 1..=100_000, problems);
    }
}

/// Warnings: allowed, but probably not intended.
pub fn notices(plan: &Plan, registry: &Registry) -> Vec<String> {
    let free = plan.limits.free_slots();
    let embedded = matches!(plan.database, DatabaseChoice::Embedded);
    let pooled = plan
        .strategies
        .iter()
        .filter_map(|id| registry.strategy(id))
        .any(|info| matches!(info.acquisition, Acquisition::Pooled | Acquisition::Pipelined));
    let mut notices = Vec::new();
    for size in sizes(plan).filter(|size| embedded && pooled && *size > free) {
        notices.push(format!(
            "the pool size {size} is larger than the {free} free slots ({} minus {} reserved minus 1 for the \
             observer). Expect slots-exhausted errors, or pool-timeout errors caused by them",
            plan.limits.max_connections, plan.limits.reserved
        ));
    }
    let size = plan.pgbouncer.pool_size;
    if embedded && size > free && plan.routes.iter().any(|route| route.is_pooled()) {
        notices.push(format!(
            "PgBouncer's pool size {size} is larger than the {free} free slots. Expect Postgres to refuse connections of \
             PgBouncer"
        ));
    }
    let r2d2 = plan.strategies.iter().any(|id| *id == "r2d2");
    if let Some(lifetime) =
        plan.settings.max_lifetime.filter(|lifetime| r2d2 && lifetime.0 < R2D2_LOOKS_EVERY)
    {
        notices.push(format!(
            "r2d2 checks the age of its connections only every {} s. With a lifetime of {lifetime} they get older than \
             that",
            R2D2_LOOKS_EVERY.as_secs()
        ));
    }
    notices
}

/// Its builder has no public setting for it.
const R2D2_LOOKS_EVERY: std::time::Duration = std::time::Duration::from_secs(30);

fn names(plan: &Plan, registry: &Registry, problems: &mut Vec<String>) {
    for id in plan.strategies.iter().filter(|id| registry.strategy(id).is_none()) {
        problems.push(unknown("strategy", id.as_str(), registry.strategy_ids()));
    }
    for spec in &plan.workloads {
        if !registry.workloads.iter().any(|info| info.id == spec.id) {
            problems.push(unknown("workload", spec.id.as_str(), registry.workload_ids()));
        }
        if spec.think_ms.is_some_and(|ms| ms > LONGEST_THINK_MS) {
            problems.push(format!("{spec}: think_ms must be at most {LONGEST_THINK_MS}"));
        }
        if spec.id != "hold" && (spec.think_ms.is_some() || spec.release_early) {
            problems.push(format!("{}: only the workload hold has think_ms and release_early", spec.id));
        }
        if spec.id != "hot-row" && spec.method.is_some() {
            problems.push(format!("{}: only the workload hot-row has method", spec.id));
        }
    }
    twice("strategy", &plan.strategies, problems);
    twice("workload", &plan.workloads, problems);
    twice("route", &plan.routes, problems);
    twice("pool size", &plan.pool_sizes, problems);
    if plan.routes.is_empty() {
        problems.push("the plan has no route. Use direct to connect without a pooler".to_owned());
    }
    if plan.loads.is_empty() {
        problems.push("the plan has no load. Set --users or --rate".to_owned());
    }
}

fn times(plan: &Plan, problems: &mut Vec<String>) {
    within("duration", plan.duration, SHORTEST_TRIAL..=LONGEST_TRIAL, problems);
    if plan.warmup > LONGEST_TRIAL {
        problems.push(format!("warmup {} is too long: at most {LONGEST_TRIAL}", plan.warmup));
    }
    within("request timeout", plan.request_timeout, HumanDuration::from_millis(10)..=LONGEST_WAIT, problems);
    within("repeats", plan.repeats, 1..=100, problems);
}

fn loads(plan: &Plan, problems: &mut Vec<String>) {
    for load in &plan.loads {
        match load {
            Load::Closed { users } => within("users", *users, USERS, problems),
            Load::Open { rate_per_s, users, .. } => {
                within("rate", *rate_per_s, RATE, problems);
                within("connections", *users, USERS, problems);
            }
        }
    }
    // By their text: a rate is no number that can be put into a set.
    let texts: Vec<String> = plan.loads.iter().map(|load| format!("{load:?}")).collect();
    let mut seen = HashSet::new();
    let again = plan.loads.iter().zip(&texts).filter(|(_, text)| !seen.insert(text.as_str()));
    let again: Vec<String> = again.map(|(load, _)| load.to_string()).collect();
    for load in distinct(&again) {
        problems.push(format!("the load {load} is listed twice. Use --repeats to repeat it"));
    }
}

/// The limits alone.
pub fn limits(plan: &Plan, cores: u32, problems: &mut Vec<String>) {
    let limits = &plan.limits;
    if let Some(cpus) = limits.cpus
        && !(0.05..=f64::from(cores)).contains(&cpus)
    {
        problems.push(format!(
            "cpus {cpus} is out of range: this machine has {cores} cores. Use 0.05 to {cores}, or none"
        ));
    }
    if let Some(memory) = limits.memory.filter(|memory| *memory < LEAST_MEMORY) {
        problems.push(format!(
            "memory {memory} is too small for Postgres to start. Use at least {LEAST_MEMORY}, or none"
        ));
    }
    within("max_connections", limits.max_connections, SLOTS, problems);
    if limits.reserved == 0 || limits.free_slots() == 0 {
        problems.push(format!(
            "max_connections {} with {} reserved leaves too few slots. Reserve at least 1 for the observer and leave at \
             least 1 for the service",
            limits.max_connections, limits.reserved
        ));
    }
}

fn settings(plan: &Plan, problems: &mut Vec<String>) {
    let settings = &plan.settings;
    for size in sizes(plan) {
        within("pool size", size, POOL_SIZE, problems);
        if settings.min_idle > size {
            problems.push(format!("min_idle {} is more than the pool size {size}", settings.min_idle));
        }
    }
    within("blocking threads", settings.blocking_threads, 1..=4_096, problems);
    within("workers", settings.workers, 1..=256, problems);
    for (name, time) in [
        ("acquire_timeout", settings.acquire_timeout),
        ("connect_timeout", settings.connect_timeout),
        ("max_lifetime", settings.max_lifetime),
        ("statement_timeout", settings.statement_timeout),
    ] {
        if time.is_some_and(|time| time.0.is_zero()) {
            problems.push(format!("{name} 0 would make every request fail. Use none for no timeout"));
        }
    }
    problems.extend(settings.statement_timeout_problem());
    if settings.defaults == DefaultsPolicy::Equalised
        && settings.pool_size.is_none()
        && plan.pool_sizes.is_empty()
    {
        problems.push("the plan has no pool size. Set --pool-size, or use --defaults library".to_owned());
    }
}

/// All pool sizes that the plan names.
fn sizes(plan: &Plan) -> impl Iterator<Item = u32> + '_ {
    let single = plan.settings.pool_size.filter(|_| plan.pool_sizes.is_empty());
    plan.pool_sizes.iter().copied().chain(single)
}

fn within<T: PartialOrd + std::fmt::Display>(
    name: &str,
    value: T,
    range: RangeInclusive<T>,
    problems: &mut Vec<String>,
) {
    if !range.contains(&value) {
        problems.push(format!("{name} {value} is out of range: from {} to {}", range.start(), range.end()));
    }
}

/// Each value once, however often it is there.
fn distinct<T: Eq + Hash>(values: &[T]) -> impl Iterator<Item = &T> {
    let mut seen = HashSet::new();
    values.iter().filter(move |value| seen.insert(*value))
}

fn twice<T: Eq + Hash + std::fmt::Display>(what: &str, values: &[T], problems: &mut Vec<String>) {
    let mut seen = HashSet::new();
    let again: Vec<&T> = values.iter().filter(|value| !seen.insert(*value)).collect();
    for value in distinct(&again) {
        problems.push(format!("the {what} {value} is listed twice. Use --repeats to repeat it"));
    }
}
