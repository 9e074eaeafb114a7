//! Where each value of a plan came from: defaults, the configuration's file, the environment, flags.

use std::path::{Path, PathBuf};

use poollab_model::Plan;
use toml::{Table, Value};

use super::{Registry, file, fill_in};
use crate::cli::{RunArgs, Typed};

/// One value that is not the default.
#[derive(Debug, PartialEq, Eq)]
pub struct Given {
    /// As in a plan's file: `limits.cpus`.
    pub key: String,
    /// As in a plan's file.
    pub value: String,
    /// `--cpus`, `POOLLAB_CPUS` or the name of a file.
    pub from: String,
}

/// The user's own defaults: `poollab/config.toml` in the folder that XDG names. `None`: there is none.
pub fn configuration() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = named("XDG_CONFIG_HOME").or_else(|| Some(named("HOME")?.join(".config")))?;
    Some(folder.join("poollab").join("config.toml")).filter(|path| path.is_file())
}

/// The values of a plan that are not the defaults, each with its origin.
pub fn origins(plan: &Plan, args: &RunArgs, typed: &Typed, registry: &Registry) -> Vec<Given> {
    let mut default = Plan::default();
    fill_in(&mut default, registry);
    let (plan, default) = (leaves_of(plan), leaves_of(&default));
    let path = args.plan.clone().or_else(configuration);
    let written = path.as_deref().and_then(|path| file::table(path).ok());
    let changed = plan.into_iter().filter(|(key, value)| {
        default.iter().find(|(known, _)| known == key).is_none_or(|(_, usual)| usual != value)
    });
    changed
        .map(|(key, value)| {
            let from = from(&key, typed, path.as_deref(), written.as_ref());
            Given { value: value.to_string(), key, from }
        })
        .collect()
}

fn from(key: &str, typed: &Typed, path: Option<&Path>, written: Option<&Table>) -> String {
    if let Some(origin) = flags_of(key).iter().find_map(|field| typed.origin(field)) {
        return origin.to_string();
    }
    match (path, written) {
        (Some(path), Some(table)) if holds(table, key) => path.display().to_string(),
        _ => "derived from other values".to_owned(),
    }
}

/// The flags that set a value, by the names of their fields.
fn flags_of(key: &str) -> Vec<&str> {
    match key {
        "strategies" => vec!["strategy"],
        "workloads" => vec!["workload", "think_ms", "release_early", "hot_row_method"],
        "routes" => vec!["route"],
        "loads" => vec!["users", "rate", "arrivals", "connections"],
        "pool_sizes" => vec!["pool_size"],
        "ceiling" => vec!["no_ceiling"],
        "link" => vec!["link", "tls"],
        "settings.pool_size" => vec!["defaults"],
        "pgbouncer.pool_size" => vec!["pgbouncer_pool_size"],
        "pgbouncer.max_prepared_statements" => vec!["pgbouncer_prepared"],
        _ if key.starts_with("database") => vec!["database"],
        _ => vec![key.rsplit('.').next().unwrap_or(key)],
    }
}

fn holds(table: &Table, key: &str) -> bool {
    match key.split_once('.') {
        None => table.contains_key(key),
        Some((first, rest)) => {
            table.get(first).and_then(Value::as_table).is_some_and(|inner| holds(inner, rest))
        }
    }
}

/// `limits.cpus` and its value; lists are one value.
fn leaves_of(plan: &Plan) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    if let Ok(Value::Table(table)) = Value::try_from(plan) {
        walk("", &table, &mut leaves);
    }
    leaves
}

fn walk(above: &str, table: &Table, leaves: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        match value {
            Value::Table(inner) => walk(&key, inner, leaves),
            other => leaves.push((key, other.clone())),
        }
    }
}
