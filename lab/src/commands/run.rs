//! `poollab run`: the main job.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use poollab_analysis::Analysis;
use poollab_analysis::gate::Threshold;

use crate::cli::{RunArgs, RunCommand, Typed};
use crate::exit::Failure;
use crate::plan::{Registry, Resolved, filling};
use crate::runner::progress::{OVERHEAD, short};
use crate::{folder, machine, output, plan, runner, shelf};

/// Flags that a resumed run can have: its plan is in its folder.
const WITH_RESUME: [&str; 7] = ["resume", "quiet", "json", "pg_bin", "threshold", "verbose", "dry_run"];

/// Resolves the plan, carries it out and reports on it.
pub fn run(command: &RunCommand, typed: &Typed) -> Result<ExitCode, Failure> {
    let mut problems = Vec::new();
    let thresholds: Vec<Threshold> = command
        .threshold
        .iter()
        .filter_map(|text| text.parse().map_err(|why| problems.push(format!("--threshold: {why}"))).ok())
        .collect();
    let registry = Registry::ours();
    let resumed = command.resume.as_ref().and_then(|path| resumed(path, command, typed, &mut problems));
    let plan_file = resumed.as_ref().map(|resumed| resumed.path.join("plan.toml"));
    let args = &command.plan;
    let resolved = match &plan_file {
        None => plan::resolve(args, &registry, machine::cores()),
        Some(path) => plan::resolve_file(path, &registry, machine::cores()),
    };
    let resolved = resolved.map_err(|more| problems.extend(more)).ok();
    if let (Some(resumed), Some(resolved)) = (&resumed, &resolved)
        && let Some(stranger) = stranger(resumed, resolved)
    {
        problems.push(format!(
            "cannot resume {}: its trial {stranger} is not in its plan. It was made by another command or another version",
            resumed.path.display()
        ));
    }
    let Some(resolved) = resolved.filter(|_| problems.is_empty()) else {
        return Err(Failure::Usage(problems));
    };
    if args.dry_run {
        return Ok(output::print(&dry_run(&resolved, args, typed, &registry)));
    }
    for notice in &resolved.notices {
        output::say(&format!("note: {notice}"));
    }
    let options = runner::Options {
        out: args.out.clone(),
        quiet: args.quiet,
        pg_bin: args.database.pg_bin.clone(),
        reuse_schema: args.database.reuse_schema,
    };
    let mut ended = match &resumed {
        None => runner::run(&resolved, &registry, &options)?,
        Some(resumed) if runner::missing(&resolved, resumed).is_empty() => {
            return Err(Failure::usage(format!(
                "nothing to resume: every trial of {} is finished",
                resumed.path.display()
            )));
        }
        Some(resumed) => runner::resume(&resolved, &registry, &options, resumed)?,
    };
    let report = ended.document()?;
    let text = if args.json {
        poollab_report::json(&report)
    } else {
        poollab_report::terminal(&report, output::width(), output::colour())
    };
    let code = output::print(&text);
    let page = ended.folder.join("report.html");
    if !args.json && page.exists() {
        output::print(&format!("\nreport: {}\n", page.display()));
    }
    if let Some(stopped) = ended.stopped {
        return Err(stopped);
    }
    let missed = missed(&thresholds, &report, resolved.skipped.len());
    if missed.is_empty() { Ok(code) } else { Err(Failure::Gate(missed.join("\npoollab: "))) }
}

/// The run that `--resume` names, or what is wrong with that.
fn resumed(
    named: &Path,
    command: &RunCommand,
    typed: &Typed,
    problems: &mut Vec<String>,
) -> Option<runner::Resumed> {
    let others = typed.flags_except(&WITH_RESUME);
    if command.plan.plan.is_some() || !others.is_empty() {
        let what = if others.is_empty() { "PLAN.toml".to_owned() } else { others.join(", ") };
        problems.push(format!(
            "--resume continues the plan of its run and cannot be combined with {what}. Remove {what}"
        ));
    }
    let path = shelf::find(named, &command.plan.out).map_err(|why| problems.push(why)).ok()?;
    let report = folder::read(&path).map_err(|why| problems.push(why)).ok()?;
    Some(runner::Resumed { path, report })
}

