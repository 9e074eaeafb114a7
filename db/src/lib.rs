//! The Postgres under test: provided, limited, seeded, observed.
//!
//! Knows nothing of HTTP, strategies or reports.

pub mod classify;
pub mod cluster;
pub mod connect;
mod error;
mod limits;
pub mod schema;

pub use cluster::Cluster;
pub use error::DbError;
pub use schema::SCHEMA;
