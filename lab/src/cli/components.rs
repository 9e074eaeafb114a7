//! Single parts of a run: `server`, `load`, `db` and `report`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{DatabaseArgs, SettingsArgs};

pub(super) const SERVER_EXAMPLES: &str = "\
Examples:
  DATABASE_URL=postgres://app@localhost/lab PGPASSWORD=… poollab server --strategy deadpool
  poollab server --strategy r2d2 --pool-size 4 --blocking-threads 16 --listen 127.0.0.1:8081

The database must contain poollab's schema: `poollab db up` starts one that does.";

pub(super) const LOAD_EXAMPLES: &str = "\
Examples:
  poollab load --address 127.0.0.1:8080 --path '/point-read/{id}' --users 32 --duration 10s
  poollab load --address 127.0.0.1:8080 --path '/hold/{id}?think_ms=20' --rate 300";

/// Arguments of `server`.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// Strategy to serve with; `poollab strategies` lists them
    #[arg(long, env = "POOLLAB_STRATEGY", required_unless_present = "conducted")]
    pub strategy: Option<String>,
    /// Address and port to listen on
    #[arg(long, env = "POOLLAB_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// URL of the database; set the password in PGPASSWORD
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, required_unless_present = "conducted")]
    pub database_url: Option<String>,
    /// Also serve routes with deliberate mistakes, such as /leak, as `poollab reproduce` uses them
    #[arg(long)]
    pub hazards: bool,
    /// Settings of the strategy
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Read commands from standard input, write events to standard output (internal)
    #[arg(long, hide = true)]
    pub conducted: bool,
}

/// Arguments of `load`.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// Address and port of the service
    #[arg(long, required_unless_present = "conducted")]
    pub address: Option<String>,
    /// Path and query of each request; {id} is replaced by a random id
    #[arg(long, default_value = "/point-read/{id}")]
    pub path: String,
    /// Closed load: number of users, each waiting for its response before the next request [default: 32]
    #[arg(long)]
    pub users: Option<String>,
    /// Open load: requests per second, sent whether or not responses arrive
    #[arg(long)]
    pub rate: Option<String>,
    /// How long to measure, for example 10s or 500ms
    #[arg(long, default_value = "10s")]
    pub duration: String,
    /// How long to send load before measuring starts
    #[arg(long, default_value = "1s")]
    pub warmup: String,
    /// Time after which a request counts as failed
    #[arg(long, default_value = "10s")]
    pub request_timeout: String,
    /// Open load: spacing of requests, poisson or constant
    #[arg(long)]
    pub arrivals: Option<String>,
    /// Open load: maximum requests in flight [default: 256]
    #[arg(long)]
    pub connections: Option<String>,
    /// Send POST instead of GET
    #[arg(long)]
    pub post: bool,
    /// Largest id; ids are random numbers from 1 to this
    #[arg(long, default_value = "100000")]
    pub ids: String,
    /// Seed of the random ids and of the schedule
    #[arg(long, default_value = "1")]
    pub seed: String,
    /// Print all results as JSON
    #[arg(long)]
    pub json: bool,
    /// Read commands from standard input, write events to standard output (internal)
    #[arg(long, hide = true)]
    pub conducted: bool,
    /// Use k6 as the load generator (internal)
    #[arg(long, hide = true, requires = "conducted")]
    pub k6: bool,
}

/// Actions of `db`.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Start a database with CPU and memory limits, schema and data; print how to connect
    Up {
        /// The database.
        #[command(flatten)]
        database: Box<DatabaseArgs>,
    },
    /// Stop the database and delete its data
    Down,
    /// Keep a database until standard input closes (internal)
    #[command(hide = true)]
    Guard,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Folder of the run
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// Include results of k6: JSON files that poollab's k6 scripts wrote
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub k6: Vec<PathBuf>,
    /// Format of the report on standard output
    #[arg(long, value_enum, default_value = "terminal")]
    pub format: Format,
    /// Rewrite report.html, report.md, report.json and report.csv in the run's folder
    #[arg(long)]
    pub write: bool,
    /// Append report.md to the GitHub job summary (the file named by GITHUB_STEP_SUMMARY)
    #[arg(long)]
    pub github: bool,
}

/// Formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Table for the terminal
    Terminal,
    /// Self-contained web page
    Html,
    /// Markdown, for a pull request or a wiki
    Md,
    /// All results; `poollab schema` prints the schema
    Json,
    /// One row per trial
    Csv,
}
