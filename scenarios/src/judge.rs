//! Whether what was seen is what had to be seen.

use poollab_model::{ErrorRecord, Quantiles, TimelinePoint, TrialRecord};

use crate::expect::{BackendState, Expect, Measure, Phase, Quantile};
use crate::scenario::{Scenario, Side};
use crate::setup::Case;

/// What one case showed: its record, and what no record holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence<'a> {
    /// The record of the main load.
    pub trial: &'a TrialRecord,
    /// Questions to `/healthz`: asked, and answered in time.
    pub healthz: Option<(u64, u64)>,
    /// Processes started beside the first generation, and those of them that got ready.
    pub next_generation: Option<(u32, u32)>,
    /// When the database was stopped and when it took connections again, in milliseconds from the start.
    pub outage_ms: Option<(f64, f64)>,
    /// Sockets to the database in TIME_WAIT at the start and at the end.
    pub time_wait: Option<(u32, u32)>,
    /// Lines that Postgres and PgBouncer wrote meanwhile; those that match the scenario's own are enough.
    pub log: LogEvidence,
}

/// What the servers' own logs say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEvidence {
    /// The logs were read; these are lines of them.
    Read(Vec<String>),
    /// It could not be read, and why.
    Unread(String),
}

/// One condition, and whether it held.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Whether the case is one of the cured side.
    pub cured: bool,
    /// The case, by its label.
    pub case: &'static str,
    /// The condition.
    pub expect: Expect,
    /// Whether it held. `None`: it could not be observed, and so counts as not shown.
    pub held: Option<bool>,
}

/// What a scenario came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// All conditions.
    pub checks: Vec<Check>,
}

impl Verdict {
    /// Whether the symptom appeared in every case of the broken side.
    pub fn shown(&self) -> bool {
        self.all(false)
    }

    /// Whether the cure removed it in every case of the cured side.
    pub fn cured(&self) -> bool {
        self.all(true)
    }

    fn all(&self, cured: bool) -> bool {
        let mut of_side = self.checks.iter().filter(|check| check.cured == cured).peekable();
        of_side.peek().is_some() && of_side.all(|check| check.held == Some(true))
    }
}

/// Judges a scenario by what its cases showed, each list in the order of the scenario's own. With an empty
/// `cured` (only the broken side was run) conditions that compare could not be observed. A case without
/// evidence holds nothing.
pub fn judge(scenario: &Scenario, broken: &[Evidence<'_>], cured: &[Evidence<'_>]) -> Verdict {
    let only_broken = cured.is_empty();
    let mut checks = side(&scenario.broken, false, broken, cured);
    if only_broken {
        checks.retain(|check| !compares(check.expect));
    }
    checks.extend(side(&scenario.cured, true, cured, broken));
    Verdict { checks }
}

fn side(side: &Side, cured: bool, own: &[Evidence<'_>], others: &[Evidence<'_>]) -> Vec<Check> {
    let mut checks = Vec::new();
    for (at, case) in side.cases.iter().enumerate() {
        let other = if others.len() == 1 { others.first() } else { others.get(at) };
        let asked = side.expects.iter().chain(case.expects);
        let of_a_cure = [Expect::ServesAsMany];
        for expect in asked.chain(of_a_cure.iter().filter(|_| cured && !says_more(side, case))) {
            let held = own.get(at).and_then(|evidence| holds(*expect, evidence, other));
            checks.push(Check { cured, case: case.label(), expect: *expect, held });
        }
    }
    checks
}

/// Whether a cure says itself how much more or less it serves than what it cures.
fn says_more(cured: &Side, case: &Case) -> bool {
    cured
        .expects
        .iter()
        .chain(case.expects)
        .any(|expect| matches!(expect, Expect::GoodputRatio { .. } | Expect::GoodputAtMost { .. }))
}

fn compares(expect: Expect) -> bool {
    matches!(expect, Expect::GoodputRatio { .. } | Expect::GoodputAtMost { .. } | Expect::LatencyRatio { .. })
}

