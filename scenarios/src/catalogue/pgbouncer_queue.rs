//! More clients than PgBouncer will take, or will keep waiting.

use poollab_model::{ErrorKind, Route, StatementMode};

use super::common::{console, sh};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, PoolerSetting, Scene, Stage, Traffic, Tuning};

const FULL: LogLine = LogLine::pgbouncer(&["no more connections allowed (max_client_conn)"]);
const WAITED: LogLine = LogLine::pgbouncer(&["query_wait_timeout"]);

const HOLD: Case = Case {
    workload: "hold",
    params: "think_ms=800",
    route: Route::PgbouncerTransaction,
    tuning: Tuning { statements: StatementMode::Unnamed, ..Tuning::BASE },
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "pgbouncer-queue",
    title: "more clients than PgBouncer accepts, or than it can serve before query_wait_timeout",
    group: Symptom::Refused,
    symptom: "no more connections allowed (max_client_conn), or query_wait_timeout. Postgres's own log has no \
              errors.",
    kind: Some(ErrorKind::PoolerRefused),
    sqlstate: Some("08P01"),
    reason: "PgBouncer has two limits of its own. max_client_conn (100) is the number of clients that it accepts. \
             default_pool_size (20) is the number of server connections for each pair of user and database. All \
             other clients wait inside PgBouncer and are disconnected after query_wait_timeout (120 s by default). \
             It reports both with 08P01, which many drivers show as a protocol error or a lost connection.",
    look: &[
        console(
            "SHOW POOLS",
            "cl_waiting above 0, maxwait in seconds; sv_active at default_pool_size: the server side is full",
        ),
        console("SHOW CLIENTS", "as many as max_client_conn; addr shows who has so many"),
        sh(
            "grep -E 'no more connections|query_wait_timeout' pgbouncer.log",
            "which of the two limits was reached",
        ),
    ],
    tell: "The message is one of PgBouncer's, and Postgres's log has nothing in that second.",
    cure: &[
        Cure {
            of: "max_client_conn",
            change: "It is cheap (about 2 kB each): set it to the sum of all clients' pools, and ulimit -n above it. Use a pool in the service as well.",
        },
        Cure {
            of: "query_wait_timeout",
            change: "There are too few server connections, or they are held too long. Shorten transactions first, then raise default_pool_size; keep its sum below max_connections − reserved.",
        },
        Cure {
            of: "",
            change: "Set query_wait_timeout to the callers' timeout, not to two minutes: callers that wait longer are gone.",
        },
    ],
    scene: Scene {
        // 40 users. Of 40 connections PgBouncer takes 20 at most, and counts them as soon as they are there; or two
        // server connections, each held for 800 ms, serve 5 in two seconds, and the others wait longer than the 1 s
        // that PgBouncer allows. 16 server connections end three requests each in three and a half holds, whoever asks.
        duration_ms: 2_800,
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 40 } }],
        ..Scene::FREE
    },
    broken: Side {
        says: "40 users: once with one connection each where 20 are allowed, once with 2 server connections and a \
               query_wait_timeout of 1 s",
        cases: &[
            Case {
                label: "max_client_conn",
                strategy: "per-request",
                pooler: &[
                    PoolerSetting::new("max_client_conn", "20"),
                    PoolerSetting::new("default_pool_size", "16"),
                ],
                expects: &[
                    Expect::ErrorText { pieces: &["no more connections allowed"] },
                    Expect::Logged { line: FULL },
                ],
                ..HOLD
            },
            Case {
                label: "query_wait_timeout",
                pooler: &[
                    PoolerSetting::new("max_client_conn", "100"),
                    PoolerSetting::new("default_pool_size", "2"),
                    PoolerSetting::new("query_wait_timeout", "1"),
                ],
                tuning: Tuning { pool_size: 40, ..HOLD.tuning },
                expects: &[
                    Expect::ErrorText { pieces: &["query_wait_timeout"] },
                    Expect::Logged { line: WAITED },
                ],
                ..HOLD
            },
        ],
        expects: &[Expect::Errors { kind: ErrorKind::PoolerRefused, sqlstate: None, at_least_share: 0.0 }],
    },
    cured: Side {
        says: "the same 40 users through a pool of 16 in the service and 16 server connections",
        cases: &[Case {
            label: "pool in the service",
            pooler: &[
                PoolerSetting::new("max_client_conn", "20"),
                PoolerSetting::new("default_pool_size", "16"),
                PoolerSetting::new("query_wait_timeout", "1"),
            ],
            tuning: Tuning { pool_size: 16, min_idle: 16, ..HOLD.tuning },
            ..HOLD
        }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "both of PgBouncer's errors, in the responses and in its log",
        cure: "no failures under both limits",
    },
    needs: &[Need::PgBouncer],
    server_log: &[FULL, WAITED],
    related: &["pgbouncer-prepared", "pool-timeout", "reserved-slots"],
};
