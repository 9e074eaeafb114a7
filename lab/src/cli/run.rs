//! `poollab run`: each field of a plan as a flag.

use std::path::PathBuf;

use clap::Args;

use super::{DatabaseArgs, SettingsArgs};

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  poollab run                                     all strategies on point-read and hold, 32 users
  poollab run --strategy deadpool,bb8 --users 16,64 --pool-size 4,8,16
  poollab run --strategy deadpool --workload hold --think-ms 20 --rate 300
  poollab run --defaults library                  each library with its own defaults
  poollab run --dry-run plan.toml                 print trials and expected time, start nothing
  poollab run runs/…/plan.toml                    repeat a run
  poollab run --resume runs/…                     continue an interrupted run
  poollab run --threshold 'p99<50ms' --threshold 'error-rate<1%'

Lists (a,b,c): every combination is run. A setting that a strategy does not have adds none.
Plan flags can also be set by environment variable (--pool-size: POOLLAB_POOL_SIZE) or in
$XDG_CONFIG_HOME/poollab/config.toml, with the keys of a plan file. Flags override variables,
variables override that file. With PLAN.toml both are ignored. --dry-run shows where each value
comes from.
Exit codes: 0 done, 1 a --threshold is not met, 2 usage error, 3 environment problem,
130 interrupted.";

/// The plan. A flag overrides PLAN.toml, PLAN.toml overrides the defaults.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    /// Plan file, for example the plan.toml of an earlier run
    #[arg(value_name = "PLAN.toml")]
    pub plan: Option<PathBuf>,
    /// Strategies to compare [default: all]
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "What to compare")]
    pub strategy: Vec<String>,
    /// Workloads to run [default: point-read,hold]
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "What to compare")]
    pub workload: Vec<String>,
    /// hold: time the request waits for something other than the database, in milliseconds [default: measured, long enough to exhaust the connection slots; 5 if this load cannot]
    #[arg(long, value_name = "MS", help_heading = "What to compare")]
    pub think_ms: Option<String>,
    /// hold: return the connection to the pool before that wait
    #[arg(long, help_heading = "What to compare")]
    pub release_early: bool,
    /// hot-row: locking method, pessimistic, optimistic or atomic [default: all three]
    #[arg(long, value_delimiter = ',', value_name = "METHOD", help_heading = "What to compare")]
    pub hot_row_method: Vec<String>,
    /// Connection route: direct, pgbouncer-transaction, pgbouncer-session [default: direct]
    #[arg(long, value_delimiter = ',', value_name = "ROUTE", help_heading = "What to compare")]
    pub route: Vec<String>,
    /// Closed load: number of users, each waiting for its response before the next request [default: 32]
    #[arg(long, value_delimiter = ',', value_name = "N", help_heading = "Load")]
    pub users: Vec<String>,
    /// Open load: requests per second, sent whether or not responses arrive
    #[arg(long, value_delimiter = ',', value_name = "R", help_heading = "Load")]
    pub rate: Vec<String>,
    /// How long to measure each trial; at least two holds where the hold is measured [default: 1500ms]
    #[arg(long, value_name = "TIME", help_heading = "Load")]
    pub duration: Option<String>,
    /// Repeats of each trial, interleaved; raise to rank small differences [default: 2]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub repeats: Option<String>,
    /// How long to send load before measuring starts [default: 500ms]
    #[arg(long, value_name = "TIME", help_heading = "Load")]
    pub warmup: Option<String>,
    /// Time after which a request counts as failed [default: 10s]
    #[arg(long, value_name = "TIME", help_heading = "Load")]
    pub request_timeout: Option<String>,
    /// Open load: spacing of requests, poisson or constant [default: poisson]
    #[arg(long, value_name = "SPACING", help_heading = "Load")]
    pub arrivals: Option<String>,
    /// Open load: maximum requests in flight [default: 256]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub connections: Option<String>,
    /// Load generator: goose (built in), k6 (from PATH), or both to cross-check [default: goose]
    #[arg(long, value_name = "WHO", help_heading = "Load")]
    pub driver: Option<String>,
    /// Seed of the trial order, the ids and the schedule [default: 1]
    #[arg(long, value_name = "N", help_heading = "Load")]
    pub seed: Option<String>,
    /// Skip the reference measurement with pgbench
    #[arg(long = "no-reference", alias = "no-ceiling", help_heading = "Load")]
    pub no_ceiling: bool,
    /// Settings of the strategies
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// The database
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Folder for results; each run gets a subfolder
    #[arg(long, value_name = "DIR", default_value = "runs", help_heading = "Output")]
    pub out: PathBuf,
    /// Print the trials and the expected time, start nothing
    #[arg(long, help_heading = "Output")]
    pub dry_run: bool,
    /// Print report.json instead of the table
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Do not print progress
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}
