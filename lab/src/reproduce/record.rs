//! What a run's folder keeps of a scenario: records of trials, and a plan that says what was run.

use std::time::Instant;

use poollab_model::wire::LoadResult;
use poollab_model::{
    Acquisition, BackendCounts, Driver, GeneratorFigures, HumanDuration, Load, Plan, PoolCounts,
    ServerFigures, Settings, TimelinePoint, TrialRecord, WorkloadSpec,
};
use poollab_scenarios::{Case, Scenario};

use super::bench::Bench;
use super::case::{load, pool_in_words};
use crate::runner::timeline;

/// All that was measured in one case.
pub struct Measured<'a> {
    /// The case.
    pub case: &'a Case,
    /// Whether it is of the cured side.
    pub cured: bool,
    /// Its workload.
    pub spec: WorkloadSpec,
    /// Its load.
    pub load: Load,
    /// Settings in force.
    pub settings: Settings,
    /// When measuring began, RFC 3339.
    pub started_at: String,
    /// When measuring began.
    pub from: Instant,
    /// When it ended.
    pub to: Instant,
    /// What the generator measured.
    pub result: LoadResult,
    /// The pools of all processes together.
    pub pools: Vec<(Instant, PoolCounts)>,
    /// How many processes there are.
    pub processes: u32,
    /// Connections that they opened.
    pub opened: u64,
    /// CPU seconds of all processes.
    pub cpu_s: f64,
    /// Their memory at its highest.
    pub memory_peak: Option<u64>,
    /// What is to be known about these figures.
    pub remarks: Vec<String>,
}

/// The record of a case.
pub fn trial(measured: Measured<'_>, bench: &Bench) -> Result<TrialRecord, String> {
    let Measured { case, cured, spec, result, .. } = measured;
    let strategy: poollab_model::StrategyId = case.strategy.parse().map_err(|why| format!("{why}"))?;
    let known = poollab_servers::strategies().into_iter().find(|info| info.id == strategy);
    let acquisition = known.map_or(Acquisition::Pooled, |info| info.acquisition);
    let seconds = result.measured_s.max(1e-9);
    let answered = result.requests.ok + result.requests.failed;
    let timeline = timeline::merge(
        &result.intervals,
        measured.from,
        &measured.pools,
        &bench.observer,
        bench.pooler.as_ref().filter(|_| case.route.is_pooled()),
    );
    let mut remarks = measured.remarks;
    remarks.extend(result.remarks);
    Ok(TrialRecord {
        id: id(case, cured),
        acquisition,
        workload: spec.id.clone(),
        workload_spec: on_side(spec, case, cured),
        strategy,
        route: case.route,
        pool_size: measured.settings.pool_size.filter(|_| acquisition.has_size()),
        settings: measured.settings,
        repeat: 1,
        load: measured.load,
        driver: Driver::Goose,
        started_at: measured.started_at,
        measured_s: result.measured_s,
        requests: result.requests,
        unfinished: result.unfinished,
        offered_rps: result.offered_rps,
        throughput_rps: result.throughput_rps,
        goodput_rps: result.goodput_rps,
        latency_us: result.latency_us,
        phases_us: result.phases_us,
        errors: result.errors,
        database: bench.observer.figures(measured.from, measured.to),
        generator: GeneratorFigures {
            cpu_share: result.cpu_s / seconds / f64::from(result.cores.max(1)),
            cpu_us_per_request: if answered == 0 { 0.0 } else { result.cpu_s * 1e6 / answered as f64 },
            memory_bytes: result.memory_bytes,
        },
        server: ServerFigures {
            cpu_share: Some(measured.cpu_s / seconds),
            memory_peak_bytes: measured.memory_peak,
            connections_opened: Some(measured.opened),
            round_trips_per_request: None,
            round_trips_connecting: None,
            processes: (measured.processes > 1).then_some(measured.processes),
            exit_code: None,
        },
        others_cpu_share: None,
        timeline,
        bursts: result.bursts,
        histograms: result.histograms,
        remarks,
    })
}

/// `broken.deadpool`, `cured.pool-of-9`.
pub fn id(case: &Case, cured: bool) -> String {
    format!("{}.{}", side(cured), case.label().replace(' ', "-"))
}

/// The name of a side.
pub fn side(cured: bool) -> &'static str {
    if cured { "cured" } else { "broken" }
}

/// The sides stand apart in a report, and so do cases that differ in a parameter.
fn on_side(spec: WorkloadSpec, case: &Case, cured: bool) -> WorkloadSpec {
    let mut variant = side(cured).to_owned();
    if !case.label.is_empty() {
        variant = format!("{variant}: {}", case.label);
    }
    let own = case.params.split('&').filter(|pair| {
        !pair.is_empty() && !["think_ms", "release_early", "method"].iter().any(|name| pair.starts_with(name))
    });
    for pair in own {
        variant += &format!(", {pair}");
    }
    WorkloadSpec { variant: Some(variant), ..spec }
}

