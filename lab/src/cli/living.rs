//! What can be typed to live with runs: gates, comparisons, the shelf, the shell.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::RunArgs;

pub const DIFF_EXAMPLES: &str = "\
Examples:
  poollab diff runs/2026-11-21T10-15-00Z-compare runs/2026-11-22T09-00-00Z-compare
  poollab diff main.json runs/… --fail-on 'goodput<-5%' --fail-on 'p99>+10%' --fail-on 'failed>0'
  poollab diff BASE RUN --format md >> \"$GITHUB_STEP_SUMMARY\"

A change counts when the noise does not explain it; +10% and -5% are against BASE, failed and error-rate are RUN's own.
What is named: goodput, p50, p95, p99, p99.9, failed, error-rate.
Exit codes: 0 done, 1 a --fail-on is met, 2 wrong usage or not comparable, 3 the environment cannot.";

pub const RUNS_EXAMPLES: &str = "\
Examples:
  poollab runs                                    when, what, verdict, size
  poollab runs rm 2026-11-21T10-15-00Z-compare    remove a run's folder";

/// What `run` takes beside its plan.
#[derive(Debug, Args)]
pub struct RunCommand {
    /// The plan.
    #[command(flatten)]
    pub plan: RunArgs,
    /// Exit with 1 when a strategy misses it: 'p99<50ms', 'error-rate<1%', 'goodput>500' (can be repeated)
    #[arg(long, value_name = "GATE", help_heading = "Output")]
    pub threshold: Vec<String>,
    /// Go on with an interrupted run, without repeating what is finished
    #[arg(long, value_name = "RUN", help_heading = "Output")]
    pub resume: Option<PathBuf>,
}

/// What `diff` takes.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The run to compare with: its folder, its id, or its report.json; or a folder of several runs
    #[arg(value_name = "BASE")]
    pub base: PathBuf,
    /// The run that is judged, or a folder of several
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Compare although limits, machine, settings or workloads differ; the output says so
    #[arg(long)]
    pub anyway: bool,
    /// Exit with 1 when this is so: 'goodput<-5%', 'p99>+10%', 'failed>0' (can be repeated)
    #[arg(long, value_name = "CONDITION")]
    pub fail_on: Vec<String>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "terminal")]
    pub format: DiffFormat,
    /// Folder that holds runs named by their id
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
}

/// Forms of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// The table in the terminal
    Terminal,
    /// For a pull request or a job summary
    Md,
    /// All figures
    Json,
}

/// What `runs` takes.
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// What to do; without it they are listed.
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// Folder that holds the runs
    #[arg(long, value_name = "DIR", default_value = "runs", global = true)]
    pub out: PathBuf,
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `runs` does.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Remove runs; nothing that is not the folder of a run is touched
    Rm {
        /// Their ids
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// Also remove files that are not poollab's and lie in the folder of a run
        #[arg(long)]
        force: bool,
    },
}

/// What `doctor` takes.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Folder with PostgreSQL's programs (initdb, postgres) [default: looked for]
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// Print the checks as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `view` takes.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 8088)]
    pub port: u16,
    /// Folder that holds the runs
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
}

/// What `completions` takes.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// What `man` takes.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write them into; it is made
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}
