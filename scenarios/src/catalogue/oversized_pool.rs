//! Ten times the useful size.

use super::common::{WAITS, sh, sql};
use crate::expect::{Expect, Measure, Phase, Quantile};
use crate::scenario::{Cure, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

const HUGE: Case = Case {
    label: "pool of 30",
    workload: "slow-query",
    params: "ms=0&work=20",
    tuning: Tuning { pool_size: 30, min_idle: 30, ..Tuning::BASE },
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "oversized-pool",
    title: "a pool ten times too large: no more goodput, several times the query time",
    group: Symptom::Slow,
    symptom: "Every query is slow under load and fast alone. A larger pool did not help or made it worse. The \
              database's CPU is at its limit.",
    kind: None,
    sqlstate: None,
    reason: "A database with two cores works on two queries at a time. 40 concurrent queries share the two cores, \
             the caches and the locks, and each takes twenty times as long. The queue has only moved: out of the \
             pool, where it is cheap, fair and visible, into Postgres, where each waiting query holds a backend, its \
             memory and its locks. On modern Postgres goodput falls little (0 to 25% at ten times the size). The \
             time of each query grows.",
    look: &[
        sql(WAITS, "many active sessions with no wait event: they wait for the CPU"),
        sql(
            "SELECT mean_exec_time, stddev_exec_time, calls, query FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 5",
            "a mean that is many times what EXPLAIN ANALYZE shows for the same query alone",
        ),
        sh(
            "cat /sys/fs/cgroup/cpu.stat",
            "nr_throttled grows: the CPU limit is the bottleneck, not the pool",
        ),
    ],
    tell: "Sessions are active, without Lock waits, and there are several times more of them than the database has \
           cores.",
    cure: &[
        Cure {
            of: "",
            change: "Start with cores × 2 for all instances together, then measure with poollab tune. For half a core 2 to 4 connections are enough.",
        },
        Cure { of: "", change: "Let the rest wait in the pool, with a timeout." },
        Cure {
            of: "Npgsql",
            change: "The default of 100 per process is ten times too large for most databases.",
        },
    ],
    scene: Scene {
        // A statement costs the database 2 ms of CPU and more, and it has a tenth of a core: it is what is short, even
        // where 5 connections are idle for 50 ms after each statement. 64 users keep all connections busy, so by
        // Little's law a statement takes connections / goodput on average: six times as long with six times the connections.
        // The scheduler shares a tenth of a core unevenly, so the median can be far below that average and p99 is not.
        // The CPU time spent on what is still under way at the end is lost: 30 statements or 5.
        connects_per_s: Some(18),
        cpus: Some(0.1),
        max_connections: 60,
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 64 } }],
        duration_ms: 4_000,
        ..Scene::BASE
    },
    broken: Side {
        says: "64 users with a pool of 30 on 0.1 CPU",
        cases: &[HUGE],
        expects: &[
            Expect::LatencyRatio { of: Measure::In(Phase::Query), quantile: Quantile::P99, at_least: 2.0 },
            Expect::GoodputAtMost { at_most: 1.2 },
        ],
    },
    cured: Side {
        says: "the same 64 users with a pool of 5",
        cases: &[Case {
            label: "pool of 5",
            tuning: Tuning { pool_size: 5, min_idle: 5, ..HUGE.tuning },
            ..HUGE
        }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "p99 of the statements is at least twice as long, and goodput is at most a fifth higher",
        cure: "the same goodput with fewer connections; requests wait in the pool, where it is visible",
    },
    needs: &[Need::CpuLimit],
    server_log: &[],
    related: &["pool-timeout", "hot-row", "oom-kill"],
};
