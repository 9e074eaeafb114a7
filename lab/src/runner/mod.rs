//! Carries a plan out: database, trials, ceiling, folder.

pub mod child;
mod database;
mod ended;
pub mod http;
pub mod patience;
pub mod progress;
pub mod service;
pub mod stop;
pub mod timeline;
mod trial;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use poollab_analysis::stats::Spread;
use poollab_model::{
    Acquisition, Driver, Environment, Plan, RunInfo, RunStatus, SCHEMA_VERSION, SkippedTrial, TrialRecord,
    TrialSpec, without_secrets,
};

use crate::exit::Failure;
use crate::folder::Folder;
use crate::plan::{Registry, Resolved};
use database::Database;
pub use ended::Ended;
use progress::Progress;
use service::Service;
use stop::Stop;

/// Trials in a row without a result after which a run gives up: the environment is broken.
const GIVE_UP_AFTER: u32 = 3;

/// What a run needs to know beside its plan.
pub struct Options {
    /// Folder in which the run's folder is made.
    pub out: PathBuf,
    /// No progress.
    pub quiet: bool,
    /// Folder of PostgreSQL's programs.
    pub pg_bin: Option<PathBuf>,
    /// Use a schema that is already in the user's database.
    pub reuse_schema: bool,
}

/// A run that is to go on.
pub struct Resumed {
    /// Its folder.
    pub path: PathBuf,
    /// What it left.
    pub report: poollab_model::Report,
}

/// Goes on with a run: the trials that have no result yet, in the plan's order, in the same folder. `Err`: the
/// environment is another one, or nothing could be added; what was finished stays as it was.
pub fn resume(
    resolved: &Resolved,
    registry: &Registry,
    options: &Options,
    resumed: &Resumed,
) -> Result<Ended, Failure> {
    conduct_in(Some(resumed), "compare", resolved, registry, options, async |bench| {
        bench.ceiling().await;
        let trials: Vec<TrialSpec> = missing(bench.resolved, resumed).into_iter().cloned().collect();
        for spec in &trials {
            bench.trial(spec).await?;
        }
        bench.ceiling().await;
        Ok(())
    })
}

/// The trials of a plan that a run has no result of.
pub fn missing<'a>(resolved: &'a Resolved, resumed: &Resumed) -> Vec<&'a TrialSpec> {
    let done: std::collections::HashSet<&str> =
        resumed.report.trials.iter().map(|trial| trial.id.as_str()).collect();
    resolved.trials.iter().filter(|spec| !done.contains(spec.id.as_str())).collect()
}

/// Carries a plan out, trial by trial in its order. `Err`: nothing was measured, and no folder is left.
pub fn run(resolved: &Resolved, registry: &Registry, options: &Options) -> Result<Ended, Failure> {
    conduct("compare", resolved, registry, options, async |bench| {
        bench.ceiling().await;
        for spec in &bench.resolved.trials {
            bench.trial(spec).await?;
        }
        bench.ceiling().await;
        Ok(())
    })
}

/// Time that the reference takes: one measurement before the trials and one after them.
pub fn ceiling_time(plan: &Plan) -> Duration {
    let each = if database::pipelines(plan) { 2 } else { 1 };
    2 * each * ceiling_sample(plan)
}

/// pgbench measures whole seconds.
fn ceiling_sample(plan: &Plan) -> Duration {
    Duration::from_secs(plan.duration.0.as_secs_f64().ceil().clamp(1.0, 5.0) as u64)
}

