//! What the lab asks between trials, through the observer's connection.

use std::sync::Arc;

use poollab_model::PgSetting;
use tokio_postgres::Client;

use super::{Observer, lock};
use crate::error::DbError;
use crate::schema::SCHEMA;

/// Settings that decide results.
const DECISIVE: [&str; 24] = [
    "autovacuum",
    "autovacuum_naptime",
    "checkpoint_timeout",
    "commit_delay",
    "data_checksums",
    "default_transaction_isolation",
    "fsync",
    "full_page_writes",
    "huge_pages",
    "idle_in_transaction_session_timeout",
    "jit",
    "max_connections",
    "max_wal_size",
    "password_encryption",
    "reserved_connections",
    "shared_buffers",
    "shared_preload_libraries",
    "ssl",
    "statement_timeout",
    "superuser_reserved_connections",
    "synchronous_commit",
    "wal_level",
    "wal_sync_method",
    "work_mem",
];

/// What does not change while the server runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// `SELECT version()`.
    pub version: String,
    /// `server_version_num`, for example 150018.
    pub version_num: u32,
    /// `max_connections`.
    pub slots: u32,
    /// Slots that ordinary roles can't have: `superuser_reserved_connections` and, from version 16,
    /// `reserved_connections`.
    pub reserved: u32,
    /// Whether the observer is a superuser and so gets in through the reserved slots.
    pub superuser: bool,
    /// `schema.pg_stat_statements`, quoted, where it is there and may be read.
    statements: Option<String>,
}

impl Facts {
    /// Whether statements can be counted.
    pub fn has_statements(&self) -> bool {
        self.statements.is_some()
    }

    pub(crate) async fn learn(client: &Client) -> Result<Self, DbError> {
        let doing = "asking the server what it is";
        let row = client
            .query_one(
                "SELECT version(), current_setting('server_version_num')::int,
                     current_setting('max_connections')::int,
                     current_setting('superuser_reserved_connections')::int
                         + coalesce(current_setting('reserved_connections', true)::int, 0),
                     current_setting('is_superuser') = 'on',
                     (SELECT quote_ident(n.nspname) || '.pg_stat_statements'
                      FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
                      WHERE e.extname = 'pg_stat_statements')",
                &[],
            )
            .await
            .map_err(|error| DbError::statement(doing, &error))?;
        let number = |column: usize| row.get::<_, i32>(column).try_into().unwrap_or(0);
        let mut statements: Option<String> = row.get(5);
        if let Some(view) = &statements
            && let Err(why) = client.query_opt(&format!("SELECT 1 FROM {view} LIMIT 1"), &[]).await
        {
            tracing::debug!("{view} can't be read: {}", crate::classify::error(&why));
            statements = None;
        }
        Ok(Self {
            version: row.get(0),
            version_num: number(1),
            slots: number(2),
            reserved: number(3),
            superuser: row.get(4),
            statements,
        })
    }
}

impl Observer {
    /// Client backends with exactly this `application_name`.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn count_backends(&self, application_name: &str) -> Result<u32, DbError> {
        let sql = "SELECT count(*)::int FROM pg_catalog.pg_stat_activity
                   WHERE backend_type = 'client backend' AND application_name = $1";
        let row = self.client()?.query_one(sql, &[&application_name]).await.map_err(|error| {
            DbError::statement(format!("counting the connections of {application_name}"), &error)
        })?;
        Ok(row.get::<_, i32>(0).try_into().unwrap_or(0))
    }

    /// Puts the tables back to where a trial begins: counters at 0, no history, no dead rows in the small
    /// tables (as pgbench does it), no statement counted.
    ///
    /// # Errors
    /// Somebody still holds locks on the tables after two seconds, or the connection is lost.
    pub async fn reset(&self) -> Result<(), DbError> {
        let client = self.client()?;
        let doing = "putting the tables back";
        let failed = |error: tokio_postgres::Error| DbError::statement(doing, &error);
        let rewritten = client
            .batch_execute(&format!(
                "BEGIN; SET LOCAL lock_timeout = '2s';
                 UPDATE {SCHEMA}.counters SET n = 0, version = 0 WHERE n <> 0 OR version <> 0;
                 TRUNCATE {SCHEMA}.history;
                 COMMIT"
            ))
            .await;
        if let Err(error) = rewritten {
            // Or the connection would stay in the failed transaction.
            let _ = client.batch_execute("ROLLBACK").await;
            return Err(failed(error));
        }
        for table in ["branches", "tellers", "counters"] {
            client.batch_execute(&format!("VACUUM {SCHEMA}.{table}")).await.map_err(failed)?;
        }
        if let Some(view) = &self.facts.statements {
            // Superusers only, unless granted: where it is refused, counts go on from where they are.
            let reset = client.batch_execute(&format!("SELECT {view}_reset()")).await;
            if let Err(why) = reset {
                tracing::debug!("statement counts are not reset: {}", crate::classify::error(&why));
            }
        }
        Ok(())
    }

    /// The statements that this database has run since the last [`reset`](Self::reset), normalised, with how
    /// often they ran. `None` without `pg_stat_statements`.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn statements_seen(&self) -> Result<Option<Vec<(String, u64)>>, DbError> {
        let Some(view) = &self.facts.statements else { return Ok(None) };
        let sql = format!(
            "SELECT query, sum(calls)::bigint FROM {view}
             WHERE query IS NOT NULL
               AND dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
             GROUP BY query ORDER BY 2 DESC"
        );
        let rows = self
            .client()?
            .query(&sql, &[])
            .await
            .map_err(|error| DbError::statement("reading pg_stat_statements", &error))?;
        Ok(Some(rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1).try_into().unwrap_or(0))).collect()))
    }

    /// The settings that decide results, as in force.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn settings(&self) -> Result<Vec<PgSetting>, DbError> {
        let sql = "SELECT name, pg_catalog.current_setting(name) FROM pg_catalog.pg_settings
                   WHERE name = ANY ($1) ORDER BY name";
        let rows = self
            .client()?
            .query(sql, &[&DECISIVE.as_slice()])
            .await
            .map_err(|error| DbError::statement("reading the server's settings", &error))?;
        Ok(rows.iter().map(|row| PgSetting { name: row.get(0), value: row.get(1) }).collect())
    }

    /// The observer's connection, for what is not foreseen here. Don't keep it, and don't keep it busy: while
    /// it works for you, nobody looks.
    ///
    /// # Errors
    /// The connection is lost and not there again yet.
    pub fn client(&self) -> Result<Arc<Client>, DbError> {
        lock(&self.shared.client).clone().ok_or_else(|| {
            DbError::Refused(
                "the observer's connection to the database is lost; the server's log says why".into(),
            )
        })
    }
}
