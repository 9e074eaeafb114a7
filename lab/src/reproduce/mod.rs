//! Carries scenarios out: a failure shown, and its cure under the same load.
//!
//! A scenario is data of `poollab-scenarios`, which also judges what was seen. Here is what that data asks
//! for: a database of its own, services, load, what happens on the way, and the servers' own logs.

mod bench;
mod case;
pub mod list;
mod logs;
mod probes;
mod record;
mod services;
mod story;
mod summary;
pub mod words;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use poollab_model::{RunInfo, RunStatus, SCHEMA_VERSION};
use poollab_scenarios::{Case, Evidence, Scenario, judge};

use crate::exit::Failure;
use crate::folder::{self, Folder};
use crate::output;
use crate::runner::stop::Stop;
use bench::Bench;
use case::Seen;

pub use summary::table;

/// How scenarios are carried out.
pub struct Options {
    /// Whether to stop before the cure.
    pub only_broken: bool,
    /// Folder in which each run's folder is made.
    pub out: PathBuf,
    /// Folder of PostgreSQL's programs.
    pub pg_bin: Option<PathBuf>,
    /// No progress.
    pub quiet: bool,
}

/// What a scenario came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It ran, and was judged.
    Judged {
        /// Whether the symptom appeared in every case of the broken side.
        shown: bool,
        /// Whether the cure removed it; `None`: it was not asked for.
        cured: Option<bool>,
    },
    /// Only the broken side ran, and its symptom is a comparison with the other one.
    NeedsTheCure,
    /// This machine can't show it, and why.
    NotShown(String),
    /// It broke off, and why.
    Failed(String),
    /// Somebody stopped it, and with what.
    Interrupted(&'static str),
}

impl Outcome {
    /// Whether everything was as it must be.
    pub fn passed(&self) -> bool {
        matches!(self, Self::Judged { shown: true, cured: Some(true) | None } | Self::NeedsTheCure)
    }
}

