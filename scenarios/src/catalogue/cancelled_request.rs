//! Clients hang up in the middle.

use poollab_model::ErrorKind;

use super::common::{sh, sql};
use crate::expect::{Expect, Measure, Quantile};
use crate::scenario::{Cure, LogLine, Proof, Scenario, Side, Symptom};
use crate::setup::{Beside, Case, Scene, Stage, Traffic, Tuning};

const ABORTED: LogLine = LogLine::postgres(&["ERROR", "current transaction is aborted"]);

const VICTIM: Case = Case { tuning: Tuning { pool_size: 4, min_idle: 4, ..Tuning::BASE }, ..Case::BASE };

pub const SCENARIO: Scenario = Scenario {
    id: "cancelled-request",
    title: "clients disconnect during a query or a transaction, and the next request pays for it",
    group: Symptom::Wrong,
    symptom: "A trivial query sometimes takes seconds, or fails with \"current transaction is aborted, commands \
              ignored until end of transaction block\" although it started no transaction.",
    kind: Some(ErrorKind::TransactionAborted),
    sqlstate: Some("25P02"),
    reason: "When the caller disconnects, an asynchronous service drops the request. The connection returns to the \
             pool at once, but its statement still runs in Postgres, and the next request's query waits behind it. \
             Checkout took 10 µs, so no pool metric shows it. A drop between BEGIN and COMMIT is worse: the next \
             request runs inside another request's transaction. If that transaction had failed, every statement gets \
             25P02.",
    look: &[
        sql(
            "SELECT pid, state, now() - query_start AS running, left(query, 60) AS query FROM pg_stat_activity WHERE \
             state IN ('active', 'idle in transaction', 'idle in transaction (aborted)') ORDER BY query_start",
            "statements that run longer than any caller waits; sessions in \"idle in transaction (aborted)\"",
        ),
        sh(
            "grep -c 'current transaction is aborted' postgresql.log",
            "how often a request got another request's transaction",
        ),
    ],
    tell: "The failing statement is innocent, and different each time. 25P02 without an earlier error in the same \
           request means that the error was somebody else's. If the same request failed before: its own code \
           swallowed an error inside a transaction.",
    cure: &[
        Cure {
            of: "",
            change: "Set statement_timeout below the caller's timeout, so that no statement outlives its caller for long.",
        },
        Cure {
            of: "tokio-postgres, deadpool, bb8",
            change: "On drop, send client.cancel_token().cancel_query() and close the connection instead of returning it, or run the work in a separate task that always finishes.",
        },
        Cure {
            of: "deadpool",
            change: "RecyclingMethod::Clean costs a round trip (141 µs here) and resets the session; transactions through client.transaction() roll back when dropped.",
        },
        Cure {
            of: "SQLAlchemy, psycopg, Django",
            change: "After an error: rollback(). The pool resets on return (reset_on_return). Code in autocommit mode that sends BEGIN itself is not covered.",
        },
        Cure {
            of: "node-postgres",
            change: "ROLLBACK in catch, release(err) when in doubt: the client is then closed.",
        },
    ],
    scene: Scene {
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 4 } }],
        // Callers leave after 500 ms. A statement of 2.5 s then runs for 2 s more, on the connection that somebody
        // else gets at once; a time-out of 300 ms ends it while its caller is still there.
        beside: Some(Beside { users: 4, hang_up_ms: 500 }),
        duration_ms: 5_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "4 users disconnect after 500 ms; 4 others want one read each; the pool has 4 connections",
        cases: &[
            Case {
                label: "during a query",
                beside: "slow-query?ms=2500",
                expects: &[Expect::LatencyAtLeast { of: Measure::All, quantile: Quantile::Max, ms: 1_000 }],
                ..VICTIM
            },
            Case {
                label: "during a transaction",
                beside: "abandoned-transaction?think_ms=2000",
                expects: &[
                    Expect::Errors {
                        kind: ErrorKind::TransactionAborted,
                        sqlstate: Some("25P02"),
                        at_least_share: 0.0,
                    },
                    Expect::Logged { line: ABORTED },
                ],
                ..VICTIM
            },
        ],
        expects: &[],
    },
    cured: Side {
        says: "the same, with statements limited to 300 ms, and with a guard that rolls back",
        cases: &[
            Case {
                label: "statement_timeout",
                beside: "slow-query?ms=2500",
                tuning: Tuning { statement_timeout_ms: Some(300), ..VICTIM.tuning },
                expects: &[Expect::LatencyAtMost { of: Measure::All, quantile: Quantile::P99, ms: 1_000 }],
                ..VICTIM
            },
            Case { label: "rolled back", beside: "abandoned-transaction?think_ms=2000&guard=true", ..VICTIM },
        ],
        expects: &[Expect::NoFailures],
    },
    proof: Proof {
        symptom: "a read by primary key that takes more than a second; 25P02 in a request without an error of its own",
        cure: "no failures, and no read waits for another request's query",
    },
    needs: &[],
    server_log: &[ABORTED],
    related: &["shared-transaction", "idle-in-transaction", "unfair-tail"],
};
