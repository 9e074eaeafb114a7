//! One case of a scenario: fresh services, their load, what happens on the way, and what was seen.

use std::time::{Duration, Instant};

use poollab_model::wire::{Course, LoadEvent, LoadOrder, LoadResult, LoadStage, ServerOrder};
use poollab_model::{
    Arrivals, Driver, HumanDuration, Link, Load, Method, PoolCounts, TrialRecord, WorkloadSpec,
};
use poollab_scenarios::{Act, Case, Evidence, LogEvidence, Scenario, Scene, Traffic};
use tokio::sync::watch;

use super::bench::Bench;
use super::logs::{self, Quoted};
use super::probes;
use super::record::{self, Measured};
use super::services::{self, Service};
use crate::machine;
use crate::runner::child::Child;
use crate::runner::patience::Patience;

/// Attempts to start a service beside the first.
const START_AGAIN: u32 = 3;
/// Ending a generator that has given its result.
const STOP: Duration = Duration::from_secs(2);

/// What one case showed.
pub struct Seen {
    /// The case, by its label.
    pub label: &'static str,
    /// Whether it is of the cured side.
    pub cured: bool,
    /// The record of the main load.
    pub trial: TrialRecord,
    /// The result of the second load, where there is one.
    pub beside: Option<LoadResult>,
    /// What happened on the way, in order of time.
    pub moments: Vec<(f64, String)>,
    /// Lines of the servers' own logs.
    pub quoted: Vec<Quoted>,
    healthz: Option<(u64, u64)>,
    next_generation: Option<(u32, u32)>,
    outage_ms: Option<(f64, f64)>,
    time_wait: Option<(u32, u32)>,
    log: LogEvidence,
}

impl Seen {
    /// For the judge.
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence {
            trial: &self.trial,
            healthz: self.healthz,
            next_generation: self.next_generation,
            outage_ms: self.outage_ms,
            time_wait: self.time_wait,
            log: self.log.clone(),
        }
    }

    /// What no record of a trial holds, in words.
    pub fn besides(&self) -> Vec<String> {
        let mut said = Vec::new();
        if let Some((asked, answered)) = self.healthz {
            said.push(format!("/healthz: {answered} of {asked} probes answered in time"));
        }
        if let Some((started, ready)) = self.next_generation {
            said.push(format!("new instances: {ready} of {started} became ready"));
        }
        if let Some((before, after)) = self.time_wait {
            said.push(format!("sockets in TIME_WAIT: {before} before, {after} after"));
        }
        if let Some(killed) = self.trial.database.oom_kills.filter(|killed| *killed > 0) {
            said.push(format!("the kernel killed {killed} of Postgres's processes (out of memory)"));
        }
        if let Some(beside) = &self.beside {
            let counts = beside.requests;
            said.push(format!("the second load: {} requests succeeded, {} failed", counts.ok, counts.failed));
        }
        if let LogEvidence::Unread(why) = &self.log {
            said.push(why.clone());
        }
        said
    }
}

/// What happened besides the load.
#[derive(Default)]
struct Happened {
    moments: Vec<(f64, String)>,
    outage_ms: Option<(f64, f64)>,
    next_generation: Option<(u32, u32)>,
    next: Vec<Service>,
}

