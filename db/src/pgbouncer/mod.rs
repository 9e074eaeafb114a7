//! PgBouncer between a service and the embedded Postgres: found, started, watched, ended.
//!
//! It is a process of the guard's, like Postgres itself, and goes when that goes. It runs as the same user as
//! Postgres does (it refuses root, too) and outside of the database's limits: a pooler usually stands on a
//! machine of its own, and what it costs must not be taken from the database.

mod config;
mod process;
mod program;
mod watch;

pub use program::Program;
pub use watch::PoolerObserver;

pub(crate) use process::{FOLDER_PREFIX, PID_FILE, Pooler};
