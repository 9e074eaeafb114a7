//! A pool that is too small for the time that requests hold its connections.

use poollab_model::ErrorKind;

use super::common::{WAITS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

const SMALL: Case = Case {
    workload: "hold",
    params: "think_ms=300",
    tuning: Tuning { pool_size: 2, acquire_ms: Some(1_000), min_idle: 2, ..Tuning::BASE },
    ..Case::BASE
};

const ENOUGH: Case = Case { tuning: Tuning { pool_size: 16, min_idle: 16, ..SMALL.tuning }, ..SMALL };

pub const SCENARIO: Scenario = Scenario {
    id: "pool-timeout",
    title: "the pool is too small for the time that requests hold their connections",
    group: Symptom::PoolEmpty,
    symptom: "The pool's own timeout: \"Timeout occurred while waiting for a slot to become available\", \"Timed out \
              in bb8\", \"timed out waiting for connection\", \"pool timed out while waiting for an open \
              connection\", \"Connection is not available, request timed out after 30000ms\".",
    kind: Some(ErrorKind::PoolTimeout),
    sqlstate: None,
    reason: "Little's law: connections in use = requests per second × seconds that each request holds its \
             connection. 100 requests per second that hold for 80 ms use 8 connections. At 120 ms they use 12, and a \
             pool of 10 falls behind until requests time out. The database need not be busy. Usually the hold time \
             grew (a slow query, a call to a slow service), not the traffic.",
    look: &[
        sql(
            WAITS,
            "all of the service's sessions active: the queries are slow. Idle in transaction: see \
             idle-in-transaction. Mostly idle: see leak. Fewer sessions than the pool's size: see \
             hidden-exhaustion",
        ),
        sql(
            "SELECT calls, mean_exec_time, query FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 5",
            "which statement holds the connections longest",
        ),
        sh("curl -s localhost:8080/metrics | grep db_client_connection", "waiting above 0, idle at 0"),
    ],
    tell: "The service has as many sessions as its pool size, all of them busy, and each is returned after a while. \
           Requests succeed, but too few.",
    cure: &[
        Cure {
            of: "",
            change: "First hold connections for less time: one transaction, no HTTP call inside it, return the \
                     connection before rendering. Then size the pool: requests/s × hold time × 1.5.",
        },
        Cure {
            of: "",
            change: "If the statements themselves are slow, a larger pool makes them slower: see oversized-pool \
                     first.",
        },
        Cure {
            of: "deadpool",
            change: "PoolConfig { max_size, timeouts: Timeouts { wait: Some(…), .. } }: the default waits forever.",
        },
        Cure { of: "bb8, r2d2", change: "max_size (default 10) and connection_timeout (default 30 s)." },
        Cure {
            of: "sqlx",
            change: "PgPoolOptions::max_connections (default 10) and acquire_timeout (default 30 s).",
        },
        Cure { of: "HikariCP", change: "maximumPoolSize (default 10) and connectionTimeout (default 30 s)." },
        Cure { of: "SQLAlchemy", change: "pool_size (5) + max_overflow (10), and pool_timeout (30 s)." },
        Cure {
            of: "psycopg_pool, Django",
            change: "max_size (it equals min_size, 4, unless set) and timeout (30 s).",
        },
        Cure {
            of: "node-postgres",
            change: "max (10); set connectionTimeoutMillis: its default, 0, waits forever.",
        },
        Cure {
            of: "pgxpool",
            change: "pool_max_conns (the larger of 4 and the cores); it waits as long as the context allows.",
        },
        Cure {
            of: "Rails",
            change: "pool in database.yml: at least the threads of one process (puma's, Sidekiq's).",
        },
        Cure {
            of: "Ecto",
            change: "pool_size (10); queue_target and queue_interval determine when it gives up.",
        },
        Cure { of: "Npgsql", change: "Maximum Pool Size (100) and Timeout (15 s)." },
    ],
    scene: Scene {
        // Two connections that are held for 300 ms serve 7 requests a second; 14 users wait, so the last of
        // them would wait 2 s, and the pool gives up after 1 s.
        // The cure opens its 16 at the start, within the same second.
        connects_per_s: Some(50),
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 16 } }],
        duration_ms: 2_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "16 users hold a connection for 300 ms each; the pool has 2 and times out after 1 s",
        cases: &[
            Case {
                expects: &[Expect::ErrorText { pieces: &["Timeout occurred while waiting for a slot"] }],
                ..SMALL
            },
            Case {
                strategy: "bb8",
                expects: &[Expect::ErrorText { pieces: &["Timed out in bb8"] }],
                ..SMALL
            },
            Case {
                strategy: "r2d2",
                expects: &[Expect::ErrorText { pieces: &["timed out waiting for connection"] }],
                ..SMALL
            },
            Case {
                strategy: "sqlx",
                expects: &[Expect::ErrorText {
                    pieces: &["pool timed out while waiting for an open connection"],
                }],
                ..SMALL
            },
        ],
        expects: &[
            Expect::Errors { kind: ErrorKind::PoolTimeout, sqlstate: None, at_least_share: 0.1 },
            Expect::PoolWaiting { at_least: 8 },
        ],
    },
    cured: Side {
        says: "the same users with a pool of 16: as many as hold one at the same time",
        cases: &[
            ENOUGH,
            Case { strategy: "bb8", ..ENOUGH },
            Case { strategy: "r2d2", ..ENOUGH },
            Case { strategy: "sqlx", ..ENOUGH },
        ],
        expects: &[Expect::NoFailures, Expect::GoodputRatio { at_least: 3.0 }],
    },
    proof: Proof {
        symptom: "each library's own timeout, all counted as pool-timeout, and the goodput of two connections",
        cure: "no failures, and goodput is several times higher under the same load",
    },
    needs: &[],
    server_log: &[],
    related: &[
        "hidden-exhaustion",
        "idle-in-transaction",
        "leak",
        "nested-checkout",
        "hot-row",
        "waits-for-ever",
    ],
};