/// Carries a case out. `Err`: it has no result, in words.
pub async fn carry_out(
    bench: &mut Bench,
    scenario: &Scenario,
    case: &Case,
    cured: bool,
) -> Result<Seen, String> {
    let scene = &scenario.scene;
    let logs = bench.logs();
    let order = server_order(bench, scene, case)?;
    let mut services = Vec::new();
    let processes = case.deploy.processes.max(1);
    for number in 1..=processes {
        let mut own = order.clone();
        if number <= case.deploy.cold {
            own.settings.min_idle = 0;
        }
        let started = start(&own).await;
        services.push(started.map_err(|why| format!("the service cannot start: {why}"))?);
    }
    let spec = case.workload_spec().map_err(|why| why.to_string())?;
    let load = load_order(scene, case, &spec, &services)?;
    // By a Unix socket there are none to count.
    let by_tcp = scene.link == Link::Tcp;
    let time_wait_before = if by_tcp { probes::time_wait(&order.endpoint) } else { None };

    let mut generator: Child<LoadEvent> = Child::start("generator", &["load", "--conducted"], &load).await?;
    let mut second: Option<Child<LoadEvent>> = match beside_order(scene, case, &load)? {
        Some(order) => Some(Child::start("second generator", &["load", "--conducted"], &order).await?),
        None => None,
    };
    let cpu = || services.iter().filter_map(|service| service.pid).filter_map(machine::process_figures);
    let mut patience = Patience::new(&load, Driver::Goose);
    let from = begin(&mut generator, &mut patience).await?;
    let started_at = jiff::Timestamp::now().to_string();
    let cpu_before: f64 = cpu().map(|(seconds, _)| seconds).sum();

    let (tell_end, ended) = watch::channel(false);
    let mut ended_for_health = ended.clone();
    let address = services[0].address.clone();
    let every = Duration::from_millis(u64::from(scene.healthz_every_ms));
    let guard = &mut bench.guard;
    let (result, happened, healthz, beside) = tokio::join!(
        async {
            let result = finish(&mut generator, patience).await;
            // Nobody may be left that wants to know.
            let _ = tell_end.send(true);
            result
        },
        happen(guard, scene, case, &order, from, ended),
        async {
            if every.is_zero() {
                None
            } else {
                Some(probes::healthz(&address, every, &mut ended_for_health).await)
            }
        },
        async {
            match &mut second {
                Some(second) => Some(finish(second, Patience::new(&load, Driver::Goose)).await),
                None => None,
            }
        },
    );
    let (cpu_after, memory) =
        cpu().fold((0.0, 0), |(seconds, bytes), (more, peak)| (seconds + more, bytes + peak.unwrap_or(0)));
    let cpu_s = cpu_after - cpu_before;
    generator.stop(STOP).await;
    if let Some(second) = second {
        second.stop(STOP).await;
    }
    let time_wait = time_wait_before.zip(probes::time_wait(&order.endpoint));

    let pools = services::pools(&services);
    let settings = services[0].settings.clone();
    let processes = u32::try_from(services.len()).unwrap_or(u32::MAX);
    let result = result?;
    let to = from + Duration::from_secs_f64(result.measured_s.max(0.0));
    let opened = services::opened(&services, from, to);
    let happened = happened?;
    let mut remarks = Vec::new();
    for service in services.into_iter().chain(happened.next) {
        match service.stop().await {
            Some(0) => {}
            Some(code) => remarks.push(format!("the service exited with code {code} instead of 0")),
            None => remarks.push("the service did not stop and was killed".to_owned()),
        }
    }
    let (quoted, log) = logs::quote(scenario, case, &logs);
    let measured = Measured {
        case,
        cured,
        spec,
        load: load.load.clone(),
        settings,
        started_at,
        from,
        to,
        result,
        pools,
        processes,
        opened,
        cpu_s,
        memory_peak: (memory > 0).then_some(memory),
        remarks,
    };
    let trial = record::trial(measured, bench)?;
    let mut moments = happened.moments;
    moments.extend(record::moments(&trial, happened.outage_ms));
    moments.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(Seen {
        label: case.label(),
        cured,
        trial,
        beside: beside.transpose()?,
        moments,
        quoted,
        healthz,
        next_generation: happened.next_generation,
        outage_ms: happened.outage_ms,
        time_wait,
        log,
    })
}

