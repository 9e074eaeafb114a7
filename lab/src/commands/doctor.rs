//! `poollab doctor`: what works here.

use std::process::ExitCode;

use crate::cli::DoctorArgs;
use crate::doctor::{self, Health};
use crate::exit::Failure;
use crate::output;

/// Says it; exit code 3 when nothing could be measured here.
pub fn doctor(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let checks = doctor::examine(args.pg_bin.as_deref());
    let text = if args.json {
        serde_json::to_string_pretty(&checks).map_err(Failure::environment)? + "\n"
    } else {
        doctor::text(&checks)
    };
    let code = output::print(&text);
    Ok(if checks.iter().any(|check| check.health == Health::Broken) { ExitCode::from(3) } else { code })
}
