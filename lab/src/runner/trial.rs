//! One trial: fresh service, check, load, figures, end.

use std::time::{Duration, Instant};

use poollab_model::wire::{LoadEvent, LoadOrder, LoadResult, ServerEvent};
use poollab_model::{
    Acquisition, Driver, GeneratorFigures, Plan, PoolCounts, ServerFigures, Settings, TrialRecord, TrialSpec,
};

use super::child::Child;
use super::database::Database;
use super::patience::Patience;
use super::progress::Progress;
use super::service::{STOP, Service};
use super::timeline;
use super::verify;
use crate::machine;

/// Statements of the observer, before a trial and after it.
const OBSERVER: Duration = Duration::from_secs(20);

/// What the service's process went through while measuring.
struct Watched {
    started_at: String,
    from: Instant,
    to: Instant,
    pool: Vec<(Instant, PoolCounts)>,
    server: ServerFigures,
    /// CPU seconds of the whole machine, less those of lab and service, and how many there were to be had.
    machine: Option<(f64, f64)>,
}

/// What has used CPU so far, in seconds.
struct Used {
    server: Option<f64>,
    lab: Option<f64>,
    machine: Option<(f64, u32)>,
    memory: Option<u64>,
}

impl Used {
    fn by_now(server: Option<u32>) -> Self {
        let (server, memory) = server.and_then(machine::process_figures).unzip();
        let lab = machine::process_figures(std::process::id()).map(|(cpu, _)| cpu);
        Self { server, lab, machine: machine::spent(), memory: memory.flatten() }
    }

    /// CPU seconds since `before` of everything but lab and service, and how many `span` seconds had.
    fn by_the_rest(&self, before: &Self, span: f64) -> Option<(f64, f64)> {
        let ((to, cores), (from, _)) = (self.machine?, before.machine?);
        let ours = self.server? - before.server? + self.lab? - before.lab?;
        Some((to - from - ours, span * f64::from(cores)))
    }
}

/// Carries a trial out. `Err`: it has no result, in words.
///
/// With a place to keep it the service is that of the trial before with another pool size, where its library can
/// resize a running pool, and stays there for the next one.
pub async fn carry_out(
    spec: &TrialSpec,
    plan: &Plan,
    acquisition: Acquisition,
    database: &mut Database,
    progress: &mut Progress,
    mut kept: Option<&mut Option<Service>>,
) -> Result<TrialRecord, String> {
    progress.trial(&spec.id);
    let mut remarks = Vec::new();
    let before = kept.as_mut().and_then(|kept| kept.take()).zip(spec.settings.pool_size);
    let before = match before {
        Some((service, size)) => service.resized(size).await,
        None => None,
    };
    let mut service = match before {
        Some(service) => service,
        None => Service::start(spec, plan, database).await?,
    };
    // Of the trial before: what was seen then is in its record.
    database.forget();
    // After its start: what it counted by then is no evidence for the check that follows.
    answered(database.observer().reset())
        .await?
        .map_err(|why| format!("the database can't be reset: {why}"))?;

    let verified =
        answered(verify::check(&service.address, spec, database.observer(), &mut remarks)).await??;
    let (result, mut watched) = measure(spec, plan, &mut service, database, progress).await?;

    let settings = service.settings.clone();
    watched.server.round_trips_per_request = service.round_trips.map(|trips| trips.per_request);
    watched.server.round_trips_connecting = service.round_trips.map(|trips| trips.connecting);
    let mut figures = database.observer().figures(watched.from, watched.to);
    figures.statements_verified = verified;
    // A pooler keeps connections for a service that has ended, so it gets a new one.
    match kept.filter(|_| !spec.route.is_pooled()) {
        Some(place) => *place = Some(service),
        None => {
            let application = service.application.clone();
            watched.server.exit_code = end(service, spec, database, &mut remarks).await;
            // Not counted is not none: a database that does not answer is noticed after the trial.
            figures.backends_left = answered(database.backends_left(&application)).await.ok().flatten();
        }
    }
    Ok(record(spec, acquisition, settings, result, watched, figures, remarks, database))
}

/// What the observer was told. `Err`: nothing, for so long that the database stands still.
async fn answered<T>(asked: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(OBSERVER, asked).await.map_err(|_| {
        format!(
            "the database did not answer the observer within {} s: it stands still, or the machine gives it no time",
            OBSERVER.as_secs()
        )
    })
}

/// Ends the service; gives its exit code.
async fn end(
    service: Service,
    spec: &TrialSpec,
    database: &Database,
    remarks: &mut Vec<String>,
) -> Option<i32> {
    let exit_code = service.stop().await;
    if exit_code != Some(0) {
        remarks.push(match exit_code {
            Some(code) => format!("the service ended with exit code {code} instead of 0"),
            None => format!("the service did not end within {STOP:?} and was killed"),
        });
    }
    if let Some(pooler) = database.pooler(spec.route)
        && let Err(why) = pooler.disconnect_all().await
    {
        remarks.push(format!("PgBouncer kept its connections after the trial: {why}"));
    }
    exit_code
}

