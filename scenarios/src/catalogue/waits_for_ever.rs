//! A pool without a time-out: nothing fails, nothing answers.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, sh, sql};
use crate::expect::{BackendState, Expect, Measure, Quantile};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Press, Scene, Stage, Tuning};

const HOLD: Case = Case {
    workload: "hold",
    params: "think_ms=1000",
    tuning: Tuning { pool_size: 1, acquire_ms: None, min_idle: 1, ..Tuning::BASE },
    ..Case::BASE
};

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "waits-for-ever",
    title: "the pool has no time-out: requests wait until the client gives up",
    group: Symptom::Hangs,
    symptom: "Requests hang. No error in the service's log, only the callers' time-outs (504, 499). Postgres is \
              idle.",
    kind: Some(ErrorKind::HttpTimeout),
    sqlstate: None,
    reason: "Some pools wait for ever by default: deadpool (wait: None), node-postgres \
             (connectionTimeoutMillis: 0), pgxpool and database/sql with a context without a deadline. When the \
             pool is empty for long, requests queue up without an error, each holds memory and a place at the \
             load balancer, and those that are served at last are answered to clients who have gone.",
    look: &[
        sql(SESSIONS, "as many sessions as the pool's size, few or none active"),
        sh(
            "curl -s localhost:8080/metrics | grep db_client_connection",
            "requests waiting, and more each time you look",
        ),
    ],
    tell: "There is no error at all on the service's side. Waiters in the pool's metrics, and no time-out in its \
           configuration.",
    cure: &[
        Cure {
            of: "",
            change: "A wait time-out below the caller's own: 1 to 5 s. A request that can't be served should \
                     fail while somebody still listens. Then find out why the pool is empty.",
        },
        Cure {
            of: "deadpool",
            change: "Pool::builder(manager).wait_timeout(Some(Duration::from_secs(2))).runtime(Runtime::Tokio1): \
                     without a runtime the time-out is refused.",
        },
        Cure { of: "node-postgres", change: "new Pool({ connectionTimeoutMillis: 2000 })." },
        Cure {
            of: "pgxpool, database/sql",
            change: "context.WithTimeout around every Acquire and every query.",
        },
        Cure {
            of: "psycopg_pool, HikariCP, bb8, r2d2, sqlx, SQLAlchemy",
            change: "They give up after 30 s: shorten it to what your callers wait.",
        },
    ],
    scene: Scene {
        // One connection, held for 1 s: of 16 users at most three are served before they give up.
        stages: &[Stage { at_ms: 0, press: Press::Users { users: 16 } }],
        request_timeout_ms: 2_500,
        duration_ms: 4_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "deadpool as it comes: one busy connection, 15 requests wait without a limit; clients give up after 2.5 s",
        cases: &[HOLD],
        expects: &[
            Expect::Errors { kind: ErrorKind::HttpTimeout, sqlstate: None, at_least_share: 0.3 },
            Expect::AtMostErrors { kind: ErrorKind::PoolTimeout, at_most: 0 },
            Expect::PoolWaiting { at_least: 10 },
            Expect::BackendsAtMost { state: BackendState::Active, at_most: 1 },
        ],
    },
    cured: Side {
        says: "the same load with a wait time-out of 500 ms, and with a pool that is large enough as well",
        cases: &[
            Case {
                label: "wait time-out",
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
        symptom: "clients give up, the pool counts waiters, Postgres has nothing to do, no error anywhere",
        cure: "the wait ends with an error after half a second; with enough connections there is none",
    },
    needs: &[],
    server_log: &[],
    related: &["pool-timeout", "leak", "nested-checkout", "blocking-in-async"],
};
