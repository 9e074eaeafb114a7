//! A code path that never gives its connection back.

use poollab_model::ErrorKind;

use super::common::{sh, sql};
use crate::expect::{BackendState, Expect};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Press, Scene, Stage, Tuning};

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "leak",
    title: "a code path never gives its connection back",
    group: Symptom::PoolEmpty,
    symptom: "It works after a restart, gets slower in steps, and in the end every request is a pool time-out. \
              Only a restart helps, for as long again.",
    kind: Some(ErrorKind::PoolTimeout),
    sqlstate: None,
    reason: "Somewhere a borrowed connection is not given back: an early return before release(), an error path \
             without finally, an iterator that is not read to its end, a guard stored in a struct or a task \
             that never ends. Each time one connection less is left. The database sees sessions that are idle \
             and stay so.",
    look: &[
        sql(
            "SELECT pid, state, now() - state_change AS since, left(query, 60) AS last FROM pg_stat_activity \
             WHERE backend_type = 'client backend' ORDER BY state_change",
            "sessions of the service that are idle for minutes under load, though requests wait. Their last \
             query is the one of the leaking path",
        ),
        sh(
            "curl -s localhost:8080/metrics | grep db_client_connection",
            "used climbs and never falls, also when there is no traffic",
        ),
    ],
    tell: "Sessions are idle (not in a transaction) for minutes while requests wait: lent and not used. With \
           traffic off they stay lent.",
    cure: &[
        Cure {
            of: "",
            change: "Find the path by the last query of the oldest idle session, and bind the connection to a \
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
        stages: &[Stage { at_ms: 0, press: Press::Rate { per_s: 50, in_flight: 64 } }],
        duration_ms: 4_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "50 requests a second, every tenth one keeps its connection; the pool has 8",
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
        says: "the same requests, each gives its connection back",
        cases: &[Case {
            workload: "leak",
            params: "every=0",
            tuning: Tuning { acquire_ms: Some(500), min_idle: 8, ..Tuning::BASE },
            ..Case::BASE
        }],
        expects: &[Expect::NoFailures, Expect::GoodputRatio { at_least: 1.8 }],
    },
    proof: Proof {
        symptom: "goodput falls to nothing in eight steps; eight idle sessions that nobody can borrow",
        cure: "goodput stays at the arrival rate to the end",
    },
    needs: &[],
    server_log: &[],
    related: &["pool-timeout", "idle-in-transaction", "waits-for-ever"],
};
