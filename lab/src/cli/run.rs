//! `poollab run`: a plan, flag by flag.

use std::path::PathBuf;

use clap::Args;

use super::{DatabaseArgs, SettingsArgs};

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  poollab run                                     all strategies on point-read and hold, 32 users
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

/// What `run` takes. A flag wins over PLAN.toml, PLAN.toml wins over the defaults.
#[derive(Debug, Clone, Default, Args)]
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
    /// hold: what the request waits for besides the database, in milliseconds [default: what it takes to run out of slots, measured; 5 where the load can't]
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

    /// Closed load: users who wait for their answers [default: 32]
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
    /// How long each trial is measured, two holds at least where the hold is measured [default: 1500ms]
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
    /// Do not measure the reference with pgbench
    #[arg(long = "no-reference", alias = "no-ceiling", help_heading = "Load")]
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
