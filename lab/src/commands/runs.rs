//! `poollab runs`: what is on the shelf.

use std::process::ExitCode;

use poollab_analysis::figures;

use crate::cli::{RunsArgs, RunsCommand};
use crate::exit::Failure;
use crate::output;
use crate::shelf::{self, Entry};

/// Lists the runs, or removes some.
pub fn runs(args: &RunsArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        Some(RunsCommand::Rm { ids }) => remove(ids, args),
        None if args.json => {
            let text = serde_json::to_string_pretty(&shelf::list(&args.out)).map_err(Failure::environment)?;
            Ok(output::print(&format!("{text}\n")))
        }
        None => Ok(output::print(&table(&shelf::list(&args.out), args))),
    }
}

fn remove(ids: &[String], args: &RunsArgs) -> Result<ExitCode, Failure> {
    for path in shelf::removable(ids, &args.out).map_err(Failure::Usage)? {
        std::fs::remove_dir_all(&path)
            .map_err(|why| Failure::environment(format!("can't remove {}: {why}", path.display())))?;
        eprintln!("removed {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn table(runs: &[Entry], args: &RunsArgs) -> String {
    if runs.is_empty() {
        return format!("no runs in {}; `poollab run` makes one\n", args.out.display());
    }
    let rows: Vec<[String; 5]> = runs
        .iter()
        .map(|run| {
            let (done, planned) = run.trials;
            let count = if done as u64 == u64::from(planned) {
                format!("{done} trials")
            } else {
                format!("{done} of {planned} trials")
            };
            let verdict = run.leader.clone().unwrap_or_else(|| "–".to_owned());
            [
                run.id.clone(),
                run.what.clone(),
                format!("{}, {count}", run.state.word()),
                verdict,
                figures::bytes(run.bytes),
            ]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..4).map(width).collect();
    rows.iter()
        .map(|[id, what, state, leader, size]| {
            format!(
                "{id:<0$}  {what:<1$}  {state:<2$}  {leader:<3$}  {size}\n",
                widths[0], widths[1], widths[2], widths[3]
            )
        })
        .collect()
}
