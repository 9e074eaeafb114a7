//! A pool that lets the one who returns a connection take it again.

use super::common::{SESSIONS, sh, sql};
use crate::expect::{Expect, Measure, Quantile};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Beside, Case, Scene, Stage, Traffic, Tuning};

const LOOP: Case = Case {
    beside: "repeated-checkout?for_ms=4000",
    tuning: Tuning { pool_size: 2, acquire_ms: Some(3_000), min_idle: 2, ..Tuning::BASE },
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "unfair-tail",
    title: "the pool is unfair: a task can take a connection again before tasks that wait",
    group: Symptom::Slow,
    symptom: "Some requests wait for seconds or time out in the pool, others never do, although connections are \
              returned thousands of times per second.",
    kind: None,
    sqlstate: None,
    reason: "Some pools only wake a waiting task instead of handing it the connection. A task that returns a \
             connection and asks again at once is then faster than the task that still has to wake up. A job that \
             borrows in a loop can keep a connection almost for itself. Measured: two such loops and 30 users on 2 \
             connections, 3,700 checkouts in 4 s with either pool. With bb8 the loops got 3,645 of them, and all 30 \
             users waited until their timeout of 3 s. With deadpool no user waited longer than 39 ms.",
    look: &[
        sh(
            "curl -s localhost:8080/metrics | grep wait_time",
            "a wait with a p99.9 of hundreds of times its median",
        ),
        sql(SESSIONS, "the pool's sessions are always busy; Postgres cannot show for which task"),
    ],
    tell: "Throughput is normal, and only some requests wait very long. Compare the wait for a connection, not the \
           query time.",
    cure: &[
        Cure { of: "", change: "Take one connection for the whole job instead of one per statement." },
        Cure {
            of: "bb8, r2d2",
            change: "Give loops and background jobs a separate pool, or use a fair pool (deadpool's semaphore serves in order of arrival).",
        },
        Cure { of: "", change: "A pause after each checkout (yield_now) lets waiting tasks go first." },
    ],
    scene: Scene {
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 30 } }],
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
        says: "deadpool under the same load: the longest-waiting task is next",
        cases: &[Case { strategy: "deadpool", ..LOOP }],
        expects: &[
            Expect::NoFailures,
            Expect::LatencyAtMost { of: Measure::All, quantile: Quantile::P999, ms: 1_000 },
        ],
    },
    proof: Proof {
        symptom: "p99.9 of the 30 users, failures included, is above a second",
        cure: "p99.9 is at least five times shorter with a pool that serves in order of arrival",
    },
    needs: &[],
    server_log: &[],
    related: &["pool-timeout", "oversized-pool"],
};
