//! A connection for each request, and every slot taken, those for superusers too.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, SLOTS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Role, Scene, Stage, Traffic, Tuning};

const REFUSED: LogLine = LogLine::postgres(&["FATAL", "sorry, too many clients already"]);

pub const SCENARIO: Scenario = Scenario {
    id: "too-many-clients",
    title: "connection limit reached: every slot is in use, including those reserved for superusers",
    group: Symptom::Refused,
    symptom: "FATAL: sorry, too many clients already. psql as postgres is refused too.",
    kind: Some(ErrorKind::SlotsExhausted),
    sqlstate: Some("53300"),
    reason: "Postgres starts one process for each connection and has max_connections slots, 100 by default, \
             superusers included. Something opens connections without a limit: one for each request, a pool in each \
             worker, a job that does not close them. This message means that the very last slot is in use. Either \
             the service connects as a superuser, or so many clients connect at the same moment that they occupy the \
             reserved slots while they log in.",
    look: &[
        sql(SLOTS, "used is at, or just below, slots"),
        sql(SESSIONS, "which role and application use them; most are idle"),
        sh(
            "grep -c 'too many clients' postgresql.log",
            "how often it happened; compare with deployments and traffic",
        ),
    ],
    tell: "The message contains neither \"reserved\" nor \"role\": nobody can connect, not even a superuser. If you \
           cannot log in either, stop one instance of the service: its sessions end with it.",
    cure: &[
        Cure {
            of: "",
            change: "Use one pool per process, created once at startup. Keep instances × pool size below \
                     max_connections − reserved slots.",
        },
        Cure {
            of: "",
            change: "Let the service log in as an ordinary role, so that the 3 reserved slots stay free for the \
                     administrator.",
        },
        Cure {
            of: "many small instances, functions, PHP",
            change: "A pool per process does not help with hundreds of processes: put PgBouncer in transaction \
                     mode in front.",
        },
        Cure {
            of: "max_connections",
            change: "Raising it helps for a while, needs a restart, and costs about 3 to 10 MB of memory per \
                     backend. Try the other fixes first.",
        },
    ],
    scene: Scene {
        // 19 of 20 slots while the observer holds one. 150 connects a second, held for 400 ms, need 60 of them; at a
        // third of that rate they still need 20. Whoever holds one of 19 ends three requests in three and a half
        // holds, and no fourth: neither side can do more than 57.
        max_connections: 20,
        connects_per_s: Some(150),
        role: Role { superuser: true, ..Role::BASE },
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 32 } }],
        duration_ms: 1_400,
        ..Scene::FREE
    },
    broken: Side {
        says: "32 users, each request opens its own connection as a superuser; 19 of 20 slots are free",
        cases: &[Case { strategy: "per-request", workload: "hold", params: "think_ms=400", ..Case::BASE }],
        expects: &[
            Expect::Errors { kind: ErrorKind::SlotsExhausted, sqlstate: Some("53300"), at_least_share: 0.01 },
            Expect::ErrorText { pieces: &["sorry, too many clients already"] },
            Expect::Logged { line: REFUSED },
        ],
    },
    cured: Side {
        says: "the same 32 users share a pool of 19 connections, one for each slot",
        cases: &[Case {
            workload: "hold",
            params: "think_ms=400",
            tuning: Tuning { pool_size: 19, min_idle: 19, ..Tuning::BASE },
            ..Case::BASE
        }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "Postgres refuses requests with 53300 and logs the same line",
        cure: "no failures; sessions never above 19",
    },
    needs: &[Need::OwnDatabase],
    server_log: &[REFUSED],
    related: &["reserved-slots", "role-limit", "hidden-exhaustion", "replicas"],
};
