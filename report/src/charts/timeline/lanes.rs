//! What each lane of a course shows, in the order of a request's way: service, pool, pooler, database.

use poollab_analysis::figures;
use poollab_model::{ErrorKind, TimelinePoint, TrialRecord};

use super::lane::{Lane, Series, Shape, Value};
use crate::charts::Fill;

/// The lanes of a trial. `kinds` are its kinds of failures with their fills.
pub fn lanes(trial: &TrialRecord, kinds: &[(ErrorKind, Fill)]) -> Vec<Lane> {
    let mut lanes = vec![
        lane("answers/s", 1.0, vec![lined("measured", |point| Some(point.rps))]),
        lane("failures", 4.0, failures(trial, kinds)),
        lane("p99 ms", 1.0, vec![lined("measured", |point| Some(point.p99_us? as f64 / 1_000.0))]),
        pool(),
    ];
    lanes.extend(pooler(trial));
    lanes.push(backends(trial));
    lanes.push(lane("throttled ms", 10.0, vec![stacked(Fill::Throttled, |point| point.throttled_ms)]));
    lanes
}

fn pool() -> Lane {
    let series = vec![
        stacked(Fill::Ok, |point| {
            let pool = point.pool?;
            Some(f64::from(pool.size.saturating_sub(pool.idle)))
        }),
        stacked(Fill::Idle, |point| Some(f64::from(point.pool?.idle))),
        lined("limit", |point| Some(f64::from(point.pool?.waiting))),
    ];
    Lane { line: Some("requests waiting".to_owned()), ..lane("pool", 4.0, series) }
}

/// PgBouncer's connections to the database, and the clients that wait for one. Most trials have no pooler: they
/// have no lane, either.
fn pooler(trial: &TrialRecord) -> Option<Lane> {
    let longest_us = trial.timeline.iter().filter_map(|point| Some(point.pooler?.maxwait_us)).max()?;
    let series = vec![
        stacked(Fill::Ok, |point| Some(f64::from(point.pooler?.servers_active))),
        stacked(Fill::Idle, |point| Some(f64::from(point.pooler?.servers_idle))),
        lined("limit", |point| Some(f64::from(point.pooler?.clients_waiting))),
    ];
    let mut line = "clients waiting".to_owned();
    if longest_us > 0 {
        line += &format!(", up to {}", figures::time(longest_us as f64));
    }
    Some(Lane { line: Some(line), ..lane("PgBouncer servers", 4.0, series) })
}

fn backends(trial: &TrialRecord) -> Lane {
    let database = &trial.database;
    let slots = f64::from(database.slots.saturating_sub(database.reserved + 1));
    let series = vec![
        stacked(Fill::Ok, |point| Some(f64::from(point.backends?.active))),
        stacked(Fill::IdleInTransaction, |point| Some(f64::from(point.backends?.idle_in_transaction))),
        stacked(Fill::Idle, |point| Some(f64::from(point.backends?.idle))),
        stacked(Fill::Elsewhere, |point| Some(f64::from(point.backends?.other))),
    ];
    Lane {
        limit: (slots > 0.0).then(|| (slots, format!("{slots} free slots"))),
        ..lane("backends", 4.0, series)
    }
}

/// Failures by kind; in one where the record does not tell their kinds over time.
fn failures(trial: &TrialRecord, kinds: &[(ErrorKind, Fill)]) -> Vec<Series> {
    let told = trial.timeline.iter().any(|point| !point.failures.is_empty());
    if !told {
        return vec![stacked(Fill::Failed(0), |point| Some(point.failed as f64))];
    }
    kinds
        .iter()
        .map(|(kind, fill)| {
            let kind = *kind;
            let value: Value =
                Box::new(move |point| Some(point.failures.get(&kind).copied().unwrap_or(0) as f64));
            Series { shape: Shape::Stacked(*fill), value }
        })
        .collect()
}

fn lane(title: &'static str, at_least: f64, series: Vec<Series>) -> Lane {
    Lane { title, series, limit: None, line: None, at_least }
}

fn stacked(fill: Fill, value: fn(&TimelinePoint) -> Option<f64>) -> Series {
    Series { shape: Shape::Stacked(fill), value: Box::new(value) }
}

fn lined(class: &'static str, value: fn(&TimelinePoint) -> Option<f64>) -> Series {
    Series { shape: Shape::Line(class), value: Box::new(value) }
}
