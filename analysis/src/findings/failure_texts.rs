//! What each kind of failure means and what to do about it.

use poollab_model::{Acquisition, Cause, ErrorKind, ErrorRecord, HumanDuration};

use super::names;
use crate::compare::{Group, Section};
use crate::figures;

/// One kind of failure in one section.
pub(super) struct Failure<'a> {
    /// Its most frequent example.
    pub error: &'a ErrorRecord,
    /// The groups that had it.
    pub hit: &'a [&'a Group],
    pub section: &'a Section,
    /// Slots that an ordinary role can get.
    pub free_slots: u32,
    pub request_timeout: HumanDuration,
}

/// What happened, what it means, what to do.
pub(super) fn advice(failure: &Failure<'_>) -> String {
    let text = quote(&failure.error.message, failure.error.sqlstate.as_deref());
    match failure.error.kind {
        ErrorKind::SlotsExhausted => slots(failure, &text),
        ErrorKind::PoolTimeout => pool_timeout(failure),
        ErrorKind::ConnectTimeout => format!(
            "Postgres did not answer connection attempts in time, {text}. Each new connection costs it a process and CPU \
             time. Keep connections in a pool, or raise --connect-timeout."
        ),
        ErrorKind::ConnectRefused => format!(
            "nothing accepted connections at the database's address, {text}. Postgres was not running at that moment. Check \
             its log."
        ),
        ErrorKind::StartingUp => format!(
            "Postgres was starting up or shutting down, {text}. It restarted during the trial. Check its log for a crash or \
             a killed backend."
        ),
        ErrorKind::ConnectionLost => format!(
            "connections were lost while in use, {text}. Postgres or a proxy closed them (restart, out of memory, idle \
             timeout). Check Postgres's log, and let the pool check connections at checkout (--health-check)."
        ),
        ErrorKind::PreparedStatement => format!(
            "a prepared statement was missing on the server connection, or existed already, {text}. A pooler in transaction \
             mode switches server connections between transactions, and named statements do not follow. Use unnamed \
             statements, or a pooler that tracks prepared statements."
        ),
        ErrorKind::TransactionAborted => format!(
            "statements ran inside a transaction that had already failed, {text}. Connections are returned without a \
             rollback, or several requests share one. Give each transaction a connection of its own."
        ),
        ErrorKind::StatementTimeout => format!(
            "statements were cancelled or timed out, {text}. Make the statement faster, run fewer at once (a smaller pool), \
             or raise --statement-timeout."
        ),
        ErrorKind::PoolerRefused => {
            format!(
                "the pooler in front of Postgres refused connections, {text}. The service opens more than its limits allow."
            )
        }
        ErrorKind::AuthenticationFailed => format!(
            "Postgres refused the user or the password, {text}. Check both, and what pg_hba.conf asks of them."
        ),
        ErrorKind::Unsupported => {
            format!(
                "this strategy does not support the workload, {text}. Remove the combination from the plan."
            )
        }
        ErrorKind::HttpTimeout => http_timeout(failure),
        ErrorKind::HttpConnect => format!(
            "the service could not be reached, or it closed the connection during a response, {text}. If it crashed, its \
             log says why."
        ),
        ErrorKind::Http | ErrorKind::Query | ErrorKind::WrongAnswer | ErrorKind::Dropped => {
            format!("{}, {text}.", failure.error.kind.title().to_lowercase())
        }
    }
}

fn slots(failure: &Failure<'_>, text: &str) -> String {
    let asked = failure.hit.iter().map(|group| wanted(group, failure.section)).max().unwrap_or(0);
    format!(
        "the service opens up to {asked} connections, and {} slots are free for ordinary roles. Postgres refused the rest: \
         {text}. {}",
        failure.free_slots,
        cure(failure)
    )
}

