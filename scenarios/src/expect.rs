//! What must be seen, as typed conditions.

use std::fmt;

use poollab_model::ErrorKind;
use serde::Serialize;

use crate::scenario::LogLine;

/// A condition on what one case showed. Those that compare do so with the cases of the other side that
/// have the same place in its list, or with its only case.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "expect", rename_all = "kebab-case")]
pub enum Expect {
    /// Failures of this kind (and SQLSTATE, if one is given) are at least this share of all requests that
    /// ended, 0 to 1; at least one in any case.
    Errors {
        /// The kind.
        kind: ErrorKind,
        /// The SQLSTATE.
        sqlstate: Option<&'static str>,
        /// The share.
        at_least_share: f64,
    },
    /// At least one failure has this text.
    ErrorText {
        /// Pieces of it, in order.
        pieces: &'static [&'static str],
    },
    /// Failures of this kind number at least this.
    ErrorCount {
        /// The kind.
        kind: ErrorKind,
        /// How many.
        at_least: u64,
    },
    /// Failures of this kind number at most this.
    AtMostErrors {
        /// The kind.
        kind: ErrorKind,
        /// How many.
        at_most: u64,
    },
    /// At least one failure of one kind has a cause of another beneath it.
    HiddenCause {
        /// What the request was told.
        kind: ErrorKind,
        /// What it really was.
        cause: ErrorKind,
        /// The cause's SQLSTATE.
        sqlstate: &'static str,
    },
    /// There are successes and no failures.
    NoFailures,
    /// At least this many answers were wrong.
    WrongAnswers {
        /// How many.
        at_least: u64,
    },
    /// Goodput is at least this many times that of the other side.
    GoodputRatio {
        /// How many times.
        at_least: f64,
    },
    /// At least as many requests succeeded as on the other side: a cure that serves fewer is none. It holds for every
    /// cure and stands in no scenario.
    ServesAsMany,
    /// Goodput is at most this many times that of the other side.
    GoodputAtMost {
        /// How many times.
        at_most: f64,
    },
    /// From this moment to the end not one request succeeded, while some did before.
    GoodputGone {
        /// The moment, in milliseconds from the start.
        from_ms: u32,
    },
    /// For this long, without a break, no request ended at all.
    Stalled {
        /// How long, in milliseconds.
        at_least_ms: u32,
    },
    /// A quantile of latency is at least this many times that of the other side.
    LatencyRatio {
        /// Which requests.
        of: Measure,
        /// Which quantile.
        quantile: Quantile,
        /// How many times.
        at_least: f64,
    },
    /// A quantile of latency is at least this.
    LatencyAtLeast {
        /// Which requests.
        of: Measure,
        /// Which quantile.
        quantile: Quantile,
        /// In milliseconds.
        ms: u32,
    },
    /// A quantile of latency is at most this.
    LatencyAtMost {
        /// Which requests.
        of: Measure,
        /// Which quantile.
        quantile: Quantile,
        /// In milliseconds.
        ms: u32,
    },
    /// At one moment at least this many requests waited for the pool.
    PoolWaiting {
        /// How many.
        at_least: u32,
    },
    /// At one moment at least this many sessions were in this state.
    Backends {
        /// The state.
        state: BackendState,
        /// How many.
        at_least: u32,
    },
    /// At no moment were more sessions than this in this state.
    BackendsAtMost {
        /// The state.
        state: BackendState,
        /// How many.
        at_most: u32,
    },
    /// Of the questions to `/healthz`, at least this share was not answered in time.
    HealthzUnanswered {
        /// The share, 0 to 1.
        at_least_share: f64,
    },
    /// Every question to `/healthz` was answered in time.
    HealthzAnswered,
    /// At least this many processes of the second generation never got ready.
    NeverReady {
        /// How many.
        at_least: u32,
    },
    /// All processes that were started got ready.
    AllReady,
    /// After the database was back, goodput was at half of what it had been before within this time.
    RecoversWithin {
        /// In milliseconds.
        ms: u32,
    },
    /// The kernel ended at least one process of the database for want of memory.
    OomKilled,
    /// It ended none.
    NotOomKilled,
    /// At least this many more sockets to the database were in TIME_WAIT at the end than at the start.
    TimeWaitGrowth {
        /// How many.
        at_least: u32,
    },
    /// At most this many more were.
    TimeWaitGrowthAtMost {
        /// How many.
        at_most: u32,
    },
    /// This line is in the server's own log.
    Logged {
        /// The line.
        line: LogLine,
    },
}

/// Which latency. Where failures count they count with their full time: a request that gave up after ten
/// seconds was slow for ten seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "of", content = "phase")]
pub enum Measure {
    /// Successes.
    Ok,
    /// Failures.
    Failed,
    /// The slower of both.
    All,
    /// One phase of successes.
    In(Phase),
}

