//! The user's own server (`--database postgres://…`): a schema of our own in it, and nothing else.

mod url;

use std::time::Duration;

use poollab_model::{Endpoint, LimitsInForce, Means};
use tokio_postgres::Client;

pub use url::{redact, split_password};

use crate::cluster::OLDEST;
use crate::connect::{Encryption, open};
use crate::error::DbError;
use crate::observer::{Facts, Observer};
use crate::schema::{ACCOUNTS, BRANCHES, COUNTERS, SCHEMA, SQL, TELLERS};

/// How `schema.sql` marks a schema as ours.
const MARK: &str = "made by poollab";

/// The way in that a URL tells (with what libpq's environment adds to it), and whether it asks for TLS.
///
/// # Errors
/// It is no such URL, or says something that poollab can't do. The text never has the password.
pub fn endpoint_of_url(url: &str) -> Result<(Endpoint, bool), DbError> {
    let url::Parsed { endpoint, encryption } = url::parse(url)?;
    Ok((endpoint, encryption == Encryption::Always))
}

/// A server that belongs to the user. Nothing is created before [`prepare`](Self::prepare).
#[derive(Debug)]
pub struct UserDatabase {
    endpoint: Endpoint,
    encryption: Encryption,
    client: Client,
    facts: Facts,
    sees_others: bool,
    found: Found,
    redacted: String,
}

/// What there is under the name of our schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    /// One that bears our mark, with nothing in it.
    OursEmpty,
    /// One of an earlier run, with its tables.
    Ours,
}

impl UserDatabase {
    /// Connects and looks whether it will do. The password comes from the URL or from `PGPASSWORD`.
    /// `reuse` allows to replace a schema that an earlier run left.
    ///
    /// # Errors
    /// The URL is none; the server can't be reached; it is too old; the role lacks the right to create a
    /// schema; or a schema `poollab` is there with something in it.
    pub async fn connect(url: &str, reuse: bool) -> Result<Self, DbError> {
        let url::Parsed { endpoint, encryption } = url::parse(url)?;
        let (client, driver) = open(&endpoint, "poollab", encryption).await?;
        tokio::spawn(driver);
        let encryption = if encryption == Encryption::IfAsked && is_encrypted(&client).await {
            // It let nobody in without: then the service must not try, either.
            Encryption::Always
        } else {
            encryption
        };
        let facts = Facts::learn(&client).await?;
        if facts.version_num < OLDEST * 10_000 {
            return Err(DbError::Refused(format!(
                "the server is {}. poollab needs PostgreSQL {OLDEST} or later",
                facts.version
            )));
        }
        let redacted = redact(url);
        let (found, sees_others) = look(&client, &endpoint, reuse).await?;
        Ok(Self { endpoint, encryption, client, facts, sees_others, found, redacted })
    }

    /// How the service gets in, and the observer too.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether the URL or the server asks for TLS.
    pub fn needs_tls(&self) -> bool {
        self.encryption == Encryption::Always
    }

    /// What the server is.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What [`prepare`](Self::prepare) will do, in words.
    pub fn plan_of_creation(&self) -> String {
        let first = match self.found {
            Found::Nothing => format!("create the schema {SCHEMA}"),
            Found::OursEmpty => format!("replace the empty schema {SCHEMA}"),
            Found::Ours => format!("drop the schema {SCHEMA} that an earlier run left, and create it anew"),
        };
        format!(
            "In {} poollab will {first}, with the tables accounts ({ACCOUNTS} rows), branches ({BRANCHES}), \
             tellers ({TELLERS}), counters ({COUNTERS}) and history: about 15 MB. It touches nothing else, and drops \
             the schema at the end.",
            self.redacted
        )
    }

    /// Creates schema, tables and rows, in one transaction.
    ///
    /// # Errors
    /// The server refuses; then nothing has been created.
    pub async fn prepare(&self) -> Result<(), DbError> {
        let drop = match self.found {
            Found::Nothing => String::new(),
            Found::OursEmpty | Found::Ours => format!("DROP SCHEMA {SCHEMA} CASCADE;"),
        };
        self.run(&format!("BEGIN; {drop} {SQL}; COMMIT"), "creating the schema").await?;
        for table in ["accounts", "branches", "tellers", "counters", "history"] {
            self.run(&format!("VACUUM (ANALYZE) {SCHEMA}.{table}"), "vacuuming the new tables").await?;
        }
        Ok(())
    }

    /// Drops the schema with everything in it. A schema that does not bear our mark is left alone.
    ///
    /// # Errors
    /// Somebody holds locks on it for more than ten seconds, or the server can't be reached.
    pub async fn drop_all(&self) -> Result<(), DbError> {
        let sql = format!(
            "BEGIN; SET LOCAL lock_timeout = '10s';
             DO $$ BEGIN
                 IF pg_catalog.obj_description(pg_catalog.to_regnamespace('{SCHEMA}'), 'pg_namespace')
                     LIKE '{MARK}%' THEN DROP SCHEMA {SCHEMA} CASCADE; END IF;
             END $$;
             COMMIT"
        );
        if !self.client.is_closed() {
            return self.run(&sql, "dropping the schema").await;
        }
        // Our connection may have been lost in the meantime, and the schema must go all the same.
        let (client, driver) = open(&self.endpoint, "poollab", self.encryption).await?;
        let driver = tokio::spawn(driver);
        let result = run(&client, &sql, "dropping the schema").await;
        drop(client);
        let _ = driver.await;
        result
    }

