//! Findings and trials in, documents out: one file for each format.
//!
//! Invariants: measures nothing and decides nothing. What leads, what failed and what is to be doubted is made once, by
//! `poollab_analysis`; here it is only printed. No I/O: every exporter is a function from an
//! [`Analysis`](poollab_analysis::Analysis) to a text.

// They panic where nobody reads any more, and this crate has nothing to print.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(test)]
mod access;
mod charts;
mod csv;
pub mod diff;
mod facts;
mod html;
mod json;
mod k6;
mod markdown;
mod rows;
mod terminal;
mod text;
pub mod tune;
pub mod view;

pub use self::csv::csv;
pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use terminal::terminal;
