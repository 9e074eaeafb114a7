//! A pool that lets the one who returns a connection take it again.

use super::common::{SESSIONS, sh, sql};
use crate::expect::{Expect, Measure, Quantile};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Beside, Case, Press, Scene, Stage, Tuning};

const LOOP: Case = Case {
    beside: "repeated-checkout?for_ms=4000",
    tuning: Tuning { pool_size: 2, acquire_ms: Some(3_000), min_idle: 2, ..Tuning::BASE },
    ..Case::BASE
};

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "unfair-tail",
    title: "the pool lets the one who returns a connection take it again, past those who wait",
    group: Symptom::Slow,
    symptom: "Some requests wait for seconds or time out in the pool, others never, though connections change \
              hands thousands of times a second.",
    kind: None,
    sqlstate: None,
    reason: "A pool that only wakes a waiter, instead of handing the connection over, lets a task that returns \
             one and asks again at once be faster than the waiter that still has to wake up. A job that borrows \
             in a loop then keeps the connection practically for itself. Measured: two such loops and 30 users \
             on 2 connections, 3,700 checkouts in 4 s with either pool. With bb8 the loops got 3,645 of them, \
             and all 30 users waited until their time-out of 3 s; with deadpool no user waited longer than 39 ms.",
    look: &[
        sh(
            "curl -s localhost:8080/metrics | grep wait_time",
            "a wait whose p99.9 is hundreds of times its median",
        ),
        sql(SESSIONS, "the pool's sessions are busy all the time: for whom can't be seen from here"),
    ],
    tell: "Throughput is as it should be, and only some requests wait very long. Compare the wait, not the query time.",
    cure: &[
        Cure { of: "", change: "Borrow once for the whole job instead of once for each statement." },
        Cure {
            of: "bb8, r2d2",
            change: "Give loops and background jobs a pool of their own, or a queue-fair pool (deadpool's semaphore serves in order of arrival).",
        },
        Cure { of: "", change: "A pause after each checkout (yield_now) lets the waiter win." },
    ],
    scene: Scene {
        stages: &[Stage { at_ms: 0, press: Press::Users { users: 30 } }],
        beside: Some(Beside { users: 2, hang_up_ms: 10_000 }),
        duration_ms: 5_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "bb8 with 2 connections: two jobs borrow in a loop for 4 s, 30 users want one read each",
        cases: &[Case { strategy: "bb8", ..LOOP }],
        expects: &[
            Expect::LatencyAtLeast { of: Measure::All, quantile: Quantile::P999, ms: 1_000 },
            Expect::LatencyRatio { of: Measure::All, quantile: Quantile::P999, at_least: 5.0 },
        ],
    },
    cured: Side {
        says: "deadpool under the same load: who waits longest is next",
        cases: &[Case { strategy: "deadpool", ..LOOP }],
        expects: &[
            Expect::NoFailures,
            Expect::LatencyAtMost { of: Measure::All, quantile: Quantile::P999, ms: 1_000 },
        ],
    },
    proof: Proof {
        symptom: "p99.9 of the 30 users, failures included, above a second",
        cure: "the same p99.9 in a pool that serves in order of arrival, at least five times shorter",
    },
    needs: &[],
    server_log: &[],
    related: &["pool-timeout", "oversized-pool"],
};