/// A finished trial that the plan does not have: a search made it, or another version named it.
fn stranger<'a>(resumed: &'a runner::Resumed, resolved: &Resolved) -> Option<&'a str> {
    let known = |id: &str| resolved.trials.iter().any(|spec| spec.id == id);
    resumed.report.trials.iter().map(|trial| trial.id.as_str()).find(|id| !known(id))
}

/// Thresholds that are not reached, in words. A trial without a result reaches none.
fn missed(thresholds: &[Threshold], analysis: &Analysis, left_out: usize) -> Vec<String> {
    if thresholds.is_empty() {
        return Vec::new();
    }
    let mut missed: Vec<String> = thresholds.iter().flat_map(|one| one.broken(&analysis.sections)).collect();
    // Those that can't be run at all were left out from the start, which the user was told.
    missed.extend(
        analysis
            .report
            .run
            .skipped
            .iter()
            .skip(left_out)
            .map(|skip| format!("{} has no result, so it meets no threshold: {}", skip.id, skip.reason)),
    );
    missed
}

/// Half of a slow core; most machines connect faster.
const SLOW_CONNECTS_PER_S: f64 = 60.0;

/// The trials in their order and how long they will take.
fn dry_run(resolved: &Resolved, args: &RunArgs, typed: &Typed, registry: &Registry) -> String {
    let plan = &resolved.plan;
    let ceiling = if plan.ceiling { runner::ceiling_time(plan) } else { Duration::ZERO };
    let open = filling::is_open(plan);
    // For the time that it takes, as if it were measured already.
    let guessed = open.then(|| filling::fill(plan, SLOW_CONNECTS_PER_S));
    let timed = guessed.as_ref().unwrap_or(plan);
    let trials = resolved.trials.iter().map(|spec| {
        let mut spec = spec.clone();
        if spec.workload.id == "hold" && spec.workload.think_ms.is_none() {
            spec.workload.think_ms = timed.filling.as_ref().map(|filling| filling.think_ms);
        }
        runner::load_time(timed, &spec) + OVERHEAD
    });
    let whole = trials.sum::<Duration>() + ceiling + Duration::from_secs(2);
    let mut text = String::new();
    for (index, trial) in resolved.trials.iter().enumerate() {
        text += &format!("{:>4}  {}\n", index + 1, trial.id);
    }
    for skip in &resolved.skipped {
        text += &format!("skipped: {} ({})\n", skip.id, skip.reason);
    }
    for notice in &resolved.notices {
        text += &format!("note: {notice}\n");
    }
    if open {
        let slots = plan.limits.free_slots() + 1;
        text += &format!(
            "note: hold keeps a connection for 3 × {slots} / (connects per second), long enough to exhaust the slots. \
             The connect rate is measured when the run starts. At {SLOW_CONNECTS_PER_S:.0} per second it is {} ms.\n",
            timed.filling.as_ref().map_or(0, |filling| filling.think_ms)
        );
    }
    let given = plan::origins(plan, args, typed, registry);
    if !given.is_empty() {
        let width = |of: fn(&plan::Given) -> usize| given.iter().map(of).max().unwrap_or(0);
        let (key, value) = (width(|one| one.key.len()), width(|one| one.value.chars().count()).min(48));
        text += "\nchanged from the defaults:\n";
        for one in &given {
            text += &format!("  {:<key$}  {:<value$}  {}\n", one.key, one.value, one.from);
        }
        text.push('\n');
    }
    text + &format!(
        "{} trials, about {}. Dry run: nothing was started\n",
        resolved.trials.len(),
        short(whole)
    )
}
