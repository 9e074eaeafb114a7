//! How a request ended: the one taxonomy of errors.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a request failed. Decided from the type and SQLSTATE of an error, never from its wording alone:
/// wordings change between Postgres versions and languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The pool had no connection to lend in time.
    PoolTimeout,
    /// Postgres did not answer a connection attempt in time.
    ConnectTimeout,
    /// SQLSTATE 53300: too many clients, reserved slots, or a role's or database's limit.
    SlotsExhausted,
    /// Nothing listens there.
    ConnectRefused,
    /// SQLSTATE 57P03: Postgres is starting up, shutting down or recovering.
    StartingUp,
    /// An established connection ended: 57P01, class 08, a closed socket.
    ConnectionLost,
    /// 26000 or 42P05: a prepared statement that is not there, or is there already.
    PreparedStatement,
    /// 25P02: the transaction was aborted by an earlier error.
    TransactionAborted,
    /// 57014: the statement ran into its time-out or was cancelled.
    StatementTimeout,
    /// The connection pooler in front of Postgres refused.
    PoolerRefused,
    /// 28P01 or 28000: Postgres does not accept the user, the password or where they come from.
    AuthenticationFailed,
    /// The strategy refuses this workload.
    Unsupported,
    /// Any other error of a statement; its SQLSTATE is kept.
    Query,
    /// The answer came, with status 200, and was wrong: another request's data, or data lost.
    WrongAnswer,
    /// The service answered with an error that is not one of ours.
    Http,
    /// No complete answer within the generator's time-out.
    HttpTimeout,
    /// The service could not be reached or closed the connection in the middle of an answer.
    HttpConnect,
    /// A scheduled arrival that could never be sent.
    Dropped,
}

/// Who noticed an error first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The service under test.
    Service,
    /// The load generator.
    Generator,
}

impl ErrorKind {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 18] = [
        Self::PoolTimeout,
        Self::ConnectTimeout,
        Self::SlotsExhausted,
        Self::ConnectRefused,
        Self::StartingUp,
        Self::ConnectionLost,
        Self::PreparedStatement,
        Self::TransactionAborted,
        Self::StatementTimeout,
        Self::PoolerRefused,
        Self::AuthenticationFailed,
        Self::Unsupported,
        Self::Query,
        Self::WrongAnswer,
        Self::Http,
        Self::HttpTimeout,
        Self::HttpConnect,
        Self::Dropped,
    ];

    /// Its name in files, on the wire and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PoolTimeout => "pool-timeout",
            Self::ConnectTimeout => "connect-timeout",
            Self::SlotsExhausted => "slots-exhausted",
            Self::ConnectRefused => "connect-refused",
            Self::StartingUp => "starting-up",
            Self::ConnectionLost => "connection-lost",
            Self::PreparedStatement => "prepared-statement",
            Self::TransactionAborted => "transaction-aborted",
            Self::StatementTimeout => "statement-timeout",
            Self::PoolerRefused => "pooler-refused",
            Self::AuthenticationFailed => "authentication-failed",
            Self::Unsupported => "unsupported",
            Self::Query => "query",
            Self::WrongAnswer => "wrong-answer",
            Self::Http => "http",
            Self::HttpTimeout => "http-timeout",
            Self::HttpConnect => "http-connect",
            Self::Dropped => "dropped",
        }
    }

    /// What it means, as the title of a problem document.
    pub fn title(self) -> &'static str {
        match self {
            Self::PoolTimeout => "The pool had no connection to lend in time",
            Self::ConnectTimeout => "Postgres did not answer a connection attempt in time",
            Self::SlotsExhausted => "Postgres has no connection slot left for this role",
            Self::ConnectRefused => "Nothing accepts connections at the database's address",
            Self::StartingUp => "Postgres is starting up, shutting down or recovering",
            Self::ConnectionLost => "An established connection to Postgres ended",
            Self::PreparedStatement => "A prepared statement is missing or exists already",
            Self::TransactionAborted => "The transaction was aborted by an earlier error",
            Self::StatementTimeout => "The statement was cancelled or ran into its time-out",
            Self::PoolerRefused => "The connection pooler in front of Postgres refused",
            Self::AuthenticationFailed => "Postgres refused the user or the password",
            Self::Unsupported => "This strategy refuses this workload",
            Self::Query => "A statement failed",
            Self::WrongAnswer => "The answer was wrong",
            Self::Http => "The service answered with an error that is not one of ours",
            Self::HttpTimeout => "No complete answer within the generator's time-out",
            Self::HttpConnect => "The service could not be reached",
            Self::Dropped => "A scheduled arrival could never be sent",
        }
    }

    /// Who noticed it.
    pub fn side(self) -> Side {
        match self {
            Self::Http | Self::HttpTimeout | Self::HttpConnect | Self::Dropped => Side::Generator,
            _ => Side::Service,
        }
    }

    /// Whether the same request may succeed a moment later: the service then answers 503.
    pub fn can_retry(self) -> bool {
        !matches!(
            self,
            Self::Unsupported
                | Self::Query
                | Self::WrongAnswer
                | Self::PreparedStatement
                | Self::AuthenticationFailed
        )
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What lay beneath an error: the 53300 behind a pool's time-out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// Its kind.
    pub kind: ErrorKind,
    /// Its SQLSTATE, where Postgres or a pooler sent one.
    pub sqlstate: Option<String>,
    /// Its original text.
    pub message: String,
}

/// The body of a failed answer: RFC 9457 problem details (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A URI reference that identifies the kind: `/problems/slots-exhausted`.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, what it means and what to do.
    pub detail: String,
    /// Our kind; absent when the caller is at fault (status 4xx).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ErrorKind>,
    /// SQLSTATE, where Postgres sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// The original text of the library or of Postgres, unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What lay beneath, where that could be found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// All failures of a trial that were alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorRecord {
    /// Their kind.
    pub kind: ErrorKind,
    /// Their SQLSTATE.
    pub sqlstate: Option<String>,
    /// The original text.
    pub message: String,
    /// What lay beneath.
    pub cause: Option<Cause>,
    /// How many.
    pub count: u64,
    /// When the first one ended, in milliseconds from the start of measuring.
    pub first_at_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_wire_and_in_words_are_the_same() {
        for kind in ErrorKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