/// A part of a request's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Waiting for the pool.
    Wait,
    /// Statements.
    Query,
}

/// A quantile that every record has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantile {
    /// The median.
    P50,
    /// 99 % are at or below.
    P99,
    /// 99.9 % are.
    P999,
    /// The largest.
    Max,
}

/// A state of sessions in `pg_stat_activity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BackendState {
    /// Running a statement.
    Active,
    /// Connected, doing nothing.
    Idle,
    /// In a transaction, doing nothing.
    IdleInTransaction,
    /// Waiting for a lock.
    WaitingForLock,
    /// Any.
    Any,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "latency",
            Self::Failed => "latency of failures",
            Self::All => "latency, failures included",
            Self::In(Phase::Wait) => "wait for the pool",
            Self::In(Phase::Query) => "time of the statements",
        })
    }
}

impl fmt::Display for Quantile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::P999 => "p99.9",
            Self::Max => "longest",
        })
    }
}

impl fmt::Display for BackendState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Idle => "idle",
            Self::IdleInTransaction => "idle in transaction",
            Self::WaitingForLock => "waiting for a lock",
            Self::Any => "open",
        })
    }
}

/// As a line of a story: `slots-exhausted 53300 for at least 20 % of the requests`.
impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Errors { kind, sqlstate, at_least_share } => {
                let state = sqlstate.map(|state| format!(" {state}")).unwrap_or_default();
                if at_least_share > 0.0 {
                    write!(f, "{kind}{state} for at least {:.0}% of the requests", at_least_share * 100.0)
                } else {
                    write!(f, "{kind}{state} at least once")
                }
            }
            Self::ErrorText { pieces } => write!(f, "an error that says \"{}\"", pieces.join(" … ")),
            Self::ErrorCount { kind, at_least } => write!(f, "{kind} at least {at_least} times"),
            Self::AtMostErrors { kind, at_most: 0 } => write!(f, "no {kind}"),
            Self::AtMostErrors { kind, at_most } => write!(f, "{kind} at most {at_most} times"),
            Self::HiddenCause { kind, cause, sqlstate } => {
                write!(f, "{kind} whose cause is {cause} {sqlstate}")
            }
            Self::NoFailures => f.write_str("no failures"),
            Self::WrongAnswers { at_least } => write!(f, "at least {at_least} wrong answers"),
            Self::GoodputRatio { at_least } => write!(f, "at least {at_least} times the goodput"),
            Self::ServesAsMany => f.write_str("at least as many requests served"),
            Self::GoodputAtMost { at_most } => write!(f, "at most {at_most} times the goodput"),
            Self::GoodputGone { from_ms } => write!(f, "no successful request after {from_ms} ms"),
            Self::Stalled { at_least_ms } => write!(f, "no response at all for at least {at_least_ms} ms"),
            Self::LatencyRatio { of, quantile, at_least } => {
                write!(f, "{quantile} {of} at least {at_least} times as long")
            }
            Self::LatencyAtLeast { of, quantile, ms } => write!(f, "{quantile} {of} at least {ms} ms"),
            Self::LatencyAtMost { of, quantile, ms } => write!(f, "{quantile} {of} at most {ms} ms"),
            Self::PoolWaiting { at_least } => write!(f, "at least {at_least} requests waiting for the pool"),
            Self::Backends { state, at_least } => write!(f, "at least {at_least} sessions {state}"),
            Self::BackendsAtMost { state, at_most } => {
                write!(f, "never more than {at_most} sessions {state}")
            }
            Self::HealthzUnanswered { at_least_share } => {
                write!(f, "/healthz unanswered at least {:.0}% of the time", at_least_share * 100.0)
            }
            Self::HealthzAnswered => f.write_str("/healthz always answered"),
            Self::NeverReady { at_least } => {
                write!(f, "at least {at_least} new processes never became ready")
            }
            Self::AllReady => f.write_str("all processes ready"),
            Self::RecoversWithin { ms } => write!(f, "recovered within {ms} ms"),
            Self::OomKilled => f.write_str("the kernel killed a backend (out of memory)"),
            Self::NotOomKilled => f.write_str("no process killed"),
            Self::TimeWaitGrowth { at_least } => write!(f, "at least {at_least} more ports in TIME_WAIT"),
            Self::TimeWaitGrowthAtMost { at_most } => write!(f, "at most {at_most} more ports in TIME_WAIT"),
            Self::Logged { line } => write!(f, "\"{}\" in the log of {}", line.pieces.join(" … "), line.log),
        }
    }
}
