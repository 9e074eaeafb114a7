//! What can be typed.
//!
//! Values that belong to a plan arrive here as text and are read by [`crate::plan`], so that all that
//! is wrong with a plan is said at once and not one problem a call.

mod by_hand;
mod living;
mod reproduce;
mod run;
mod settings;
mod tune;
mod typed;

use clap::{Parser, Subcommand};

pub use by_hand::*;
pub use living::*;
pub use reproduce::*;
pub use run::*;
pub use settings::*;
pub use tune::*;
pub use typed::{Typed, parse};

/// A load lab for Postgres connection pools: compare, reproduce, tune, report.
#[derive(Debug, Parser)]
#[command(name = "poollab", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Say more on standard error; twice for everything (POOLLAB_LOG says it in detail)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare strategies: run a plan and report on it
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunCommand>),
    /// Compare two runs: better, worse, or no difference that the noise allows
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// List the runs, or remove some
    #[command(after_help = RUNS_EXAMPLES)]
    Runs(RunsArgs),
    /// Show known connection failures, each with its cause and its cure
    #[command(after_help = REPRODUCE_EXAMPLES)]
    Reproduce(ReproduceArgs),
    /// Say which failure an error text is, what causes and what cures it
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Find the smallest pool that does the job
    #[command(after_help = TUNE_EXAMPLES)]
    Tune(Box<TuneArgs>),
    /// How large a pool each instance of a fleet can have
    #[command(after_help = FLEET_EXAMPLES)]
    Fleet(FleetCommandArgs),
    /// Make a report again from a run's folder; needs no database
    Report(ReportArgs),
    /// List the strategies: the ways to a connection
    Strategies,
    /// List the workloads: what a request asks of the database
    Workloads,
    /// Print the JSON Schema of report.json
    Schema,
    /// Say what works on this machine, what does not, and the remedy
    Doctor(DoctorArgs),
    /// Show the runs in a browser, and the one in progress live
    View(ViewArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Write manual pages
    Man(ManArgs),
    /// Start the service under test by hand
    #[command(after_help = SERVER_EXAMPLES)]
    Server(Box<ServerArgs>),
    /// Load an address by hand
    #[command(after_help = LOAD_EXAMPLES)]
    Load(LoadArgs),
    /// Keep a database running for manual work
    Db {
        /// What to do with it.
        #[command(subcommand)]
        command: DbCommand,
    },
}
