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
        Some(RunsCommand::Rm { ids, force }) => remove(ids, *force, args),
        None if args.json => {
            let text = serde_json::to_string_pretty(&shelf::list(&args.out)).map_err(Failure::environment)?;
            Ok(output::print(&format!("{text}\n")))
        }
        None => Ok(output::print(&table(&shelf::list(&args.out), args))),
    }
}

fn remove(ids: &[String], force: bool, args: &RunsArgs) -> Result<ExitCode, Failure> {
    for path in shelf::removable(ids, &args.out, force).map_err(Failure::Usage)? {
        std::fs::remove_dir_all(&path)
            .map_err(|why| Failure::environment(format!("cannot delete {}: {why}", path.display())))?;
        output::say(&format!("removed {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(runs: &[Entry], args: &RunsArgs) -> String {
    if runs.is_empty() {
        return output::told(&format!("No runs in {}. Start one with: poollab run\n", args.out.display()));
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
    let others: usize = [0, 2, 3, 4].map(|column| width(column) + 2).iter().sum();
    let what_width = width(1).min(output::width().saturating_sub(others).max(LEAST_OF_WHAT));
    rows.iter()
        .map(|[id, what, state, leader, size]| {
            format!(
                "{id:<0$}  {what:<what_width$}  {state:<1$}  {leader:<2$}  {size}\n",
                width(0),
                width(2),
                width(3),
                what = cut(what, what_width)
            )
        })
        .collect()
}

/// What a run is about is cut where the line would not fit, but not below this.
const LEAST_OF_WHAT: usize = 24;

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::shelf::State;

    #[test]
    fn what_a_run_was_about_is_cut_where_its_line_would_get_long() {
        let run = Entry {
            id: "2026-11-21T04-15-33Z-compare".to_owned(),
            started_at: String::new(),
            what: "naive, per-request and deadpool on hold 100 ms, broken and hold 100 ms, cured".to_owned(),
            state: State::Interrupted,
            trials: (12, 54),
            leader: Some("deadpool ×8 47,116/s".to_owned()),
            bytes: 165 << 10,
        };
        let text = table(&[run], &RunsArgs { command: None, out: PathBuf::new(), json: false });
        let line = text.lines().next().unwrap();
        assert!(line.contains("naive, per-request and …") && line.contains("47,116/s"), "{line}");
    }

    #[test]
    fn what_fits_is_not_cut() {
        assert_eq!(cut("naïve", 5), "naïve");
        assert_eq!(cut("naïve", 4), "naï…");
    }
}