/// A scenario that was carried out.
pub struct Told {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// What it came to.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// Carries scenarios out, one after another, and prints the story of each as soon as it has ended. One that is
/// interrupted is the last.
pub fn run(scenarios: &[&'static Scenario], options: &Options) -> Result<Vec<Told>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::environment(format!("cannot start: {why}")))?;
    runtime.block_on(async {
        let mut stop = Stop::listen()
            .map_err(|why| Failure::environment(format!("cannot listen for signals: {why}")))?;
        let mut told = Vec::new();
        for scenario in scenarios {
            let began = Instant::now();
            let outcome = carry_out(scenario, options, &mut stop).await?;
            let interrupted = matches!(outcome, Outcome::Interrupted(_));
            told.push(Told { scenario, outcome, took: began.elapsed() });
            if interrupted {
                break;
            }
        }
        Ok(told)
    })
}

/// Carries one scenario out. `Err`: there is no environment for any of them.
async fn carry_out(
    scenario: &'static Scenario,
    options: &Options,
    stop: &mut Stop,
) -> Result<Outcome, Failure> {
    let width = output::width();
    let not_shown = |why: String| {
        let outcome = Outcome::NotShown(why);
        output::print(&format!("{}: {}\n{}\n\n", scenario.id, scenario.title, story::verdict(&outcome)));
        Ok(outcome)
    };
    if let Some(why) = bench::missing(scenario) {
        return not_shown(why);
    }
    let Some(first) = scenario.broken.cases.first() else { return not_shown("it has no case".to_owned()) };
    say(options, &format!("{}: starting Postgres", scenario.id));
    let bench = tokio::select! {
        bench = Bench::start(&scenario.scene, first, options.pg_bin.as_deref()) => bench?,
        name = stop.asked() => return Ok(Outcome::Interrupted(name)),
    };
    if let Some(why) = bench.cannot_show(scenario) {
        bench.stop().await?;
        return not_shown(why);
    }
    let environment = bench.environment(&scenario.scene).await?;
    let connects_per_s = match scenario.scene.connects_per_s {
        Some(_) => Some(tokio::select! {
            rate = bench.connects_per_s(&scenario.scene) => rate.map_err(Failure::Environment)?,
            name = stop.asked() => {
                bench.stop().await?;
                return Ok(Outcome::Interrupted(name));
            }
        }),
        None => None,
    };
    // It is shown once in the life of this program.
    let scenario: &'static Scenario =
        connects_per_s.map_or(scenario, |rate| Box::leak(Box::new(scenario.paced(rate))));
    let plan = record::plan(scenario).map_err(Failure::Environment)?;
    let started = jiff::Timestamp::now();
    let id = format!("{}-{}", started.strftime("%Y-%m-%dT%H-%M-%SZ"), scenario.id);
    let (mut folder, id) = Folder::create(&options.out, &id, &plan).map_err(Failure::usage)?;
    let unwritable = |why: std::io::Error| Failure::environment(format!("cannot write the run: {why}"));
    summary::write_plan(folder.path(), scenario, &plan).map_err(unwritable)?;
    folder.write_environment(&environment).map_err(unwritable)?;

    let head = story::head(scenario, &summary::database(scenario, &environment), connects_per_s);
    output::print(&head);
    let mut text = head;
    let (seen, broke) = both_sides(scenario, options, bench, &mut folder, &mut text, stop).await?;
    let (outcome, verdict) = concluded(scenario, options, &seen, broke);
    let mut end = String::new();
    if let Some(verdict) = &verdict {
        end += &story::checks(verdict, false, width);
        if !options.only_broken {
            end += &story::checks(verdict, true, width);
        }
    }
    end += &format!("\n{}\n", story::verdict(&outcome));
    text += &end;
    output::print(&end);

    let info = RunInfo {
        schema_version: SCHEMA_VERSION,
        id,
        started_at: started.to_string(),
        finished_at: Some(jiff::Timestamp::now().to_string()),
        seed: plan.seed,
        status: match outcome {
            Outcome::Failed(_) => RunStatus::Failed,
            Outcome::Interrupted(_) => RunStatus::Interrupted,
            _ => RunStatus::Complete,
        },
        trials_planned: u32::try_from(sides(scenario, options).len()).unwrap_or(u32::MAX),
        skipped: Vec::new(),
        ceiling: None,
        error: match &outcome {
            Outcome::Failed(why) => Some(why.clone()),
            Outcome::Interrupted(name) => Some(format!("stopped by {name}")),
            _ => None,
        },
    };
    folder.write_run(&info).map_err(unwritable)?;
    summary::write(folder.path(), scenario, &seen, verdict.as_ref(), &outcome, &text).map_err(unwritable)?;
    let analysis = folder::analyse(folder.path()).map_err(Failure::Environment)?;
    folder::write_documents(folder.path(), &analysis).map_err(unwritable)?;
    output::print(&format!("run: {}\n\n", folder.path().display()));
    Ok(outcome)
}

/// The cases to run, in order.
fn sides(scenario: &'static Scenario, options: &Options) -> Vec<(&'static Case, bool)> {
    let broken = scenario.broken.cases.iter().map(|case| (case, false));
    let cured = scenario.cured.cases.iter().map(|case| (case, true));
    broken.chain(cured.filter(|_| !options.only_broken)).collect()
}

/// Runs all cases and tells each side as it ends. With them, what it came to when it broke off, if it did.
async fn both_sides(
    scenario: &'static Scenario,
    options: &Options,
    bench: Bench,
    folder: &mut Folder,
    text: &mut String,
    stop: &mut Stop,
) -> Result<(Vec<Seen>, Option<Outcome>), Failure> {
    let width = output::width();
    let mut tell = |part: String| {
        output::print(&part);
        *text += &part;
    };
    let mut seen: Vec<Seen> = Vec::new();
    let mut broke = None;
    let mut bench = Some(bench);
    let cases = sides(scenario, options);
    for (place, (case, cured)) in cases.iter().enumerate() {
        say(options, &format!("{}: {}, {}", scenario.id, record::side(*cured), case.label()));
        let Some(current) = bench.take() else { break };
        let mut current = match current.next(&scenario.scene, case, options.pg_bin.as_deref()).await {
            Ok(current) => current,
            Err(failure) => {
                broke = Some(Outcome::Failed(failure.text()));
                break;
            }
        };
        let carried = tokio::select! {
            carried = case::carry_out(&mut current, scenario, case, *cured) => carried,
            name = stop.asked() => {
                broke = Some(Outcome::Interrupted(name));
                bench = Some(current);
                break;
            }
        };
        bench = Some(current);
        match carried {
            Ok(one) => {
                folder
                    .add_trial(&one.trial)
                    .map_err(|why| Failure::environment(format!("cannot write the run: {why}")))?;
                seen.push(one);
            }
            Err(why) => {
                broke = Some(Outcome::Failed(format!("{}, {}: {why}", record::side(*cured), case.label())));
                break;
            }
        }
        let side_ends = cases.get(place + 1).is_none_or(|(_, next)| next != cured);
        if side_ends {
            tell(story::of_side(scenario, *cured, &seen, width));
            if !cured {
                tell(story::reason(scenario, width));
            }
        }
    }
    if let Some(bench) = bench {
        bench.stop().await?;
    }
    Ok((seen, broke))
}

fn concluded(
    scenario: &Scenario,
    options: &Options,
    seen: &[Seen],
    broke: Option<Outcome>,
) -> (Outcome, Option<poollab_scenarios::Verdict>) {
    if let Some(broke) = broke {
        return (broke, None);
    }
    let of = |cured: bool| -> Vec<Evidence<'_>> {
        seen.iter().filter(|seen| seen.cured == cured).map(Seen::evidence).collect()
    };
    let verdict = judge(scenario, &of(false), &of(true));
    let outcome = if options.only_broken {
        let nothing_to_see = !verdict.checks.iter().any(|check| !check.cured);
        if nothing_to_see {
            Outcome::NeedsTheCure
        } else {
            Outcome::Judged { shown: verdict.shown(), cured: None }
        }
    } else {
        Outcome::Judged { shown: verdict.shown(), cured: Some(verdict.cured()) }
    };
    (outcome, Some(verdict))
}

fn say(options: &Options, text: &str) {
    if !options.quiet {
        crate::output::say(text);
    }
}
