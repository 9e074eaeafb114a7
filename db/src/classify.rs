//! From an error of Postgres or its driver to one of our kinds.
//!
//! SQLSTATE decides, then the kind of I/O error. Wording decides only for PgBouncer, which sends its own
//! refusals as 08P01 or without any SQLSTATE, and only between its refusal, a statement that a pooler has lost and a
//! lost connection.

use std::error::Error as _;
use std::fmt;
use std::io;

use poollab_model::ErrorKind;

/// A failure of the database or of the way to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Its kind.
    pub kind: ErrorKind,
    /// Its SQLSTATE, where Postgres or a pooler sent one.
    pub sqlstate: Option<String>,
    /// The original text: `FATAL: sorry, too many clients already`.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.sqlstate {
            Some(sqlstate) => write!(f, " ({sqlstate})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// What a `tokio_postgres` or `postgres` error means. (Its own `Display` says only `db error`.)
pub fn error(error: &tokio_postgres::Error) -> Failure {
    if let Some(from_server) = error.as_db_error() {
        let message = format!("{}: {}", from_server.severity(), from_server.message());
        return parts(Some(from_server.code().code()), &message, None);
    }
    let mut message = error.to_string();
    let mut io = None;
    let mut source = error.source();
    while let Some(inner) = source {
        let text = inner.to_string();
        if !message.ends_with(&text) {
            message = format!("{message}: {text}");
        }
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            io = Some(inner.kind());
        }
        source = inner.source();
    }
    if error.is_closed() {
        return Failure { kind: ErrorKind::ConnectionLost, sqlstate: None, message };
    }
    parts(None, &message, io)
}

/// What an error of any other library means, from its parts. `io` is the kind of the I/O error beneath
/// it, if there is one; a time-out of I/O counts as one of connecting.
pub fn parts(sqlstate: Option<&str>, message: &str, io: Option<io::ErrorKind>) -> Failure {
    let kind = match sqlstate {
        None | Some("08P01" | "08006" | "53300") if is_pooler_refusal(message) => ErrorKind::PoolerRefused,
        // Behind a pooler a name can lead to another client's statement; Postgres notices when that one takes
        // another number of parameters, and calls it a violation of the protocol.
        Some("08P01") if message.contains("bind message supplies") => ErrorKind::PreparedStatement,
        Some(sqlstate) => from_sqlstate(sqlstate),
        None => io.map_or(ErrorKind::Query, from_io),
    };
    Failure { kind, sqlstate: sqlstate.map(str::to_owned), message: message.to_owned() }
}

fn from_sqlstate(sqlstate: &str) -> ErrorKind {
    match sqlstate {
        "53300" => ErrorKind::SlotsExhausted,
        "57P03" => ErrorKind::StartingUp,
        // Ended by an administrator, a crash, a dropped database, or one of the time-outs for idlers.
        "57P01" | "57P02" | "57P04" | "57P05" | "25P03" | "25P04" => ErrorKind::ConnectionLost,
        "26000" | "42P05" => ErrorKind::PreparedStatement,
        "25P02" => ErrorKind::TransactionAborted,
        "57014" => ErrorKind::StatementTimeout,
        "28P01" | "28000" => ErrorKind::AuthenticationFailed,
        other if other.starts_with("08") => ErrorKind::ConnectionLost,
        _ => ErrorKind::Query,
    }
}

fn from_io(kind: io::ErrorKind) -> ErrorKind {
    use io::ErrorKind as Io;
    match kind {
        // A Unix socket that is not there, and one whose queue of connection attempts is full.
        Io::ConnectionRefused | Io::NotFound | Io::WouldBlock => ErrorKind::ConnectRefused,
        Io::HostUnreachable | Io::NetworkUnreachable | Io::AddrNotAvailable => ErrorKind::ConnectRefused,
        Io::TimedOut => ErrorKind::ConnectTimeout,
        Io::UnexpectedEof
        | Io::ConnectionReset
        | Io::ConnectionAborted
        | Io::BrokenPipe
        | Io::NotConnected => ErrorKind::ConnectionLost,
        _ => ErrorKind::Query,
    }
}

/// PgBouncer's texts for what it refuses by its own limits (1.12 to 1.24).
const POOLER_REFUSALS: [&str; 17] = [
    "no more connections allowed",
    "client connections exceeded",
    "query_wait_timeout",
    "client_login_timeout",
    "client_idle_timeout",
    "idle_transaction_timeout",
    "idle transaction timeout",
    "query_timeout",
    "query timeout",
    "pgbouncer cannot connect to server",
    "server login has been failing",
    "server login failed",
    "unsupported startup parameter",
    "no such database:",
    "no such user",
    // Postgres says "password authentication failed", 28P01.
    "SASL authentication failed",
    "bouncer config error",
];

fn is_pooler_refusal(message: &str) -> bool {
    POOLER_REFUSALS.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_decides_and_not_the_wording() {
        let german = parts(Some("53300"), "FATAL: tut mir leid, schon zu viele Verbindungen", None);
        assert_eq!(german.kind, ErrorKind::SlotsExhausted);
        let misleading = parts(Some("42601"), "syntax error at \"query_wait_timeout\"", None);
        assert_eq!(misleading.kind, ErrorKind::Query);
    }

    #[test]
    fn a_refused_password_is_no_failed_statement() {
        for (sqlstate, text) in [
            ("28P01", "FATAL: password authentication failed for user \"app\""),
            ("28000", "FATAL: no pg_hba.conf entry for host \"::1\", user \"app\", no encryption"),
        ] {
            let kind = parts(Some(sqlstate), text, None).kind;
            assert_eq!(kind, ErrorKind::AuthenticationFailed, "{text}");
            assert!(!kind.can_retry(), "the same password is refused again");
        }
    }

    #[test]
    fn a_poolers_refusal_is_not_a_lost_connection() {
        for (sqlstate, text, kind) in [
            (Some("08P01"), "no more connections allowed (max_client_conn)", ErrorKind::PoolerRefused),
            (Some("08P01"), "FATAL: query_wait_timeout", ErrorKind::PoolerRefused),
            (None, "pgbouncer cannot connect to server", ErrorKind::PoolerRefused),
            (Some("08P01"), "server conn crashed?", ErrorKind::ConnectionLost),
            (Some("08P01"), "invalid message format", ErrorKind::ConnectionLost),
            (
                Some("08P01"),
                "ERROR: bind message supplies 2 parameters, but prepared statement \"s1\" requires 1",
                ErrorKind::PreparedStatement,
            ),
        ] {
            assert_eq!(parts(sqlstate, text, None).kind, kind, "{text}");
        }
    }

    #[test]
    fn without_a_state_the_kind_of_io_error_decides() {
        for (io, kind) in [
            (io::ErrorKind::ConnectionRefused, ErrorKind::ConnectRefused),
            (io::ErrorKind::NotFound, ErrorKind::ConnectRefused),
            (io::ErrorKind::TimedOut, ErrorKind::ConnectTimeout),
            (io::ErrorKind::UnexpectedEof, ErrorKind::ConnectionLost),
            (io::ErrorKind::ConnectionReset, ErrorKind::ConnectionLost),
        ] {
            assert_eq!(parts(None, "", Some(io)).kind, kind, "{io:?}");
        }
        assert_eq!(parts(None, "", None).kind, ErrorKind::Query);
    }
}
