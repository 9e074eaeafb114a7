//! Commands around runs: thresholds, `diff`, `runs`, `doctor`, `view`, `completions`, `man`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::RunArgs;

pub const DIFF_EXAMPLES: &str = "\
Examples:
  poollab diff runs/2026-11-21T10-15-00Z-compare runs/2026-11-22T09-00-00Z-compare
  poollab diff main.json runs/… --fail-on 'goodput<-5%' --fail-on 'p99>+10%' --fail-on 'failed>0'
  poollab diff BASE RUN --format md >> \"$GITHUB_STEP_SUMMARY\"

A change counts only when it exceeds the noise. Percentages are relative to BASE. failed and
error-rate are the values of RUN. Metrics: goodput, p50, p95, p99, p99.9, failed, error-rate.
Exit codes: 0 done, 1 a --fail-on condition is met, 2 usage error or runs not comparable,
3 environment problem.";

pub const RUNS_EXAMPLES: &str = "\
Examples:
  poollab runs                                    list runs with date, result and size
  poollab runs rm 2026-11-21T10-15-00Z-compare    delete a run";

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunCommand {
    /// The plan.
    #[command(flatten)]
    pub plan: RunArgs,
    /// Exit with code 1 if a strategy does not meet this: 'p99<50ms', 'error-rate<1%', 'goodput>500' (repeatable)
    #[arg(long, value_name = "GATE", help_heading = "Output")]
    pub threshold: Vec<String>,
    /// Continue an interrupted run; finished trials are not repeated
    #[arg(long, value_name = "RUN", help_heading = "Output")]
    pub resume: Option<PathBuf>,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Run to compare with: its folder, id or report.json, or a folder of several runs
    #[arg(value_name = "BASE")]
    pub base: PathBuf,
    /// Run to judge, or a folder of several
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Compare even if limits, machine, settings or workloads differ; the output lists what differs
    #[arg(long)]
    pub anyway: bool,
    /// Exit with code 1 if this is true: 'goodput<-5%', 'p99>+10%', 'failed>0' (repeatable)
    #[arg(long, value_name = "CONDITION")]
    pub fail_on: Vec<String>,
    /// Format of the comparison on standard output
    #[arg(long, value_enum, default_value = "terminal")]
    pub format: DiffFormat,
    /// Folder in which run ids are looked up
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
}

/// Formats of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// Table for the terminal
    Terminal,
    /// Markdown, for a pull request or a job summary
    Md,
    /// All results
    Json,
}

/// Arguments of `runs`.
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// The action; without one, runs are listed.
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// Folder with the runs
    #[arg(long, value_name = "DIR", default_value = "runs", global = true)]
    pub out: PathBuf,
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// Actions of `runs`.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Delete runs; other folders are never touched
    Rm {
        /// Ids of the runs
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// Also delete files in a run's folder that poollab did not write
        #[arg(long)]
        force: bool,
    },
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Folder with the PostgreSQL programs (initdb, postgres) [default: search PATH and the usual places]
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// Print the checks as JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `view`.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 8088)]
    pub port: u16,
    /// Folder with the runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder to write to; created if missing
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}
