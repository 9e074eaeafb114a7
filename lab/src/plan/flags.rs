//! Flags win over the plan's file.

use std::fmt::Display;
use std::str::FromStr;

use poollab_model::{
    Arrivals, DatabaseChoice, HotRowMethod, Limits, Link, Load, Plan, Route, Settings, WorkloadSpec,
};
use serde::de::DeserializeOwned;

use super::Registry;
use super::nearest::unknown;
use crate::cli::{DatabaseArgs, RunArgs, SettingsArgs};

/// How long `hold` waits where nobody says it and the slots can't run out.
pub const DEFAULT_THINK_MS: u64 = 5;
/// Most requests in flight of an open load unless told otherwise.
const DEFAULT_CONNECTIONS: u32 = 256;

/// What the main job asks of the database.
pub fn default_workloads() -> Vec<WorkloadSpec> {
    ["point-read", "hold"].iter().filter_map(|id| id.parse().ok()).map(WorkloadSpec::plain).collect()
}

/// Puts what was typed into the plan. A database URL may still have a password in it.
pub fn apply(args: &RunArgs, registry: &Registry, plan: &mut Plan, problems: &mut Vec<String>) {
    strategies(args, registry, plan, problems);
    workloads(args, registry, plan, problems);
    if !args.route.is_empty() {
        plan.routes = args
            .route
            .iter()
            .filter_map(|typed| {
                let known = typed.parse().ok();
                if known.is_none() {
                    problems.push(unknown("route", typed, Route::ALL.map(Route::as_str)));
                }
                known
            })
            .collect();
    }
    loads(args, plan, problems);
    word(&mut plan.driver, "--driver", &args.driver, &["goose", "k6", "both"], problems);
    set(&mut plan.duration, "--duration", &args.duration, problems);
    set(&mut plan.warmup, "--warmup", &args.warmup, problems);
    set(&mut plan.request_timeout, "--request-timeout", &args.request_timeout, problems);
    set(&mut plan.repeats, "--repeats", &args.repeats, problems);
    set(&mut plan.seed, "--seed", &args.seed, problems);
    plan.ceiling &= !args.no_ceiling;
    if !args.settings.pool_size.is_empty() {
        plan.pool_sizes = numbers("--pool-size", &args.settings.pool_size, problems);
    }
    settings(&args.settings, &mut plan.settings, problems);
    database(&args.database, plan, problems);
}

/// Puts typed settings into `settings`, but for the pool size, which can be a list.
pub fn settings(args: &SettingsArgs, settings: &mut Settings, problems: &mut Vec<String>) {
    word(&mut settings.defaults, "--defaults", &args.defaults, &["equalised", "library"], problems);
    if args.defaults.as_deref() == Some("library") {
        settings.pool_size = None;
    }
    optional(&mut settings.acquire_timeout, "--acquire-timeout", &args.acquire_timeout, problems);
    optional(&mut settings.connect_timeout, "--connect-timeout", &args.connect_timeout, problems);
    optional(&mut settings.max_lifetime, "--max-lifetime", &args.max_lifetime, problems);
    optional(&mut settings.statement_timeout, "--statement-timeout", &args.statement_timeout, problems);
    settings.health_check |= args.health_check;
    settings.tls |= args.tls;
    word(
        &mut settings.statements,
        "--statements",
        &args.statements,
        &["cached", "unnamed", "each-time"],
        problems,
    );
    set(&mut settings.min_idle, "--min-idle", &args.min_idle, problems);
    set(&mut settings.blocking_threads, "--blocking-threads", &args.blocking_threads, problems);
    set(&mut settings.workers, "--workers", &args.workers, problems);
}

/// One load of what `poollab load` takes.
pub fn load(
    users: &Option<String>,
    rate: &Option<String>,
    arrivals: &Option<String>,
    connections: &Option<String>,
    problems: &mut Vec<String>,
) -> Option<Load> {
    let users: Vec<String> = users.iter().cloned().collect();
    let rate: Vec<String> = rate.iter().cloned().collect();
    typed_loads(&users, &rate, arrivals, connections, problems).into_iter().next()
}

