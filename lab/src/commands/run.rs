//! `poollab run`: the main job.

use std::process::ExitCode;
use std::time::Duration;

use crate::cli::RunArgs;
use crate::exit::Failure;
use crate::plan::{Registry, Resolved};
use crate::runner::progress::{OVERHEAD, short};
use crate::{folder, machine, output, plan, runner};

/// Resolves the plan, carries it out and reports on it.
pub fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let registry = Registry::ours();
    let resolved = plan::resolve(args, &registry, machine::cores()).map_err(Failure::Usage)?;
    if args.dry_run {
        return Ok(output::print(&dry_run(&resolved)));
    }
    for notice in &resolved.notices {
        eprintln!("note: {notice}");
    }
    let options = runner::Options {
        out: args.out.clone(),
        quiet: args.quiet,
        pg_bin: args.database.pg_bin.clone(),
        reuse_schema: args.database.reuse_schema,
    };
    let ended = runner::run(&resolved, &registry, &options)?;
    let report = folder::read(&ended.folder).map_err(Failure::Environment)?;
    folder::write_documents(&ended.folder, &report)
        .map_err(|why| Failure::environment(format!("can't write the report: {why}")))?;
    let text = if args.json {
        poollab_report::json(&report)
    } else {
        poollab_report::terminal(&report, output::width(), output::colour())
    };
    let code = output::print(&text);
    if !args.json {
        output::print(&format!("\nreport: {}\n", ended.folder.join("report.html").display()));
    }
    match ended.stopped {
        Some(stopped) => Err(stopped),
        None => Ok(code),
    }
}

/// The trials in their order and how long they will take.
fn dry_run(resolved: &Resolved) -> String {
    let plan = &resolved.plan;
    let each = plan.warmup.0 + plan.duration.0 + OVERHEAD;
    let ceiling = if plan.ceiling { runner::ceiling_time(plan) } else { Duration::ZERO };
    let whole =
        each * u32::try_from(resolved.trials.len()).unwrap_or(u32::MAX) + ceiling + Duration::from_secs(2);
    let mut text = String::new();
    for (index, trial) in resolved.trials.iter().enumerate() {
        text += &format!("{:>4}  {}\n", index + 1, trial.id);
    }
    for skip in &resolved.skipped {
        text += &format!("left out: {} ({})\n", skip.id, skip.reason);
    }
    for notice in &resolved.notices {
        text += &format!("note: {notice}\n");
    }
    text + &format!("{} trials, about {}; nothing was started\n", resolved.trials.len(), short(whole))
}
