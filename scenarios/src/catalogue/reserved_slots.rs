//! The same as an ordinary role: the last slots are kept for superusers.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, SLOTS, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

const REFUSED: LogLine = LogLine::postgres(&["FATAL", "remaining connection slots are reserved for"]);

pub const SCENARIO: Scenario = Scenario {
    id: "reserved-slots",
    title: "connection limit reached: all slots for ordinary roles are in use",
    group: Symptom::Refused,
    symptom: "FATAL: remaining connection slots are reserved for … (the rest of the message depends on the version). \
              psql as postgres still works.",
    kind: Some(ErrorKind::SlotsExhausted),
    sqlstate: Some("53300"),
    reason: "Postgres reserves the last slots: superuser_reserved_connections (3 by default), since version 16 also \
             reserved_connections. With max_connections = 100 ordinary roles can use 97. All of them are in use. Up \
             to version 15 the message ends \"… for non-replication superuser connections\", since 16 \"… for roles \
             with the SUPERUSER attribute\" or \"… with privileges of the \"pg_use_reserved_connections\" role\". \
             Managed services have their own, such as \"rds_reserved\". All of them are 53300 and mean the same.",
    look: &[
        sql(SLOTS, "used = slots − reserved"),
        sql(SESSIONS, "who holds them, in which state, since when"),
        sql(
            "SHOW superuser_reserved_connections",
            "how many are reserved; you are connected through one of them now",
        ),
    ],
    tell: "The message says \"reserved\": a superuser can still connect and look.",
    cure: &[
        Cure {
            of: "",
            change: "Limit the connections: one pool in each process, instances × pool size ≤ max_connections − \
                     reserved − what migrations, cron jobs and people need.",
        },
        Cure {
            of: "right now",
            change: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' AND usename = \
                     'the_service' AND state_change < now() - interval '5 min': gives room for as long as it \
                     takes to change the service.",
        },
        Cure {
            of: "PgBouncer",
            change: "With many instances: one PgBouncer in transaction mode in front of all.",
        },
    ],
    scene: Scene {
        // 19 of 30 slots are for ordinary roles while the observer holds one. 24 users: five too many, and
        // fewer than the ten reserved slots, so that nobody is refused for want of any slot at all. 150 connects a
        // second, held for 400 ms, need 60 slots; at a third of that rate they still need 20. Whoever holds one ends
        // three requests in three and a half holds, and no fourth: neither side can do more than 57.
        max_connections: 30,
        reserved: 10,
        connects_per_s: Some(150),
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 24 } }],
        duration_ms: 1_400,
        ..Scene::FREE
    },
    broken: Side {
        says: "24 users, each request opens its own connection; 19 slots are for ordinary roles",
        cases: &[Case { strategy: "per-request", workload: "hold", params: "think_ms=400", ..Case::BASE }],
        expects: &[
            Expect::Errors { kind: ErrorKind::SlotsExhausted, sqlstate: Some("53300"), at_least_share: 0.0 },
            Expect::ErrorText { pieces: &["remaining connection slots are reserved for"] },
            Expect::Logged { line: REFUSED },
        ],
    },
    cured: Side {
        says: "the same 24 users share a pool of 19 connections, one for each slot",
        cases: &[Case {
            workload: "hold",
            params: "think_ms=400",
            tuning: Tuning { pool_size: 19, min_idle: 19, ..Tuning::BASE },
            ..Case::BASE
        }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "Postgres refuses requests with 53300 while the observer, a superuser, continues to measure",
        cure: "no failures; sessions never above 16",
    },
    needs: &[Need::OwnDatabase],
    server_log: &[REFUSED],
    related: &["too-many-clients", "role-limit", "hidden-exhaustion", "replicas"],
};