/// The plan of a scenario, as near as a plan comes to it.
pub fn plan(scenario: &Scenario) -> Result<Plan, String> {
    let scene = &scenario.scene;
    let mut plan = Plan {
        repeats: 1,
        warmup: HumanDuration::default(),
        duration: HumanDuration::from_millis(u64::from(scene.duration_ms)),
        request_timeout: HumanDuration::from_millis(u64::from(scene.request_timeout_ms)),
        routes: Vec::new(),
        ceiling: false,
        link: scene.link,
        limits: scene.limits(),
        settings: scenario.broken.cases.first().map(|case| case.tuning.settings()).unwrap_or_default(),
        loads: vec![load(scene)?.0],
        ..Plan::default()
    };
    for (cases, cured) in [(scenario.broken.cases, false), (scenario.cured.cases, true)] {
        for case in cases {
            let spec = on_side(case.workload_spec().map_err(|why| why.to_string())?, case, cured);
            push_new(&mut plan.workloads, spec);
            push_new(&mut plan.strategies, case.strategy.parse().map_err(|why| format!("{why}"))?);
            push_new(&mut plan.routes, case.route);
        }
    }
    Ok(plan)
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, value: T) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// The moments of a record that tell its story: when each kind of failure came first and what pool and
/// database looked like then, and when answers stopped.
pub fn moments(trial: &TrialRecord, outage_ms: Option<(f64, f64)>) -> Vec<(f64, String)> {
    let mut moments: Vec<(f64, String)> = Vec::new();
    let mut firsts: Vec<&poollab_model::ErrorRecord> = Vec::new();
    for error in &trial.errors {
        match firsts.iter_mut().find(|known| known.kind == error.kind && known.sqlstate == error.sqlstate) {
            Some(known) if known.first_at_ms > error.first_at_ms => *known = error,
            Some(_) => {}
            None => firsts.push(error),
        }
    }
    firsts.sort_by(|a, b| a.first_at_ms.total_cmp(&b.first_at_ms));
    for (place, error) in firsts.iter().enumerate() {
        let which = if place == 0 { "the first failure" } else { "the first" };
        let state = error.sqlstate.as_deref().map(|state| format!(" {state}")).unwrap_or_default();
        let mut text = format!("{which}: {}{state}, \"{}\"", error.kind, one_line(&error.message));
        if let Some(cause) = &error.cause {
            let state = cause.sqlstate.as_deref().unwrap_or_default();
            text += &format!("; beneath it {} {state}, \"{}\"", cause.kind, one_line(&cause.message));
        }
        let down = outage_ms.is_some_and(|(down, up)| (down..up).contains(&error.first_at_ms));
        if let Some(around) = around(trial, error.first_at_ms, !down) {
            text += &format!(". Then: {around}");
        }
        moments.push((error.first_at_ms, text));
    }
    if let Some((from, to)) = silence(&trial.timeline) {
        moments.push((from, format!("from here on no request ends, for {:.1} s", (to - from) / 1e3)));
    }
    moments
}

/// What pool and `pg_stat_activity` looked like at a moment; a database that is down can't be asked.
fn around(trial: &TrialRecord, at_ms: f64, answers: bool) -> Option<String> {
    let point = trial.timeline.iter().find(|point| point.at_ms >= at_ms).or(trial.timeline.last())?;
    let mut parts = Vec::new();
    if let Some(pool) = point.pool {
        parts.push(format!("pool: {}", pool_in_words(pool)));
    }
    if let Some(backends) = point.backends.filter(|_| answers) {
        parts.push(format!("pg_stat_activity: {}", backends_in_words(backends)));
    }
    if let Some(pooler) = point.pooler {
        parts.push(format!(
            "PgBouncer: {} clients served, {} waiting",
            pooler.clients_active, pooler.clients_waiting
        ));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// States that somebody is in.
pub fn backends_in_words(backends: BackendCounts) -> String {
    let states = [
        (backends.active, "active"),
        (backends.idle, "idle"),
        (backends.idle_in_transaction, "idle in transaction"),
        (backends.other, "starting or other"),
    ];
    let mut said: Vec<String> = states
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {state}"))
        .collect();
    if said.is_empty() {
        return "nobody".to_owned();
    }
    if backends.waiting_for_lock > 0 {
        said.push(format!("{} of them waiting for a lock", backends.waiting_for_lock));
    }
    said.join(", ")
}

/// The longest stretch without any answer, if it lasts a second or more.
fn silence(points: &[TimelinePoint]) -> Option<(f64, f64)> {
    const LONG_MS: f64 = 1_000.0;
    let (mut longest, mut since, mut begin): (Option<(f64, f64)>, Option<f64>, f64) = (None, None, 0.0);
    for point in points {
        if point.rps == 0.0 {
            let from = *since.get_or_insert(begin);
            if longest.is_none_or(|(a, b)| point.at_ms - from > b - a) {
                longest = Some((from, point.at_ms));
            }
        } else {
            since = None;
        }
        begin = point.at_ms;
    }
    longest.filter(|(from, to)| to - from >= LONG_MS)
}

fn one_line(text: &str) -> String {
    const LONGEST: usize = 160;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST { line } else { line.chars().take(LONGEST).chain(['…']).collect() }
}