/// Provides the database and the folder, lets `job` do its trials, and ends everything in order, also
/// when somebody asks for the end. What is finished by then is on disk.
pub fn conduct(
    kind: &str,
    resolved: &Resolved,
    registry: &Registry,
    options: &Options,
    job: impl AsyncFnOnce(&mut Bench<'_>) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    conduct_in(None, kind, resolved, registry, options, job)
}

fn conduct_in(
    resumed: Option<&Resumed>,
    kind: &str,
    resolved: &Resolved,
    registry: &Registry,
    options: &Options,
    job: impl AsyncFnOnce(&mut Bench<'_>) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::environment(format!("can't start: {why}")))?;
    runtime.block_on(conducted(resumed, kind, resolved, registry, options, job))
}

async fn conducted(
    resumed: Option<&Resumed>,
    kind: &str,
    resolved: &Resolved,
    registry: &Registry,
    options: &Options,
    job: impl AsyncFnOnce(&mut Bench<'_>) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    let plan = &resolved.plan;
    if plan.driver.drivers().contains(&Driver::K6) {
        // Before there is anything that would have to be stopped again.
        poollab_loadtest::k6::Program::find().map_err(Failure::Environment)?;
    }
    let mut stop =
        Stop::listen().map_err(|why| Failure::environment(format!("can't listen for signals: {why}")))?;
    let (folder, info) = match resumed {
        None => fresh(kind, resolved, options)?,
        Some(resumed) => (Folder::reopen(&resumed.path).map_err(Failure::usage)?, again(resolved, resumed)),
    };
    let finished = resumed.map_or(0, |resumed| resumed.report.trials.len());
    let mut progress = Progress::new(
        resolved.trials.len().saturating_sub(finished),
        load_of(resolved),
        plan.limits.max_connections,
        options.quiet,
    );

    progress.tell(&folder.path().join(crate::folder::LIVE));
    progress.say("starting Postgres");
    let provided = tokio::select! {
        provided = Database::provide(plan, resolved.password.as_ref(), options) => provided,
        name = stop.asked() => Err(Failure::Interrupted(format!("stopped by {name} before the first trial"))),
    };
    let database = match provided {
        Ok(database) => database,
        Err(failure) => {
            progress.finish();
            folder.discard();
            return Err(failure);
        }
    };
    let finished = u32::try_from(finished).unwrap_or(u32::MAX);
    let mut filled = None;
    let held = if crate::plan::filling::is_open(plan) {
        progress.say("measuring how fast Postgres connects");
        let measured = tokio::select! {
            measured = database.connects_per_s(plan) => measured.map_err(Failure::Environment),
            name = stop.asked() => Err(Failure::Interrupted(format!("stopped by {name} before the first trial"))),
        };
        measured.and_then(|rate| {
            let resolved = filled.insert(crate::plan::filled(resolved, rate, registry));
            progress.load(load_of(resolved));
            folder.write_plan(&resolved.plan).map_err(|why| unwritable(&folder, &why))
        })
    } else {
        Ok(())
    };
    let resolved = filled.as_ref().unwrap_or(resolved);
    let mut bench = Bench {
        plan: &resolved.plan,
        resolved,
        registry,
        database,
        folder,
        info,
        progress,
        kept: None,
        finished,
        without_result: 0,
        environment: None,
    };
    let before = resumed.map(|resumed| &resumed.report.environment);
    let stopped = match held {
        Err(failure) => Some(failure),
        Ok(()) => tokio::select! {
            ended = bench.carry_out(before, job) => ended.err(),
            name = stop.asked() => Some(Failure::Interrupted(format!("stopped by {name}"))),
        },
    };
    bench.end(stopped).await
}

/// Warm-up and measuring of a trial, on average over the workloads.
fn load_of(resolved: &Resolved) -> Duration {
    let all: Duration = resolved.trials.iter().map(|spec| load_time(&resolved.plan, spec)).sum();
    all / u32::try_from(resolved.trials.len().max(1)).unwrap_or(u32::MAX)
}

/// Warm-up and measuring of one trial.
pub fn load_time(plan: &Plan, spec: &TrialSpec) -> Duration {
    let (warmup, duration) = plan.times_of(&spec.workload);
    warmup.0 + duration.0
}

/// A folder for a new run.
fn fresh(kind: &str, resolved: &Resolved, options: &Options) -> Result<(Folder, RunInfo), Failure> {
    let started = jiff::Timestamp::now();
    let id = format!("{}-{kind}", started.strftime("%Y-%m-%dT%H-%M-%SZ"));
    let (folder, id) = Folder::create(&options.out, &id, &resolved.plan).map_err(Failure::usage)?;
    let info = RunInfo {
        schema_version: SCHEMA_VERSION,
        id,
        started_at: started.to_string(),
        finished_at: None,
        seed: resolved.plan.seed,
        status: RunStatus::Running,
        trials_planned: u32::try_from(resolved.trials.len()).unwrap_or(u32::MAX),
        skipped: resolved.skipped.clone(),
        ceiling: None,
        error: None,
    };
    Ok((folder, info))
}

/// A run that goes on: trials without a result get another chance.
fn again(resolved: &Resolved, resumed: &Resumed) -> RunInfo {
    RunInfo {
        finished_at: None,
        status: RunStatus::Running,
        skipped: resolved.skipped.clone(),
        error: None,
        ..resumed.report.run.clone()
    }
}

/// The lab's bench: a database that runs, a folder that takes trials.
pub struct Bench<'a> {
    plan: &'a Plan,
    /// The plan with its trials, as they are carried out.
    resolved: &'a Resolved,
    registry: &'a Registry,
    database: Database,
    folder: Folder,
    info: RunInfo,
    progress: Progress,
    /// The service of the trial before, where it is to be used again.
    kept: Option<Service>,
    finished: u32,
    without_result: u32,
    environment: Option<Environment>,
}

impl Bench<'_> {
    /// Carries one trial out and saves it. `None`: it has no result, which is noted; after a few of those
    /// in a row the run gives up.
    pub async fn trial(&mut self, spec: &TrialSpec) -> Result<Option<TrialRecord>, Failure> {
        self.carry_out_one(spec, false).await
    }

    /// The same with the service of the trial before, which differs in its pool size only: where the library can
    /// resize a running pool that saves a start.
    pub async fn resized_trial(&mut self, spec: &TrialSpec) -> Result<Option<TrialRecord>, Failure> {
        self.carry_out_one(spec, true).await
    }

    async fn carry_out_one(&mut self, spec: &TrialSpec, keep: bool) -> Result<Option<TrialRecord>, Failure> {
        let info = self.registry.strategy(&spec.strategy);
        let acquisition = info.map_or(Acquisition::Pooled, |info| info.acquisition);
        let kept = keep.then_some(&mut self.kept);
        let carried =
            trial::carry_out(spec, self.plan, acquisition, &mut self.database, &mut self.progress, kept)
                .await;
        // A trial whose database went away at its very end measured that, and not its strategy.
        let dead = match self.database.has_ended().await {
            Some(why) => Some(format!("the database ended: {why}")),
            None => self.database.unheard().await,
        };
        match carried.and_then(|record| match &dead {
            None => Ok(record),
            Some(why) => Err(why.clone()),
        }) {
            Ok(record) => {
                self.without_result = 0;
                self.folder.add_trial(&record).map_err(|why| unwritable(&self.folder, &why))?;
                // Finished is what is on disk: a trial that could not be written is lost.
                self.finished += 1;
                self.progress.trial_done(&record);
                Ok(Some(record))
            }
            Err(reason) => {
                self.without_result += 1;
                self.progress.trial_failed(spec, &reason);
                self.info.skipped.push(SkippedTrial {
                    id: spec.id.clone(),
                    reason: without_secrets(&reason).into_owned(),
                });
                self.save_info()?;
                if let Some(why) = dead {
                    return Err(Failure::Environment(why));
                }
                if self.without_result == GIVE_UP_AFTER {
                    return Err(Failure::Environment(format!(
                        "{GIVE_UP_AFTER} trials in a row have no result, the last one because {reason}"
                    )));
                }
                Ok(None)
            }
        }
    }

    /// Slots that the service can get while the observer holds one.
    pub fn free_slots(&self) -> u32 {
        self.database.limits(self.plan).free_slots()
    }

    /// There will be so many trials, as far as is known by now.
    pub fn expect(&mut self, trials: usize) {
        self.progress.expect(trials);
    }

    /// One measurement of pgbench; the median of all of them counts, so that a machine that drifts during
    /// the run does not decide the ceiling by the moment at which it was taken.
    pub async fn ceiling(&mut self) {
        if !self.plan.ceiling {
            return;
        }
        self.progress.say("pgbench: measuring the reference");
        match self.database.ceiling(self.plan, ceiling_sample(self.plan)).await {
            Ok(Some(mut next)) => {
                if let Some(before) = self.info.ceiling.take() {
                    next.samples.splice(0..0, before.samples);
                    if let (Some(next), Some(before)) = (&mut next.pipelined, before.pipelined) {
                        next.samples.splice(0..0, before.samples);
                    }
                }
                if let Some(pipelined) = &mut next.pipelined
                    && let Some(all) = Spread::of(pipelined.samples.iter().copied())
                {
                    pipelined.tps = all.median;
                }
                if let Some(all) = Spread::of(next.samples.iter().copied()) {
                    next.tps = all.median;
                }
                self.info.ceiling = Some(next);
            }
            Ok(None) => self.progress.say("no pgbench found: the run has no reference"),
            Err(why) => self.progress.warn(&format!("no reference: {why}")),
        }
    }

    async fn carry_out(
        &mut self,
        before: Option<&poollab_model::Environment>,
        job: impl AsyncFnOnce(&mut Bench<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let environment = self.database.environment(self.plan).await?;
        if let Some(before) = before {
            let mut reasons = changed(before, &environment);
            if !reasons.is_empty() {
                reasons.insert(0, "the run can't go on: what decides its results has changed".to_owned());
                return Err(Failure::Usage(reasons));
            }
        }
        self.folder.write_environment(&environment).map_err(|why| unwritable(&self.folder, &why))?;
        self.environment = Some(environment);
        self.save_info()?;
        job(self).await
    }

    async fn end(self, stopped: Option<Failure>) -> Result<Ended, Failure> {
        let Self { plan, database, folder, mut info, progress, kept, finished, environment, .. } = self;
        progress.finish();
        if let Some(service) = kept {
            service.stop().await;
        }
        if let Err(why) = database.stop().await {
            crate::output::say(&format!("poollab: {why}"));
        }
        let stopped = match (stopped, info.skipped.last()) {
            (None, Some(last)) if finished == 0 => Some(Failure::Environment(format!(
                "no trial has a result, the last one because {}",
                last.reason
            ))),
            (stopped, _) => stopped,
        };
        let gone = folder.is_gone();
        let stopped = match stopped {
            // Refused before anything was done: the run stays what it was.
            Some(failure @ Failure::Usage(_)) => {
                folder.discard();
                return Err(failure);
            }
            Some(failure) if finished == 0 => {
                folder.discard();
                return Err(failure.and("; nothing was measured, nothing is left behind"));
            }
            Some(failure) if gone => Some(failure),
            Some(failure) => {
                let trials = poollab_analysis::figures::plural(
                    finished.into(),
                    "finished trial is",
                    "finished trials are",
                );
                let kept = format!("; {trials} in {}", folder.path().display());
                Some(failure.and(&kept))
            }
            None if gone => Some(unwritable(&folder, &std::io::Error::other("somebody removed the folder"))),
            None => None,
        };
        info.status = match stopped {
            None => RunStatus::Complete,
            Some(Failure::Interrupted(_)) => RunStatus::Interrupted,
            Some(_) => RunStatus::Failed,
        };
        info.finished_at = Some(jiff::Timestamp::now().to_string());
        info.error = stopped.as_ref().map(|why| without_secrets(&why.text()).into_owned());
        let path = folder.path().to_owned();
        if let Some(environment) = environment.filter(|_| gone) {
            let trials = folder.rescue().map_err(Failure::Environment)?;
            let analysis = poollab_analysis::Analysis::of(info, plan.clone(), environment, trials);
            let stopped =
                stopped.map(|why| why.and("; what was measured by then is printed, and in no file"));
            return Ok(Ended { folder: path, stopped, rescued: Some(Box::new(analysis)) });
        }
        let stopped = match (folder.write_run(&info), stopped) {
            (Ok(()), stopped) => stopped,
            // Why the run ended is more than that its end could not be noted.
            (Err(why), Some(stopped)) => Some(stopped.and(&format!("; its end can't be noted there: {why}"))),
            (Err(why), None) => Some(unwritable(&folder, &why)),
        };
        Ok(Ended { folder: path, stopped, rescued: None })
    }

    fn save_info(&self) -> Result<(), Failure> {
        self.folder.write_run(&self.info).map_err(|why| unwritable(&self.folder, &why))
    }
}

/// What makes trials of two environments incomparable: machine, limits, and every version that took part.
fn changed(before: &poollab_model::Environment, now: &poollab_model::Environment) -> Vec<String> {
    let obstacles = poollab_analysis::diff::environments(before, now);
    let mut reasons: Vec<String> = obstacles.iter().map(ToString::to_string).collect();
    let mut version = |what: &str, one: &str, other: &str| {
        if one != other {
            reasons.push(format!("{what}: {one} against {other}"));
        }
    };
    version("poollab", &before.poollab, &now.poollab);
    version("PostgreSQL", &before.postgres, &now.postgres);
    version("kernel", &before.machine.kernel, &now.machine.kernel);
    reasons
}

fn unwritable(folder: &Folder, why: &std::io::Error) -> Failure {
    Failure::environment(format!("can't write to {}: {why}", folder.path().display()))
}
