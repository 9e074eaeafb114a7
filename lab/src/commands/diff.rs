//! `poollab diff`: two runs side by side, and a gate for continuous integration.

use std::process::ExitCode;

use poollab_analysis::diff::diff;
use poollab_analysis::gate::FailOn;

use crate::cli::{DiffArgs, DiffFormat};
use crate::exit::Failure;
use crate::{output, shelf};

/// Compares, prints, and fails when the user said so.
pub fn compare(args: &DiffArgs) -> Result<ExitCode, Failure> {
    let mut problems = Vec::new();
    let gates: Vec<FailOn> = args
        .fail_on
        .iter()
        .filter_map(|text| text.parse().map_err(|why| problems.push(format!("--fail-on: {why}"))).ok())
        .collect();
    let mut read = |named| shelf::side(named, &args.out).map_err(|why| problems.extend(why)).ok();
    let (base, run) = (read(&args.base), read(&args.run));
    let (Some(base), Some(run), true) = (base, run, problems.is_empty()) else {
        return Err(Failure::Usage(problems));
    };
    let found = diff(&base, &run);
    if !found.obstacles.is_empty() && !args.anyway {
        let mut reasons: Vec<String> =
            found.obstacles.iter().map(|obstacle| format!("not comparable: {obstacle}")).collect();
        if let Some(last) = reasons.last_mut() {
            *last += "\npoollab: to compare anyway, use --anyway; the output lists what differs";
        }
        return Err(Failure::Usage(reasons));
    }
    let code = output::print(&match args.format {
        DiffFormat::Terminal => poollab_report::diff::terminal(&found, output::colour()),
        DiffFormat::Md => poollab_report::diff::markdown(&found),
        DiffFormat::Json => poollab_report::diff::json(&found),
    });
    let reasons: Vec<String> = gates.iter().flat_map(|gate| gate.reasons(&found)).collect();
    if reasons.is_empty() { Ok(code) } else { Err(Failure::Gate(reasons.join("\npoollab: "))) }
}
