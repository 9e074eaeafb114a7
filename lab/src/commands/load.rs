//! `poollab load`: the load generator, standalone or controlled by a run.

use std::process::ExitCode;

use poollab_model::wire::LoadOrder;
use poollab_model::{HumanDuration, Load, Method};

use crate::cli::LoadArgs;
use crate::exit::Failure;
use crate::plan;

/// Loads an address.
pub fn load(args: &LoadArgs) -> Result<ExitCode, Failure> {
    if args.conducted {
        return Ok(if args.k6 { poollab_loadtest::conducted_by_k6() } else { poollab_loadtest::conducted() });
    }
    let mut problems = Vec::new();
    let order = order(args, &mut problems);
    problems.extend(poollab_loadtest::validate(&order));
    if !problems.is_empty() {
        return Err(Failure::Usage(problems));
    }
    Ok(poollab_loadtest::standalone(&order, args.json))
}

fn order(args: &LoadArgs, problems: &mut Vec<String>) -> LoadOrder {
    let load = plan::load(&args.users, &args.rate, &args.arrivals, &args.connections, problems);
    LoadOrder {
        address: args.address.clone().unwrap_or_default(),
        method: if args.post { Method::Post } else { Method::Get },
        path: args.path.clone(),
        ids: read("--ids", &args.ids, problems, 1),
        load: load.unwrap_or(Load::Closed { users: 32 }),
        warmup: read("--warmup", &args.warmup, problems, HumanDuration::from_secs(1)),
        duration: read("--duration", &args.duration, problems, HumanDuration::from_secs(10)),
        request_timeout: read(
            "--request-timeout",
            &args.request_timeout,
            problems,
            HumanDuration::from_secs(10),
        ),
        seed: read("--seed", &args.seed, problems, 1),
        cut_off: false,
        course: None,
    }
}

/// A value, or a problem and something to go on with until all problems are known.
fn read<T: std::str::FromStr>(flag: &str, text: &str, problems: &mut Vec<String>, instead: T) -> T
where
    T::Err: std::fmt::Display,
{
    text.parse().unwrap_or_else(|why| {
        problems.push(format!("{flag} {text}: {why}"));
        instead
    })
}
