//! Verify, then measure: the answer must be right, and the database must have seen the statements that
//! the workload claims.

use std::time::Duration;

use poollab_db::Observer;
use poollab_model::{Problem, TrialSpec, WorkloadSpec};

use super::http;

/// Attempts while the database is out of slots or recovering after the trial before.
const ATTEMPTS: u32 = 3;
const LONGEST_WAIT_MS: u64 = 5;
const WITHIN: Duration = Duration::from_secs(10);

/// Sends one request and looks whether its statements arrived. Gives `None` where statements can't be
/// seen; an `Err` ends the trial.
pub async fn check(
    address: &str,
    spec: &TrialSpec,
    observer: &Observer,
    remarks: &mut Vec<String>,
) -> Result<Option<bool>, String> {
    // What it waits for besides the database is not what is checked.
    let think_ms = spec.workload.think_ms.map(|ms| ms.min(LONGEST_WAIT_MS));
    let (method, path, _) =
        poollab_servers::request_path(&WorkloadSpec { think_ms, ..spec.workload.clone() });
    let path = path.replace("{id}", "7");
    let mut attempt = 1;
    let body = loop {
        let (status, body) = http::ask(address, method, &path, WITHIN).await?;
        if status == 200 {
            break body;
        }
        let problem: Option<Problem> = serde_json::from_str(&body).ok();
        let retry = problem.as_ref().and_then(|problem| problem.kind).is_some_and(|kind| kind.can_retry());
        if !retry || attempt == ATTEMPTS {
            let why = problem.map_or(body, |problem| {
                format!("{} ({})", problem.title, problem.message.unwrap_or(problem.detail))
            });
            return Err(format!("the first request was answered with status {status}: {why}"));
        }
        attempt += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    if !body.starts_with("{\"id\":7") {
        return Err(format!("the first answer is not the one that was asked for: {body}"));
    }
    let seen = observer.statements_seen().await.map_err(|why| why.to_string())?;
    let Some(seen) = seen else { return Ok(None) };
    let missing: Vec<&str> = poollab_servers::statements(&spec.workload)
        .into_iter()
        .filter(|claimed| !seen.iter().any(|(statement, _)| same(statement, claimed)))
        .collect();
    if !missing.is_empty() {
        remarks.push(format!("the database has not seen: {}", missing.join("; ")));
    }
    Ok(Some(missing.is_empty()))
}

/// Statements are compared without their white space and with their constants as parameters, as
/// `pg_stat_statements` keeps them.
fn same(seen: &str, claimed: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    plain(seen) == plain(claimed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_case_do_not_make_another_statement() {
        assert!(same("SELECT  a\n FROM t", "select a from t"));
        assert!(!same("SELECT a FROM t", "SELECT b FROM t"));
    }
}
