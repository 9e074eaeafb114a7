//! The document that the scripts in `k6/` write, as described in their README.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cause, ErrorKind, Latencies, Load, WorkloadSpec};

/// What the `format` of such a document says.
const FORMAT: &str = "poollab-k6";
/// The version that we read.
const VERSION: u64 = 1;

/// What one k6 script measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct K6Document {
    /// The version of k6; `None` when it refused its targets.
    pub k6_version: Option<String>,
    /// The script's name.
    pub script: String,
    /// RFC 3339.
    pub finished_at: String,
    /// How it ended.
    pub status: K6Status,
    /// From which moment latency counts: `send`.
    pub latency_from: String,
    /// Its trials, in their order.
    pub trials: Vec<K6Trial>,
}

/// How a script ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum K6Status {
    /// All thresholds held.
    Passed,
    /// One did not.
    Failed,
    /// Its targets were none, so nothing was measured.
    Refused,
}

/// One trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct K6Trial {
    /// The target's name, or what it did.
    pub name: String,
    /// Where the service listened.
    pub url: String,
    /// The strategy, as the service tells.
    pub strategy: String,
    /// The workload with its parameters.
    pub workload: WorkloadSpec,
    /// The load; of a ramp, its mean.
    pub load: Load,
    /// From the first request to the last answer, in seconds.
    pub measured_s: f64,
    /// Numbers of requests.
    pub requests: K6Requests,
    /// Requests a second that the schedule asked for; for a closed load, those that were sent.
    pub offered_rps: f64,
    /// Answers a second, failures included.
    pub throughput_rps: f64,
    /// Successes a second.
    pub goodput_rps: f64,
    /// Latency, from the send.
    pub latency_us: Latencies,
    /// Failures, most frequent first.
    pub errors: Vec<K6Error>,
}

/// Numbers of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct K6Requests {
    /// All: `ok + failed + dropped + unfinished`.
    pub total: u64,
    /// Answered correctly.
    pub ok: u64,
    /// Failed.
    pub failed: u64,
    /// Never sent.
    pub dropped: u64,
    /// Sent, and without an answer when the trial's patience ended.
    pub unfinished: u64,
}

/// All failures of a trial that were alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct K6Error {
    /// Its kind.
    pub kind: ErrorKind,
    /// Its SQLSTATE.
    pub sqlstate: Option<String>,
    /// The original text.
    pub message: String,
    /// What lay beneath.
    pub cause: Option<Cause>,
    /// How many.
    pub count: u64,
}

impl K6Document {
    /// Reads a document.
    ///
    /// # Errors
    /// It is not one, or one of another version; says in words what it is instead, as far as can be told.
    pub fn read(text: &str) -> Result<Self, String> {
        let advise = "a summary that poollab reads is written by the scripts in k6/, for example: k6 run k6/compare.js";
        let value: serde_json::Value = serde_json::from_str(text).map_err(|why| {
            if text.trim().is_empty() {
                format!("it is empty; {advise}")
            } else {
                format!("it is not JSON ({why}); {advise}")
            }
        })?;
        if value.get("format").and_then(serde_json::Value::as_str) != Some(FORMAT) {
            let looks = if value.get("metrics").is_some() {
                "it is a summary of k6's own (--summary-export or another handleSummary), which does not tell one \
                 strategy or failure from another"
            } else if value.get("schema_version").is_some() && value.get("trials").is_some() {
                "it is a report of poollab itself"
            } else {
                "it is JSON, and not of k6's making"
            };
            return Err(format!("{looks}; {advise}"));
        }
        let version = value.get("schema_version").and_then(serde_json::Value::as_u64);
        if version != Some(VERSION) {
            let found = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
            return Err(format!(
                "its schema_version is {found} and this poollab reads {VERSION}; use the scripts of the same release"
            ));
        }
        serde_json::from_value(value)
            .map_err(|why| format!("it is not complete ({why}); run the script again"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_that_is_not_ours_is_refused_with_what_it_is() {
        for (text, says) in [
            ("", "empty"),
            ("running (5s)", "not JSON"),
            ("[1]", "not of k6's making"),
            (r#"{"metrics":{"http_reqs":{}}}"#, "k6's own"),
            (r#"{"schema_version":1,"run":{},"trials":[]}"#, "report of poollab"),
            (r#"{"format":"poollab-k6","schema_version":2}"#, "schema_version is 2"),
            (r#"{"format":"poollab-k6"}"#, "schema_version is none"),
            (r#"{"format":"poollab-k6","schema_version":1,"script":"x"}"#, "not complete"),
        ] {
            let why = K6Document::read(text).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
    }
}
