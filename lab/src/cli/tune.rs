//! `poollab tune` and `poollab fleet`.

use std::path::PathBuf;

use clap::Args;

use super::{DatabaseArgs, SettingsArgs};
use crate::tune::live::{STRATEGY, WARMUP, WORKLOAD};

pub(super) const TUNE_EXAMPLES: &str = "\
Examples:
  poollab tune                                    deadpool, requests that hold for 5 ms, 64 users, two minutes at most
  poollab tune --strategy bb8 --workload hold --think-ms 10 --rate 400 --slo 'p99<50ms'
  poollab tune --replicas 6 --surge 25% --slots 100      and what a fleet does with that size
  poollab tune --from sweep.csv                   the same search in recorded figures

A recorded sweep has the columns pool_size,throughput and optionally error (half-width of the 99.9 %
interval) and p99_ms; any further column makes a series of its own.";

pub(super) const FLEET_EXAMPLES: &str = "\
Examples:
  poollab fleet --replicas 6 --surge 25% --slots 100 --reserved 3 --other 10
  poollab fleet --replicas 6 --surge 2 --slots 100 --pool-size 16   what happens with that size";

/// What `tune` takes.
#[derive(Debug, Args)]
pub struct TuneArgs {
    /// The strategy whose pool is tuned
    #[arg(long, default_value = STRATEGY, value_name = "ID", help_heading = "What is tuned")]
    pub strategy: String,
    /// The workload. The default holds its connection for some milliseconds, as requests with several statements or
    /// work in between do: only then does the size matter. For single reads 1 or 2 connections are enough
    #[arg(long, default_value = WORKLOAD, value_name = "ID", help_heading = "What is tuned")]
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
    /// How long a size is measured at a time; sizes take turns [default: 400ms; 1s with --slo or --rate]
    #[arg(long, value_name = "TIME", help_heading = "Load")]
    pub duration: Option<String>,
    /// Load before measuring starts, each time
    #[arg(long, default_value = WARMUP, value_name = "TIME", help_heading = "Load")]
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
    /// Time that the search may take in all; it ends sooner when the answer is certain [default: 2m]
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