/// Whether a condition holds. `None`: there is nothing to tell it by.
fn holds(expect: Expect, seen: &Evidence<'_>, other: Option<&Evidence<'_>>) -> Option<bool> {
    let trial = seen.trial;
    let ended = trial.requests.ok + trial.requests.failed;
    let count = |matches: &dyn Fn(&ErrorRecord) -> bool| -> u64 {
        trial.errors.iter().filter(|error| matches(error)).map(|error| error.count).sum()
    };
    Some(match expect {
        Expect::Errors { kind, sqlstate, at_least_share } => {
            let same_state =
                |error: &ErrorRecord| sqlstate.is_none() || error.sqlstate.as_deref() == sqlstate;
            let failures = count(&|error| error.kind == kind && same_state(error));
            failures > 0 && failures as f64 >= at_least_share * ended as f64
        }
        Expect::ErrorText { pieces } => count(&|error| in_order(&error.message, pieces)) > 0,
        Expect::ErrorCount { kind, at_least } => count(&|error| error.kind == kind) >= at_least,
        Expect::AtMostErrors { kind, at_most } => ended > 0 && count(&|error| error.kind == kind) <= at_most,
        Expect::HiddenCause { kind, cause, sqlstate } => {
            let hidden = |error: &ErrorRecord| {
                error.kind == kind
                    && error.cause.as_ref().is_some_and(|beneath| {
                        beneath.kind == cause && beneath.sqlstate.as_deref() == Some(sqlstate)
                    })
            };
            count(&hidden) > 0
        }
        Expect::NoFailures => {
            trial.requests.ok > 0 && trial.requests.failed == 0 && trial.requests.dropped == 0
        }
        Expect::WrongAnswers { at_least } => {
            count(&|error| error.kind == poollab_model::ErrorKind::WrongAnswer) >= at_least
        }
        Expect::GoodputRatio { at_least } => trial.goodput_rps >= at_least * other?.trial.goodput_rps,
        Expect::ServesAsMany => trial.requests.ok >= other?.trial.requests.ok,
        Expect::GoodputAtMost { at_most } => trial.goodput_rps <= at_most * other?.trial.goodput_rps,
        Expect::GoodputGone { from_ms } => goodput_gone(&trial.timeline, f64::from(from_ms))?,
        Expect::Stalled { at_least_ms } => stalled_ms(&trial.timeline)? >= f64::from(at_least_ms),
        Expect::LatencyRatio { of, quantile, at_least } => {
            latency(trial, of, quantile)? as f64 >= at_least * latency(other?.trial, of, quantile)? as f64
        }
        Expect::LatencyAtLeast { of, quantile, ms } => latency(trial, of, quantile)? >= u64::from(ms) * 1_000,
        Expect::LatencyAtMost { of, quantile, ms } => latency(trial, of, quantile)? <= u64::from(ms) * 1_000,
        Expect::PoolWaiting { at_least } => {
            trial.timeline.iter().filter_map(|point| point.pool).map(|pool| pool.waiting).max()? >= at_least
        }
        Expect::Backends { state, at_least } => most_backends(trial, state)? >= at_least,
        Expect::BackendsAtMost { state, at_most } => most_backends(trial, state)? <= at_most,
        Expect::HealthzUnanswered { at_least_share } => {
            let (asked, answered) = seen.healthz.filter(|(asked, _)| *asked > 0)?;
            asked.saturating_sub(answered) as f64 >= at_least_share * asked as f64
        }
        Expect::HealthzAnswered => {
            let (asked, answered) = seen.healthz.filter(|(asked, _)| *asked > 0)?;
            answered >= asked
        }
        Expect::NeverReady { at_least } => {
            let (started, ready) = seen.next_generation?;
            started.saturating_sub(ready) >= at_least
        }
        Expect::AllReady => {
            let (started, ready) = seen.next_generation?;
            started > 0 && ready == started
        }
        Expect::RecoversWithin { ms } => recovered_after_ms(trial, seen.outage_ms?)? <= f64::from(ms),
        Expect::OomKilled => trial.database.oom_kills? > 0,
        Expect::NotOomKilled => trial.database.oom_kills? == 0,
        Expect::TimeWaitGrowth { at_least } => {
            let (before, after) = seen.time_wait?;
            after.saturating_sub(before) >= at_least
        }
        Expect::TimeWaitGrowthAtMost { at_most } => {
            let (before, after) = seen.time_wait?;
            after.saturating_sub(before) <= at_most
        }
        Expect::Logged { line } => match &seen.log {
            LogEvidence::Read(lines) => lines.iter().any(|written| line.is_in(written)),
            LogEvidence::Unread(_) => return None,
        },
    })
}

