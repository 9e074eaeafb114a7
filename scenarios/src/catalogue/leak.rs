//! A code path that never gives its connection back.

use poollab_model::ErrorKind;

use super::common::{sh, sql};
use crate::expect::{BackendState, Expect};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

pub const SCENARIO: Scenario = Scenario {
    id: "leak",
    title: "a code path never returns its connection",
    group: Symptom::PoolEmpty,
    symptom: "It works after a restart, gets slower in steps, and finally every request is a pool timeout. Only a \
              restart helps, for a while.",
    kind: Some(ErrorKind::PoolTimeout),
    sqlstate: None,
    reason: "Some code does not return its connection: an early return before release(), an error path without \
             finally, an iterator that is not read to the end, a guard stored in a struct or in a task that never \
             ends. Each time the pool loses one connection. In the database these sessions stay idle forever.",
    look: &[
        sql(
            "SELECT pid, state, now() - state_change AS since, left(query, 60) AS last FROM pg_stat_activity \
             WHERE backend_type = 'client backend' ORDER BY state_change",
            "sessions of the service that are idle for minutes under load, although requests wait. Their last \
             query belongs to the leaking code",
        ),
        sh(
            "curl -s localhost:8080/metrics | grep db_client_connection",
            "used rises and never falls, even without traffic",
        ),
    ],
    tell: "Sessions are idle (not in a transaction) for minutes while requests wait. They stay checked out even \
           without traffic.",
    cure: &[
        Cure {
            of: "",
            change: "Find the code by the last query of the oldest idle session, and bind the connection to a \
                     scope: a guard, with, try-with-resources, defer.",
        },
        Cure { of: "HikariCP", change: "leakDetectionThreshold: 30000 prints the stack of the borrower." },
        Cure {
            of: "node-postgres",
            change: "pool.query() instead of connect(); else client.release() in finally.",
        },
        Cure {
            of: "pgx, database/sql",
            change: "defer conn.Release(), defer rows.Close() directly after the error check.",
        },
        Cure {
            of: "psycopg_pool",
            change: "with pool.connection() as conn; never getconn() without putconn().",
        },
        Cure {
            of: "SQLAlchemy",
            change: "with Session() as session; pool_logging_name and echo_pool=\"debug\" show who borrows.",
        },
        Cure {
            of: "Rails",
            change: "ActiveRecord::Base.connection_pool.with_connection in threads of your own.",
        },
        Cure {
            of: "Rust",
            change: "Look for mem::forget, guards in statics or in tasks that never end, Object::take, and reference cycles.",
        },
    ],
    scene: Scene {
        // The 80th request takes the last of 8 connections, after 1.6 s.
        stages: &[Stage { at_ms: 0, press: Traffic::Rate { per_s: 50, in_flight: 64 } }],
        duration_ms: 4_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "50 requests per second, every tenth one keeps its connection; the pool has 8",
        cases: &[Case {
            workload: "leak",
            params: "every=10",
            tuning: Tuning { acquire_ms: Some(500), min_idle: 8, ..Tuning::BASE },
            ..Case::BASE
        }],
        expects: &[
            Expect::Errors { kind: ErrorKind::PoolTimeout, sqlstate: None, at_least_share: 0.2 },
            Expect::GoodputGone { from_ms: 3_000 },
            Expect::Backends { state: BackendState::Idle, at_least: 8 },
        ],
    },
    cured: Side {
        says: "the same requests, each returns its connection",
        cases: &[Case {
            workload: "leak",
            params: "every=0",
            tuning: Tuning { acquire_ms: Some(500), min_idle: 8, ..Tuning::BASE },
            ..Case::BASE
        }],
        expects: &[Expect::NoFailures, Expect::GoodputRatio { at_least: 1.8 }],
    },
    proof: Proof {
        symptom: "goodput falls to zero in eight steps; eight idle sessions that no request can use",
        cure: "goodput stays at the arrival rate to the end",
    },
    needs: &[],
    server_log: &[],
    related: &["pool-timeout", "idle-in-transaction", "waits-for-ever"],
};
