//! A burst on an empty pool.

use super::common::{sh, sql};
use crate::expect::{Expect, Measure, Quantile};
use crate::scenario::{Cure, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

// Each request keeps its connection for a while. With short ones the first connections would serve the whole
// burst (bb8 gives them to whoever waits), and nobody would see how long the others took.
const COLD: Case = Case {
    workload: "hold",
    params: "think_ms=100",
    tuning: Tuning { pool_size: 40, ..Tuning::BASE },
    ..Case::BASE
};

const WARM: Case = Case { tuning: Tuning { min_idle: 40, ..COLD.tuning }, ..COLD };

pub const SCENARIO: Scenario = Scenario {
    id: "cold-burst",
    title: "a burst of requests meets an empty pool, and all connections are opened at once",
    group: Symptom::Slow,
    symptom: "The first second after a deployment, a scale-up or an idle night is slow or times out. After that it \
              is fast.",
    kind: None,
    sqlstate: None,
    reason: "A lazy pool opens connections when requests arrive: all at the same moment, each for 5 to 15 ms of the \
             server's CPU (a process, SCRAM's 4096 hashes, TLS, an empty catalog cache) before the first query. 32 \
             of them on half a core take most of a second, and the requests wait. Every instance does this after \
             every restart.",
    look: &[
        sql(
            "SELECT date_trunc('second', backend_start) AS at, count(*) FROM pg_stat_activity WHERE backend_type = \
             'client backend' GROUP BY 1 ORDER BY 1",
            "many sessions that started in the same second: the slow one",
        ),
        sh(
            "curl -s localhost:8080/metrics | grep db_client_connection_create",
            "connects that take tens to hundreds of ms each",
        ),
    ],
    tell: "Only the first moment is slow, and it matches backend_start of the sessions.",
    cure: &[
        Cure {
            of: "",
            change: "Fill the pool before the readiness check succeeds, and keep a minimum of idle connections.",
        },
        Cure {
            of: "deadpool",
            change: "It has no minimum: take max_size objects once at startup and drop them.",
        },
        Cure {
            of: "bb8, r2d2, sqlx",
            change: "min_idle; min_connections (sqlx). r2d2 fills the whole pool before build() returns, by default.",
        },
        Cure { of: "HikariCP", change: "minimumIdle equals maximumPoolSize by default: keep it." },
        Cure {
            of: "pgxpool, psycopg_pool, SQLAlchemy",
            change: "pool_min_conns; min_size and pool.wait(); SQLAlchemy: connect pool_size times at startup.",
        },
        Cure {
            of: "PgBouncer",
            change: "It keeps server connections open across your deployments: min_pool_size.",
        },
    ],
    scene: Scene {
        // A tenth of a core is 10 ms in each 100. A connect costs 2 ms and more of it, so 40 of them take eight of
        // these periods at least, where 40 reads take one or two. At 24 connects a second they take less than 2 s.
        cpus: Some(0.1),
        max_connections: 60,
        connects_per_s: Some(24),
        stages: &[Stage { at_ms: 300, press: Traffic::Burst { requests: 40 } }],
        duration_ms: 4_000,
        ..Scene::BASE
    },
    broken: Side {
        says: "40 requests at once, each of 100 ms, with an empty pool of 40; the database has 0.1 CPU",
        cases: &[COLD, Case { strategy: "bb8", ..COLD }],
        expects: &[Expect::LatencyRatio { of: Measure::Ok, quantile: Quantile::P99, at_least: 2.0 }],
    },
    cured: Side {
        says: "the same burst with a pool that opened its 40 connections before the first request",
        cases: &[WARM, Case { strategy: "bb8", ..WARM }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "p99 of the burst is at least twice that of the warm pool",
        cure: "the same 40 requests without opening a connection",
    },
    needs: &[Need::CpuLimit],
    server_log: &[],
    related: &["restart-storm", "replicas", "idle-killed"],
};
