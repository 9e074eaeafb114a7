//! Where the database is and how to get in.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::shown::without_secrets;

/// A password. It can be sent to a child process, and can't be printed by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The password itself: only for the driver that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The way to a server: a name or address, or the folder of a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Host {
    /// A host name or address.
    Tcp(String),
    /// The folder that holds `.s.PGSQL.<port>`.
    Socket(PathBuf),
}

/// All that a driver needs to connect. It holds a password, so it has no place in a file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The way to the server.
    pub host: Host,
    /// Its port; for a socket, the number in its name.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password, if it has one.
    pub password: Option<Secret>,
    /// The database.
    pub dbname: String,
    /// The certificate (PEM) that signs the server's, for TLS; without it the system's roots count.
    pub root_certificate: Option<String>,
    /// How much of the server's certificate must be right, for TLS.
    #[serde(default)]
    pub verification: Verification,
}

/// What a server's certificate must prove, in the steps of libpq's `sslmode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verification {
    /// Nothing: the connection is encrypted, whoever the server is (`require`).
    Nothing,
    /// That a trusted root has signed it (`verify-ca`).
    Authority,
    /// That it was issued for this host, too (`verify-full`).
    #[default]
    Host,
}

/// Which database a plan runs against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum DatabaseChoice {
    /// A cluster of our own, made for the run.
    Embedded,
    /// A container of our own, made for the run.
    Container {
        /// The image; `None`: ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<String>,
    },
    /// The user's own server. The URL is kept without its password.
    Url {
        /// `postgres://user@host:port/database`.
        #[serde(serialize_with = "without_password")]
        url: String,
    },
}

/// What stands in a file: a key that its kind does not have is refused, which serde does not do for `embedded`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    kind: String,
    image: Option<String>,
    url: Option<String>,
}

impl<'de> Deserialize<'de> for DatabaseChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = |what: &str| Err(D::Error::custom(what));
        match Written::deserialize(deserializer)? {
            Written { kind, image: None, url: None } if kind == "embedded" => Ok(Self::Embedded),
            Written { kind, image, url: None } if kind == "container" => Ok(Self::Container { image }),
            Written { kind, image: None, url: Some(url) } if kind == "url" => Ok(Self::Url { url }),
            Written { kind, .. } => match kind.as_str() {
                "embedded" => wrong("a database of the kind embedded has neither a url nor an image"),
                "container" => wrong("a database of the kind container has no url"),
                "url" => wrong("a database of the kind url has a url and no image"),
                // Not repeated: it may be meant as a URL, with a password in it.
                _ => wrong("unknown kind of database; there are embedded, container, url"),
            },
        }
    }
}

/// A plan's file may hold a password; whatever is written from it does not.
fn without_password<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&without_secrets(url))
}

/// The way from the service to an embedded database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// A Unix socket.
    #[default]
    Socket,
    /// TCP on the loopback interface.
    Tcp,
}

/// What stands between service and Postgres.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// Nothing.
    #[default]
    Direct,
    /// PgBouncer, a server connection for each transaction.
    PgbouncerTransaction,
    /// PgBouncer, a server connection for each client session.
    PgbouncerSession,
}

impl Route {
    /// All routes.
    pub const ALL: [Self; 3] = [Self::Direct, Self::PgbouncerTransaction, Self::PgbouncerSession];

    /// Its name on the command line and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::PgbouncerTransaction => "pgbouncer-transaction",
            Self::PgbouncerSession => "pgbouncer-session",
        }
    }
}

impl Route {
    /// Whether PgBouncer is on it.
    pub fn is_pooled(self) -> bool {
        self != Self::Direct
    }
}

/// Settings of the PgBouncer on the routes that have one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PgbouncerSettings {
    /// `default_pool_size`: the most server connections, each of which is a slot of Postgres.
    pub pool_size: u32,
    /// `max_client_conn`: the most clients. `None`: twice the users of the largest load, and some more.
    #[serde(with = "crate::optional")]
    #[schemars(schema_with = "crate::optional::whole")]
    pub max_clients: Option<u32>,
    /// `max_prepared_statements`: named statements that it carries over to other server connections; needs
    /// PgBouncer 1.21. `None`: its own default, which is 0 up to 1.23 and 200 from 1.24 on.
    #[serde(with = "crate::optional")]
    #[schemars(schema_with = "crate::optional::whole")]
    pub max_prepared_statements: Option<u32>,
}

impl Default for PgbouncerSettings {
    fn default() -> Self {
        Self { pool_size: 20, max_clients: None, max_prepared_statements: None }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Route {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|route| route.as_str() == text).ok_or_else(|| {
            format!("{text:?} is not a route; there are {}", Self::ALL.map(Self::as_str).join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_a_kind_of_database_does_not_have_is_refused() {
        let read = |text: &str| serde_json::from_str::<DatabaseChoice>(text).map_err(|why| why.to_string());
        assert_eq!(read(r#"{"kind":"embedded"}"#), Ok(DatabaseChoice::Embedded));
        assert_eq!(read(r#"{"kind":"container"}"#), Ok(DatabaseChoice::Container { image: None }));
        for (text, why) in [
            (r#"{"kind":"embedded","url":"postgres://u@h/d"}"#, "neither a url nor an image"),
            (r#"{"kind":"embedded","image":"x"}"#, "neither a url nor an image"),
            (r#"{"kind":"container","url":"x"}"#, "has no url"),
            (r#"{"kind":"url"}"#, "has a url"),
            (r#"{"kind":"embedded","cpus":1}"#, "unknown field"),
            (r#"{"kind":"s3cret"}"#, "there are embedded, container, url"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(why) && !told.contains("s3cret"), "{text}: {told}");
        }
    }

    #[test]
    fn nothing_that_is_written_has_a_password() {
        let url = "postgres://u:s3cret@h/d?password=s3cret".to_owned();
        let written = serde_json::to_string(&DatabaseChoice::Url { url }).unwrap();
        assert!(written.contains("postgres://u:") && !written.contains("s3cret"), "{written}");
    }

    #[test]
    fn a_password_never_shows_in_debug_output() {
        let endpoint = Endpoint {
            host: Host::Tcp("localhost".into()),
            port: 5432,
            user: "app".into(),
            password: Some(Secret::new("hunter2")),
            dbname: "lab".into(),
            root_certificate: None,
            verification: Verification::default(),
        };
        assert!(!format!("{endpoint:?}").contains("hunter2"));
    }
}
