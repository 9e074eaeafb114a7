//! Ten times the useful size.

use super::common::{WAITS, sh, sql};
use crate::expect::{Expect, Measure, Phase, Quantile};
use crate::scenario::{Cure, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Press, Scene, Stage, Tuning};

const HUGE: Case = Case {
    label: "pool of 30",
    workload: "slow-query",
    params: "ms=0&work=20",
    tuning: Tuning { pool_size: 30, min_idle: 30, ..Tuning::BASE },
    ..Case::BASE
};

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "oversized-pool",
    title: "a pool of ten times the useful size: no more goodput, several times the query time",
    group: Symptom::Slow,
    symptom: "Every query is slow under load and fast alone. The pool was enlarged, and it did not help or made \
              it worse. The database's CPU is at its limit.",
    kind: None,
    sqlstate: None,
    reason: "A database with two cores works on two queries at a time. 40 that are admitted at once share the two \
             cores, the caches and the locks, and each takes twenty times as long. The queue has only moved: out \
             of the pool, where it is cheap, fair and visible, into Postgres, where each one waiting holds a \
             backend, its memory and its locks. On modern Postgres goodput falls little (0 to 25 % at ten times \
             the size); what grows is the time of each query.",
    look: &[
        sql(WAITS, "many active sessions with no wait event: they wait for the CPU"),
        sql(
            "SELECT mean_exec_time, stddev_exec_time, calls, query FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 5",
            "a mean that is many times what EXPLAIN ANALYZE shows for the same query alone",
        ),
        sh(
            "cat /sys/fs/cgroup/cpu.stat",
            "nr_throttled grows: the CPU limit is the bottleneck, and not the pool",
        ),
    ],
    tell: "Sessions are active, without Lock waits, and more of them than the database has cores several times over.",
    cure: &[
        Cure {
            of: "",
            change: "Begin with cores × 2, over all instances together, and measure: poollab tune. For half a core 2 to 4 connections are enough.",
        },
        Cure { of: "", change: "Let the rest wait in the pool, with a time-out; that is what it is for." },
        Cure {
            of: "Npgsql",
            change: "The default of 100 for each process is ten times too much for most databases.",
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
        stages: &[Stage { at_ms: 0, press: Press::Users { users: 64 } }],
        duration_ms: 4_000,
        ..Scene::BASE
    },
    broken: Side {
        says: "64 users, a pool of 30 on a tenth of a core",
        cases: &[HUGE],
        expects: &[
            Expect::LatencyRatio { of: Measure::In(Phase::Query), quantile: Quantile::P99, at_least: 2.0 },
            Expect::GoodputAtMost { at_most: 1.2 },
        ],
    },
    cured: Side {
        says: "the same 64 users, a pool of 5",
        cases: &[Case {
            label: "pool of 5",
            tuning: Tuning { pool_size: 5, min_idle: 5, ..HUGE.tuning },
            ..HUGE
        }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "p99 of the statements is at least twice as long, for at most a fifth more goodput",
        cure: "the same goodput with a tenth of the connections; the wait is in the pool, where it can be seen",
    },
    needs: &[Need::CpuLimit],
    server_log: &[],
    related: &["pool-timeout", "hot-row", "oom-kill"],
};
