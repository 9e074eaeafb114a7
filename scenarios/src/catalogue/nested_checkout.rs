//! A request that needs two connections at once.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, sh, sql};
use crate::expect::{BackendState, Expect};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

const NESTED: Case = Case {
    workload: "nested-checkout",
    params: "between_ms=500",
    tuning: Tuning { pool_size: 8, acquire_ms: None, min_idle: 8, ..Tuning::BASE },
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "nested-checkout",
    title: "a request takes a second connection while it holds the first: deadlock in the pool",
    group: Symptom::Hangs,
    symptom: "Above a certain load everything stops at once until timeouts end it. Below that load everything works.",
    kind: Some(ErrorKind::HttpTimeout),
    sqlstate: None,
    reason: "Each request holds one connection and waits for another: a log or audit writer, a REQUIRES_NEW \
             transaction, an id generator, a helper that takes its own connection. With N such requests on a pool of \
             N, each has one and none can get a second. Postgres cannot detect this deadlock: all its sessions are \
             idle.",
    look: &[
        sql(SESSIONS, "all of the pool's sessions idle or idle in transaction, none active, no change"),
        sh(
            "curl -s localhost:8080/metrics | grep db_client_connection",
            "all in use, and as many waiting as in use",
        ),
    ],
    tell: "It starts suddenly, and as many requests wait as connections are checked out. Stack traces show a \
           checkout inside a checkout.",
    cure: &[
        Cure {
            of: "",
            change: "Pass the connection or the transaction to the helper instead of taking another one.",
        },
        Cure {
            of: "",
            change: "If a request needs two: pool size ≥ T × (C − 1) + 1, for T concurrent requests with C \
                     connections each. For 8 requests with 2: 9.",
        },
        Cure {
            of: "",
            change: "A wait timeout turns the deadlock into errors. It is a workaround, not a fix.",
        },
        Cure {
            of: "Spring, JPA",
            change: "REQUIRES_NEW and table-based id generation take a second connection.",
        },
    ],
    scene: Scene {
        // All 8 have their first connection long before the first one asks for its second, 500 ms later.
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 8 } }],
        request_timeout_ms: 3_000,
        duration_ms: 4_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "8 concurrent requests, each needs two connections from a pool of 8",
        cases: &[NESTED],
        expects: &[
            Expect::Stalled { at_least_ms: 1_500 },
            Expect::Errors { kind: ErrorKind::HttpTimeout, sqlstate: None, at_least_share: 0.0 },
            Expect::PoolWaiting { at_least: 8 },
            Expect::Backends { state: BackendState::Idle, at_least: 8 },
        ],
    },
    cured: Side {
        says: "the same requests: once with one connection passed along, once with a pool of 9",
        cases: &[
            Case { label: "one connection", params: "between_ms=500&connections=1", ..NESTED },
            Case {
                label: "pool of 9",
                tuning: Tuning { pool_size: 9, min_idle: 9, ..NESTED.tuning },
                ..NESTED
            },
        ],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "no response for seconds; 8 connections in use, 8 requests waiting, 8 idle sessions",
        cure: "no failures, with one more connection in the pool or one connection per request",
    },
    needs: &[],
    server_log: &[],
    related: &["waits-for-ever", "pool-timeout", "leak"],
};
