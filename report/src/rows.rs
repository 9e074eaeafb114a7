//! The row of a group, the same in every document that has tables.

use poollab_analysis::{Group, figures};
use poollab_model::Severity;

/// One column: its heading, what it means, and its cell.
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// What it means, for a legend.
    pub meaning: &'static str,
    /// Its text for a group.
    pub cell: fn(&Group) -> String,
    /// A number to sort by; larger is more.
    pub key: fn(&Group) -> Option<f64>,
}

/// What can't be said is a dash.
pub const NOTHING: &str = "–";

/// The columns after the strategy's name.
pub const COLUMNS: [Column; 10] = [
    Column {
        name: "goodput/s",
        meaning: "successes a second, mean of the repeats",
        cell: |group| figures::rate(group.goodput.mean),
        key: |group| Some(group.goodput.mean),
    },
    Column {
        name: "±",
        meaning: "half the distance between the lowest and the highest repeat",
        cell: |group| or_nothing(group.goodput.half_range_share(), figures::percent),
        key: |group| group.goodput.half_range_share(),
    },
    Column {
        name: "failed",
        meaning: "failed and dropped requests, of all",
        cell: |group| or_nothing(Some(group.failed_share()).filter(|share| *share > 0.0), figures::percent),
        key: |group| Some(group.failed_share()),
    },
    Column {
        name: "p50 ms",
        meaning: "half of the successes took at most this long",
        cell: |group| or_nothing(group.latency_ok.map(|q| q.p50 as f64), figures::ms),
        key: |group| group.latency_ok.map(|q| q.p50 as f64),
    },
    Column {
        name: "p99 ms",
        meaning: "99% of the successes took at most this long",
        cell: |group| or_nothing(group.latency_ok.map(|q| q.p99 as f64), figures::ms),
        key: |group| group.latency_ok.map(|q| q.p99 as f64),
    },
    Column {
        name: "wait",
        meaning: "mean ms that a success waited for a connection",
        cell: |group| or_nothing(group.phases.wait, figures::ms),
        key: |group| group.phases.wait,
    },
    Column {
        name: "connect",
        meaning: "mean ms that a success spent connecting",
        cell: |group| or_nothing(group.phases.connect, figures::ms),
        key: |group| group.phases.connect,
    },
    Column {
        name: "query",
        meaning: "mean ms of its statements",
        cell: |group| or_nothing(group.phases.query, figures::ms),
        key: |group| group.phases.query,
    },
    Column {
        name: "hold",
        meaning: "mean ms that it had its connection without using it",
        cell: |group| or_nothing(group.phases.hold, figures::ms),
        key: |group| group.phases.hold,
    },
    Column {
        name: "of ceiling",
        meaning: "goodput against pgbench on the same statement and database",
        cell: |group| or_nothing(group.of_ceiling, figures::percent),
        key: |group| group.of_ceiling,
    },
];

/// The sign of a finding: `!` something failed, `?` a reason for doubt, `~` a conclusion.
pub fn mark(severity: Severity) -> char {
    match severity {
        Severity::Problem => '!',
        Severity::Doubt => '?',
        Severity::Note => '~',
    }
}

fn or_nothing(value: Option<f64>, say: fn(f64) -> String) -> String {
    value.map_or_else(|| NOTHING.to_owned(), say)
}