fn pool_timeout(failure: &Failure<'_>) -> String {
    let text = quote(&failure.error.message, None);
    let waited = failure.hit.iter().find_map(|group| group.settings.acquire_timeout);
    let waited = waited.map_or(String::new(), |waited| format!(" after {waited}"));
    if let Some(cause) = &failure.error.cause {
        return format!(
            "the pool gave up{waited} and reported only {text}. The underlying error: {}. {}",
            because(cause),
            if cause.kind == ErrorKind::SlotsExhausted {
                cure(failure)
            } else {
                remedy(cause.kind).to_owned()
            }
        );
    }
    let held =
        failure.hit.iter().filter_map(|group| Some(group.phases.query? + group.phases.hold.unwrap_or(0.0)));
    let held = held.fold(0.0, f64::max);
    let held = if held > 0.0 {
        format!(" A successful request held its connection for {} on average.", figures::time(held))
    } else {
        String::new()
    };
    format!(
        "no connection became free{waited}, {text}. No connection attempt failed: all connections were in use.{held} Return \
         connections sooner. A larger pool helps only while Postgres has CPU and free slots."
    )
}

fn http_timeout(failure: &Failure<'_>) -> String {
    let endless = failure
        .hit
        .iter()
        .any(|group| group.settings.acquire_timeout.is_none() && group.acquisition == Acquisition::Pooled);
    let why = if endless {
        "The pool has no acquire timeout, so requests wait forever. Set one that is shorter than the caller's timeout."
    } else {
        "The service was still working on them or had not started. Set a timeout inside the service that ends them first."
    };
    format!(
        "no complete response within {}, then the generator gave up. {why}",
        failure.request_timeout.told()
    )
}

/// A strategy that does better under the same load, and the pool size to set.
fn cure(failure: &Failure<'_>) -> String {
    let better = failure.section.groups.iter().find(|group| {
        group.acquisition == Acquisition::Pooled && group.requests.ok > 0 && group.failed_share() == 0.0
    });
    let mut cure = String::new();
    let worst = failure.hit.iter().map(|group| group.goodput.mean).fold(f64::INFINITY, f64::min);
    if let Some(better) = better.filter(|_| worst > 0.0 && worst.is_finite()) {
        let factor = better.goodput.mean / worst;
        if factor > 1.0 {
            cure = format!(
                "Under the same load {} had no failures and {} times the goodput. ",
                better.label,
                figures::times(factor)
            );
        }
    }
    let pooled: Vec<&Group> =
        failure.hit.iter().copied().filter(|group| group.acquisition == Acquisition::Pooled).collect();
    let advice = if pooled.is_empty() {
        format!(
            "Give the service a pool of at most {} connections, for all instances together.",
            failure.free_slots
        )
    } else {
        format!(
            "Give {} at most {} connections, for all instances together.",
            names(&pooled),
            failure.free_slots
        )
    };
    cure + &advice
}

fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ConnectRefused | ErrorKind::StartingUp => {
            "The database was not running, and the pool's timeout hid that. Check Postgres's log."
        }
        ErrorKind::ConnectTimeout => {
            "Postgres was too busy to accept connections. Open fewer and keep them open."
        }
        ErrorKind::ConnectionLost => "Connections failed while being opened. Check Postgres's log.",
        _ => "Fix that error, not the timeout.",
    }
}

/// Connections that a group can ask for at once.
fn wanted(group: &Group, section: &Section) -> u32 {
    match group.acquisition {
        Acquisition::PerRequest => section.load.users(),
        Acquisition::Shared | Acquisition::SharedLocked => 1,
        Acquisition::Pooled | Acquisition::Pipelined => {
            group.pool_size.unwrap_or_else(|| section.load.users())
        }
    }
}

fn because(cause: &Cause) -> String {
    format!("{}, {}", cause.kind, quote(&cause.message, cause.sqlstate.as_deref()))
}

/// The original message, with its SQLSTATE.
fn quote(message: &str, sqlstate: Option<&str>) -> String {
    let message = message.trim();
    match (message, sqlstate) {
        ("", None) => "without a message".to_owned(),
        ("", Some(state)) => format!("SQLSTATE {state}"),
        (text, None) => format!("\"{text}\""),
        (text, Some(state)) => format!("\"{text}\" (SQLSTATE {state})"),
    }
}
