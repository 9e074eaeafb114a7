//! What can be typed.
//!
//! Values that belong to a plan arrive here as text and are read by [`crate::plan`], so that all that
//! is wrong with a plan is said at once and not one problem a call.

mod living;
mod typed;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use living::*;
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

const RUN_EXAMPLES: &str = "\
Examples:
  poollab run                                     all strategies on point-read and hold, 64 users
  poollab run --strategy deadpool,bb8 --users 16,64 --pool-size 4,8,16
  poollab run --strategy deadpool --workload hold --think-ms 20 --rate 300
  poollab run --defaults library                  every library as it comes out of the box
  poollab run --dry-run plan.toml                 the trials and the expected time, nothing started
  poollab run runs/…/plan.toml                    repeat a run
  poollab run --resume runs/…                     go on after an interruption
  poollab run --threshold 'p99<50ms' --threshold 'error-rate<1%'

Lists (a,b,c) multiply into trials. Settings that a strategy does not have do not multiply it.
Each flag above can be a variable (--pool-size: POOLLAB_POOL_SIZE) or a line of poollab/config.toml in
$XDG_CONFIG_HOME, with the keys of a plan. Flags win over variables, variables over that file; where a PLAN.toml is
named it stands in the place of both. --dry-run says where each value came from.
Exit codes: 0 done, 1 a --threshold is missed, 2 wrong usage, 3 the environment cannot, 130 interrupted.";

const REPRODUCE_EXAMPLES: &str = "\
Examples:
  poollab reproduce --list                        the catalogue, by symptom
  poollab reproduce reserved-slots                the failure, then the cure under the same load
  poollab reproduce leak --only broken            the failure alone
  poollab reproduce --all                         everything, with a table at the end

Exit codes: 0 the symptom appeared and the cure removed it, 1 it did not or was not, 2 wrong usage,
3 this machine can't show it, 130 interrupted.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  poollab explain \"FATAL: sorry, too many clients already\"
  poollab explain < service.log

Exit codes: 0 known, 1 not known, 2 wrong usage.";
const TUNE_EXAMPLES: &str = "\
Examples:
  poollab tune                                    deadpool on point-read, 64 users, at most two minutes
  poollab tune --strategy bb8 --workload hold --think-ms 10 --rate 400 --slo 'p99<50ms'
  poollab tune --replicas 6 --surge 25% --slots 100      and what a fleet does with that size
  poollab tune --from sweep.csv                   the same search in recorded figures

A recorded sweep has the columns pool_size,throughput and optionally error (half-width of the 99.9 %
interval) and p99_ms; any further column makes a series of its own.";

const FLEET_EXAMPLES: &str = "\
Examples:
  poollab fleet --replicas 6 --surge 25% --slots 100 --reserved 3 --other 10
  poollab fleet --replicas 6 --surge 2 --slots 100 --pool-size 16   what happens with that size";

const SERVER_EXAMPLES: &str = "\
Examples:
  DATABASE_URL=postgres://app@localhost/lab PGPASSWORD=… poollab server --strategy deadpool
  poollab server --strategy r2d2 --pool-size 4 --blocking-threads 16 --listen 127.0.0.1:8081

The database must hold poollab's schema: `poollab db up` makes one that does.";

const LOAD_EXAMPLES: &str = "\
Examples:
  poollab load --address 127.0.0.1:8080 --path '/point-read/{id}' --users 32 --duration 10s
  poollab load --address 127.0.0.1:8080 --path '/hold/{id}?think_ms=20' --rate 300";

/// What `tune` takes.
#[derive(Debug, Args)]
pub struct TuneArgs {
    /// The strategy whose pool is tuned
    #[arg(long, default_value = "deadpool", value_name = "ID", help_heading = "What is tuned")]
    pub strategy: String,
    /// The workload
    #[arg(long, default_value = "point-read", value_name = "ID", help_heading = "What is tuned")]
    pub workload: String,
    /// hold: what the request waits for besides the database, in milliseconds [default: 5]
    #[arg(long, value_name = "MS", help_heading = "What is tuned")]
    pub think_ms: Option<String>,
    /// hold: give the connection back before that wait
    #[arg(long, help_heading = "What is tuned")]
    pub release_early: bool,
    /// hot-row: pessimistic, optimistic or atomic
    #[arg(long, value_name = "METHOD", help_heading = "What is tuned")]
    pub hot_row_method: Option<String>,
    /// What stands between service and Postgres
    #[arg(long, value_name = "ROUTE", help_heading = "What is tuned")]
    pub route: Option<String>,

