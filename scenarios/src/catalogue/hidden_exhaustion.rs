//! Pools of several processes ask for more than the slots; the pool says only that it timed out.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, SLOTS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Deploy, Scene, Stage, Traffic, Tuning};

const GREEDY: Case = Case {
    workload: "hold",
    params: "think_ms=300",
    tuning: Tuning { pool_size: 18, min_idle: 18, acquire_ms: Some(1_500), ..Tuning::BASE },
    deploy: Deploy { processes: 3, cold: 1, ..Deploy::BASE },
    ..Case::BASE
};

const FITTING: Case = Case {
    tuning: Tuning { pool_size: 12, min_idle: 12, ..GREEDY.tuning },
    deploy: Deploy { cold: 0, ..GREEDY.deploy },
    ..GREEDY
};

pub const SCENARIO: Scenario = Scenario {
    id: "hidden-exhaustion",
    title: "\"pool timed out\", but the underlying cause is that Postgres has no free slot",
    group: Symptom::PoolEmpty,
    symptom: "One instance reports only pool timeouts, the others work. Its pool is far from full.",
    kind: Some(ErrorKind::PoolTimeout),
    sqlstate: Some("53300"),
    reason: "The pools of all instances together may open more connections than there are slots. The last instance \
             gets none: Postgres answers 53300. Most pools treat this as temporary, retry in the background until \
             the wait is over, and then report only a timeout. The cause goes to a log line or a hook, or is lost.",
    look: &[
        sql(SLOTS, "used = slots − reserved: no slot is left for this instance"),
        sql(SESSIONS, "sessions by client_addr: some instances have a full pool, this one has few or none"),
        sh(
            "grep -E 'too many clients|slots are reserved|too many connections' postgresql.log",
            "Postgres logs what the pool does not report",
        ),
    ],
    tell: "This instance has fewer sessions in pg_stat_activity than its pool size, and Postgres's log has 53300 in \
           the same seconds.",
    cure: &[
        Cure {
            of: "",
            change: "Instances × pool size ≤ max_connections − reserved. 3 × 20 > 36, 3 × 11 is not. Check \
                     the sum automatically in the deployment.",
        },
        Cure { of: "bb8", change: "Builder::error_sink: the default one drops the cause. Log it." },
        Cure {
            of: "r2d2",
            change: "Builder::error_handler: the default writes to the log crate; without a logger it is lost.",
        },
        Cure {
            of: "sqlx",
            change: "It treats 53300 as temporary and does not report it: read Postgres's log.",
        },
        Cure {
            of: "deadpool",
            change: "It fails at once and keeps the cause: print the whole chain of sources, not only \"db error\".",
        },
        Cure { of: "HikariCP", change: "Read on to \"Caused by\": the last failure to connect is attached." },
        Cure {
            of: "psycopg_pool",
            change: "The logger psycopg.pool warns \"error connecting in 'pool-1': …\".",
        },
    ],
    scene: Scene {
        // Two processes have opened 18 connections each before the first request: all of 36. The third has none and
        // gets none, so its users can only time out. With 12 each, the 12 users of a process never wait.
        // Opening 18 takes half a second at 40 a second, and the pools give up after 1.5 s.
        connects_per_s: Some(40),
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 36 } }],
        duration_ms: 3_500,
        ..Scene::FREE
    },
    broken: Side {
        says: "three processes with a pool of 18 each; two have filled theirs, and there are 36 slots",
        cases: &[GREEDY_BB8, GREEDY_R2D2, GREEDY_SQLX],
        expects: &[
            Expect::Errors { kind: ErrorKind::PoolTimeout, sqlstate: None, at_least_share: 0.02 },
            Expect::HiddenCause {
                kind: ErrorKind::PoolTimeout,
                cause: ErrorKind::SlotsExhausted,
                sqlstate: "53300",
            },
            Expect::Logged { line: REFUSED },
        ],
    },
    cured: Side {
        says: "the same load with a pool of 12 in each: 36 connections for 36 slots",
        cases: &[
            Case { strategy: "bb8", ..FITTING },
            Case { strategy: "r2d2", ..FITTING },
            Case { strategy: "sqlx", ..FITTING },
        ],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "pool-timeout in the response, 53300 as its cause, and the refusal in Postgres's log",
        cure: "no failures with 33 connections instead of 60",
    },
    needs: &[Need::OwnDatabase],
    server_log: &[REFUSED],
    related: &["pool-timeout", "reserved-slots", "replicas", "too-many-clients"],
};

const GREEDY_BB8: Case = Case { strategy: "bb8", ..GREEDY };
const GREEDY_R2D2: Case = Case { strategy: "r2d2", ..GREEDY };
const GREEDY_SQLX: Case = Case { strategy: "sqlx", ..GREEDY };

/// Reserved slots or none at all, whichever they met.
const REFUSED: LogLine = LogLine::postgres(&[" 53300 ", "FATAL"]);