async fn measure(
    spec: &TrialSpec,
    plan: &Plan,
    service: &mut Service,
    database: &mut Database,
    progress: &Progress,
) -> Result<(LoadResult, Watched), String> {
    let (method, path, ids) = poollab_servers::request_path(&spec.workload);
    let (warmup, duration) = plan.times_of(&spec.workload);
    let order = LoadOrder {
        address: service.address.clone(),
        method,
        path,
        ids,
        load: spec.load.clone(),
        warmup,
        duration,
        request_timeout: plan.request_timeout,
        seed: spec.seed,
        cut_off: false,
        course: None,
    };
    let mut load: Child<LoadEvent> = Child::start("generator", generator(spec.driver), &order).await?;
    let mut patience = Patience::new(&order, spec.driver);

    let server = &mut service.child;
    let pid = server.pid();
    let now = Instant::now();
    let mut watched = Watched {
        started_at: jiff::Timestamp::now().to_string(),
        from: now,
        to: now,
        pool: Vec::new(),
        server: ServerFigures::default(),
        machine: None,
    };
    let mut before = Used::by_now(pid);
    let mut opened = OpenedConnections::default();
    let mut window = Window::default();
    loop {
        let (at, event) = tokio::select! {
            () = window.ends() => {
                window.used = Some((Instant::now(), Used::by_now(pid)));
                continue;
            }
            event = load.event_by(patience.deadline()) => event?.ok_or_else(|| patience.why())?,
            event = server.event_by(patience.deadline()) => {
                if let Some((at, ServerEvent::Pool { counts, opened: total })) = event? {
                    watched.pool.push((at, counts));
                    opened.saw(at, total);
                }
                continue;
            }
            why = database.ended() => return Err(format!("the database ended in the middle of it: {why}")),
        };
        patience.heard(at, &event);
        match event {
            LoadEvent::Measuring => {
                watched.from = at;
                watched.started_at = jiff::Timestamp::now().to_string();
                before = Used::by_now(pid);
                window = Window { end: Some(at + plan.duration.0), used: None };
            }
            LoadEvent::Progress(interval) => {
                let pool = watched.pool.last().map(|(_, counts)| *counts);
                progress.live(&interval, database.backends_now(), pool);
            }
            LoadEvent::Failed { message } => return Err(format!("the generator can't go on: {message}")),
            LoadEvent::Done(result) => {
                watched.to = watched.from + Duration::from_secs_f64(result.measured_s.max(0.0));
                let (until, used) = window.closed(at, || Used::by_now(pid));
                let span = until.duration_since(watched.from).as_secs_f64().max(1e-3);
                if let (Some(from), Some(to)) = (before.server, used.server) {
                    watched.server.cpu_share = Some((to - from) / span);
                    watched.server.memory_peak_bytes = used.memory;
                }
                watched.machine = used.by_the_rest(&before, span);
                watched.server.connections_opened = opened.between(watched.from, watched.to);
                load.stop(STOP).await;
                return Ok((*result, watched));
            }
        }
    }
}

/// The time that is measured. `Done` comes only after the last answers, which may take as long as a request's time-out:
/// CPU time is read when the window ends, as Postgres's is, so that both belong to the same requests.
#[derive(Default)]
struct Window {
    end: Option<Instant>,
    used: Option<(Instant, Used)>,
}

impl Window {
    /// What had been used when it ended, and when that was read; else by now, where the load ended before it.
    fn closed(&mut self, done: Instant, by_now: impl FnOnce() -> Used) -> (Instant, Used) {
        self.used.take().unwrap_or_else(|| (done, by_now()))
    }

    /// Resolves once, at the end; never before it has begun.
    async fn ends(&self) {
        match self.end.filter(|_| self.used.is_none()) {
            Some(end) => tokio::time::sleep_until(end.into()).await,
            None => std::future::pending().await,
        }
    }
}

/// What is left of the machine's work when ours is taken away. Of a PgBouncer's, k6's or a foreign database's share
/// nobody tells us.
fn others(spec: &TrialSpec, result: &LoadResult, watched: &Watched, database_s: Option<f64>) -> Option<f64> {
    if spec.route.is_pooled() || spec.driver != Driver::Goose {
        return None;
    }
    let (rest, all) = watched.machine?;
    Some(((rest - result.cpu_s - database_s?) / all).clamp(0.0, 1.0))
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
    let others_cpu_share = others(spec, &result, &watched, database_figures.cpu_s);
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
        unfinished: result.unfinished,
        offered_rps: result.offered_rps,
        throughput_rps: result.throughput_rps,
        goodput_rps: result.goodput_rps,
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
        others_cpu_share,
        timeline,
        bursts: result.bursts,
        histograms: result.histograms,
        remarks: [remarks, result.remarks].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Done` comes when the last straggler has, up to a request's time-out after the window.
    #[test]
    fn cpu_time_of_stragglers_is_not_that_of_the_window() {
        let used = |seconds| Used { server: Some(seconds), lab: None, machine: None, memory: None };
        let end = Instant::now();
        let done = end + Duration::from_secs(10);
        let mut window = Window { end: Some(end), used: Some((end, used(2.0))) };
        let (until, spent) = window.closed(done, || used(5.0));
        assert_eq!((until, spent.server), (end, Some(2.0)));
        // The load ended before the window did: by then is all there is.
        let (until, spent) = Window::default().closed(done, || used(5.0));
        assert_eq!((until, spent.server), (done, Some(5.0)));
    }

    #[tokio::test]
    async fn a_window_ends_once_and_not_before_it_has_begun() {
        let now = Instant::now();
        let pending = async |window: Window| {
            tokio::time::timeout(Duration::from_millis(5), window.ends()).await.is_err()
        };
        assert!(pending(Window::default()).await);
        Window { end: Some(now), used: None }.ends().await;
        let used = Used { server: None, lab: None, machine: None, memory: None };
        assert!(pending(Window { end: Some(now), used: Some((now, used)) }).await);
    }
}
