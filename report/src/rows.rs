//! The row of a group, the same in every document that has tables.

use poollab_analysis::{Group, Section, figures};
use poollab_model::{Report, Severity};

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
    /// Where there is no room for all of them, those with the highest number go first.
    pub spare: u8,
}

/// What can't be said is a dash.
pub const NOTHING: &str = "–";

/// The columns after the strategy's name.
const COLUMNS: [Column; 16] = [
    Column {
        name: "goodput/s",
        meaning: "successful requests a second, mean of the repeats",
        cell: |group| figures::rate(group.goodput.mean),
        key: |group| Some(group.goodput.mean),
        spare: 0,
    },
    Column {
        name: "±",
        meaning: "95% interval of that mean, from all repeats and the noise of the run; the ranking uses the same noise",
        cell: |group| or_nothing(group.plus_minus(), around),
        key: |group| group.plus_minus(),
        spare: 0,
    },
    Column {
        name: "failed",
        meaning: "failed and dropped requests, share of all",
        cell: |group| or_nothing(Some(group.failed_share()).filter(|share| *share > 0.0), figures::percent),
        key: |group| Some(group.failed_share()),
        spare: 0,
    },
    Column {
        name: "failed/s",
        meaning: "failed and dropped requests a second",
        cell: |group| or_nothing(Some(group.failed_rps()).filter(|rate| *rate > 0.0), figures::rate),
        key: |group| Some(group.failed_rps()),
        spare: 6,
    },
    Column {
        name: "no answer",
        meaning: "users that got no answer while measuring, in the repeat with most of them",
        cell: |group| {
            or_nothing(Some(group.silence.users as f64).filter(|users| *users > 0.0), figures::rate)
        },
        key: |group| Some(group.silence.users as f64),
        spare: 1,
    },
    Column {
        name: "p50 ms",
        meaning: "half of the successful requests took at most this long",
        cell: |group| or_nothing(group.latency_ok.map(|q| q.p50 as f64), figures::ms),
        key: |group| group.latency_ok.map(|q| q.p50 as f64),
        spare: 2,
    },
    Column {
        name: "p99 ms",
        meaning: "99% of the successful requests took at most this long",
        cell: |group| or_nothing(group.latency_ok.map(|q| q.p99 as f64), figures::ms),
        key: |group| group.latency_ok.map(|q| q.p99 as f64),
        spare: 0,
    },
    Column {
        name: "in flight ms",
        meaning: "age of the oldest request in flight when measuring ended, where it is more than any success took or users got \
                  no answer",
        cell: |group| or_nothing(group.hidden_age_us().map(|us| us as f64), figures::ms),
        key: |group| group.hidden_age_us().map(|us| us as f64),
        spare: 1,
    },
    Column {
        name: "wait",
        meaning: "mean ms that a successful request waited for a connection",
        cell: |group| or_nothing(group.phases.wait, figures::ms),
        key: |group| group.phases.wait,
        spare: 4,
    },
    Column {
        name: "connect",
        meaning: "mean ms that it spent connecting",
        cell: |group| or_nothing(group.phases.connect, figures::ms),
        key: |group| group.phases.connect,
        spare: 4,
    },
    Column {
        name: "query",
        meaning: "mean ms of its statements",
        cell: |group| or_nothing(group.phases.query, figures::ms),
        key: |group| group.phases.query,
        spare: 5,
    },
    Column {
        name: "hold",
        meaning: "mean ms that it had its connection without using it",
        cell: |group| or_nothing(group.phases.hold, figures::ms),
        key: |group| group.phases.hold,
        spare: 5,
    },
    Column {
        name: "trips",
        meaning: "round trips to the database for each request",
        cell: |group| or_nothing(group.cost.round_trips, figures::rate),
        key: |group| group.cost.round_trips,
        spare: 3,
    },
    Column {
        name: "svc µs",
        meaning: "CPU time of the service for each answered request, in µs",
        cell: |group| or_nothing(group.cost.service_us, figures::rate),
        key: |group| group.cost.service_us,
        spare: 1,
    },
    Column {
        name: "pg µs",
        meaning: "CPU time of Postgres for each answered request, in µs",
        cell: |group| or_nothing(group.cost.postgres_us, figures::rate),
        key: |group| group.cost.postgres_us,
        spare: 1,
    },
    Column {
        name: "of ref.",
        meaning: "goodput against the reference: pgbench with the same statement on the same database, in pipelines for strategies that pipeline",
        cell: |group| or_nothing(group.of_reference, figures::percent),
        key: |group| group.of_reference,
        spare: 7,
    },
];

/// The columns in which some row has a figure.
pub fn columns(sections: &[Section]) -> Vec<&'static Column> {
    let groups = || sections.iter().flat_map(|section| &section.groups);
    COLUMNS.iter().filter(|column| groups().any(|group| (column.cell)(group) != NOTHING)).collect()
}

/// Whether a group leads its section and may be recommended: what breaks on another workload, or has no connection for
/// each request, leads on a condition that a tag has no room for.
pub fn leads(report: &Report, section: &Section, group: &Group) -> bool {
    section.leaders().iter().any(|leader| leader.label == group.label)
        && report.verdict.usable.contains(&group.label)
}

/// The sign of a finding: `!` something failed, `?` a reason for doubt, `~` a conclusion.
pub fn mark(severity: Severity) -> char {
    match severity {
        Severity::Problem => '!',
        Severity::Doubt => '?',
        Severity::Note => '~',
    }
}

/// An interval as wide as its centre says that nothing is known, and no more.
fn around(share: f64) -> String {
    if share > 1.0 { ">100%".to_owned() } else { figures::percent(share) }
}

fn or_nothing(value: Option<f64>, say: fn(f64) -> String) -> String {
    value.map_or_else(|| NOTHING.to_owned(), say)
}
