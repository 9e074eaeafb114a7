//! pgx, pgxpool, lib/pq, database/sql.

use super::{ErrorText, LOST, Layer, REFUSED};

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
        "pgx",
        Layer::Driver,
        &["conn busy"],
        &["shared-transaction"],
        "One connection is used by two goroutines, or rows were not closed before the next query.",
    ),
    says(
        "pgx",
        Layer::Driver,
        &["conn closed"],
        LOST,
        "Often after a context was cancelled in mid-query: pgx then closes the connection on purpose.",
    ),
    says("pgx", Layer::Driver, &["failed to connect to `", "dial error", "connection refused"], REFUSED, ""),
    says(
        "pgx",
        Layer::Driver,
        &["failed to connect to `", "cannot assign requested address"],
        &["port-exhaustion"],
        "",
    ),
    says(
        "pgx",
        Layer::Driver,
        &["failed to connect to `", "context deadline exceeded"],
        &["restart-storm", "cold-burst"],
        "",
    ),
    says(
        "pgx",
        Layer::Driver,
        &["failed to deallocate cached statement(s)"],
        &["pgbouncer-prepared", "cancelled-request"],
        "",
    ),
    says(
        "pgx",
        Layer::Driver,
        &["commit unexpectedly resulted in rollback"],
        &["cancelled-request", "shared-transaction"],
        "The transaction had failed before; an error was swallowed.",
    ),
    says(
        "pgxpool",
        Layer::Driver,
        &["too many failed attempts acquiring connection"],
        &["restart-storm", "idle-killed"],
        "Each connection that BeforeAcquire, PrepareConn or ShouldPing looked at was bad.",
    ),
    says(
        "pgxpool, database/sql",
        Layer::Pool,
        &["Acquire", "context deadline exceeded"],
        &["pool-timeout", "idle-in-transaction", "leak", "nested-checkout", "hot-row"],
        "",
    ),
    says(
        "Go",
        Layer::Generic,
        &["context deadline exceeded"],
        &[
            "pool-timeout",
            "hidden-exhaustion",
            "idle-in-transaction",
            "leak",
            "hot-row",
            "oversized-pool",
            "restart-storm",
        ],
        "pgxpool and database/sql have no time-out of their own: the context ended while the request waited for a connection, connected, or ran its query. pool.Stat() or db.Stats() tells which.",
    ),
    says(
        "database/sql",
        Layer::Driver,
        &["driver: bad connection"],
        LOST,
        "database/sql tried again with other connections before it said so.",
    ),
    says(
        "lib/pq",
        Layer::Driver,
        &["could not complete operation in a failed transaction"],
        &["cancelled-request", "shared-transaction"],
        "",
    ),
    says("Go", Layer::Driver, &["dial tcp", "connect: connection refused"], REFUSED, ""),
    says("Go", Layer::Driver, &["dial tcp", "cannot assign requested address"], &["port-exhaustion"], ""),
    says("pgx", Layer::Driver, &["failed to receive message", "unexpected EOF"], LOST, ""),
];
