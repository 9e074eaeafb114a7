//! `poollab reproduce` and `poollab explain`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const REPRODUCE_EXAMPLES: &str = "\
Examples:
  poollab reproduce --list                        the catalogue, by symptom
  poollab reproduce reserved-slots                the failure, then the cure under the same load
  poollab reproduce leak --only broken            the failure alone
  poollab reproduce --all                         everything, with a table at the end

Exit codes: 0 the symptom appeared and the cure removed it, 1 it did not or was not, 2 wrong usage,
3 this machine can't show it, 130 interrupted.";

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  poollab explain \"FATAL: sorry, too many clients already\"
  poollab explain < service.log

Exit codes: 0 known, 1 not known, 2 wrong usage.";

/// What `reproduce` takes.
#[derive(Debug, Default, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["id", "all", "list"])))]
pub struct ReproduceArgs {
    /// Scenarios to show
    #[arg(value_name = "ID")]
    pub id: Vec<String>,
    /// Show all of them
    #[arg(long)]
    pub all: bool,
    /// Print the catalogue, by symptom
    #[arg(long)]
    pub list: bool,
    /// Stop before the cure
    #[arg(long, value_name = "SIDE", value_enum)]
    pub only: Option<Side>,
    /// Folder in which a run's folder is made for each scenario
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
    /// Folder with PostgreSQL's programs (initdb, postgres) [default: looked for]
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// No progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// A side of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The plan that fails
    Broken,
}

/// What `explain` takes.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The error text; without it standard input is read
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}
