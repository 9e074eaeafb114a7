//! The Postgres under test: provided, limited, seeded, observed.
//!
//! Knows nothing of HTTP, strategies or reports.

// They panic where nobody reads any more, and this crate has nothing to print.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod ceiling;
pub mod classify;
pub mod cluster;
pub mod connect;
pub mod container;
mod error;
pub mod guard;
mod lenient;
mod limits;
pub mod observer;
pub mod pgbouncer;
pub mod schema;
mod user;

pub use cluster::Cluster;
pub use error::DbError;
pub use guard::Guard;
pub use limits::probe as probe_limits;
pub use observer::Observer;
pub use schema::SCHEMA;
pub use user::{UserDatabase, endpoint_of_url, redact, split_password};