    /// An observer as this role: it takes an ordinary slot.
    ///
    /// # Errors
    /// It can't connect.
    pub async fn observer(
        &self,
        application_name_prefix: &str,
        every: Duration,
    ) -> Result<Observer, DbError> {
        Observer::start_encrypted(&self.endpoint, self.encryption, application_name_prefix, &[], every).await
    }

    /// What can't be observed here, and why: sentences for the report.
    pub fn unobserved(&self) -> Vec<String> {
        let mut sentences = vec![
            "CPU use, throttling and memory of the server: poollab did not start it, so it has no cgroup to read."
                .to_owned(),
        ];
        if !self.facts.superuser {
            sentences.push(format!(
                "The observer is the ordinary role {}. It cannot use a reserved slot, so it occupies a normal one during the \
                 run.",
                self.endpoint.user
            ));
        }
        if !self.sees_others {
            sentences.push(format!(
                "States and waits of other roles' backends: {} is not a member of pg_read_all_stats.",
                self.endpoint.user
            ));
        }
        if !self.facts.has_statements() {
            sentences.push(
                "Whether the workload's statements reached the server: the extension pg_stat_statements is not \
                 installed in this database, or may not be read."
                    .to_owned(),
            );
        }
        sentences
    }

    /// What to say of limits.
    pub fn limits_in_force(&self) -> LimitsInForce {
        LimitsInForce {
            cpu: Means::None,
            memory: Means::None,
            reasons: vec!["the server is yours: poollab sets no limits on it".into()],
        }
    }

    async fn run(&self, sql: &str, doing: &str) -> Result<(), DbError> {
        run(&self.client, sql, doing).await
    }
}

async fn is_encrypted(client: &Client) -> bool {
    let sql = "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()";
    client.query_one(sql, &[]).await.is_ok_and(|row| row.get(0))
}

async fn run(client: &Client, sql: &str, doing: &str) -> Result<(), DbError> {
    let result = client.batch_execute(sql).await.map_err(|error| DbError::statement(doing, &error));
    if result.is_err() {
        // Out of a failed transaction; outside of one it only warns.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    result
}

/// What is there already, and whether the role sees other roles' backends.
async fn look(client: &Client, endpoint: &Endpoint, reuse: bool) -> Result<(Found, bool), DbError> {
    let row = client
        .query_one(
            "SELECT n.oid IS NOT NULL,
                 coalesce(obj_description(n.oid, 'pg_namespace'), '') LIKE $2 || '%',
                 EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace = n.oid)
                     OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = n.oid),
                 coalesce(pg_has_role(n.nspowner, 'USAGE'), true),
                 has_database_privilege(current_database(), 'CREATE'),
                 pg_has_role('pg_read_all_stats', 'USAGE'),
                 pg_is_in_recovery()
             FROM (SELECT) AS one LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = $1",
            &[&SCHEMA, &MARK],
        )
        .await
        .map_err(|error| DbError::statement("looking for what is there already", &error))?;
    let [exists, marked, filled, owned, may_create, sees_others, standby] =
        std::array::from_fn(|i| row.get::<_, bool>(i));
    let (user, database) = (&endpoint.user, &endpoint.dbname);
    if standby {
        return Err(DbError::Refused("the server is a standby and read-only. Use the primary".into()));
    }
    if !may_create {
        return Err(DbError::Refused(format!(
            "the role {user} may not create a schema in the database {database}. As its owner, run\n  GRANT CREATE ON \
             DATABASE {} TO {};",
            quoted(database),
            quoted(user)
        )));
    }
    let found = match (exists, owned, filled) {
        (false, ..) => Found::Nothing,
        (true, false, _) => {
            return Err(DbError::Refused(format!(
                "the database {database} has a schema {SCHEMA} that {user} does not own. Connect as its owner, or use another \
                 database"
            )));
        }
        (true, true, _) if !marked => {
            return Err(DbError::Refused(format!(
                "the database {database} has a schema {SCHEMA} that poollab did not create, so poollab does not drop it. \
                 Rename it, or use another database"
            )));
        }
        (true, true, false) => Found::OursEmpty,
        (true, true, true) if !reuse => {
            return Err(DbError::Refused(format!(
                "the database {database} has a schema {SCHEMA} from an earlier run, or from one in progress. If none is in \
                 progress, use --reuse-schema to replace it, or drop it:  DROP SCHEMA {SCHEMA} CASCADE"
            )));
        }
        (true, true, true) => Found::Ours,
    };
    Ok((found, sees_others))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
