//! Arguments that several commands share: settings of strategies, and the database.

use std::path::PathBuf;

use clap::Args;

/// Settings that all strategies share.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct SettingsArgs {
    /// Maximum connections of each pool [default: 8]
    #[arg(long, value_delimiter = ',', value_name = "N", help_heading = "Pool settings")]
    pub pool_size: Vec<String>,
    /// Time that a request waits for a pooled connection, or none [default: 5s]
    #[arg(long, value_name = "TIME", help_heading = "Pool settings")]
    pub acquire_timeout: Option<String>,
    /// Timeout for opening a connection, or none [default: 5s]
    #[arg(long, value_name = "TIME", help_heading = "Pool settings")]
    pub connect_timeout: Option<String>,
    /// Timeout of each statement (statement_timeout), or none [default: none]
    #[arg(long, value_name = "TIME", help_heading = "Pool settings")]
    pub statement_timeout: Option<String>,
    /// Age at which a connection is replaced, or none [default: none]
    #[arg(long, value_name = "TIME", help_heading = "Pool settings")]
    pub max_lifetime: Option<String>,
    /// Minimum idle connections that a pool keeps open [default: 0]
    #[arg(long, value_name = "N", help_heading = "Pool settings")]
    pub min_idle: Option<String>,
    /// Prepared statements: cached, unnamed or each-time [default: cached]
    #[arg(long, value_name = "MODE", help_heading = "Pool settings")]
    pub statements: Option<String>,
    /// Check the connection with a round trip at each checkout
    #[arg(long, help_heading = "Pool settings")]
    pub health_check: bool,
    /// Defaults: equalised (the same for all libraries), or library (each library's own)
    #[arg(long, value_name = "WHOSE", help_heading = "Pool settings")]
    pub defaults: Option<String>,
    /// HTTP worker threads of the service [default: 1]
    #[arg(long, value_name = "N", help_heading = "Pool settings")]
    pub workers: Option<String>,
    /// Blocking threads for synchronous drivers [default: 64]
    #[arg(long, value_name = "N", help_heading = "Pool settings")]
    pub blocking_threads: Option<String>,
    /// Encrypt the connections to Postgres (implies TCP)
    #[arg(long, help_heading = "Pool settings")]
    pub tls: bool,
}

/// The database under test.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct DatabaseArgs {
    /// Database: embedded, container, or the URL of your own, postgres://user@host/database (set the password in PGPASSWORD) [default: embedded]
    #[arg(long, value_name = "WHICH", help_heading = "Database")]
    pub database: Option<String>,
    /// CPU limit in cores, or none [default: 0.5]
    #[arg(long, value_name = "CORES", help_heading = "Database")]
    pub cpus: Option<String>,
    /// Memory limit, or none [default: 256MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Database")]
    pub memory: Option<String>,
    /// max_connections of the database [default: 20 for run, else 40]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub max_connections: Option<String>,
    /// Connections reserved for superusers (superuser_reserved_connections) [default: 3]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub reserved: Option<String>,
    /// Connect to an embedded database by socket or tcp [default: socket]
    #[arg(long, value_name = "WAY", help_heading = "Database")]
    pub link: Option<String>,
    /// Container image of the database, built from db/Dockerfile [default: poollab-db]
    #[arg(long, value_name = "IMAGE", help_heading = "Database")]
    pub image: Option<String>,
    /// Routes with PgBouncer: maximum server connections (default_pool_size) [default: 16]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub pgbouncer_pool_size: Option<String>,
    /// Routes with PgBouncer: max_prepared_statements (1.21 or later) [default: PgBouncer's own]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub pgbouncer_prepared: Option<String>,
    /// Folder with the PostgreSQL programs (initdb, postgres) [default: search PATH and the usual places]
    #[arg(long, value_name = "DIR", help_heading = "Database")]
    pub pg_bin: Option<PathBuf>,
    /// Use the schema `poollab` that already exists in your database, and keep it
    #[arg(long, alias = "reuse", help_heading = "Database")]
    pub reuse_schema: bool,
}
