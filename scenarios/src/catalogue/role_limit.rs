//! A role with a limit of its own.

use poollab_model::ErrorKind;

use super::common::sql;
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Role, Scene, Stage, Traffic, Tuning};

const REFUSED: LogLine = LogLine::postgres(&["FATAL", "too many connections for role"]);

pub const SCENARIO: Scenario = Scenario {
    id: "role-limit",
    title: "connection limit of a role or a database reached",
    group: Symptom::Refused,
    symptom: "FATAL: too many connections for role \"app\" (or: for database \"app\"), while other roles can connect \
              and pg_stat_activity shows free slots.",
    kind: Some(ErrorKind::SlotsExhausted),
    sqlstate: Some("53300"),
    reason: "ALTER ROLE … CONNECTION LIMIT n or ALTER DATABASE … CONNECTION LIMIT n is set, often by the hosting \
             provider and far below max_connections. All instances of the service count together. The limit of a \
             role does not apply to superusers.",
    look: &[
        sql(
            "SELECT rolname, rolconnlimit, (SELECT count(*) FROM pg_stat_activity a WHERE a.usename = rolname) \
             AS used FROM pg_roles WHERE rolconnlimit >= 0",
            "a role whose used is at its rolconnlimit",
        ),
        sql(
            "SELECT datname, datconnlimit, numbackends FROM pg_database JOIN pg_stat_database USING (datname) \
             WHERE datconnlimit >= 0",
            "a database whose numbackends is at its datconnlimit",
        ),
    ],
    tell: "The message names the role or the database. Free slots in pg_stat_activity do not help: the limit belongs \
           to this role.",
    cure: &[
        Cure {
            of: "",
            change: "Keep instances × pool size below the limit, with one or two left for migrations. During a \
                     rolling deployment count old and new instances.",
        },
        Cure {
            of: "the limit",
            change: "If the server has room: ALTER ROLE app CONNECTION LIMIT 40. It applies to new \
                     connections, without a restart.",
        },
    ],
    scene: Scene {
        // 20 users ask at once, so 20 connections are opened, and those that are stay open: the eleventh is refused,
        // as soon as there were eleven attempts. Ten connections end three requests each in three and a half holds.
        connects_per_s: Some(15),
        role: Role { connection_limit: Some(10), ..Role::BASE },
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 20 } }],
        duration_ms: 2_450,
        ..Scene::FREE
    },
    broken: Side {
        says: "a pool of 20 for 20 users; the role may have 10 connections, the server has 36 free slots",
        cases: &[Case {
            workload: "hold",
            params: "think_ms=700",
            tuning: Tuning { pool_size: 20, ..Tuning::BASE },
            ..Case::BASE
        }],
        expects: &[
            Expect::Errors { kind: ErrorKind::SlotsExhausted, sqlstate: Some("53300"), at_least_share: 0.0 },
            Expect::ErrorText { pieces: &["too many connections for role"] },
            Expect::Logged { line: REFUSED },
        ],
    },
    cured: Side {
        says: "a pool of 10 for the same users: as many as the role may have",
        cases: &[Case {
            workload: "hold",
            params: "think_ms=700",
            tuning: Tuning { pool_size: 10, min_idle: 10, ..Tuning::BASE },
            ..Case::BASE
        }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "Postgres refuses requests with 53300 while Postgres has free slots",
        cure: "no failures with fewer connections",
    },
    needs: &[Need::OwnDatabase],
    server_log: &[REFUSED],
    related: &["reserved-slots", "too-many-clients", "hidden-exhaustion"],
};
