//! A connection for each request, and every slot taken, those for superusers too.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, SLOTS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Press, Role, Scene, Stage, Tuning};

const REFUSED: LogLine = LogLine::postgres(&["FATAL", "sorry, too many clients already"]);

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "too-many-clients",
    title: "a connection for each request, superuser included, until every slot is taken",
    group: Symptom::Refused,
    symptom: "FATAL: sorry, too many clients already. psql as postgres is refused too.",
    kind: Some(ErrorKind::SlotsExhausted),
    sqlstate: Some("53300"),
    reason: "Postgres starts one process for each connection and has max_connections places for them, 100 by \
             default, superusers included. Somebody opens connections without a bound: one for each request, a \
             pool in each worker, a job that does not close. This wording means that the very last place is \
             taken, so the service runs as a superuser, or so many connect at the same moment that they hold \
             the reserved places while they log in.",
    look: &[
        sql(SLOTS, "used is at, or just below, slots"),
        sql(SESSIONS, "which role and application hold them; most are idle: nobody needs them now"),
        sh(
            "grep -c 'too many clients' postgresql.log",
            "when it began; compare with deploys and with traffic",
        ),
    ],
    tell: "The text has no \"reserved\" and no \"role\": nobody gets in, not even a superuser. If you can't log \
           in either, stop one instance of the service: its sessions end with it.",
    cure: &[
        Cure {
            of: "",
            change: "Put a pool in the process, opened once when it starts, and borrow from it. Keep instances \
                     × pool size below max_connections − reserved slots.",
        },
        Cure {
            of: "",
            change: "Let the service log in as an ordinary role, so that the 3 reserved slots stay free for the \
                     person who has to look.",
        },
        Cure {
            of: "many small instances, functions, PHP",
            change: "A pool in the process can't help when there are hundreds of processes: put PgBouncer in \
                     transaction mode in front.",
        },
        Cure {
            of: "max_connections",
            change: "Raising it helps for a while, takes a restart, and some 3 to 10 MB of memory for each \
                     backend. It is the last resort and not the first.",
        },
    ],
    scene: Scene {
        // 19 of 20 slots while the observer holds one. 150 connects a second, held for 400 ms, need 60 of them; at a
        // third of that rate they still need 20. Whoever holds one of 19 ends three requests in three and a half
        // holds, and no fourth: neither side can do more than 57.
        max_connections: 20,
        connects_per_s: Some(150),
        role: Role { superuser: true, ..Role::BASE },
        stages: &[Stage { at_ms: 0, press: Press::Users { users: 32 } }],
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
        says: "the same 32 users share a pool of 19 connections: the slots that there are",
        cases: &[Case {
            workload: "hold",
            params: "think_ms=400",
            tuning: Tuning { pool_size: 19, min_idle: 19, ..Tuning::BASE },
            ..Case::BASE
        }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "requests refused with 53300, and the same line in Postgres's log",
        cure: "no failures; sessions never above 19",
    },
    needs: &[Need::OwnDatabase],
    server_log: &[REFUSED],
    related: &["reserved-slots", "role-limit", "hidden-exhaustion", "replicas"],
};
