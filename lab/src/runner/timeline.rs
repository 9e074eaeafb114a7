//! The views of one course of time, aligned: requests, pool, pooler, database.

use std::time::{Duration, Instant};

use poollab_db::Observer;
use poollab_db::pgbouncer::PoolerObserver;
use poollab_model::wire::LoadInterval;
use poollab_model::{PoolCounts, TimelinePoint};

/// One point for each interval of the generator; pool and database as they were last seen in it.
pub fn merge(
    intervals: &[LoadInterval],
    from: Instant,
    pool: &[(Instant, PoolCounts)],
    observer: &Observer,
    pooler: Option<&PoolerObserver>,
) -> Vec<TimelinePoint> {
    intervals
        .iter()
        .map(|interval| {
            let end = from + milliseconds(interval.at_ms);
            let start = from + milliseconds(interval.at_ms - interval.length_ms);
            let seen = observer.interval(start, end);
            TimelinePoint {
                at_ms: interval.at_ms,
                rps: (interval.ok + interval.failed) as f64 / (interval.length_ms / 1e3).max(1e-6),
                failed: interval.failed,
                failures: interval.failures.clone(),
                p99_us: interval.p99_us,
                in_flight: Some(interval.in_flight),
                backends: seen.backends,
                pool: last_in(pool, start, end),
                throttled_ms: seen.throttled_ms,
                memory_bytes: seen.memory_bytes,
                pooler: pooler.and_then(|pooler| pooler.interval(start, end)),
            }
        })
        .collect()
}

/// The last state in the interval; a state that is older says nothing about it.
fn last_in(pool: &[(Instant, PoolCounts)], start: Instant, end: Instant) -> Option<PoolCounts> {
    // Samples and intervals have the same length: one that came just before still describes this one.
    let earliest = start.checked_sub(Duration::from_millis(100)).unwrap_or(start);
    pool.iter().rev().find(|(at, _)| *at > earliest && *at <= end).map(|(_, counts)| *counts)
}

fn milliseconds(ms: f64) -> Duration {
    Duration::from_secs_f64((ms / 1e3).max(0.0))
}
