//! A synchronous pool called on the workers of an asynchronous service.

use super::common::{SESSIONS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic};

const CALLS: Case = Case {
    strategy: "deadpool",
    label: "on the worker",
    workload: "blocking-call",
    params: "think_ms=1500&on=worker",
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "blocking-in-async",
    title: "synchronous database calls block the asynchronous workers",
    group: Symptom::Hangs,
    symptom: "The whole service freezes for seconds at a time. Even /healthz does not answer, and the orchestrator \
              kills it. The pool's metrics look normal.",
    kind: None,
    sqlstate: None,
    reason: "An asynchronous worker runs thousands of requests, one step at a time. A synchronous call (r2d2's \
             get(), the postgres crate, psycopg2 in an async def, JDBC on an event loop) blocks its worker until it \
             returns. With 4 workers, 4 such calls stop everything, including requests that need no database. The \
             Rust postgres client may also panic: \"Cannot start a runtime from within a runtime\".",
    look: &[
        sh("time curl -s localhost:8080/healthz", "seconds, while the database is idle"),
        sql(SESSIONS, "at most as many active sessions as the service has workers"),
        sh(
            "gdb -p PID -batch -ex 'thread apply all bt' | grep -c -E 'get_timeout|recv|futex'",
            "all worker threads inside a blocking wait. For Python use py-spy dump, for Node check the event-loop lag",
        ),
    ],
    tell: "Endpoints that need no database hang as well. A pool or a lock in the database cannot cause that.",
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
            change: "Limit the blocking threads explicitly: they are a second queue in front of the pool.",
        },
    ],
    scene: Scene {
        // The one worker is inside a call nearly all the time, and eight callers stand in line. A worker looks
        // for new requests between two calls, so a question that came in a call's last 400 ms is answered in
        // time: about one in four, and far from half.
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 8 } }],
        healthz_every_ms: 400,
        duration_ms: 6_400,
        ..Scene::FREE
    },
    broken: Side {
        says: "8 users. Each request makes a synchronous call of 1.5 s on the service's only worker",
        cases: &[CALLS],
        expects: &[Expect::HealthzUnanswered { at_least_share: 0.5 }],
    },
    cured: Side {
        says: "the same calls on blocking threads",
        cases: &[Case { label: "on blocking threads", params: "think_ms=1500&on=blocking", ..CALLS }],
        expects: &[Expect::NoFailures, Expect::HealthzAnswered, Expect::GoodputRatio { at_least: 3.0 }],
    },
    proof: Proof {
        symptom: "/healthz, which needs no database, does not answer",
        cure: "/healthz always answers, and goodput is several times higher",
    },
    needs: &[],
    server_log: &[],
    related: &["waits-for-ever", "pool-timeout"],
};