    /// Closed load: users who wait for their answers [default: 64]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub users: Vec<String>,
    /// Open load: arrivals a second
    #[arg(long, value_name = "R", help_heading = "Load")]
    pub rate: Vec<String>,
    /// Open load: spacing of arrivals, poisson or constant
    #[arg(long, value_name = "SPACING", help_heading = "Load")]
    pub arrivals: Option<String>,
    /// How long each size is measured at a time
    #[arg(long, default_value = "2500ms", value_name = "TIME", help_heading = "Load")]
    pub duration: String,
    /// Load before measuring starts
    #[arg(long, default_value = "300ms", value_name = "TIME", help_heading = "Load")]
    pub warmup: String,
    /// Seed of everything random [default: 1]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub seed: Option<String>,

    /// What else has to hold: 'p99<50ms', 'error-rate<1%', several with commas
    #[arg(long, value_name = "SLO", help_heading = "Search")]
    pub slo: Option<String>,
    /// How much of the best goodput may be given up for a smaller pool [default: 2%]
    #[arg(long, value_name = "SHARE", help_heading = "Search")]
    pub within: Option<String>,
    /// Time that measuring may take in all [default: 100s]
    #[arg(long, value_name = "TIME", help_heading = "Search")]
    pub budget: Option<String>,
    /// The largest pool that may be tried [default: 64, and never more than the free slots]
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub largest: Option<String>,
    /// Cores of the database server, for the models that ask for them [default: of --cpus; unknown for --from]
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub cores: Option<String>,
    /// Search in a recorded sweep (CSV) instead of measuring
    #[arg(long, value_name = "SWEEP.csv", help_heading = "Search")]
    pub from: Option<PathBuf>,

    /// The fleet
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Reserved slots of the production database [default: 3]
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub slots_reserved: Option<String>,
    /// Settings of the strategies
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// The database
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// Folder in which the run's folder is made
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Output")]
    pub out: PathBuf,
    /// Print the answer as JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// No progress
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

/// Instances that share the slots of one Postgres.
#[derive(Debug, Default, Args)]
pub struct FleetArgs {
    /// Instances of the service
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub replicas: Option<String>,
    /// Instances on top of them while a deploy rolls, as a share or a number [default: 25%]
    #[arg(long, value_name = "SHARE", help_heading = "Fleet")]
    pub surge: Option<String>,
    /// max_connections of the production database [default: 100]
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub slots: Option<String>,
    /// Connections of everybody else [default: 0]
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub other: Option<String>,
}

/// What `fleet` takes.
#[derive(Debug, Args)]
pub struct FleetCommandArgs {
    /// The fleet
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Reserved slots of the production database [default: 3]
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub reserved: Option<String>,
    /// The pool of each instance that is to be checked [default: the largest that fits]
    #[arg(long, value_name = "N")]
    pub pool_size: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// What `run` takes. A flag wins over PLAN.toml, PLAN.toml wins over the defaults.
#[derive(Debug, Default, Args)]
pub struct RunArgs {
    /// A plan, for example the plan.toml of an earlier run
    #[arg(value_name = "PLAN.toml")]
    pub plan: Option<PathBuf>,

    /// Strategies to compare [default: all]
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "What is compared")]
    pub strategy: Vec<String>,
    /// Workloads [default: point-read,hold]
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "What is compared")]
    pub workload: Vec<String>,
    /// hold: what the request waits for besides the database, in milliseconds [default: 5]
    #[arg(long, value_name = "MS", help_heading = "What is compared")]
    pub think_ms: Option<String>,
    /// hold: give the connection back before that wait
    #[arg(long, help_heading = "What is compared")]
    pub release_early: bool,
    /// hot-row: pessimistic, optimistic or atomic [default: all three]
    #[arg(long, value_delimiter = ',', value_name = "METHOD", help_heading = "What is compared")]
    pub hot_row_method: Vec<String>,
    /// What stands between service and Postgres: direct, pgbouncer-transaction, pgbouncer-session
    #[arg(long, value_delimiter = ',', value_name = "ROUTE", help_heading = "What is compared")]
    pub route: Vec<String>,

    /// Closed load: users who wait for their answers [default: 64]
    #[arg(long, value_delimiter = ',', value_name = "N", help_heading = "Load")]
    pub users: Vec<String>,
    /// Open load: arrivals a second, whether or not answers come
    #[arg(long, value_delimiter = ',', value_name = "R", help_heading = "Load")]
    pub rate: Vec<String>,
    /// Open load: spacing of arrivals, poisson or constant [default: poisson]
    #[arg(long, value_name = "SPACING", help_heading = "Load")]
    pub arrivals: Option<String>,
    /// Open load: the most requests in flight [default: 256]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub connections: Option<String>,
    /// What makes the load: goose, k6 (found in PATH), or both to compare them [default: goose]
    #[arg(long, value_name = "WHO", help_heading = "Load")]
    pub driver: Option<String>,
    /// How long each trial is measured [default: 2s]
    #[arg(long, value_name = "TIME", help_heading = "Load")]
    pub duration: Option<String>,
    /// Load before measuring starts [default: 500ms]
    #[arg(long, value_name = "TIME", help_heading = "Load")]
    pub warmup: Option<String>,
    /// When a request is given up [default: 10s]
    #[arg(long, value_name = "TIME", help_heading = "Load")]
    pub request_timeout: Option<String>,
    /// How often each trial is repeated; repeats are interleaved [default: 2]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub repeats: Option<String>,
    /// Seed of the order of trials and of everything random [default: 1]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub seed: Option<String>,
    /// Do not measure pgbench's ceiling
    #[arg(long, help_heading = "Load")]
    pub no_ceiling: bool,

    /// Settings of the strategies
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// The database
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// Folder in which the run's folder is made
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Output")]
    pub out: PathBuf,
    /// Print the trials and the expected time; start nothing
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,
    /// Print report.json instead of the table
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// No progress
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

