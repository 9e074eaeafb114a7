//! `poollab tune`: the smallest pool that does the job, measured or from a recorded sweep.
//!
//! What to measure next and what to conclude is decided in `poollab_analysis::tune`; here sizes become
//! trials, and answers become documents.

mod conclude;
pub mod live;
pub mod question;
mod recorded;

use std::process::ExitCode;

use crate::cli::TuneArgs;
use crate::exit::Failure;

/// Searches, on the database or in a file.
pub fn tune(args: &TuneArgs) -> Result<ExitCode, Failure> {
    match &args.from {
        Some(path) => recorded::tune(path, args),
        None => live::tune(args),
    }
}
