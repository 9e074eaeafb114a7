//! Transactions on one shared connection.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic};

const MIXED: LogLine = LogLine::postgres(&["WARNING", "there is already a transaction in progress"]);

const WRITES: Case = Case { workload: "owned-write", params: "think_ms=20", ..Case::BASE };

pub const SCENARIO: Scenario = Scenario {
    id: "shared-transaction",
    title: "several requests run transactions on one shared connection",
    group: Symptom::Wrong,
    symptom: "Data is missing although the request that wrote it succeeded. There is no error. Postgres's log has \
              \"WARNING: there is already a transaction in progress\".",
    kind: Some(ErrorKind::WrongAnswer),
    sqlstate: Some("25001"),
    reason: "A transaction belongs to the session, not to the request. Two requests that share one connection (a \
             global client, a singleton in an Arc, one node-postgres Client) share one transaction. The second BEGIN \
             is only a warning, one COMMIT ends both, and one ROLLBACK undoes what the other wrote and already \
             reported as done.",
    look: &[
        sh(
            "grep -E 'already a transaction|no transaction in progress' postgresql.log",
            "any line means that two requests use one session (25001, 25P01)",
        ),
        sql(SESSIONS, "one session for a service that serves many requests at once"),
        sh(
            "grep -rnE 'Arc<Client>|new Client\\(|global.*conn' src/",
            "a connection that outlives a request and is not in a pool",
        ),
    ],
    tell: "Nothing fails. Only the data and the WARNING lines in Postgres's log show it.",
    cure: &[
        Cure {
            of: "",
            change: "Give each transaction a connection of its own from a pool, from BEGIN to COMMIT.",
        },
        Cure {
            of: "tokio-postgres",
            change: "Client::transaction needs &mut self for this reason: do not work around it with batch_execute(\"BEGIN\") on a shared client.",
        },
        Cure {
            of: "node-postgres",
            change: "pool.query('BEGIN') may use another client for the next query: const client = await pool.connect(), then run everything on client.",
        },
        Cure {
            of: "asyncpg, psycopg",
            change: "One connection per task; asyncpg says \"another operation is in progress\" when it is shared.",
        },
        Cure { of: "PgBouncer", change: "Statement pooling has the same effect: use transaction pooling." },
    ],
    scene: Scene { stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 8 } }], ..Scene::FREE },
    broken: Side {
        says: "8 users on one shared connection; every other transaction is rolled back on purpose",
        cases: &[Case { strategy: "naive", ..WRITES }],
        expects: &[Expect::WrongAnswers { at_least: 1 }, Expect::Logged { line: MIXED }],
    },
    cured: Side {
        says: "the same transactions, each on its own connection from a pool of 8",
        cases: &[WRITES],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "committed writes are missing when they are read back",
        cure: "every write matches its own COMMIT or ROLLBACK",
    },
    needs: &[],
    server_log: &[MIXED],
    related: &["cancelled-request", "pgbouncer-prepared"],
};
