//! The catalogue of connection failures, and what an error text means.
//!
//! A [`Scenario`] is data: what people see, why, where to look, what cures it, and how to show both the
//! failure and its cure. The lab carries it out; [`judge()`] says whether the symptom appeared and whether
//! the cure removed it. [`explain()`] leads from a pasted error to a scenario, [`catalogue_page`] writes the
//! catalogue for readers.
//!
//! To add a scenario: one file in `catalogue/`, one line in `catalogue/mod.rs`. To teach `explain` a new
//! text: one line in the file of its source in `texts/`.
//!
//! Invariants: no I/O, no clock, no async; depends on `poollab-model` only.

// They panic where nobody reads any more, and this crate has nothing to print.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod catalogue;
mod expect;
mod explain;
mod judge;
mod needed;
mod pace;
mod page;
mod scenario;
mod setup;
pub mod texts;

pub use catalogue::{SCENARIOS, by_symptom, find, nearest_ids};
pub use expect::{BackendState, Expect, Measure, Phase, Quantile};
pub use explain::{Before, Candidate, Explanation, Hit, Known, Nearest, Unknown, explain, explain_end};
pub use judge::{Check, Evidence, LogEvidence, Verdict, judge};
pub use needed::{NEEDED_WORKLOADS, NeededWorkload};
pub use page::catalogue_page;
pub use scenario::{Cure, Log, LogLine, Look, Need, Proof, Scenario, Side, Symptom};
pub use setup::{Act, Action, Beside, Case, Deploy, PoolerSetting, Role, Scene, Stage, Traffic, Tuning};
