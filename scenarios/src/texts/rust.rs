//! tokio-postgres, postgres, deadpool, bb8, r2d2, sqlx.

use super::{ErrorText, LOST, Layer, POOL_EMPTY, REFUSED};

const fn says(
    source: &'static str,
    layer: Layer,
    pieces: &'static [&'static str],
    scenarios: &'static [&'static str],
    note: &'static str,
) -> ErrorText {
    ErrorText::new(source, layer, pieces, scenarios, note)
}

pub static TEXTS: &[ErrorText] = &[
    says(
        "deadpool",
        Layer::Pool,
        &["Timeout occurred while waiting for a slot to become available"],
        // deadpool connects in the request and fails with Postgres's own code: 53300 can't hide behind this.
        &["pool-timeout", "idle-in-transaction", "leak", "nested-checkout", "hot-row", "blocking-in-async"],
        "\"Slot\" is a place in deadpool, not one of Postgres's. A 53300 can't hide behind it: deadpool reports that at once.",
    ),
    says(
        "deadpool",
        Layer::Pool,
        &["Timeout occurred while creating a new object"],
        &["restart-storm", "cold-burst"],
        "Postgres did not answer a connection attempt within timeouts.create.",
    ),
    says(
        "deadpool",
        Layer::Pool,
        &["Timeout occurred while recycling an object"],
        &["idle-killed", "cancelled-request"],
        "The check at checkout got no answer: a connection that was dropped silently, or one that still runs an abandoned query.",
    ),
    says(
        "deadpool",
        Layer::Pool,
        &["Error occurred while recycling an object"],
        LOST,
        "deadpool threw the connection away and took the next.",
    ),
    says("bb8", Layer::Pool, &["Timed out in bb8"], POOL_EMPTY, "bb8 gives the cause to its ErrorSink only."),
    says(
        "bb8",
        Layer::Pool,
        &["RunError::TimedOut"],
        POOL_EMPTY,
        "bb8 gives the cause to its ErrorSink only.",
    ),
    says(
        "r2d2",
        Layer::Pool,
        &["timed out waiting for connection"],
        POOL_EMPTY,
        "r2d2 appends the last failure to connect, if there was one, after a colon.",
    ),
    says(
        "sqlx",
        Layer::Pool,
        &["pool timed out while waiting for an open connection"],
        POOL_EMPTY,
        "sqlx takes 53300 and \"connection refused\" for passing and retries in silence: read Postgres's log.",
    ),
    says(
        "sqlx",
        Layer::Pool,
        &["PoolTimedOut"],
        POOL_EMPTY,
        "sqlx takes 53300 and \"connection refused\" for passing and retries in silence: read Postgres's log.",
    ),
    says(
        "tokio-postgres",
        Layer::Driver,
        &["kind: Closed"],
        LOST,
        "The connection was dead when it was used.",
    ),
    says("tokio-postgres", Layer::Driver, &["error communicating with the server"], LOST, ""),
    says(
        "tokio-postgres",
        Layer::Driver,
        &["connection closed"],
        LOST,
        "The connection was dead when it was used.",
    ),
    says("tokio-postgres", Layer::Driver, &["error connecting to server", "Connection refused"], REFUSED, ""),
    says(
        "tokio-postgres",
        Layer::Driver,
        &["error connecting to server", "Cannot assign requested address"],
        &["port-exhaustion"],
        "",
    ),
    says("sqlx", Layer::Driver, &["error communicating with database"], LOST, ""),
    says(
        "sqlx",
        Layer::Driver,
        &["attempted to communicate with a crashed background worker"],
        &["blocking-in-async"],
        "",
    ),
    says(
        "postgres (Rust)",
        Layer::Driver,
        &["Cannot start a runtime from within a runtime"],
        &["blocking-in-async"],
        "The synchronous client was used, or dropped, inside an asynchronous task.",
    ),
    says(
        "tokio",
        Layer::Driver,
        &["Cannot drop a runtime in a context where blocking is not allowed"],
        &["blocking-in-async"],
        "A synchronous client was dropped inside an asynchronous task.",
    ),
    says(
        "diesel",
        Layer::Driver,
        &["BrokenTransactionManager"],
        &["cancelled-request"],
        "A transaction was left open on this connection.",
    ),
];