/// Settings that all strategies share.
#[derive(Debug, Clone, Default, Args)]
pub struct SettingsArgs {
    /// Connections of a pool [default: 8]
    #[arg(long, value_delimiter = ',', value_name = "N", help_heading = "Settings of the strategies")]
    pub pool_size: Vec<String>,
    /// How long a request waits for a connection, or none [default: 5s]
    #[arg(long, value_name = "TIME", help_heading = "Settings of the strategies")]
    pub acquire_timeout: Option<String>,
    /// How long one attempt to connect may take, or none [default: 5s]
    #[arg(long, value_name = "TIME", help_heading = "Settings of the strategies")]
    pub connect_timeout: Option<String>,
    /// Check a connection with a round trip at each checkout
    #[arg(long, help_heading = "Settings of the strategies")]
    pub health_check: bool,
    /// How statements reach Postgres: cached, unnamed or each-time [default: cached]
    #[arg(long, value_name = "MODE", help_heading = "Settings of the strategies")]
    pub statements: Option<String>,
    /// Idle connections that a pool keeps [default: 0]
    #[arg(long, value_name = "N", help_heading = "Settings of the strategies")]
    pub min_idle: Option<String>,
    /// Age at which a connection is replaced, or none [default: none]
    #[arg(long, value_name = "TIME", help_heading = "Settings of the strategies")]
    pub max_lifetime: Option<String>,
    /// Time-out of each statement, or none [default: none]
    #[arg(long, value_name = "TIME", help_heading = "Settings of the strategies")]
    pub statement_timeout: Option<String>,
    /// Encrypt the connections to Postgres (by TCP)
    #[arg(long, help_heading = "Settings of the strategies")]
    pub tls: bool,
    /// Threads for synchronous drivers [default: 64]
    #[arg(long, value_name = "N", help_heading = "Settings of the strategies")]
    pub blocking_threads: Option<String>,
    /// Worker threads of the HTTP service [default: 1]
    #[arg(long, value_name = "N", help_heading = "Settings of the strategies")]
    pub workers: Option<String>,
    /// Whose defaults: equalised, or library for every library as it comes out of the box
    #[arg(long, value_name = "WHOSE", help_heading = "Settings of the strategies")]
    pub defaults: Option<String>,
}

/// The database under test.
#[derive(Debug, Clone, Default, Args)]
pub struct DatabaseArgs {
    /// embedded, container, or postgres://user@host/database for your own (password in PGPASSWORD) [default: embedded]
    #[arg(long, value_name = "WHICH", help_heading = "Database")]
    pub database: Option<String>,
    /// The image of a database in a container, made by db/Dockerfile [default: poollab-db]
    #[arg(long, value_name = "IMAGE", help_heading = "Database")]
    pub image: Option<String>,
    /// CPU share in cores, or none [default: 0.5]
    #[arg(long, value_name = "CORES", help_heading = "Database")]
    pub cpus: Option<String>,
    /// Memory, or none [default: 256MiB]
    #[arg(long, value_name = "SIZE", help_heading = "Database")]
    pub memory: Option<String>,
    /// Slots for all clients together [default: 40]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub max_connections: Option<String>,
    /// Slots kept for superusers [default: 3]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub reserved: Option<String>,
    /// The service's way to an embedded database: socket or tcp [default: socket]
    #[arg(long, value_name = "WAY", help_heading = "Database")]
    pub link: Option<String>,
    /// Routes with PgBouncer: its most server connections (default_pool_size) [default: 20]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub pgbouncer_pool_size: Option<String>,
    /// Routes with PgBouncer: named statements that it carries over (1.21 or later) [default: its own]
    #[arg(long, value_name = "N", help_heading = "Database")]
    pub pgbouncer_prepared: Option<String>,
    /// Folder with PostgreSQL's programs (initdb, postgres) [default: looked for]
    #[arg(long, value_name = "DIR", help_heading = "Database")]
    pub pg_bin: Option<PathBuf>,
    /// Use a schema `poollab` that is already in your database, and keep it
    #[arg(long, help_heading = "Database")]
    pub reuse_schema: bool,
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