/// Whether all pieces stand in the text, in this order.
pub(crate) fn in_order(text: &str, pieces: &[&str]) -> bool {
    let mut rest = text;
    pieces.iter().all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

fn latency(trial: &TrialRecord, of: Measure, quantile: Quantile) -> Option<u64> {
    let pick = |quantiles: Quantiles| match quantile {
        Quantile::P50 => quantiles.p50,
        Quantile::P99 => quantiles.p99,
        Quantile::P999 => quantiles.p99_9,
        Quantile::Max => quantiles.max,
    };
    let ok = trial.latency_us.ok.map(pick);
    let failed = trial.latency_us.failed.map(pick);
    match of {
        Measure::Ok => ok,
        Measure::Failed => failed,
        Measure::All => ok.max(failed),
        Measure::In(Phase::Wait) => trial.phases_us.wait.map(pick),
        Measure::In(Phase::Query) => trial.phases_us.query.map(pick),
    }
}

fn most_backends(trial: &TrialRecord, state: BackendState) -> Option<u32> {
    let of_state = |counts: poollab_model::BackendCounts| match state {
        BackendState::Active => counts.active,
        BackendState::Idle => counts.idle,
        BackendState::IdleInTransaction => counts.idle_in_transaction,
        BackendState::WaitingForLock => counts.waiting_for_lock,
        BackendState::Any => counts.total(),
    };
    let in_timeline = trial.timeline.iter().filter_map(|point| point.backends).map(of_state).max();
    let peak = match state {
        BackendState::WaitingForLock => trial.database.lock_waiters_peak,
        BackendState::Any => trial.database.backends_peak,
        _ => None,
    };
    in_timeline.max(peak)
}

/// Successes of an interval. A failure counts in `rps` too; intervals are known by their ends.
fn successes(points: &[TimelinePoint], at: usize) -> f64 {
    let begin = if at == 0 { 0.0 } else { points[at - 1].at_ms };
    let answers = points[at].rps * (points[at].at_ms - begin) / 1_000.0;
    answers - points[at].failed as f64
}

/// Half an answer: `rps` is a quotient, and a whole answer may come out a little below one.
const HALF: f64 = 0.5;

fn goodput_gone(points: &[TimelinePoint], from_ms: f64) -> Option<bool> {
    let begin = |at: usize| if at == 0 { 0.0 } else { points[at - 1].at_ms };
    let last = points.last()?;
    if last.at_ms <= from_ms {
        return None;
    }
    let before = (0..points.len()).any(|at| begin(at) < from_ms && successes(points, at) > HALF);
    let after = (0..points.len()).any(|at| begin(at) >= from_ms && successes(points, at) > HALF);
    Some(before && !after)
}

fn stalled_ms(points: &[TimelinePoint]) -> Option<f64> {
    points.last()?;
    let (mut longest, mut since): (f64, Option<f64>) = (0.0, None);
    let mut begin = 0.0;
    for point in points {
        if point.rps == 0.0 && point.failed == 0 {
            let from = *since.get_or_insert(begin);
            longest = longest.max(point.at_ms - from);
        } else {
            since = None;
        }
        begin = point.at_ms;
    }
    Some(longest)
}

/// From the database's return to the first interval with half the goodput of before its outage.
fn recovered_after_ms(trial: &TrialRecord, (down, up): (f64, f64)) -> Option<f64> {
    let points = &trial.timeline;
    let before: f64 =
        (0..points.len()).filter(|at| points[*at].at_ms <= down).map(|at| successes(points, at)).sum();
    let usual_per_ms = before / down;
    if usual_per_ms <= 0.0 {
        return None;
    }
    let well = |at: &usize| {
        let begin = if *at == 0 { 0.0 } else { points[at - 1].at_ms };
        points[*at].at_ms > up && successes(points, *at) >= usual_per_ms * (points[*at].at_ms - begin) / 2.0
    };
    let first = (0..points.len()).find(well);
    // Never: longer than was measured.
    Some(first.map_or(f64::INFINITY, |at| points[at].at_ms - up))
}
