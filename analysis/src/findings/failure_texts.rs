//! What a kind of failure means and what to do about it, in words.

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
            "Postgres did not answer connection attempts in time, {text}. Accepting a connection costs it a process and \
             CPU time: open fewer of them, keep them in a pool, or raise the connect time-out."
        ),
        ErrorKind::ConnectRefused => format!(
            "nothing accepted connections at the database's address, {text}. Look into Postgres's log: it was not \
             running at that moment."
        ),
        ErrorKind::StartingUp => format!(
            "Postgres was starting up or shutting down, {text}. It was restarted while the trial ran: look for a crash \
             or a killed backend in its log."
        ),
        ErrorKind::ConnectionLost => format!(
            "connections ended while they were in use, {text}. Postgres or something on the way closed them (a restart, \
             a kill for want of memory, a time-out of a proxy): look into its log, and let the pool check connections \
             at checkout."
        ),
        ErrorKind::PreparedStatement => format!(
            "the server connection did not know a prepared statement, or knew it already, {text}. This is what named \
             statements do behind a pooler that changes server connections between transactions: use unnamed \
             statements, or a pooler that tracks prepared statements."
        ),
        ErrorKind::TransactionAborted => format!(
            "statements reached a connection inside a transaction that had already failed, {text}. Connections go back \
             without a rollback, or several requests share one: give every transaction a connection to itself."
        ),
        ErrorKind::StatementTimeout => format!(
            "statements were cancelled or ran into their time-out, {text}. Make the statement faster, let fewer run at \
             once (a smaller pool), or raise the time-out."
        ),
        ErrorKind::PoolerRefused => {
            format!(
                "the pooler in front of Postgres refused, {text}. Its limits are lower than what the service asks for."
            )
        }
        ErrorKind::AuthenticationFailed => format!(
            "Postgres refused the user or the password, {text}. Check both, and what pg_hba.conf asks of them."
        ),
        ErrorKind::Unsupported => {
            format!("the strategy refuses this workload, {text}. Leave the combination out of the plan.")
        }
        ErrorKind::HttpTimeout => http_timeout(failure),
        ErrorKind::HttpConnect => format!(
            "the service could not be reached or closed the connection in the middle of an answer, {text}. If it \
             crashed, its log says why."
        ),
        ErrorKind::Http | ErrorKind::Query | ErrorKind::WrongAnswer | ErrorKind::Dropped => {
            format!("{}, {text}.", failure.error.kind.title().to_lowercase())
        }
    }
}

fn slots(failure: &Failure<'_>, text: &str) -> String {
    let asked = failure.hit.iter().map(|group| wanted(group, failure.section)).max().unwrap_or(0);
    format!(
        "up to {asked} connections were asked for, and {} slots are free for ordinary roles. Postgres refused, {text}. {}",
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
            "the pool gave up{waited} and said only {text}. Its true cause: {}. {}",
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
        format!(" A success kept its connection for {} on average.", figures::time(held))
    } else {
        String::new()
    };
    format!(
        "no connection became free{waited}, {text}, and no attempt to connect failed: all were lent.{held} Give \
         connections back sooner; a larger pool helps only while Postgres has CPU and slots left."
    )
}

fn http_timeout(failure: &Failure<'_>) -> String {
    let endless = failure
        .hit
        .iter()
        .any(|group| group.settings.acquire_timeout.is_none() && group.acquisition == Acquisition::Pooled);
    let why = if endless {
        "The pool has no acquire time-out, so a request waits for ever; give it one below the caller's own."
    } else {
        "The service was still working on them or never got to them: let a time-out inside the service end them first."
    };
    format!("no complete answer within {}, when the generator gave up. {why}", failure.request_timeout.told())
}

/// `per-request … 110 times the goodput`: what does better under the same load, and what to set.
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
                "Under the same load {} had no failure and {} times the goodput. ",
                better.label,
                figures::times(factor)
            );
        }
    }
    let pooled: Vec<&Group> =
        failure.hit.iter().copied().filter(|group| group.acquisition == Acquisition::Pooled).collect();
    let advice = if pooled.is_empty() {
        format!(
            "Give the service a pool of at most {} connections, all instances together.",
            failure.free_slots
        )
    } else {
        format!("Give {} at most {} connections, all instances together.", names(&pooled), failure.free_slots)
    };
    cure + &advice
}

fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ConnectRefused | ErrorKind::StartingUp => {
            "The database was not there; the pool hid that behind its own time-out. Look into Postgres's log."
        }
        ErrorKind::ConnectTimeout => {
            "Postgres was too busy to accept connections: open fewer, and keep them."
        }
        ErrorKind::ConnectionLost => "Connections broke as they were opened: look into Postgres's log.",
        _ => "Cure that, and not the time-out.",
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

/// The original text, with its SQLSTATE.
fn quote(message: &str, sqlstate: Option<&str>) -> String {
    let message = message.trim();
    match (message, sqlstate) {
        ("", None) => "without a text".to_owned(),
        ("", Some(state)) => format!("SQLSTATE {state}"),
        (text, None) => format!("“{text}”"),
        (text, Some(state)) => format!("“{text}” (SQLSTATE {state})"),
    }
}
