//! Why the database under test can't be had, or can't be asked.

use std::io;

use crate::classify::Failure;

/// What went wrong with the database. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// An argument is wrong: a folder without Postgres, a setting that does not exist, a URL that is none.
    #[error("{0}")]
    Usage(String),
    /// No PostgreSQL of version 13 or later is installed.
    #[error("{0}")]
    NoPostgres(String),
    /// No PgBouncer is installed.
    #[error("{0}")]
    NoPgbouncer(String),
    /// No container engine answers, or it has not the image.
    #[error("{0}")]
    NoEngine(String),
    /// The cluster could not be made or started.
    #[error("{0}")]
    Start(String),
    /// The operating system refused.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The server could not be reached, or did not let us in.
    #[error("{doing}: {failure}{}", advice(.failure))]
    Connect {
        /// What was being done.
        doing: String,
        /// The server's answer.
        failure: Failure,
    },
    /// A statement failed.
    #[error("{doing}: {failure}")]
    Statement {
        /// What was being done.
        doing: String,
        /// The server's answer.
        failure: Failure,
    },
    /// The user's own database is not one that we may or can use.
    #[error("{0}")]
    Refused(String),
}

impl DbError {
    /// Whether the caller's arguments are at fault (exit code 2) and not the environment (3).
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Usage(_))
    }

    pub(crate) fn connect(doing: impl Into<String>, error: &tokio_postgres::Error) -> Self {
        Self::Connect { doing: doing.into(), failure: crate::classify::error(error) }
    }

    pub(crate) fn statement(doing: impl Into<String>, error: &tokio_postgres::Error) -> Self {
        Self::Statement { doing: doing.into(), failure: crate::classify::error(error) }
    }
}

/// `result.doing(|| "what was being done")`: the system's error with its circumstances.
pub(crate) trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, DbError>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, DbError> {
        self.map_err(|source| DbError::Io { doing: what(), source })
    }
}

fn advice(failure: &Failure) -> &'static str {
    use poollab_model::ErrorKind as Kind;
    match (failure.kind, failure.sqlstate.as_deref()) {
        (Kind::ConnectRefused, _) => "; check host and port, and that the server runs",
        (Kind::ConnectTimeout, _) => "; check host, port and firewall",
        (Kind::SlotsExhausted, _) => "; end other clients or raise max_connections",
        (Kind::StartingUp, _) => "; try again in a moment",
        (Kind::PoolerRefused, _) => "; this is a pooler's answer: give poollab the server itself",
        (Kind::AuthenticationFailed, _) => {
            "; check user and password (in the URL or PGPASSWORD) and the server's pg_hba.conf"
        }
        // rustls says both and has no SQLSTATE.
        _ if failure.message.contains("not valid for name") => {
            "; the server's certificate was issued for another host. Connect by the name that is in it, or let any name \
             pass: sslmode=verify-ca"
        }
        _ if failure.message.contains("invalid peer certificate") => {
            "; the server's certificate could not be verified. Name the root certificate that signed it with \
             sslrootcert=FILE, or encrypt without verifying: sslmode=require without sslrootcert"
        }
        (_, Some("3D000")) => "; create that database first, or name another one",
        _ => "",
    }
}
