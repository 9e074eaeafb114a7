//! Postgres restarts under load.

use poollab_model::{ErrorKind, Link};

use super::common::{SESSIONS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Act, Action, Case, Press, Scene, Stage, Tuning};

const ENDED: LogLine = LogLine::postgres(&["FATAL", "terminating connection due to administrator command"]);

const UNCHECKED: Case = Case {
    workload: "hold",
    params: "think_ms=20",
    tuning: Tuning { pool_size: 32, min_idle: 32, ..Tuning::BASE },
    ..Case::BASE
};

const CHECKED: Case = Case { tuning: Tuning { health_check: true, ..UNCHECKED.tuning }, ..UNCHECKED };

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "restart-storm",
    title: "Postgres restarts or fails over: the pool hands out dead connections",
    group: Symptom::Lost,
    symptom: "terminating connection due to administrator command, connection closed, server closed the connection \
              unexpectedly; then connection refused, the database system is starting up. Errors go on after \
              Postgres is back.",
    kind: Some(ErrorKind::ConnectionLost),
    sqlstate: Some("57P01"),
    reason: "A restart ends every session. A pool without a check at checkout does not notice and lends the dead \
             ones, one failed request for each. While Postgres is down, pools differ: deadpool fails in under a \
             millisecond, bb8 and r2d2 wait out their time-out, trying again at growing intervals of up to half \
             of it: with the default 30 s they may come back many seconds after Postgres did. When it is back, \
             every instance connects at the same moment.",
    look: &[
        sql("SELECT pg_postmaster_start_time()", "the time of the restart; do the first errors match?"),
        sh(
            "grep -E 'received fast shutdown|ready to accept connections|57P0' postgresql.log",
            "when it went down, when it was ready again",
        ),
        sql(SESSIONS, "after the restart: how many sessions each instance has opened again"),
    ],
    tell: "All instances fail in the same second, and pg_postmaster_start_time() is that second. If only idle \
           connections die, look at idle-killed; if the log says signal 9, at oom-kill.",
    cure: &[
        Cure {
            of: "",
            change: "Check at checkout, or notice the closed socket; retry idempotent requests once; keep the acquire time-out at a few seconds so that backing off stays short.",
        },
        Cure {
            of: "deadpool",
            change: "RecyclingMethod::Fast sees the closed socket without a round trip: enough for a restart. Verified for networks that drop silently.",
        },
        Cure {
            of: "bb8, r2d2",
            change: "test_on_check_out(true), the default; connection_timeout 5 s instead of 30 s bounds the backing off.",
        },
        Cure { of: "sqlx", change: "test_before_acquire(true), the default." },
        Cure { of: "SQLAlchemy", change: "pool_pre_ping=True." },
        Cure { of: "Django", change: "CONN_HEALTH_CHECKS = True (4.1), or the pool option with check." },
        Cure {
            of: "HikariCP",
            change: "It checks connections that were idle for more than 500 ms; keep maxLifetime below every limit on the way.",
        },
        Cure {
            of: "node-postgres",
            change: "pool.on('error', …): without a listener an idle client's end stops the process.",
        },
        Cure {
            of: "pgxpool",
            change: "pool_health_check_period; it pings connections that were idle for more than a second.",
        },
    ],
    scene: Scene {
        // These arrivals use two of the 32 connections at a time; the other 30 are idle when Postgres goes down.
        // Users who are refused at once would come again at once, and take the CPU that it needs to come back.
        link: Link::Socket,
        stages: &[Stage { at_ms: 0, press: Press::Rate { per_s: 80, in_flight: 8 } }],
        actions: &[Action { at_ms: 700, act: Act::RestartDatabase { down_ms: 300 } }],
        duration_ms: 4_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "80 requests a second, 32 open connections, no check at checkout; Postgres restarts after 700 ms",
        cases: &[
            Case { strategy: "bb8", ..UNCHECKED },
            Case { strategy: "r2d2", ..UNCHECKED },
            Case { strategy: "sqlx", ..UNCHECKED },
        ],
        expects: &[
            Expect::ErrorCount { kind: ErrorKind::ConnectionLost, at_least: 24 },
            Expect::Logged { line: ENDED },
        ],
    },
    cured: Side {
        says: "the same restart: a check at checkout (bb8), a look at the socket (deadpool)",
        cases: &[Case { strategy: "bb8", ..CHECKED }, Case { strategy: "deadpool", ..UNCHECKED }],
        expects: &[
            // What is under way when Postgres stops can't be saved by any check, nor can connections that it
            // takes and ends again while it goes down.
            Expect::AtMostErrors { kind: ErrorKind::ConnectionLost, at_most: 16 },
            Expect::RecoversWithin { ms: 2_000 },
        ],
    },
    proof: Proof {
        symptom: "a lost connection for nearly each of the 32 that were open",
        cure: "only requests under way fail with it; recovered within 2 s of Postgres's return",
    },
    needs: &[Need::OwnDatabase],
    server_log: &[ENDED],
    related: &["idle-killed", "oom-kill", "cold-burst"],
};
