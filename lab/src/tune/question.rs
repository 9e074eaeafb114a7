//! What was typed becomes a question, with all that is wrong with it.

use std::time::Duration;

use poollab_analysis::sizing::{Facts, Fleet, Surge};
use poollab_analysis::tune::{Budget, Question, Slo, Source};
use poollab_model::{HumanDuration, Load, Plan};

use crate::cli::{FleetArgs, TuneArgs};

/// Larger pools are hardly ever right, and each size more costs measurements.
const LARGEST: u32 = 64;
/// Starting Postgres, and what is not a trial.
const AROUND: Duration = Duration::from_secs(4);
/// As long as somebody waits without being asked to.
const BUDGET: HumanDuration = HumanDuration::from_secs(120);

/// Around the load of a measurement, at the least; what it really takes is learnt on the way.
const AT_LEAST: Duration = Duration::from_millis(50);

/// What a search is asked beside its plan.
pub struct Asked {
    /// Share of the best goodput that may be given up.
    pub within: f64,
    /// What else has to hold.
    pub slo: Option<Slo>,
    /// The time that the search may take in all.
    pub budget: Duration,
    /// The largest size that may be asked for.
    pub largest: u32,
    /// Cores of the database server, where they were told.
    pub cores: Option<u32>,
    /// The fleet to look at, if one was named.
    pub fleet: Option<Fleet>,
}

/// Reads what does not belong to a plan.
pub fn read(args: &TuneArgs, problems: &mut Vec<String>) -> Asked {
    let slo = args
        .slo
        .as_ref()
        .and_then(|text| text.parse().map_err(|why| problems.push(format!("--slo {text}: {why}"))).ok());
    Asked {
        within: within(&args.within, problems),
        slo,
        budget: read_or(&args.budget, "--budget", BUDGET, problems).0.saturating_sub(AROUND),
        largest: read_or(&args.largest, "--largest", LARGEST, problems),
        cores: read_cores(args, problems),
        fleet: args
            .fleet
            .replicas
            .is_some()
            .then(|| fleet(&args.fleet, ("--slots-reserved", &args.slots_reserved), problems))
            .flatten(),
    }
}

/// The question for the search, once the free slots are known.
pub fn question(asked: &Asked, plan: &Plan, free_slots: u32) -> Question {
    let each = HumanDuration(plan.warmup.0 + plan.duration.0 + AT_LEAST);
    Question {
        sizes: (1..=asked.largest.min(free_slots)).collect(),
        within: asked.within,
        slo: asked.slo.clone(),
        offered: offered(plan),
        budget: Budget::of_time(HumanDuration(asked.budget), each),
        seed: plan.seed,
        source: Source::Live,
    }
}

/// What the models are told: half a core is one core that is often away.
pub fn facts(asked: &Asked, plan: &Plan, cores: u32) -> Facts {
    let limited = plan.limits.cpus.map_or(cores, |cpus| (cpus.ceil() as u32).max(1));
    let database = asked.cores.unwrap_or(limited);
    Facts { cores: Some(database), service_cores: Some(cores), rate_per_s: offered(plan), ..Facts::default() }
}

fn offered(plan: &Plan) -> Option<f64> {
    match plan.loads.first() {
        Some(Load::Open { rate_per_s, .. }) => Some(*rate_per_s),
        _ => None,
    }
}

/// A fleet as typed; `None` when something is missing or wrong, which is then among the problems.
pub fn fleet(
    args: &FleetArgs,
    (reserved_flag, reserved): (&str, &Option<String>),
    problems: &mut Vec<String>,
) -> Option<Fleet> {
    let before = problems.len();
    let fleet = Fleet {
        replicas: read_or(&args.replicas, "--replicas", 1, problems),
        surge: read_or(&args.surge, "--surge", Surge::Percent(25.0), problems),
        slots: read_or(&args.slots, "--slots", 100, problems),
        reserved: read_or(reserved, reserved_flag, 3, problems),
        other: read_or(&args.other, "--other", 0, problems),
    };
    if problems.len() == before
        && let Err(why) = fleet.check()
    {
        problems.push(why.to_string());
    }
    (problems.len() == before).then_some(fleet)
}

fn read_cores(args: &TuneArgs, problems: &mut Vec<String>) -> Option<u32> {
    let text = args.cores.as_ref()?;
    match text.parse() {
        Ok(cores) if cores > 0 => Some(cores),
        _ => {
            problems.push(format!("--cores {text}: a whole number above 0 was expected"));
            None
        }
    }
}

/// `2%` or `0.02`.
fn within(typed: &Option<String>, problems: &mut Vec<String>) -> f64 {
    let Some(text) = typed else { return 0.02 };
    let trimmed = text.trim();
    let share = match trimmed.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => trimmed.parse::<f64>(),
    };
    share.unwrap_or_else(|_| {
        problems.push(format!("--within {text}: a share of the best goodput was expected, for example 2%"));
        0.02
    })
}

fn read_or<T: std::str::FromStr>(
    typed: &Option<String>,
    flag: &str,
    instead: T,
    problems: &mut Vec<String>,
) -> T
where
    T::Err: std::fmt::Display,
{
    let Some(text) = typed else { return instead };
    text.parse().unwrap_or_else(|why| {
        problems.push(format!("{flag} {text}: {why}"));
        instead
    })
}
