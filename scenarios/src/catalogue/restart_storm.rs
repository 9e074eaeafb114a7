//! Postgres restarts under load.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Act, Action, Case, Scene, Stage, Traffic, Tuning};

const ENDED: LogLine = LogLine::postgres(&["FATAL", "terminating connection due to administrator command"]);

const UNCHECKED: Case = Case {
    workload: "hold",
    params: "think_ms=800",
    tuning: Tuning { pool_size: 12, min_idle: 12, ..Tuning::BASE },
    ..Case::BASE
};

const CHECKED: Case = Case { tuning: Tuning { health_check: true, ..UNCHECKED.tuning }, ..UNCHECKED };

pub const SCENARIO: Scenario = Scenario {
    id: "restart-storm",
    title: "Postgres restarts or fails over, and the pool hands out dead connections",
    group: Symptom::Lost,
    symptom: "terminating connection due to administrator command, connection closed, server closed the connection \
              unexpectedly; then connection refused, the database system is starting up. Errors go on after \
              Postgres is back.",
    kind: Some(ErrorKind::ConnectionLost),
    sqlstate: Some("57P01"),
    reason: "A restart ends every session. A pool without a check at checkout does not notice and lends the dead \
             connections: one failed request for each. While Postgres is down, pools differ. deadpool fails in under \
             a millisecond. bb8 and r2d2 retry until their timeout, at growing intervals of up to half of it: with \
             the default of 30 s they may recover many seconds after Postgres. When Postgres is back, every instance \
             connects at the same moment.",
    look: &[
        sql("SELECT pg_postmaster_start_time()", "the time of the restart; compare it with the first errors"),
        sh(
            "grep -E 'received fast shutdown|ready to accept connections|57P0' postgresql.log",
            "when it stopped and when it was ready again",
        ),
        sql(SESSIONS, "after the restart: how many sessions each instance has opened again"),
    ],
    tell: "All instances fail in the same second, and pg_postmaster_start_time() is that second. If only idle \
           connections fail, see idle-killed. If the log says signal 9, see oom-kill.",
    cure: &[
        Cure {
            of: "",
            change: "Check connections at checkout, or detect the closed socket. Retry idempotent requests once. Keep the acquire timeout at a few seconds, so that the backoff stays short.",
        },
        Cure {
            of: "deadpool",
            change: "RecyclingMethod::Fast sees the closed socket without a round trip: enough for a restart. Use Verified for networks that drop silently.",
        },
        Cure {
            of: "bb8, r2d2",
            change: "test_on_check_out(true), the default; connection_timeout 5 s instead of 30 s limits the backoff.",
        },
        Cure { of: "sqlx", change: "test_before_acquire(true), the default." },
        Cure { of: "SQLAlchemy", change: "pool_pre_ping=True." },
        Cure { of: "Django", change: "CONN_HEALTH_CHECKS = True (4.1), or the pool option with check." },
        Cure {
            of: "HikariCP",
            change: "It checks connections that were idle for more than 500 ms; keep maxLifetime below every limit in between.",
        },
        Cure {
            of: "node-postgres",
            change: "pool.on('error', …): without a listener, an idle client that disconnects stops the process.",
        },
        Cure {
            of: "pgxpool",
            change: "pool_health_check_period; it pings connections that were idle for more than a second.",
        },
    ],
    scene: Scene {
        // All 12 are idle when Postgres goes down, and nobody asks until it is back: users who are refused at once
        // would come again at once, and take the CPU that it needs to come back. Then 12 users take all of them at the
        // same time. 12 connects take 200 ms at 60 a second, and a hold 800 ms: it fits into the 1.4 s that are left,
        // and a second one does not, so neither side can end more than 24 requests.
        connects_per_s: Some(60),
        stages: &[
            Stage { at_ms: 0, press: Traffic::Users { users: 12 } },
            Stage { at_ms: 600, press: Traffic::Users { users: 0 } },
            Stage { at_ms: 3_300, press: Traffic::Users { users: 12 } },
        ],
        actions: &[Action { at_ms: 1_300, act: Act::RestartDatabase { down_ms: 300 } }],
        duration_ms: 4_700,
        ..Scene::FREE
    },
    broken: Side {
        says: "12 open connections, no check at checkout; Postgres restarts while there is no traffic, then 12 users \
               return",
        cases: &[
            Case { strategy: "bb8", ..UNCHECKED },
            Case { strategy: "r2d2", ..UNCHECKED },
            Case { strategy: "sqlx", ..UNCHECKED },
        ],
        expects: &[
            Expect::ErrorCount { kind: ErrorKind::ConnectionLost, at_least: 9 },
            Expect::Logged { line: ENDED },
        ],
    },
    cured: Side {
        says: "the same restart, with a check at checkout (bb8) or a check of the socket (deadpool)",
        cases: &[Case { strategy: "bb8", ..CHECKED }, Case { strategy: "deadpool", ..UNCHECKED }],
        expects: &[Expect::NoFailures, Expect::RecoversWithin { ms: 3_200 }],
    },
    proof: Proof {
        symptom: "almost all of the 12 open connections are lost",
        cure: "no failures: dead connections are replaced before a request gets them",
    },
    needs: &[Need::OwnDatabase],
    server_log: &[ENDED],
    related: &["idle-killed", "oom-kill", "cold-burst"],
};
