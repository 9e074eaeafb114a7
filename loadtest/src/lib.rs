//! The load generator: goose drives HTTP, closed and open, and every request is recorded.
//!
//! goose gives users, ramp-up, schedule and stop. Each of its users keeps one HTTP/1.1 connection and
//! asks over it; what it sees goes into one recorder of microsecond HDR histograms. goose's own client
//! and request metrics stay off: they cost four times the CPU and stop their clock at the first byte.
//!
//! # What counts
//!
//! A run has a warm-up and then a window of measuring.
//!
//! * **Closed load**: a request counts when it *ends* inside the window, with its true latency, also when
//!   it was sent during the warm-up. What is still in flight at the end of the window is not counted as
//!   ended, but it is not hidden either: see `in_flight_at_end`, `oldest_in_flight_us` and
//!   `users_without_answer` of the result. When no request at all ended in the window, those in flight
//!   are counted as `http-timeout`, so that a service that hangs never looks like one without failures.
//! * **Open load**: a request counts when its *scheduled moment* lies inside the window, and its latency
//!   runs from that moment. Those in flight at the end are awaited, up to their time-out. Those that were
//!   due and that no user was free to send by then are counted as `dropped`.
//!
//! The request time-out runs from the moment of sending, in both. A request that runs into it is an
//! `http-timeout`, and its connection is closed, so that the service sees its client hang up.
//!
//! # Invariants
//!
//! It speaks HTTP only and knows neither strategies nor SQL. Recording is bounded in memory, whatever the
//! number of requests: only a burst keeps them one by one, the first few thousand of a run. The clock is read only here, and nothing is recorded outside of [`run`].

// They panic where nobody reads any more: one place prints.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod answer;
mod arrivals;
mod attack;
mod bursts;
mod conducted;
mod connection;
mod course;
mod deadline;
mod failures;
pub mod k6;
mod quantiles;
mod recorder;
mod run;
mod server_timing;
mod standalone;
mod summary;
mod target;
mod usage;
mod user;
mod validate;
mod window;

pub use conducted::{conducted, conducted_by_k6};
pub use failures::Failure;
pub use quantiles::quantiles;
pub use recorder::{Outcome, Recorder};
pub use run::{LoadError, run};
pub use server_timing::PhaseTimes;
pub use standalone::standalone;
pub use validate::validate;
