//! Errors of the database under test.

use std::io;

use crate::classify::Failure;

/// What went wrong with the database. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// An invalid argument: a folder without Postgres, an unknown setting, an invalid URL.
    #[error("{0}")]
    Usage(String),
    /// No PostgreSQL of version 13 or later is installed.
    #[error("{0}")]
    NoPostgres(String),
    /// No PgBouncer is installed.
    #[error("{0}")]
    NoPgbouncer(String),
    /// No container engine answers, or it does not have the image.
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
    /// The server could not be reached, or refused the login.
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
    /// poollab cannot or must not use this database.
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
        (Kind::ConnectRefused, _) => ". Check host and port, and that the server is running",
        (Kind::ConnectTimeout, _) => ". Check host, port and firewall",
        (Kind::SlotsExhausted, _) => ". Stop other clients or raise max_connections",
        (Kind::StartingUp, _) => ". Try again in a moment",
        (Kind::PoolerRefused, _) => ". A pooler sent this error. Connect poollab to the server itself",
        (Kind::AuthenticationFailed, _) => {
            ". Check user and password (URL or PGPASSWORD) and the server's pg_hba.conf"
        }
        // rustls says both and has no SQLSTATE.
        _ if failure.message.contains("not valid for name") => {
            ". The server's certificate is for another host name. Connect with a name that is in the certificate, or accept \
             any name: sslmode=verify-ca"
        }
        _ if failure.message.contains("invalid peer certificate") => {
            ". The server's certificate could not be verified. Set the root certificate that signed it with \
             sslrootcert=FILE, or encrypt without verification: sslmode=require without sslrootcert"
        }
        (_, Some("3D000")) => ". Create the database first, or use another one",
        _ => "",
    }
}
