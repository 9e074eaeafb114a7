//! One trial: fresh service, check, load, figures, end.

use std::time::{Duration, Instant};

use poollab_model::wire::{LoadEvent, LoadOrder, LoadResult, ServerEvent, ServerOrder};
use poollab_model::{
    Acquisition, Driver, GeneratorFigures, Plan, PoolCounts, ServerFigures, Settings, TrialRecord, TrialSpec,
};

use super::child::Child;
use super::database::Database;
use super::progress::Progress;
use super::timeline;
use super::verify;
use crate::machine;

/// Starting a service: a pool that opens eagerly has to get its connections from half a core.
const START: Duration = Duration::from_secs(20);
/// Ending one: requests in flight end, connections close.
const STOP: Duration = Duration::from_secs(8);
/// Silence of the generator beyond what the plan allows it.
const GRACE: Duration = Duration::from_secs(15);

/// What the service's process went through while measuring.
struct Watched {
    started_at: String,
    from: Instant,
    to: Instant,
    pool: Vec<(Instant, PoolCounts)>,
    server: ServerFigures,
}

/// Carries a trial out. `Err`: it has no result, in words.
pub async fn carry_out(
    spec: &TrialSpec,
    plan: &Plan,
    acquisition: Acquisition,
    database: &mut Database,
    progress: &mut Progress,
) -> Result<TrialRecord, String> {
    progress.trial(&spec.id);
    let mut remarks = Vec::new();
    let application = format!("poollab/{}", spec.strategy);
    database.observer().reset().await.map_err(|why| format!("the database can't be reset: {why}"))?;

    let order = ServerOrder {
        strategy: spec.strategy.clone(),
        settings: spec.settings.clone(),
        endpoint: database.endpoint(plan.link, spec.route)?,
        listen: "127.0.0.1:0".to_owned(),
        application_name: application.clone(),
    };
    let mut server: Child<ServerEvent> = Child::start("server", &["server", "--conducted"], &order).await?;
    let (address, settings) = ready(&mut server).await?;

    let verified = verify::check(&address, spec, database.observer(), &mut remarks).await?;
    let (result, mut watched) = measure(spec, plan, &address, &mut server, database, progress).await?;

    watched.server.exit_code = server.stop(STOP).await;
    if watched.server.exit_code != Some(0) {
        remarks.push(match watched.server.exit_code {
            Some(code) => format!("the service ended with exit code {code} instead of 0"),
            None => format!("the service did not end within {STOP:?} and was killed"),
        });
    }
    if let Some(pooler) = database.pooler(spec.route)
        && let Err(why) = pooler.disconnect_all().await
    {
        remarks.push(format!("PgBouncer kept its connections after the trial: {why}"));
    }
    let mut figures = database.observer().figures(watched.from, watched.to);
    figures.statements_verified = verified;
    figures.backends_left = database.backends_left(&application).await;
    Ok(record(spec, acquisition, settings, result, watched, figures, remarks, database))
}

async fn ready(server: &mut Child<ServerEvent>) -> Result<(String, Settings), String> {
    let deadline = Instant::now() + START;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match server.event(left).await?.1 {
            ServerEvent::Ready { address, settings } => return Ok((address, *settings)),
            ServerEvent::Failed { message } => return Err(format!("the service can't start: {message}")),
            ServerEvent::Pool { .. } => {}
        }
    }
}