fn strategies(args: &RunArgs, registry: &Registry, plan: &mut Plan, problems: &mut Vec<String>) {
    if args.strategy.is_empty() || args.strategy == ["all"] {
        return;
    }
    plan.strategies.clear();
    for typed in &args.strategy {
        match registry.strategies.iter().find(|info| info.id.as_str() == typed) {
            Some(info) => plan.strategies.push(info.id.clone()),
            None => problems.push(unknown("strategy", typed, registry.strategy_ids())),
        }
    }
}

fn workloads(args: &RunArgs, registry: &Registry, plan: &mut Plan, problems: &mut Vec<String>) {
    if !args.workload.is_empty() {
        plan.workloads.clear();
        for typed in &args.workload {
            match registry.workloads.iter().find(|info| info.id.as_str() == typed) {
                Some(info) => plan.workloads.push(WorkloadSpec::plain(info.id.clone())),
                None => problems.push(unknown("workload", typed, registry.workload_ids())),
            }
        }
        let methods = hot_row_methods(args, problems);
        plan.workloads = std::mem::take(&mut plan.workloads)
            .into_iter()
            .flat_map(|spec| {
                let is_hot = spec.id == "hot-row";
                let chosen: Vec<_> =
                    if is_hot { methods.iter().copied().map(Some).collect() } else { vec![None] };
                chosen.into_iter().map(move |method| WorkloadSpec { method, ..spec.clone() })
            })
            .collect();
    } else if !args.hot_row_method.is_empty() {
        problems.push("--hot-row-method needs --workload hot-row".to_owned());
    }
    let think: Option<u64> = parsed("--think-ms", &args.think_ms, problems);
    if think.is_none() && !args.release_early {
        return;
    }
    if plan.workloads.is_empty() {
        // The default list holds `hold`; it has to exist to take the parameters.
        plan.workloads = default_workloads();
    }
    let mut holds = plan.workloads.iter_mut().filter(|spec| spec.id == "hold").peekable();
    if holds.peek().is_none() {
        problems.push("--think-ms and --release-early need --workload hold".to_owned());
    }
    for spec in holds {
        spec.think_ms = think.or(spec.think_ms);
        spec.release_early |= args.release_early;
    }
}

fn hot_row_methods(args: &RunArgs, problems: &mut Vec<String>) -> Vec<HotRowMethod> {
    if args.hot_row_method.is_empty() {
        return HotRowMethod::ALL.to_vec();
    }
    if !args.workload.iter().any(|id| id == "hot-row") {
        problems.push("--hot-row-method needs --workload hot-row".to_owned());
    }
    let mut methods = Vec::new();
    for typed in &args.hot_row_method {
        match HotRowMethod::ALL.into_iter().find(|method| method.as_str() == typed) {
            Some(method) => methods.push(method),
            None => {
                problems.push(unknown("hot-row method", typed, HotRowMethod::ALL.map(HotRowMethod::as_str)))
            }
        }
    }
    methods
}

fn loads(args: &RunArgs, plan: &mut Plan, problems: &mut Vec<String>) {
    let typed = typed_loads(&args.users, &args.rate, &args.arrivals, &args.connections, problems);
    if !typed.is_empty() {
        plan.loads = typed;
    }
}

fn typed_loads(
    users: &[String],
    rate: &[String],
    arrivals: &Option<String>,
    connections: &Option<String>,
    problems: &mut Vec<String>,
) -> Vec<Load> {
    if !users.is_empty() && !rate.is_empty() {
        problems.push(
            "--users and --rate cannot be combined. A load is closed (--users) or open (--rate, requests per second). To limit \
             the requests in flight of an open load, use --connections"
                .to_owned(),
        );
        return Vec::new();
    }
    let mut spacing = Arrivals::default();
    word(&mut spacing, "--arrivals", arrivals, &["poisson", "constant"], problems);
    let most = parsed("--connections", connections, problems).unwrap_or(DEFAULT_CONNECTIONS);
    if rate.is_empty() && (arrivals.is_some() || connections.is_some()) {
        problems.push("--arrivals and --connections need --rate".to_owned());
    }
    let closed = numbers::<u32>("--users", users, problems).into_iter().map(|users| Load::Closed { users });
    let closed: Vec<Load> = closed.collect();
    let open = numbers::<f64>("--rate", rate, problems).into_iter().map(|rate_per_s| Load::Open {
        rate_per_s,
        arrivals: spacing,
        users: most,
    });
    closed.into_iter().chain(open).collect()
}

