//! Pure functions: trials in, findings out.
//!
//! [`Analysis`] is what a run comes to, made once: `compare` groups trials into the rows that every document shows,
//! `findings` concludes from them, `verdict` says what to use, [`stats`] holds the statistics. [`tune`] searches the smallest pool that does the job, [`sizing`] holds
//! the models of pool size that it is compared with.
//!
//! Invariants: no I/O, no clock, no async, no randomness without a given seed. Nothing here knows a
//! strategy by its name: it reasons with [`Acquisition`](poollab_model::Acquisition) and figures.

// They panic where nobody reads any more, and this crate has nothing to print.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod analysis;
mod compare;
pub mod diff;
mod digest;
pub mod figures;
mod findings;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
pub mod gate;
pub mod sizing;
pub mod stats;
pub mod tune;
mod verdict;

pub use analysis::Analysis;
pub use compare::{
    Cost, Group, LatencySource, PhaseMeans, References, Section, Silence, Watched, merge_errors,
};
pub use digest::{Digest, Paragraph};
