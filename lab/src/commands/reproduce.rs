//! `poollab reproduce`: a known failure on demand, and its cure under the same load.

use std::process::ExitCode;

use poollab_scenarios::SCENARIOS;

use crate::cli::{ReproduceArgs, Side};
use crate::exit::Failure;
use crate::output;
use crate::reproduce::{self, Options, Outcome, Told, list};

/// Lists the catalogue, or carries scenarios of it out. Exit code 0: each symptom appeared and its cure
/// removed it; 1: one did not, or was not; 3: this machine can't show one of them; 130: somebody stopped it.
pub fn reproduce(args: &ReproduceArgs) -> Result<ExitCode, Failure> {
    if args.list {
        return Ok(output::print(&list::catalogue(output::width())));
    }
    let scenarios = if args.all { SCENARIOS.to_vec() } else { list::named(&args.id)? };
    let options = Options {
        only_broken: args.only == Some(Side::Broken),
        out: args.out.clone(),
        pg_bin: args.pg_bin.clone(),
        quiet: args.quiet,
    };
    let told = reproduce::run(&scenarios, &options)?;
    if told.len() > 1 {
        output::print(&reproduce::table(&told));
    }
    match told.last() {
        Some(Told { scenario, outcome: Outcome::Interrupted(name), .. }) => Err(Failure::Interrupted(
            format!("stopped by {name} during {}. {} scenarios had finished", scenario.id, told.len() - 1),
        )),
        _ => Ok(ExitCode::from(code(&told))),
    }
}

fn code(told: &[Told]) -> u8 {
    let not_shown = |told: &Told| matches!(told.outcome, Outcome::NotShown(_));
    if told.iter().any(|told| !not_shown(told) && !told.outcome.passed()) {
        1
    } else if told.iter().any(not_shown) {
        3
    } else {
        0
    }
}
