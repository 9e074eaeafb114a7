//! Carries scenarios out: a failure shown, and its cure under the same load.

pub mod list;
pub mod words;
