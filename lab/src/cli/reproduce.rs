//! `poollab reproduce` and `poollab explain`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const REPRODUCE_EXAMPLES: &str = "\
Examples:
  poollab reproduce --list                        the catalogue, by symptom
  poollab reproduce reserved-slots                the failure, then the fix under the same load
  poollab reproduce leak --only broken            only the failure
  poollab reproduce --all                         all scenarios, with a summary at the end

Exit codes: 0 the symptom occurred and the fix removed it, 1 one of the two is not true, 2 usage error,
3 this machine cannot run it, 130 interrupted.";

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  poollab explain \"FATAL: sorry, too many clients already\"
  poollab explain < service.log

Exit codes: 0 the error is known, 1 it is not known, 2 usage error.";

/// Arguments of `reproduce`.
#[derive(Debug, Default, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["id", "all", "list"])))]
pub struct ReproduceArgs {
    /// Scenarios to run; --list shows them
    #[arg(value_name = "ID")]
    pub id: Vec<String>,
    /// Run all scenarios
    #[arg(long)]
    pub all: bool,
    /// List the scenarios, grouped by symptom
    #[arg(long)]
    pub list: bool,
    /// Run only the failing side, without the fix
    #[arg(long, value_name = "SIDE", value_enum)]
    pub only: Option<Side>,
    /// Folder for the results; each scenario gets a subfolder
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
    /// Folder with the PostgreSQL programs (initdb, postgres) [default: search PATH and the usual places]
    #[arg(long, value_name = "DIR")]
    pub pg_bin: Option<PathBuf>,
    /// Do not print progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// The side of a scenario that can run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// The side that fails
    Broken,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Error message; without it, standard input is read
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}
