//! `poollab reproduce`: a known failure on demand, and its cure under the same load.

use std::process::ExitCode;

use crate::cli::ReproduceArgs;
use crate::exit::Failure;
use crate::output;
use crate::reproduce::list;

/// Lists the catalogue, or carries scenarios of it out.
pub fn reproduce(args: &ReproduceArgs) -> Result<ExitCode, Failure> {
    if args.list {
        return Ok(output::print(&list::catalogue(output::width())));
    }
    let scenarios = list::named(&args.id)?;
    let _ = scenarios;
    Err(Failure::environment("not there yet"))
}