async fn measure(
    spec: &TrialSpec,
    plan: &Plan,
    address: &str,
    server: &mut Child<ServerEvent>,
    database: &mut Database,
    progress: &Progress,
) -> Result<(LoadResult, Watched), String> {
    let (method, path, ids) = poollab_servers::request_path(&spec.workload);
    let order = LoadOrder {
        address: address.to_owned(),
        method,
        path,
        ids,
        load: spec.load.clone(),
        warmup: plan.warmup,
        duration: plan.duration,
        request_timeout: plan.request_timeout,
        seed: spec.seed,
        course: None,
    };
    let mut load: Child<LoadEvent> = Child::start("generator", generator(spec.driver), &order).await?;
    let patience = plan.warmup.0 + plan.duration.0 + plan.request_timeout.0 + GRACE;

    let pid = server.pid();
    let cpu = || pid.and_then(machine::process_figures);
    let now = Instant::now();
    let mut watched = Watched {
        started_at: jiff::Timestamp::now().to_string(),
        from: now,
        to: now,
        pool: Vec::new(),
        server: ServerFigures::default(),
    };
    let mut before = cpu();
    let mut opened = OpenedConnections::default();
    loop {
        let (at, event) = tokio::select! {
            event = load.event(patience) => event?,
            event = server.event(patience) => {
                if let (at, ServerEvent::Pool { counts, opened: total }) = event? {
                    watched.pool.push((at, counts));
                    opened.saw(at, total);
                }
                continue;
            }
            why = database.ended() => return Err(format!("the database ended in the middle of it: {why}")),
        };
        match event {
            LoadEvent::Measuring => {
                watched.from = at;
                watched.started_at = jiff::Timestamp::now().to_string();
                before = cpu();
            }
            LoadEvent::Progress(interval) => {
                let pool = watched.pool.last().map(|(_, counts)| *counts);
                progress.live(&interval, database.backends_now(), pool);
            }
            LoadEvent::Failed { message } => return Err(format!("the generator can't go on: {message}")),
            LoadEvent::Done(result) => {
                watched.to = watched.from + Duration::from_secs_f64(result.measured_s.max(0.0));
                if let (Some((from, _)), Some((to, memory))) = (before, cpu()) {
                    // `Done` comes after the last answers; the share is over the time in between.
                    let span = at.duration_since(watched.from).as_secs_f64().max(1e-3);
                    watched.server.cpu_share = Some((to - from) / span);
                    watched.server.memory_peak_bytes = memory;
                }
                watched.server.connections_opened = opened.between(watched.from, watched.to);
                load.stop(STOP).await;
                return Ok((*result, watched));
            }
        }
    }
}

fn generator(driver: Driver) -> &'static [&'static str] {
    match driver {
        Driver::Goose => &["load", "--conducted"],
        Driver::K6 => &["load", "--conducted", "--k6"],
    }
}

/// The service's count of opened connections over time.
#[derive(Default)]
struct OpenedConnections(Vec<(Instant, u64)>);

impl OpenedConnections {
    fn saw(&mut self, at: Instant, total: u64) {
        self.0.push((at, total));
    }

    fn between(&self, from: Instant, to: Instant) -> Option<u64> {
        let last = self.0.iter().rev().find(|(at, _)| *at <= to)?.1;
        let first = self.0.iter().rev().find(|(at, _)| *at <= from).map_or(0, |(_, total)| *total);
        Some(last.saturating_sub(first))
    }
}

#[expect(clippy::too_many_arguments, reason = "it is where everything that was measured comes together")]
fn record(
    spec: &TrialSpec,
    acquisition: Acquisition,
    settings: Settings,
    result: LoadResult,
    watched: Watched,
    database_figures: poollab_model::DatabaseFigures,
    remarks: Vec<String>,
    database: &Database,
) -> TrialRecord {
    let requests = result.requests;
    let seconds = result.measured_s.max(1e-9);
    let answered = requests.ok + requests.failed;
    let timeline = timeline::merge(
        &result.intervals,
        watched.from,
        &watched.pool,
        database.observer(),
        database.pooler(spec.route),
    );
    TrialRecord {
        id: spec.id.clone(),
        strategy: spec.strategy.clone(),
        acquisition,
        workload: spec.workload.id.clone(),
        workload_spec: spec.workload.clone(),
        route: spec.route,
        pool_size: settings.pool_size.filter(|_| acquisition.has_size()),
        settings,
        repeat: spec.repeat,
        load: spec.load.clone(),
        driver: spec.driver,
        started_at: watched.started_at,
        measured_s: result.measured_s,
        requests,
        offered_rps: result.offered_rps,
        throughput_rps: answered as f64 / seconds,
        goodput_rps: requests.ok as f64 / seconds,
        latency_us: result.latency_us,
        phases_us: result.phases_us,
        errors: result.errors,
        database: database_figures,
        generator: GeneratorFigures {
            cpu_share: result.cpu_s / seconds / f64::from(result.cores.max(1)),
            cpu_us_per_request: if answered == 0 { 0.0 } else { result.cpu_s * 1e6 / answered as f64 },
            memory_bytes: result.memory_bytes,
        },
        server: watched.server,
        timeline,
        bursts: result.bursts,
        histograms: result.histograms,
        remarks: [remarks, result.remarks].concat(),
    }
}
