//! Pure functions: trials in, findings out.
//!
//! [`compare`] groups trials into the rows that every document shows, [`findings`] concludes from them,
//! [`stats`] holds the statistics of both. [`tune`] searches the smallest pool that does the job, [`sizing`] holds
//! the models of pool size that it is compared with.
//!
//! Invariants: no I/O, no clock, no async, no randomness without a given seed. Nothing here knows a
//! strategy by its name: it reasons with [`Acquisition`](poollab_model::Acquisition) and figures.

// They panic where nobody reads any more, and this crate has nothing to print.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod compare;
pub mod diff;
pub mod figures;
mod findings;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
pub mod gate;
pub mod sizing;
pub mod stats;
pub mod tune;

pub use compare::{Group, LatencySource, PhaseMeans, Section, Watched, compare, merge_errors};
pub use findings::findings;
