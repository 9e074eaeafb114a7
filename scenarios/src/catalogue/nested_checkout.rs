//! A request that needs two connections at once.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, sh, sql};
use crate::expect::{BackendState, Expect};
use crate::scenario::{Cure, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Press, Scene, Stage, Tuning};

const NESTED: Case = Case {
    workload: "nested-checkout",
    params: "between_ms=500",
    tuning: Tuning { pool_size: 8, acquire_ms: None, min_idle: 8, ..Tuning::BASE },
    ..Case::BASE
};

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "nested-checkout",
    title: "a request takes a second connection while it holds the first: deadlock in the pool",
    group: Symptom::Hangs,
    symptom: "At a certain load everything stops at once, and nothing comes back until time-outs end it. Below \
              that load all is well.",
    kind: Some(ErrorKind::HttpTimeout),
    sqlstate: None,
    reason: "Each request holds one connection and waits for another: a log or audit writer, a REQUIRES_NEW \
             transaction, an id generator, a helper that borrows for itself. With N such requests on a pool of \
             N each has one and nobody can get the second. Postgres can't see this deadlock: all its sessions \
             are idle.",
    look: &[
        sql(SESSIONS, "all of the pool's sessions idle or idle in transaction, none active, nothing changes"),
        sh(
            "curl -s localhost:8080/metrics | grep db_client_connection",
            "all lent, and as many waiting as lent",
        ),
    ],
    tell: "It comes all at once and not by and by, and as many requests wait as connections are lent. Stack \
           traces show a checkout inside a checkout.",
    cure: &[
        Cure {
            of: "",
            change: "Pass the connection, or the transaction, down to the helper instead of borrowing again.",
        },
        Cure {
            of: "",
            change: "Where it must be two: pool size ≥ T × (C − 1) + 1, with T requests at the same time and C \
                     connections each. For 8 requests with 2: 9.",
        },
        Cure {
            of: "",
            change: "A wait time-out turns the standstill into errors. That is first aid and no cure.",
        },
        Cure {
            of: "Spring, JPA",
            change: "REQUIRES_NEW and table-based id generation take a second connection.",
        },
    ],
    scene: Scene {
        // All 8 have their first connection long before the first one asks for its second, 500 ms later.
        stages: &[Stage { at_ms: 0, press: Press::Users { users: 8 } }],
        request_timeout_ms: 3_000,
        duration_ms: 4_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "8 requests at the same time, each needs two connections of a pool of 8",
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
        symptom: "not one answer for seconds; 8 lent, 8 waiting, 8 idle sessions",
        cure: "no failures, with one connection more or one need less",
    },
    needs: &[],
    server_log: &[],
    related: &["waits-for-ever", "pool-timeout", "leak"],
};