fn database(args: &DatabaseArgs, plan: &mut Plan, problems: &mut Vec<String>) {
    match args.database.as_deref() {
        None => {}
        Some("embedded") => plan.database = DatabaseChoice::Embedded,
        Some("container") => plan.database = DatabaseChoice::Container { image: None },
        Some(text) if text.contains("://") => plan.database = DatabaseChoice::Url { url: text.to_owned() },
        // Not repeated unless it is a plain word: it may be meant as a URL, with a password in it.
        Some(other) => {
            let word = other.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let named =
                if word { format!("unknown database {other:?}") } else { "cannot parse --database".into() };
            problems.push(format!(
                "{named}. Use embedded, container, or postgres://user@host/database for your own (set the password in \
                 PGPASSWORD)"
            ));
        }
    }
    match (&args.image, &mut plan.database) {
        (None, _) => {}
        (Some(typed), DatabaseChoice::Container { image }) => *image = Some(typed.clone()),
        (Some(_), _) => problems.push("--image needs --database container".to_owned()),
    }
    optional(&mut plan.limits.cpus, "--cpus", &args.cpus, problems);
    optional(&mut plan.limits.memory, "--memory", &args.memory, problems);
    set(&mut plan.limits.max_connections, "--max-connections", &args.max_connections, problems);
    set(&mut plan.limits.reserved, "--reserved", &args.reserved, problems);
    set(&mut plan.pgbouncer.pool_size, "--pgbouncer-pool-size", &args.pgbouncer_pool_size, problems);
    optional(
        &mut plan.pgbouncer.max_prepared_statements,
        "--pgbouncer-prepared",
        &args.pgbouncer_prepared,
        problems,
    );
    word(&mut plan.link, "--link", &args.link, &["socket", "tcp"], problems);
    if plan.settings.tls {
        if args.link.as_deref() == Some("socket") {
            problems.push("--tls needs --link tcp: Postgres does not encrypt a Unix socket".to_owned());
        }
        plan.link = Link::Tcp;
    }
}

/// The default plan with what was typed of its database.
pub fn database_of(args: &DatabaseArgs, cores: u32, problems: &mut Vec<String>) -> Plan {
    let mut plan = Plan { limits: Limits::default(), ..Plan::default() };
    database(args, &mut plan, problems);
    super::validate::limits(&plan, cores, problems);
    plan
}

fn parsed<T: FromStr>(flag: &str, typed: &Option<String>, problems: &mut Vec<String>) -> Option<T>
where
    T::Err: Display,
{
    let text = typed.as_ref()?;
    match text.trim().parse() {
        Ok(value) => Some(value),
        Err(why) => {
            problems.push(format!("{flag} {text}: {why}"));
            None
        }
    }
}

fn set<T: FromStr>(field: &mut T, flag: &str, typed: &Option<String>, problems: &mut Vec<String>)
where
    T::Err: Display,
{
    if let Some(value) = parsed(flag, typed, problems) {
        *field = value;
    }
}

fn optional<T: FromStr>(field: &mut Option<T>, flag: &str, typed: &Option<String>, problems: &mut Vec<String>)
where
    T::Err: Display,
{
    if typed.as_deref() == Some("none") {
        *field = None;
    } else if let Some(value) = parsed(flag, typed, problems) {
        *field = Some(value);
    }
}

/// Values of a flag that takes a list.
pub fn numbers<T: FromStr>(flag: &str, typed: &[String], problems: &mut Vec<String>) -> Vec<T>
where
    T::Err: Display,
{
    typed.iter().filter_map(|text| parsed(flag, &Some(text.clone()), problems)).collect()
}

/// A value of a small enumeration, spelled as in files.
fn word<T: DeserializeOwned>(
    field: &mut T,
    flag: &str,
    typed: &Option<String>,
    words: &[&str],
    problems: &mut Vec<String>,
) {
    let Some(text) = typed else { return };
    match serde_json::from_value(serde_json::Value::String(text.clone())) {
        Ok(value) => *field = value,
        Err(_) => problems.push(format!("{flag} {text}: expected one of {}", words.join(", "))),
    }
}
