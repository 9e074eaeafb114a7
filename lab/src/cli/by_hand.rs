//! The parts of a run by hand: `server`, `load`, `db`; and `report`, which makes its documents again.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{DatabaseArgs, SettingsArgs};

pub(super) const SERVER_EXAMPLES: &str = "\
Examples:
  DATABASE_URL=postgres://app@localhost/lab PGPASSWORD=… poollab server --strategy deadpool
  poollab server --strategy r2d2 --pool-size 4 --blocking-threads 16 --listen 127.0.0.1:8081

The database must hold poollab's schema: `poollab db up` makes one that does.";

pub(super) const LOAD_EXAMPLES: &str = "\
Examples:
  poollab load --address 127.0.0.1:8080 --path '/point-read/{id}' --users 32 --duration 10s
  poollab load --address 127.0.0.1:8080 --path '/hold/{id}?think_ms=20' --rate 300";

/// What `server` takes.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// The strategy
    #[arg(long, env = "POOLLAB_STRATEGY", required_unless_present = "conducted")]
    pub strategy: Option<String>,
    /// Address to listen at
    #[arg(long, env = "POOLLAB_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// The database; its password belongs into PGPASSWORD
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, required_unless_present = "conducted")]
    pub database_url: Option<String>,
    /// Also serve the deliberate mistakes that `poollab reproduce` shows, such as /leak
    #[arg(long)]
    pub hazards: bool,
    /// Settings
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Take orders from standard input, tell events on standard output (for the lab)
    #[arg(long, hide = true)]
    pub conducted: bool,
}

/// What `load` takes.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// Where the service listens
    #[arg(long, required_unless_present = "conducted")]
    pub address: Option<String>,
    /// Path and query of a request; {id} becomes a number
    #[arg(long, default_value = "/point-read/{id}")]
    pub path: String,
    /// Send POST instead of GET
    #[arg(long)]
    pub post: bool,
    /// Ids are drawn from 1 to this
    #[arg(long, default_value = "100000")]
    pub ids: String,
    /// Closed load: users [default: 32]
    #[arg(long)]
    pub users: Option<String>,
    /// Open load: arrivals a second
    #[arg(long)]
    pub rate: Option<String>,
    /// Open load: poisson or constant
    #[arg(long)]
    pub arrivals: Option<String>,
    /// Open load: the most requests in flight [default: 256]
    #[arg(long)]
    pub connections: Option<String>,
    /// How long to measure
    #[arg(long, default_value = "10s")]
    pub duration: String,
    /// Load before measuring
    #[arg(long, default_value = "1s")]
    pub warmup: String,
    /// When a request is given up
    #[arg(long, default_value = "10s")]
    pub request_timeout: String,
    /// Seed of ids and arrivals
    #[arg(long, default_value = "1")]
    pub seed: String,
    /// Print all figures as JSON
    #[arg(long)]
    pub json: bool,
    /// Take orders from standard input, tell events on standard output (for the lab)
    #[arg(long, hide = true)]
    pub conducted: bool,
    /// Let k6 do it (for the lab)
    #[arg(long, hide = true, requires = "conducted")]
    pub k6: bool,
}

/// What `db` does.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Start a limited database with poollab's schema and data; prints how to connect
    Up {
        /// The database.
        #[command(flatten)]
        database: Box<DatabaseArgs>,
    },
    /// Stop it and remove everything
    Down,
    /// Own a database until standard input ends (for the lab)
    #[command(hide = true)]
    Guard,
}

/// What `report` takes.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The folder of a run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Put the figures of k6 scripts into it: the JSON files that they wrote
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub k6: Vec<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value = "terminal")]
    pub format: Format,
    /// Write report.html, report.md, report.json and report.csv into the run's folder again
    #[arg(long)]
    pub write: bool,
    /// Add report.md to the job's summary on GitHub (the file that GITHUB_STEP_SUMMARY names)
    #[arg(long)]
    pub github: bool,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The table in the terminal
    Terminal,
    /// One self-contained page
    Html,
    /// For a pull request or a wiki
    Md,
    /// All figures, by the schema of `poollab schema`
    Json,
    /// One line for each trial
    Csv,
}