/// A pool that is to get every slot there is may come while a connection before it is still being taken down.
async fn start(order: &ServerOrder) -> Result<Service, String> {
    for _ in 0..START_AGAIN {
        match Service::start(order).await {
            Ok(service) => return Ok(service),
            Err(why) => tracing::debug!("once more: {why}"),
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    Service::start(order).await
}

fn server_order(bench: &Bench, scene: &Scene, case: &Case) -> Result<ServerOrder, String> {
    Ok(ServerOrder {
        strategy: case.strategy.parse().map_err(|why| format!("{why}"))?,
        settings: case.tuning.settings(),
        endpoint: bench.endpoint(scene, case.route)?,
        listen: "127.0.0.1:0".to_owned(),
        application_name: format!("poollab/{}", case.strategy),
        count_trips: None,
        hazards: asks_for_hazard(case),
    })
}

/// Whether a case makes a mistake that only a scenario may ask for.
fn asks_for_hazard(case: &Case) -> bool {
    let beside = case.beside.split('?').next().unwrap_or_default();
    poollab_servers::hazards().iter().any(|info| [case.workload, beside].contains(&info.id.as_str()))
}

fn load_order(
    scene: &Scene,
    case: &Case,
    spec: &WorkloadSpec,
    services: &[Service],
) -> Result<LoadOrder, String> {
    let (method, ids) = asked_of(spec);
    let (load, stages) = load(scene)?;
    let course = Course {
        stages,
        others: services.iter().skip(1).map(|service| service.address.clone()).collect(),
        join_every: HumanDuration::from_millis(u64::from(case.deploy.join_every_ms)),
    };
    Ok(LoadOrder {
        address: services.first().map(|service| service.address.clone()).unwrap_or_default(),
        method,
        path: case.path(),
        ids,
        warmup: HumanDuration::default(),
        duration: HumanDuration::from_millis(u64::from(scene.duration_ms)),
        request_timeout: HumanDuration::from_millis(u64::from(scene.request_timeout_ms)),
        seed: 1,
        // What hangs at the last moment is what a scenario shows; how it ends later is not.
        cut_off: matches!(load, Load::Closed { .. }),
        load,
        course: Some(course).filter(|course| *course != Course::default()),
    })
}

fn asked_of(spec: &WorkloadSpec) -> (Method, u64) {
    let (method, _, ids) = poollab_servers::request_path(spec);
    (method, ids)
}

/// The load of a scene: arrivals by a rate for all of it, or users stage by stage.
pub fn load(scene: &Scene) -> Result<(Load, Vec<LoadStage>), String> {
    if let [stage] = scene.stages
        && let (0, Traffic::Rate { per_s, in_flight }) = (stage.at_ms, stage.press)
    {
        let rate_per_s = f64::from(per_s);
        return Ok((Load::Open { rate_per_s, arrivals: Arrivals::Constant, users: in_flight }, Vec::new()));
    }
    let mut stages = Vec::new();
    for stage in scene.stages {
        let (users, once) = match stage.press {
            Traffic::Users { users } => (users, false),
            Traffic::Burst { requests } => (requests, true),
            Traffic::Rate { .. } => {
                return Err("a rate is for the whole of a scene, and stands alone from its start".to_owned());
            }
        };
        stages.push(LoadStage { at: HumanDuration::from_millis(u64::from(stage.at_ms)), users, once });
    }
    let users = stages.iter().map(|stage| stage.users).max().unwrap_or(0);
    let throughout = matches!(stages.as_slice(), [only] if only.at.0.is_zero() && !only.once);
    Ok((Load::Closed { users }, if throughout { Vec::new() } else { stages }))
}

fn beside_order(scene: &Scene, case: &Case, main: &LoadOrder) -> Result<Option<LoadOrder>, String> {
    let (Some(beside), Some(path)) = (scene.beside, case.beside_path()) else { return Ok(None) };
    let workload = case.beside.split('?').next().unwrap_or_default();
    let spec = WorkloadSpec::plain(workload.parse().map_err(|why| format!("{why}"))?);
    let (method, ids) = asked_of(&spec);
    Ok(Some(LoadOrder {
        method,
        path,
        ids,
        load: Load::Closed { users: beside.users },
        request_timeout: HumanDuration::from_millis(u64::from(beside.hang_up_ms)),
        seed: 2,
        cut_off: true,
        course: None,
        ..main.clone()
    }))
}

async fn begin(generator: &mut Child<LoadEvent>, patience: &mut Patience) -> Result<Instant, String> {
    loop {
        let (at, event) = heard(generator, patience).await?;
        match event {
            LoadEvent::Measuring => return Ok(at),
            LoadEvent::Failed { message } => return Err(format!("the load generator failed: {message}")),
            LoadEvent::Progress(_) | LoadEvent::Done(_) => {}
        }
    }
}

async fn heard(
    generator: &mut Child<LoadEvent>,
    patience: &mut Patience,
) -> Result<(Instant, LoadEvent), String> {
    let (at, event) = generator.event_by(patience.deadline()).await?.ok_or_else(|| patience.why())?;
    patience.heard(at, &event);
    Ok((at, event))
}

async fn finish(generator: &mut Child<LoadEvent>, mut patience: Patience) -> Result<LoadResult, String> {
    loop {
        match heard(generator, &mut patience).await?.1 {
            LoadEvent::Done(result) => return Ok(*result),
            LoadEvent::Failed { message } => return Err(format!("the load generator failed: {message}")),
            LoadEvent::Measuring | LoadEvent::Progress(_) => {}
        }
    }
}

/// Carries out what happens on the way, each at its moment.
async fn happen(
    guard: &mut poollab_db::Guard,
    scene: &Scene,
    case: &Case,
    order: &ServerOrder,
    from: Instant,
    ended: watch::Receiver<bool>,
) -> Result<Happened, String> {
    let mut happened = Happened::default();
    let since = |moment: Instant| moment.saturating_duration_since(from).as_secs_f64() * 1e3;
    for action in scene.actions {
        let due = from + Duration::from_millis(u64::from(action.at_ms));
        tokio::time::sleep_until(due.into()).await;
        match action.act {
            Act::RestartDatabase { down_ms } => {
                let stopped = since(Instant::now());
                let down = Duration::from_millis(u64::from(down_ms));
                guard.restart(down).await.map_err(|why| why.to_string())?;
                let back = since(Instant::now());
                happened.moments.push((stopped, "Postgres is stopped (mode fast)".to_owned()));
                happened.moments.push((back, "Postgres accepts connections again".to_owned()));
                happened.outage_ms = Some((stopped, back));
            }
            Act::StartNextGeneration => {
                let mut next = order.clone();
                next.settings.min_idle = case.deploy.next_min_idle;
                let (mut started, mut ready) = (0, 0);
                for number in 1..=case.deploy.processes {
                    if *ended.borrow() {
                        break;
                    }
                    started += 1;
                    let service = Service::start(&next).await;
                    let now = since(Instant::now());
                    match service {
                        Ok(service) => {
                            ready += 1;
                            happened.moments.push((now, format!("new instance {number} is ready")));
                            happened.next.push(service);
                        }
                        Err(why) => {
                            let why = why.lines().next().unwrap_or_default();
                            happened
                                .moments
                                .push((now, format!("new instance {number} failed to become ready: {why}")));
                        }
                    }
                }
                happened.next_generation = Some((started, ready));
            }
        }
    }
    Ok(happened)
}

/// Connections in a few words.
pub fn pool_in_words(pool: PoolCounts) -> String {
    format!("{} open, {} idle, {} waiting", pool.size, pool.idle, pool.waiting)
}
