//! `poollab tune` and `poollab fleet`.

use std::path::PathBuf;

use clap::Args;

use super::{DatabaseArgs, SettingsArgs};
use crate::tune::live::{STRATEGY, WARMUP, WORKLOAD};

pub(super) const TUNE_EXAMPLES: &str = "\
Examples:
  poollab tune                                    deadpool, hold 5 ms, 64 users, at most two minutes
  poollab tune --strategy bb8 --workload hold --think-ms 10 --rate 400 --slo 'p99<50ms'
  poollab tune --replicas 6 --surge 25% --slots 100      also compute the limit for a fleet
  poollab tune --from sweep.csv                   search in recorded measurements

A recorded sweep (CSV) has the columns pool_size and throughput, optionally error (half-width of
the 99.9% interval) and p99_ms. Each value of any other column is a series of its own.";

pub(super) const FLEET_EXAMPLES: &str = "\
Examples:
  poollab fleet --replicas 6 --surge 25% --slots 100 --reserved 3 --other 10
  poollab fleet --replicas 6 --surge 2 --slots 100 --pool-size 16   check this pool size";

/// Arguments of `tune`.
#[derive(Debug, Args)]
pub struct TuneArgs {
    /// Strategy whose pool is tuned
    #[arg(long, default_value = STRATEGY, value_name = "ID", help_heading = "What to tune")]
    pub strategy: String,
    /// Workload. The default holds its connection for some milliseconds, as requests with several statements do. For
    /// single reads, 1 or 2 connections are enough
    #[arg(long, default_value = WORKLOAD, value_name = "ID", help_heading = "What to tune")]
    pub workload: String,
    /// hold: time the request waits for something other than the database, in milliseconds [default: 5]
    #[arg(long, value_name = "MS", help_heading = "What to tune")]
    pub think_ms: Option<String>,
    /// hold: return the connection to the pool before that wait
    #[arg(long, help_heading = "What to tune")]
    pub release_early: bool,
    /// hot-row: locking method, pessimistic, optimistic or atomic
    #[arg(long, value_name = "METHOD", help_heading = "What to tune")]
    pub hot_row_method: Option<String>,
    /// Connection route: direct, pgbouncer-transaction, pgbouncer-session [default: direct]
    #[arg(long, value_name = "ROUTE", help_heading = "What to tune")]
    pub route: Option<String>,

    /// Closed load: number of users, each waiting for its response before the next request [default: 64]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub users: Vec<String>,
    /// Open load: requests per second, sent whether or not responses arrive
    #[arg(long, value_name = "R", help_heading = "Load")]
    pub rate: Vec<String>,
    /// Open load: spacing of requests, poisson or constant
    #[arg(long, value_name = "SPACING", help_heading = "Load")]
    pub arrivals: Option<String>,
    /// Length of one measurement of one size; sizes take turns [default: 400ms; 1s with --slo or --rate]
    #[arg(long, value_name = "TIME", help_heading = "Load")]
    pub duration: Option<String>,
    /// How long to send load before each measurement
    #[arg(long, default_value = WARMUP, value_name = "TIME", help_heading = "Load")]
    pub warmup: String,
    /// Seed of the ids and the schedule [default: 1]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub seed: Option<String>,

    /// Objectives that the size must meet: 'p99<50ms', 'error-rate<1%', separated by commas
    #[arg(long, value_name = "SLO", help_heading = "Search")]
    pub slo: Option<String>,
    /// Goodput that a smaller pool may lose against the best [default: 2%]
    #[arg(long, value_name = "SHARE", help_heading = "Search")]
    pub within: Option<String>,
    /// Time limit of the search; it stops earlier when the answer is certain [default: 2m]
    #[arg(long, value_name = "TIME", help_heading = "Search")]
    pub budget: Option<String>,
    /// Largest pool size to try [default: 64, at most the free connection slots]
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub largest: Option<String>,
    /// Cores of the database server, for models that use them [default: from --cpus; unknown with --from]
    #[arg(long, value_name = "N", help_heading = "Search")]
    pub cores: Option<String>,
    /// Search in recorded measurements (CSV) instead of measuring
    #[arg(long, value_name = "SWEEP.csv", help_heading = "Search")]
    pub from: Option<PathBuf>,

    /// The fleet
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Reserved connections of the production database [default: 3]
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub slots_reserved: Option<String>,
    /// Settings of the strategies
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// The database
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// Folder for results; each run gets a subfolder
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Output")]
    pub out: PathBuf,
    /// Print the result as JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Do not print progress
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

/// Instances that share the slots of one Postgres.
#[derive(Debug, Default, Args)]
pub struct FleetArgs {
    /// Number of instances of the service
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub replicas: Option<String>,
    /// Extra instances during a rolling deployment, as a percentage or a number [default: 25%]
    #[arg(long, value_name = "SHARE", help_heading = "Fleet")]
    pub surge: Option<String>,
    /// max_connections of the production database [default: 100]
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub slots: Option<String>,
    /// Connections used by other clients [default: 0]
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub other: Option<String>,
}

/// Arguments of `fleet`.
#[derive(Debug, Args)]
pub struct FleetCommandArgs {
    /// The fleet
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// Reserved connections of the production database [default: 3]
    #[arg(long, value_name = "N", help_heading = "Fleet")]
    pub reserved: Option<String>,
    /// Pool size of each instance to check [default: the largest that fits]
    #[arg(long, value_name = "N")]
    pub pool_size: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}
