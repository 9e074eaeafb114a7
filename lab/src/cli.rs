//! The command line.
//!
//! Values of a plan arrive here as text. [`crate::plan`] parses them, so that all problems of a plan are reported
//! together.

mod components;
mod manage;
mod reproduce;
mod run;
mod settings;
mod tune;
mod typed;

use clap::{Parser, Subcommand};

pub use components::*;
pub use manage::*;
pub use reproduce::*;
pub use run::*;
pub use settings::*;
pub use tune::*;
pub use typed::{Typed, parse};

/// Load lab for Postgres connection pools: compare strategies, reproduce failures, find a pool size.
#[derive(Debug, Parser)]
#[command(name = "poollab", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Log more to standard error; repeat for debug output (POOLLAB_LOG sets an exact filter)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare connection strategies under the same load and write a report
    #[command(after_help = RUN_EXAMPLES)]
    Run(Box<RunCommand>),
    /// Compare two runs and show which differences exceed the noise
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// List runs; delete some
    #[command(after_help = RUNS_EXAMPLES)]
    Runs(RunsArgs),
    /// Reproduce known connection failures, each with its cause and its fix
    #[command(after_help = REPRODUCE_EXAMPLES)]
    Reproduce(ReproduceArgs),
    /// Explain an error message: which failure it is, why it happens, how to fix it
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Find the smallest pool size that is enough for a load
    #[command(after_help = TUNE_EXAMPLES)]
    Tune(Box<TuneArgs>),
    /// Compute how large the pool of each instance may be when several instances share a database
    #[command(after_help = FLEET_EXAMPLES)]
    Fleet(FleetCommandArgs),
    /// Print or rewrite the report of a finished run (needs no database)
    Report(ReportArgs),
    /// List the strategies: the pools and drivers that can be compared
    Strategies,
    /// List the workloads: what each request does in the database
    Workloads,
    /// Print the JSON Schema of report.json
    Schema,
    /// Check this machine: what works, what is missing, how to fix it
    Doctor(DoctorArgs),
    /// Show runs in a browser; a run in progress is shown live
    View(ViewArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Write manual pages
    Man(ManArgs),
    /// Run the HTTP service under test on its own
    #[command(after_help = SERVER_EXAMPLES)]
    Server(Box<ServerArgs>),
    /// Run the load generator against a URL
    #[command(after_help = LOAD_EXAMPLES)]
    Load(LoadArgs),
    /// Start or stop a test database
    Db {
        /// The action.
        #[command(subcommand)]
        command: DbCommand,
    },
}
