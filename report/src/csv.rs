//! `report.csv`: one line for each trial, for a notebook.

use poollab_analysis::{Analysis, Cost};
use poollab_model::{Load, Quantiles, TrialRecord};

const HEADER: [&str; 46] = [
    "id",
    "strategy",
    "acquisition",
    "workload",
    "route",
    "pool_size",
    "load_model",
    "users",
    "rate_per_s",
    "repeat",
    "started_at",
    "measured_s",
    "total",
    "ok",
    "failed",
    "dropped",
    "offered_rps",
    "throughput_rps",
    "goodput_rps",
    "ok_mean_us",
    "ok_p50_us",
    "ok_p90_us",
    "ok_p95_us",
    "ok_p99_us",
    "ok_p99_9_us",
    "ok_max_us",
    "failed_p50_us",
    "failed_p99_us",
    "wait_mean_us",
    "connect_mean_us",
    "query_mean_us",
    "hold_mean_us",
    "main_error",
    "main_error_sqlstate",
    "main_error_count",
    "backends_peak",
    "throttled_share",
    "memory_peak_bytes",
    "server_cpu_share",
    "generator_cpu_share",
    "driver",
    "service_cpu_us_per_request",
    "postgres_cpu_us_per_request",
    "round_trips_per_request",
    "users_without_answer",
    "oldest_in_flight_us",
];

/// The trials as comma-separated values (RFC 4180) with a header line. A figure that does not exist is
/// an empty field, never 0. Times are in microseconds, shares between 0 and 1.
pub fn csv(analysis: &Analysis) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    // Writing to memory, in records of one length, can't fail.
    let _ = writer.write_record(HEADER);
    for trial in &analysis.report.trials {
        let _ = writer.write_record(record(trial).map(cell));
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn record(trial: &TrialRecord) -> [String; HEADER.len()] {
    let (model, rate) = match &trial.load {
        Load::Closed { .. } => ("closed", None),
        Load::Open { rate_per_s, .. } => ("open", Some(*rate_per_s)),
    };
    let ok = |pick: fn(&Quantiles) -> u64| maybe(trial.latency_us.ok.as_ref().map(pick));
    let failed = |pick: fn(&Quantiles) -> u64| maybe(trial.latency_us.failed.as_ref().map(pick));
    let mean = |phase: Option<Quantiles>| maybe(phase.map(|q| q.mean));
    let error = trial.errors.first();
    let cost = Cost::of(&[trial]);
    [
        trial.id.clone(),
        trial.strategy.to_string(),
        // The name on the wire, without its quotes.
        serde_json::to_string(&trial.acquisition).unwrap_or_default().trim_matches('"').to_owned(),
        trial.workload_spec.to_string(),
        trial.route.to_string(),
        maybe(trial.pool_size),
        model.to_owned(),
        trial.load.users().to_string(),
        maybe(rate),
        trial.repeat.to_string(),
        trial.started_at.clone(),
        trial.measured_s.to_string(),
        trial.requests.total.to_string(),
        trial.requests.ok.to_string(),
        trial.requests.failed.to_string(),
        trial.requests.dropped.to_string(),
        trial.offered_rps.to_string(),
        trial.throughput_rps.to_string(),
        trial.goodput_rps.to_string(),
        maybe(trial.latency_us.ok.map(|q| q.mean)),
        ok(|q| q.p50),
        ok(|q| q.p90),
        ok(|q| q.p95),
        ok(|q| q.p99),
        ok(|q| q.p99_9),
        ok(|q| q.max),
        failed(|q| q.p50),
        failed(|q| q.p99),
        mean(trial.phases_us.wait),
        mean(trial.phases_us.connect),
        mean(trial.phases_us.query),
        mean(trial.phases_us.hold),
        error.map(|error| error.kind.to_string()).unwrap_or_default(),
        error.and_then(|error| error.sqlstate.clone()).unwrap_or_default(),
        maybe(error.map(|error| error.count)),
        maybe(trial.database.backends_peak),
        maybe(trial.database.throttled_share),
        maybe(trial.database.memory_peak_bytes),
        maybe(trial.server.cpu_share),
        trial.generator.cpu_share.to_string(),
        trial.driver.to_string(),
        maybe(cost.service_us),
        maybe(cost.postgres_us),
        maybe(cost.round_trips),
        trial.unfinished.users_without_answer.to_string(),
        maybe(trial.unfinished.oldest_us),
    ]
}

/// A spreadsheet carries out what begins like a formula; a text of somebody else's is marked as a text.
fn cell(text: String) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    if formula { format!("'{text}") } else { text }
}

fn maybe(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_spreadsheet_carries_nothing_out() {
        for text in ["=cmd()", "+1+cmd", "-x", "@sum", "\t=1"] {
            assert_eq!(cell(text.to_owned()), format!("'{text}"));
        }
        for text in ["", "-12.5", "deadpool", "53300"] {
            assert_eq!(cell(text.to_owned()), text);
        }
    }
}
