//! Whether two runs can be compared at all.

use poollab_model::{DatabaseChoice, Environment, Report};
use serde::Serialize;

use super::{Design, Side};
use crate::compare::Group;
use crate::figures;
use crate::findings::busy_machine::OTHERS_COUNT;

/// A reason not to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Obstacle {
    /// What differs: `CPU limit`, `machine`.
    pub what: String,
    /// The base's.
    pub base: String,
    /// The run's.
    pub run: String,
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} against {}", self.what, self.base, self.run)
    }
}

/// What makes the figures of two runs incomparable: limits, machine, database, build, time, statements.
pub fn obstacles(base: &Report, run: &Report) -> Vec<Obstacle> {
    let mut found = Differences(environments(&base.environment, &run.environment));
    let (one, other) = (&base.plan, &run.plan);
    found.add("duration of a trial", one.duration.to_string(), other.duration.to_string());
    found.add("warm-up", one.warmup.to_string(), other.warmup.to_string());
    found.add("request time-out", one.request_timeout.to_string(), other.request_timeout.to_string());
    found.add("generator", word(&one.driver), word(&other.driver));
    if !base.trials.iter().any(|trial| {
        run.trials.iter().any(|other| {
            other.workload_spec == trial.workload_spec
                && other.load == trial.load
                && other.route == trial.route
                && other.driver == trial.driver
        })
    }) {
        found.add("workload, load, route and generator", sections(base), sections(run));
    }
    found.0
}

/// What of two environments makes figures incomparable.
pub fn environments(one: &Environment, other: &Environment) -> Vec<Obstacle> {
    let mut found = Differences::default();
    found.add("CPU limit", cpus(one), cpus(other));
    found.add("memory limit", memory(one), memory(other));
    found.add("slots", slots(one), slots(other));
    found.add("limits in force by", means(one), means(other));
    found.add("machine", machine(one), machine(other));
    found.add("database", database(one), database(other));
    found.add("major version of PostgreSQL", major(one), major(other));
    found.add("way to the database", one.database_link.clone(), other.database_link.clone());
    found.add("build of poollab", build(one), build(other));
    for setting in &one.postgres_settings {
        if let Some(twin) = other.postgres_settings.iter().find(|twin| twin.name == setting.name) {
            found.add(&format!("setting {}", setting.name), setting.value.clone(), twin.value.clone());
        }
    }
    found.0
}

/// Settings of groups that are otherwise the same.
pub(super) fn settings(heading: &str, pairs: &[(&Group, &Group)]) -> Vec<Obstacle> {
    let mut found = Differences::default();
    for (one, other) in pairs {
        let fields = |group: &Group| serde_json::to_value(&group.settings).unwrap_or_default();
        let (one_fields, other_fields) = (fields(one), fields(other));
        for (name, value) in one_fields.as_object().into_iter().flatten() {
            let twin = &other_fields[name.as_str()];
            found.add(&format!("{name} of {} on {heading}", one.label), plain(value), plain(twin));
        }
    }
    found.0
}

/// Whether others were at work while a side was measured, in words.
pub(super) fn busy(base: &Side, run: &Side) -> Option<String> {
    let sides = [base, run].into_iter();
    let (side, share) = sides
        .filter_map(|side| Some((side, side.others()?)))
        .filter(|(_, share)| *share >= OTHERS_COUNT)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    Some(format!(
        "other processes used {} of the machine while {} was measured",
        figures::percent(share),
        side.name()
    ))
}

/// What differs and may be the very thing that is compared.
pub(super) fn remarks(base: &Side, run: &Side, design: Design, busy: Option<String>) -> Vec<String> {
    let busy = busy.map(|busy| match design {
        Design::Single => format!("{busy}. Only a change by half or more counts"),
        Design::Alternate | Design::Apart => busy,
    });
    let apart = (design == Design::Apart).then(|| {
        "the runs of the two sides were not made alternately, so a change of the machine between them looks like a \
         difference"
            .to_owned()
    });
    let (base, run) = (&base.report, &run.report);
    let mut found = Differences::default();
    let (one, other) = (&base.environment, &run.environment);
    found.add("poollab", one.poollab.clone(), other.poollab.clone());
    found.add("PostgreSQL", version(one), version(other));
    found.add("kernel", one.machine.kernel.clone(), other.machine.kernel.clone());
    for part in &one.components {
        if let Some(twin) = other.components.iter().find(|twin| twin.name == part.name) {
            found.add(&part.name, part.version.clone(), twin.version.clone());
        }
    }
    found.add("seed", base.plan.seed.to_string(), run.plan.seed.to_string());
    let mut remarks: Vec<String> = busy.into_iter().chain(apart).collect();
    remarks.extend(found.0.iter().map(Obstacle::to_string));
    if let (Some(before), Some(after)) = (&base.ceiling, &run.ceiling)
        && before.tps > 0.0
        && (after.tps / before.tps - 1.0).abs() >= 0.05
    {
        let by = after.tps / before.tps - 1.0;
        remarks.push(format!(
            "the reference changed from {} to {} tps ({}{}): the database or the machine changed, not only the strategies",
            figures::rate(before.tps),
            figures::rate(after.tps),
            if by > 0.0 { "+" } else { "−" },
            figures::percent(by.abs())
        ));
    }
    remarks
}

#[derive(Default)]
struct Differences(Vec<Obstacle>);

impl Differences {
    fn add(&mut self, what: &str, base: String, run: String) {
        if base != run {
            self.0.push(Obstacle { what: what.to_owned(), base, run });
        }
    }
}

fn cpus(environment: &Environment) -> String {
    environment.limits.cpus.map_or_else(|| "none".to_owned(), |cpus| format!("{cpus} cores"))
}

fn memory(environment: &Environment) -> String {
    environment.limits.memory.map_or_else(|| "none".to_owned(), |memory| memory.to_string())
}

fn slots(environment: &Environment) -> String {
    let limits = &environment.limits;
    format!("{} with {} reserved", limits.max_connections, limits.reserved)
}

fn means(environment: &Environment) -> String {
    let force = &environment.limits_in_force;
    format!("{} (CPU), {} (memory)", word(&force.cpu), word(&force.memory))
}

fn machine(environment: &Environment) -> String {
    let machine = &environment.machine;
    let memory = machine.memory_bytes.map_or_else(|| "?".to_owned(), figures::bytes);
    format!("{}, {} cores, {memory}", machine.cpu, machine.cores)
}

fn database(environment: &Environment) -> String {
    match &environment.database {
        DatabaseChoice::Embedded => "embedded".to_owned(),
        DatabaseChoice::Container { image } => {
            format!("container {}", image.as_deref().unwrap_or_default())
        }
        DatabaseChoice::Url { url } => url.clone(),
    }
}

fn major(environment: &Environment) -> String {
    (environment.postgres_version_num / 10_000).to_string()
}

fn version(environment: &Environment) -> String {
    let num = environment.postgres_version_num;
    format!("{}.{}", num / 10_000, num % 10_000)
}

fn build(environment: &Environment) -> String {
    if environment.optimised_build { "optimised" } else { "debug" }.to_owned()
}

fn sections(report: &Report) -> String {
    let mut names: Vec<String> = Vec::new();
    for trial in &report.trials {
        let name = format!("{} · {} · {}", trial.workload_spec, trial.load, trial.route);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() { "no finished trial".to_owned() } else { figures::list(&names) }
}

/// A value as it is spelled in files.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).map_or_else(|_| String::new(), |value| plain(&value))
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
