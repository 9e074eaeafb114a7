//! Everyone locks one row.

use poollab_model::ErrorKind;

use super::common::sql;
use crate::expect::{BackendState, Expect};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

const WORK: Case = Case {
    workload: "locked-work",
    params: "think_ms=100&lock=early",
    tuning: Tuning { pool_size: 8, acquire_ms: Some(400), min_idle: 8, ..Tuning::BASE },
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "hot-row",
    title: "all requests lock the same row and hold the lock while working",
    group: Symptom::PoolEmpty,
    symptom: "Pool timeouts, sometimes statement or lock timeouts. The CPU is idle. A larger pool does not help.",
    kind: Some(ErrorKind::PoolTimeout),
    sqlstate: None,
    reason: "A counter, a balance, the head of a queue: all requests update the same row, and a row lock lasts until \
             COMMIT. So they run one after another: at 100 ms each, ten per second, with any number of connections. \
             The others wait inside Postgres, each holding its connection, until the pool is empty even for requests \
             that never touch that row.",
    look: &[
        sql(
            "SELECT pid, wait_event_type, wait_event, pg_blocking_pids(pid) AS blocked_by, left(query, 60) AS query \
             FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
            "many rows that all wait, directly or in a chain, for one pid",
        ),
        sql(
            "SELECT pid, state, now() - xact_start AS open_for, left(query, 60) AS last FROM pg_stat_activity WHERE \
             pid IN (SELECT unnest(pg_blocking_pids(pid)) FROM pg_stat_activity)",
            "the session that holds the lock, and what it does: often idle in transaction",
        ),
    ],
    tell: "Sessions are active with wait_event_type = Lock. More connections only make a longer queue in Postgres.",
    cure: &[
        Cure {
            of: "",
            change: "Lock late: do the slow work first, then one UPDATE … SET n = n + 1 as the last statement before COMMIT.",
        },
        Cure {
            of: "",
            change: "Spread the row: insert deltas, or keep 16 rows for the counter and sum them when reading.",
        },
        Cure { of: "queues", change: "SELECT … FOR UPDATE SKIP LOCKED LIMIT 1." },
        Cure {
            of: "Postgres",
            change: "SET LOCAL lock_timeout = '500ms', so that a queue becomes an error (55P03) that you can count.",
        },
    ],
    scene: Scene {
        // 100 ms under one lock: ten a second. The pool's last waiter would wait 800 ms. A commit that waits
        // for the disk would blur that, so it does not.
        pg_settings: &[("synchronous_commit", "off")],
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 16 } }],
        ..Scene::FREE
    },
    broken: Side {
        says: "16 users lock the same row, then work for 100 ms, then update; the pool has 8 connections",
        cases: &[WORK],
        expects: &[
            Expect::Backends { state: BackendState::WaitingForLock, at_least: 6 },
            Expect::Errors { kind: ErrorKind::PoolTimeout, sqlstate: None, at_least_share: 0.05 },
        ],
    },
    cured: Side {
        says: "the same work first, then one UPDATE",
        cases: &[Case { params: "think_ms=100&lock=late", ..WORK }],
        expects: &[Expect::NoFailures, Expect::GoodputRatio { at_least: 3.0 }],
    },
    proof: Proof {
        symptom: "all but one session wait for a lock, and the pool is empty",
        cure: "no failures, and goodput is several times higher with the same pool",
    },
    needs: &[],
    server_log: &[],
    related: &["pool-timeout", "idle-in-transaction", "oversized-pool"],
};
