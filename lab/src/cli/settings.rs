//! What several commands share: settings of strategies, and where the database comes from.

use std::path::PathBuf;

use clap::Args;

/// Settings that all strategies share.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct SettingsArgs {
    /// Connections of a pool [default: 8]
    #[arg(long, value_delimiter = ',', value_name = "N", help_heading = "Settings of the strategies")]
    pub pool_size: Vec<String>,
    /// How long a request waits for a connection, or none [default: 5s]
    #[arg(long, value_name = "TIME", help_heading = "Settings of the strategies")]
    pub acquire_timeout: Option<String>,
    /// How long one attempt to connect may take, or none [default: 5s]
    #[arg(long, value_name = "TIME", help_heading = "Settings of the strategies")]
    pub connect_timeout: Option<String>,
    /// Check a connection with a round trip at each checkout
    #[arg(long, help_heading = "Settings of the strategies")]
    pub health_check: bool,
    /// How statements reach Postgres: cached, unnamed or each-time [default: cached]
    #[arg(long, value_name = "MODE", help_heading = "Settings of the strategies")]
    pub statements: Option<String>,
    /// Idle connections that a pool keeps [default: 0]
    #[arg(long, value_name = "N", help_heading = "Settings of the strategies")]
    pub min_idle: Option<String>,
    /// Age at which a connection is replaced, or none [default: none]
    #[arg(long, value_name = "TIME", help_heading = "Settings of the strategies")]
    pub max_lifetime: Option<String>,
    /// Time-out of each statement, or none [default: none]
    #[arg(long, value_name = "TIME", help_heading = "Settings of the strategies")]
    pub statement_timeout: Option<String>,
    /// Encrypt the connections to Postgres (by TCP)
    #[arg(long, help_heading = "Settings of the strategies")]
    pub tls: bool,
    /// Threads for synchronous drivers [default: 64]
    #[arg(long, value_name = "N", help_heading = "Settings of the strategies")]
    pub blocking_threads: Option<String>,
    /// Worker threads of the HTTP service [default: 1]
    #[arg(long, value_name = "N", help_heading = "Settings of the strategies")]
    pub workers: Option<String>,
    /// Whose defaults: equalised, or library for every library as it comes out of the box
    #[arg(long, value_name = "WHOSE", help_heading = "Settings of the strategies")]
    pub defaults: Option<String>,
}

/// The database under test.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct DatabaseArgs {
    /// embedded, container, or postgres://user@host/database for your own (password in PGPASSWORD) [default: embedded]
    #[arg(long, value_name = "WHICH", help_heading = "Database")]
    pub database: Option<String>,
    /// The image of a database in a container, made by db/Dockerfile [default: poollab-db]
    #[arg(long, value_name = "IMAGE", help_heading = "Database")]
    pub image: Option<String>,
    /// CPU share in cores, or none [default: 0.5]
    #[arg(long, value_name = "CORES", help_heading = "Database")]
    pub cpus: Option<String>,
    /// Memory, or none [default: 256MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Database")]
    pub memory: Option<String>,
    /// Slots for all clients together [default: 20 for run, else 40]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub max_connections: Option<String>,
    /// Slots kept for superusers [default: 3]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub reserved: Option<String>,
    /// The service's way to an embedded database: socket or tcp [default: socket]
    #[arg(long, value_name = "WAY", help_heading = "Database")]
    pub link: Option<String>,
    /// Routes with PgBouncer: its most server connections (default_pool_size) [default: 16]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub pgbouncer_pool_size: Option<String>,
    /// Routes with PgBouncer: named statements that it carries over (1.21 or later) [default: its own]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub pgbouncer_prepared: Option<String>,
    /// Folder with PostgreSQL's programs (initdb, postgres) [default: looked for]
    #[arg(long, value_name = "DIR", help_heading = "Database")]
    pub pg_bin: Option<PathBuf>,
    /// Use a schema `poollab` that is already in your database, and keep it
    #[arg(long, alias = "reuse", help_heading = "Database")]
    pub reuse_schema: bool,
}
