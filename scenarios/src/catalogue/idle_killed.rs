//! Sessions are ended while they are idle in the pool.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Role, Scene, Stage, Traffic, Tuning};

const ENDED: LogLine = LogLine::postgres(&["FATAL", "terminating connection due to idle-session timeout"]);

const UNCHECKED: Case = Case {
    workload: "hold",
    params: "think_ms=800",
    tuning: Tuning { pool_size: 8, min_idle: 8, ..Tuning::BASE },
    ..Case::BASE
};

const CHECKED: Case = Case { tuning: Tuning { health_check: true, ..UNCHECKED.tuning }, ..UNCHECKED };

pub const SCENARIO: Scenario = Scenario {
    id: "idle-killed",
    title: "connections are closed while they are idle in the pool",
    group: Symptom::Lost,
    symptom: "The first requests after a quiet time fail (in the morning, after lunch), then all is well: \
              terminating connection due to idle-session timeout, connection closed, SSL SYSCALL error: EOF \
              detected, server closed the connection unexpectedly.",
    kind: Some(ErrorKind::ConnectionLost),
    sqlstate: Some("57P05"),
    reason: "Something closes idle connections: Postgres's idle_session_timeout (57P05, since version 14), \
             PgBouncer's client_idle_timeout, or a load balancer, NAT or firewall, which drops them silently (AWS \
             NLB after 350 s, Azure after 4 min). The pool keeps these connections and lends them to the next \
             requests: one failed request for each.",
    look: &[
        sql(
            "SELECT name, setting FROM pg_settings WHERE name IN ('idle_session_timeout', 'tcp_keepalives_idle')",
            "a timeout above 0, or keepalives later than the balancer's timeout",
        ),
        sh(
            "grep 'idle-session timeout' postgresql.log",
            "lines during the quiet time: Postgres closed them. None: something in between did",
        ),
        sql(SESSIONS, "fewer sessions than the pool reports"),
    ],
    tell: "Only after a pause, and at most as many failures as the pool has connections. Postgres did not restart \
           (pg_postmaster_start_time()).",
    cure: &[
        Cure {
            of: "",
            change: "Let the pool close connections first: set its idle timeout or lifetime below every limit in between. And check connections at checkout.",
        },
        Cure { of: "", change: "TCP keepalives every 60 s if there is a balancer or NAT in between." },
        Cure {
            of: "bb8, r2d2",
            change: "test_on_check_out(true); idle_timeout(Some(…)) (default 10 min), max_lifetime (30 min).",
        },
        Cure {
            of: "deadpool",
            change: "RecyclingMethod::Fast sees a closed socket; behind a balancer that drops silently use Verified, or keepalives.",
        },
        Cure {
            of: "sqlx",
            change: "test_before_acquire(true); idle_timeout below the limit (default 10 min).",
        },
        Cure {
            of: "HikariCP",
            change: "maxLifetime 30 s below the limit; keepaliveTime. Its log says \"Possibly consider using a shorter maxLifetime value\".",
        },
        Cure { of: "SQLAlchemy", change: "pool_pre_ping=True, pool_recycle=280." },
        Cure {
            of: "node-postgres",
            change: "idleTimeoutMillis (10 s by default) below the limit; keepAlive: true.",
        },
        Cure { of: "Npgsql", change: "Connection Idle Lifetime (300 s) below the limit; Keepalive=30." },
        Cure {
            of: "Postgres",
            change: "No idle_session_timeout for roles that pools use: ALTER ROLE app SET idle_session_timeout = 0.",
        },
    ],
    scene: Scene {
        // A hold for each user before the pause, and one after it, with three quarters of a hold to spare: whoever's
        // connection has been ended needs a second request, and neither side can end more than 16.
        role: Role { settings: &[("idle_session_timeout", "1s")], ..Role::BASE },
        stages: &[
            Stage { at_ms: 0, press: Traffic::Users { users: 8 } },
            Stage { at_ms: 600, press: Traffic::Users { users: 0 } },
            Stage { at_ms: 2_800, press: Traffic::Users { users: 8 } },
        ],
        duration_ms: 4_200,
        ..Scene::FREE
    },
    broken: Side {
        says: "8 users, a pause of 2 s, 8 users again; Postgres closes sessions that are idle for 1 s",
        cases: &[Case { strategy: "bb8", ..UNCHECKED }, Case { strategy: "r2d2", ..UNCHECKED }],
        expects: &[
            Expect::ErrorCount { kind: ErrorKind::ConnectionLost, at_least: 6 },
            Expect::Logged { line: ENDED },
        ],
    },
    cured: Side {
        says: "the same pause with a check at checkout",
        cases: &[Case { strategy: "bb8", ..CHECKED }, Case { strategy: "r2d2", ..CHECKED }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "about one lost connection for each of the pool's eight, all right after the pause",
        cure: "no failures after the same pause",
    },
    needs: &[Need::OwnDatabase, Need::PostgresAtLeast(14)],
    server_log: &[ENDED],
    related: &["restart-storm", "cold-burst"],
};
