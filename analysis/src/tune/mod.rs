//! The search for the smallest pool that does the job: a policy without a clock, a database or a dice of its
//! own.
//!
//! [`Search`] is told a [`Question`], asks for measurements ([`Step`]), is told [`Observation`]s, and ends with
//! an [`Answer`]. A live search goes in rounds: a coarse ladder of sizes first, then those that still matter, in
//! random order, again and again, with new ones where the answer may lie between two. Sizes are compared within
//! rounds only, so that a machine that drifts favours none. It ends when the answer is certain or the budget is
//! spent; what is open then is bounded.
//!
//! Invariants: it never asks for a size that is not allowed; it always ends, after the budget at the latest;
//! it never recommends a size that it did not measure, and it recommends one wherever one did the job.
//!
//! [`sweep`] searches other people's data, [`simulated`] systems with a known truth.

mod answer;
mod bootstrap;
pub mod chart;
mod evidence;
mod explore;
mod judge;
mod noise;
mod observation;
mod picture;
mod plan;
mod question;
mod rounds;
mod search;
pub mod simulated;
mod slo;
pub mod sweep;
mod wording;

pub use answer::{Answer, Level, Plateau, Reason, Verdict};
pub use observation::{LatencyMs, Observation};
pub use question::{Budget, Question, QuestionError, Source};
pub use search::{ObserveError, Search, Step};
pub use slo::{Condition, Figure, Slo, SloError};
