//! `poollab fleet`: the arithmetic of a rolling deploy.

use std::process::ExitCode;

use crate::cli::FleetCommandArgs;
use crate::exit::Failure;
use crate::output;
use crate::tune::question;

/// Says how large a pool each instance can have, and what happens with a given one.
pub fn fleet(args: &FleetCommandArgs) -> Result<ExitCode, Failure> {
    let mut problems = Vec::new();
    if args.fleet.replicas.is_none() {
        problems.push("--replicas is missing: set it to the number of instances of the service".to_owned());
    }
    let fleet = question::fleet(&args.fleet, ("--reserved", &args.reserved), &mut problems);
    let size = args.pool_size.as_ref().and_then(|text| match text.parse::<u32>() {
        Ok(size) if size > 0 => Some(size),
        _ => {
            problems.push(format!("--pool-size {text}: expected a whole number above 0"));
            None
        }
    });
    let Some(fleet) = fleet.filter(|_| problems.is_empty()) else { return Err(Failure::Usage(problems)) };
    let size = size.unwrap_or_else(|| fleet.largest_pool().max(1));
    let verdict = fleet.with_pool(size).map_err(|why| Failure::usage(why.to_string()))?;
    let text = if args.json {
        serde_json::to_string_pretty(&verdict).map_err(Failure::environment)?
    } else {
        verdict.text.clone()
    };
    Ok(output::print(&format!("{text}\n")))
}
