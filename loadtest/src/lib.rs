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
//! * **Goodput and throughput** are what ended inside the window, whenever it was sent or due.
//! * **Closed load**: a request counts when it *ends* inside the window or is in flight at its end, with its
//!   true latency.
//! * **Open load**: a request counts when its *scheduled moment* lies inside the window, and its latency
//!   runs from that moment. Those that were due and that no user was free to send by the end are counted as
//!   `dropped`.
//!
//! In both, what is in flight at the end of the window is awaited, up to its time-out: nobody has to guess how
//! it would have ended. `unfinished` of the result tells how much that was. With `cut_off` (scenarios) nothing
//! is awaited, and `unfinished` tells how much nobody waited for.
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
