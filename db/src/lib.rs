//! The Postgres under test: provided, limited, seeded, observed.
//!
//! Knows nothing of HTTP, strategies or reports.

pub mod classify;
pub mod connect;
pub mod schema;

pub use schema::SCHEMA;
