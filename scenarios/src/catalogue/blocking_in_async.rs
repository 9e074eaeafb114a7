//! A synchronous pool called on the workers of an asynchronous service.

use super::common::{SESSIONS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Press, Scene, Stage};

const CALLS: Case = Case {
    strategy: "deadpool",
    label: "on the worker",
    workload: "blocking-call",
    params: "think_ms=1500&on=worker",
    ..Case::BASE
};

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "blocking-in-async",
    title: "a synchronous pool or driver is called on asynchronous workers",
    group: Symptom::Hangs,
    symptom: "The whole service freezes in gusts; even /healthz does not answer, and the orchestrator kills it. \
              The pool's metrics look harmless.",
    kind: None,
    sqlstate: None,
    reason: "An asynchronous worker runs thousands of requests, one step at a time. A synchronous call (r2d2's \
             get(), the postgres crate, psycopg2 in an async def, JDBC on an event loop) does not hand the \
             worker back while it waits: with 4 workers the 4th such call stops everything, requests that need \
             no database too. The Rust postgres client may also panic: \"Cannot start a runtime from within a \
             runtime\".",
    look: &[
        sh("time curl -s localhost:8080/healthz", "seconds, while the database is idle"),
        sql(SESSIONS, "at most as many active sessions as the service has workers"),
        sh(
            "gdb -p PID -batch -ex 'thread apply all bt' | grep -c -E 'get_timeout|recv|futex'",
            "all worker threads inside a blocking wait; for Python use py-spy dump, for Node look at its event-loop lag",
        ),
    ],
    tell: "Endpoints that need no database hang as well. That no pool or lock can do.",
    cure: &[
        Cure {
            of: "Rust",
            change: "An asynchronous pool (deadpool, bb8, sqlx), or spawn_blocking / web::block around the whole use, get() and drop included.",
        },
        Cure {
            of: "Python",
            change: "asyncpg or psycopg's AsyncConnection; otherwise def instead of async def (FastAPI then uses a thread).",
        },
        Cure { of: "JVM", change: "Virtual threads or a bounded executor; R2DBC on an event loop." },
        Cure {
            of: "",
            change: "Give the blocking threads a visible bound: it is a second queue in front of the pool.",
        },
    ],
    scene: Scene {
        // The one worker is inside a call nearly all the time, and eight callers stand in line. A worker looks
        // for new requests between two calls, so a question that came in a call's last 400 ms is answered in
        // time: about one in four, and far from half.
        stages: &[Stage { at_ms: 0, press: Press::Users { users: 8 } }],
        healthz_every_ms: 400,
        duration_ms: 6_400,
        ..Scene::FREE
    },
    broken: Side {
        says: "8 users; each request makes a synchronous call of 1.5 s on the service's one worker",
        cases: &[CALLS],
        expects: &[Expect::HealthzUnanswered { at_least_share: 0.5 }],
    },
    cured: Side {
        says: "the same calls on blocking threads",
        cases: &[Case { label: "on blocking threads", params: "think_ms=1500&on=blocking", ..CALLS }],
        expects: &[Expect::NoFailures, Expect::HealthzAnswered, Expect::GoodputRatio { at_least: 3.0 }],
    },
    proof: Proof {
        symptom: "/healthz, which needs no database, goes unanswered",
        cure: "/healthz always answers, and several times the goodput",
    },
    needs: &[],
    server_log: &[],
    related: &["waits-for-ever", "pool-timeout"],
};
