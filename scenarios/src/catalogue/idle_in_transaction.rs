//! Waiting for something else inside a transaction.

use poollab_model::ErrorKind;

use super::common::sql;
use crate::expect::{BackendState, Expect};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

const KEEPS: Case = Case {
    workload: "hold",
    params: "think_ms=200",
    tuning: Tuning { pool_size: 4, acquire_ms: Some(400), min_idle: 4, ..Tuning::BASE },
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "idle-in-transaction",
    title: "a transaction stays open while the code waits for something else",
    group: Symptom::PoolEmpty,
    symptom: "Pool timeouts while the database is idle. pg_stat_activity shows many sessions \"idle in \
              transaction\".",
    kind: Some(ErrorKind::PoolTimeout),
    sqlstate: None,
    reason: "Between BEGIN and COMMIT the code calls another service, reads a request body, renders, or sleeps. \
             Meanwhile no other request can use the connection, and the transaction keeps its locks and holds back \
             vacuum. When the other service becomes slow, your pool is exhausted although the database is idle.",
    look: &[sql(
        "SELECT pid, now() - xact_start AS open_for, now() - state_change AS idle_for, left(query, 60) AS \
             last FROM pg_stat_activity WHERE state = 'idle in transaction' ORDER BY xact_start",
        "as many rows as the pool has connections; `last` is the statement before the wait",
    )],
    tell: "The state of the sessions is idle in transaction, not idle and not active.",
    cure: &[
        Cure {
            of: "",
            change: "Read, commit, return the connection, then call the other service. Take a new connection for \
                     the write afterwards.",
        },
        Cure {
            of: "Postgres",
            change: "As a safety net: ALTER ROLE app SET idle_in_transaction_session_timeout = '10s'. It ends the \
                     session (25P03), so the pool must handle that.",
        },
        Cure {
            of: "SQLAlchemy, Django",
            change: "A first read opens a transaction (SQLAlchemy; Django with ATOMIC_REQUESTS): commit or close before you call out.",
        },
        Cure {
            of: "Spring",
            change: "Keep @Transactional off methods that call out; spring.jpa.open-in-view=false.",
        },
        Cure {
            of: "Rust",
            change: "Drop the guard, and the transaction with it, before the next .await that is not the database's.",
        },
    ],
    scene: Scene {
        // Four connections that are kept for 200 ms serve 20 requests a second; the last of 28 waiters
        // would wait 1.4 s, and the pool gives up after 400 ms.
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 32 } }],
        ..Scene::FREE
    },
    broken: Side {
        says: "32 users wait 200 ms for another service inside a transaction; the pool has 4 connections",
        cases: &[KEEPS],
        expects: &[
            Expect::Errors { kind: ErrorKind::PoolTimeout, sqlstate: None, at_least_share: 0.2 },
            Expect::Backends { state: BackendState::IdleInTransaction, at_least: 4 },
        ],
    },
    cured: Side {
        says: "the same wait after the connection was returned, with the same pool of 4",
        cases: &[Case { params: "think_ms=200&release_early=true", ..KEEPS }],
        expects: &[Expect::NoFailures, Expect::GoodputRatio { at_least: 3.0 }],
    },
    proof: Proof {
        symptom: "pool time-outs with four sessions idle in transaction and none active",
        cure: "no failures, and goodput is several times higher with the same four connections",
    },
    needs: &[],
    server_log: &[],
    related: &["pool-timeout", "hot-row", "leak", "cancelled-request"],
};
