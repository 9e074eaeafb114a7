//! Named prepared statements through transaction pooling.

use poollab_model::{ErrorKind, Route, StatementMode};

use super::common::{console, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, PoolerSetting, Scene, Stage, Traffic, Tuning};

const PREPARED: LogLine = LogLine::postgres(&["ERROR", "prepared statement \""]);

const NAMED: Case = Case {
    route: Route::PgbouncerTransaction,
    pooler: &[
        PoolerSetting::new("default_pool_size", "2"),
        PoolerSetting { name: "max_prepared_statements", value: "0", since: (1, 21) },
    ],
    workload: "hold",
    params: "think_ms=15",
    tuning: Tuning { pool_size: 7, min_idle: 7, ..Tuning::BASE },
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "pgbouncer-prepared",
    title: "named prepared statements fail through PgBouncer in transaction mode",
    group: Symptom::Wrong,
    symptom: "prepared statement \"s0\" already exists (42P05), or prepared statement \"S_1\" does not exist \
              (26000), occasionally, since PgBouncer was added.",
    kind: Some(ErrorKind::PreparedStatement),
    sqlstate: Some("42P05"),
    reason: "A prepared statement lives in one server session. In transaction mode the next transaction may use \
             another session, where the statement does not exist (26000), or where another client prepared one with \
             the same name (42P05). Drivers number their names (s0, s1, S_1, __asyncpg_stmt_1__), so all clients use \
             the same ones. Since 1.21, PgBouncer tracks protocol-level prepared statements if \
             max_prepared_statements is above 0, which is the default since 1.24. It never tracks SQL's PREPARE.",
    look: &[
        console(
            "SHOW CONFIG",
            "pool_mode = transaction; max_prepared_statements = 0, or not in the list (before 1.21)",
        ),
        console("SHOW VERSION", "before 1.21: it cannot track them"),
        sql(
            "SELECT name, statement, from_sql, prepare_time FROM pg_prepared_statements",
            "through PgBouncer, several times: a different list each time",
        ),
    ],
    tell: "It started with a pooler, or with a change of its pool_mode. Without the pooler the same code has no such \
           error.",
    cure: &[
        Cure { of: "PgBouncer ≥ 1.21", change: "max_prepared_statements = 200 in pgbouncer.ini." },
        Cure {
            of: "tokio-postgres, deadpool",
            change: "query_typed: an unnamed statement in one round trip; no prepare(), no prepare_cached().",
        },
        Cure {
            of: "sqlx",
            change: "statement_cache_capacity(0) on PgConnectOptions, or .persistent(false) on a query.",
        },
        Cure {
            of: "pgx",
            change: "default_query_exec_mode=exec or simple_protocol in the connection string.",
        },
        Cure { of: "JDBC", change: "prepareThreshold=0." },
        Cure { of: "psycopg", change: "prepare_threshold=None." },
        Cure {
            of: "asyncpg",
            change: "statement_cache_size=0; SQLAlchemy also prepared_statement_cache_size=0.",
        },
        Cure {
            of: "Rails, Prisma, Npgsql",
            change: "prepared_statements: false; ?pgbouncer=true; Max Auto Prepare=0 and No Reset On Close=true.",
        },
        Cure { of: "Ecto", change: "prepare: :unnamed." },
    ],
    scene: Scene {
        // A transaction lasts 15 ms and the next one comes after 12.5, so both server sessions are in use, in turn. The 7
        // clients take turns as well, and 7 is odd: in its second turn each is on the session where its statement is
        // not. 80 arrivals a second are below what two sessions serve (2 / 15 ms = 133), so the cure serves all.
        stages: &[Stage { at_ms: 0, press: Traffic::Rate { per_s: 80, in_flight: 64 } }],
        duration_ms: 2_500,
        ..Scene::FREE
    },
    broken: Side {
        says: "7 client connections that use named statements, over 2 server connections in transaction mode",
        cases: &[Case { label: "named", ..NAMED }],
        expects: &[
            Expect::Errors { kind: ErrorKind::PreparedStatement, sqlstate: None, at_least_share: 0.0 },
            Expect::Logged { line: PREPARED },
        ],
    },
    cured: Side {
        says: "the same, with unnamed statements",
        cases: &[Case {
            label: "unnamed",
            tuning: Tuning { statements: StatementMode::Unnamed, ..NAMED.tuning },
            ..NAMED
        }],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "42P05 or 26000, in the responses and in Postgres's log",
        cure: "no failures through the same PgBouncer",
    },
    needs: &[Need::PgBouncer],
    server_log: &[PREPARED],
    related: &["pgbouncer-queue", "shared-transaction"],
};
