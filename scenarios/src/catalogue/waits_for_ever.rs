//! A pool without a time-out: nothing fails, nothing answers.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, sh, sql};
use crate::expect::{BackendState, Expect, Measure, Quantile};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

const HOLD: Case = Case {
    workload: "hold",
    params: "think_ms=1000",
    tuning: Tuning { pool_size: 1, acquire_ms: None, min_idle: 1, ..Tuning::BASE },
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "waits-for-ever",
    title: "the pool has no timeout: requests wait until the client gives up",
    group: Symptom::Hangs,
    symptom: "Requests hang. The service's log has no error, only the callers time out (504, 499). Postgres is idle.",
    kind: Some(ErrorKind::HttpTimeout),
    sqlstate: None,
    reason: "Some pools wait forever by default: deadpool (wait: None), node-postgres (connectionTimeoutMillis: 0), \
             pgxpool and database/sql with a context without a deadline. While the pool is exhausted, requests queue \
             up without an error. Each uses memory and a slot at the load balancer, and the response to the last \
             ones goes to clients that have disconnected.",
    look: &[
        sql(SESSIONS, "as many sessions as the pool size, few or none active"),
        sh(
            "curl -s localhost:8080/metrics | grep db_client_connection",
            "requests waiting, and more each time",
        ),
    ],
    tell: "The service reports no error at all. The pool's metrics show waiting requests, and its configuration has \
           no timeout.",
    cure: &[
        Cure {
            of: "",
            change: "Set a wait timeout below the caller's timeout: 1 to 5 s. A request that cannot be served should \
                     fail while the caller still waits. Then find out why the pool is exhausted.",
        },
        Cure {
            of: "deadpool",
            change: "Pool::builder(manager).wait_timeout(Some(Duration::from_secs(2))).runtime(Runtime::Tokio1): \
                     without a runtime it refuses the timeout.",
        },
        Cure { of: "node-postgres", change: "new Pool({ connectionTimeoutMillis: 2000 })." },
        Cure {
            of: "pgxpool, database/sql",
            change: "context.WithTimeout around every Acquire and every query.",
        },
        Cure {
            of: "psycopg_pool, HikariCP, bb8, r2d2, sqlx, SQLAlchemy",
            change: "They give up after 30 s: set a value below your callers' timeout.",
        },
    ],
    scene: Scene {
        // One connection, held for 1 s: of 16 users at most three are served before they give up.
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 16 } }],
        request_timeout_ms: 2_500,
        duration_ms: 4_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "deadpool with its defaults: one busy connection, 15 requests wait without a limit; clients give up \
               after 2.5 s",
        cases: &[HOLD],
        expects: &[
            Expect::Errors { kind: ErrorKind::HttpTimeout, sqlstate: None, at_least_share: 0.3 },
            Expect::AtMostErrors { kind: ErrorKind::PoolTimeout, at_most: 0 },
            Expect::PoolWaiting { at_least: 10 },
            Expect::BackendsAtMost { state: BackendState::Active, at_most: 1 },
        ],
    },
    cured: Side {
        says: "the same load with a wait timeout of 500 ms, and also with a pool that is large enough",
        cases: &[
            Case {
                label: "wait timeout",
                tuning: Tuning { acquire_ms: Some(500), ..HOLD.tuning },
                expects: &[
                    Expect::Errors { kind: ErrorKind::PoolTimeout, sqlstate: None, at_least_share: 0.3 },
                    Expect::LatencyAtMost { of: Measure::Failed, quantile: Quantile::P99, ms: 1_500 },
                ],
                ..HOLD
            },
            Case {
                label: "and a pool of 16",
                tuning: Tuning { acquire_ms: Some(500), pool_size: 16, min_idle: 16, ..HOLD.tuning },
                expects: &[Expect::NoFailures],
                ..HOLD
            },
        ],
        expects: &[Expect::AtMostErrors { kind: ErrorKind::HttpTimeout, at_most: 0 }],
    },
    proof: Proof {
        symptom: "clients give up, requests wait for the pool, Postgres is idle, and nothing reports an error",
        cure: "the wait ends with an error after half a second; with enough connections there is no error",
    },
    needs: &[],
    server_log: &[],
    related: &["pool-timeout", "leak", "nested-checkout", "blocking-in-async"],
};
