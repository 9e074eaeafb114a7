//! The search for the smallest pool that does the job: a policy without a clock, a database or a dice of its
//! own.
//!
//! [`Search`] is told a [`Question`], asks for measurements ([`Step`]), is told [`Observation`]s, and ends with
//! an [`Answer`]. It spends measurements where they decide: a coarse ladder first, then the neighbourhood of
//! the best size, then the edge of the plateau, then repeats where two sizes can't be told apart, and last a
//! verification with measurements of its own.
//!
//! Invariants: it never asks for a size that is not allowed; it always ends, after the budget at the latest;
//! it never recommends a size that it did not measure or that the verification refuted.
//!
//! [`sweep`] runs the same search on other people's data, [`simulated`] on systems with a known truth.

mod answer;
mod bootstrap;
pub mod chart;
mod evidence;
mod explore;
mod noise;
mod observation;
mod picture;
mod question;
mod repeat;
mod search;
pub mod simulated;
mod slo;
pub mod sweep;
mod verify;
mod wording;

pub use answer::{Answer, Check, Level, Plateau, Reason, Verdict, Verification};
pub use observation::{LatencyMs, Observation};
pub use question::{Budget, Question, QuestionError, Source};
pub use search::{ObserveError, Role, Search, Step};
pub use slo::{Condition, Figure, Slo, SloError};
