//! Workloads that exist only to be wrong: the mistakes on show. The service has them beside its own.

use poollab_model::Method;
use serde::Serialize;

/// A workload of a scenario: what its endpoint does and answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NeededWorkload {
    /// Its name, the first part of its path.
    pub id: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// Its parameters, with what they mean.
    pub parameters: &'static [(&'static str, &'static str)],
    /// What a request does.
    pub does: &'static str,
    /// What it answers, and when it fails how.
    pub answers: &'static str,
}

/// All that the catalogue needs beyond `point-read`, `read-process`, `write-tx`, `hold` and `hot-row`.
pub static NEEDED_WORKLOADS: &[NeededWorkload] = &[
    NeededWorkload {
        id: "leak",
        method: Method::Get,
        parameters: &[("every", "one request in this many keeps its connection; 0: none does")],
        does: "the read of point-read; then, in one request of `every` of the process, the lent connection is \
               put into a list that lives as long as the process instead of being given back",
        answers: "as point-read, in both cases: the caller of the leaking request notices nothing",
    },
    NeededWorkload {
        id: "nested-checkout",
        method: Method::Get,
        parameters: &[
            ("between_ms", "time between the first checkout and the second"),
            ("connections", "2 (default): a second one is taken; 1: the first one is used again"),
        ],
        does: "takes a connection, reads a row, waits between_ms with the connection kept (no transaction), \
               takes a second connection from the same pool while it holds the first, reads again",
        answers: "as point-read; the pool's own error when the second connection can't be had",
    },
    NeededWorkload {
        id: "locked-work",
        method: Method::Post,
        parameters: &[
            ("think_ms", "work that is not the database's"),
            (
                "lock",
                "early: SELECT … FOR UPDATE, work, UPDATE, COMMIT; late: work without a connection, then one UPDATE",
            ),
        ],
        does: "counts in one row of poollab.counters, with work before or inside the lock; its load draws id 1 only",
        answers: "as hot-row",
    },
    NeededWorkload {
        id: "blocking-call",
        method: Method::Get,
        parameters: &[
            ("think_ms", "how long the synchronous call takes"),
            ("on", "worker: the service's own worker thread waits for it; blocking: a blocking thread does"),
        ],
        does: "reads a row, gives the connection back, and then makes a call that keeps its thread for think_ms. A \
               thread that sleeps stands for it: to a worker it is the same whether its thread waits in there or \
               in a synchronous pool's get()",
        answers: "as point-read",
    },
    NeededWorkload {
        id: "repeated-checkout",
        method: Method::Get,
        parameters: &[("for_ms", "how long to go on")],
        does: "in a loop until for_ms have passed, without a pause: take a connection, read a row, give it back",
        answers: "how many times it got one; stops when the caller hangs up",
    },
    NeededWorkload {
        id: "owned-write",
        method: Method::Post,
        parameters: &[("think_ms", "time between the write and the end of the transaction")],
        does: "owns one row of poollab.accounts that no other request in flight uses (a counter of the process \
               modulo the rows): BEGIN; UPDATE its abalance to a value never used before; wait; then every \
               other request ROLLBACKs, the rest COMMIT; then reads the row",
        answers: "200 if the row is what its own COMMIT or ROLLBACK made it, else wrong-answer with both values. \
                  It does not use the session's guarded transaction, so that a shared connection shows",
    },
    NeededWorkload {
        id: "slow-query",
        method: Method::Get,
        parameters: &[
            ("ms", "how long the statement sleeps (SELECT pg_sleep)"),
            ("work", "thousands of rows that it counts: CPU time of the database; 0 (default): none"),
        ],
        does: "one slow statement; what happens when the caller hangs up in the middle is the point: the connection \
               goes back at once, and the statement runs on",
        answers: "as point-read",
    },
    NeededWorkload {
        id: "abandoned-transaction",
        method: Method::Post,
        parameters: &[
            ("think_ms", "time to wait after the failed statement"),
            ("guard", "true: a ROLLBACK is sent when the request is dropped; false (default): nothing is"),
        ],
        does: "BEGIN as plain text, a statement that fails (1 / 0) and whose error is swallowed, then think_ms \
               of waiting; a caller who hangs up meanwhile leaves an aborted transaction on the connection",
        answers: "as point-read, after ROLLBACK",
    },
    NeededWorkload {
        id: "memory-hog",
        method: Method::Get,
        parameters: &[
            ("mb", "size of the value in MiB; the backend holds about twice that"),
            ("ms", "for how long"),
        ],
        does: "SELECT octet_length(a.x) FROM (SELECT repeat('x', $1) AS x OFFSET 0) a, \
               LATERAL pg_sleep($2 + 0 * octet_length(a.x)): the value exists while the backend sleeps",
        answers: "the length",
    },
];
