//! DBConnection, Postgrex, Ecto.

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
        "DBConnection",
        Layer::Pool,
        &["connection not available and request was dropped from queue after"],
        POOL_EMPTY,
        "It drops when the queue does not clear for queue_interval; also when it can't connect at all: read the lines before it.",
    ),
    says("DBConnection", Layer::Pool, &["connection not available and queuing is disabled"], POOL_EMPTY, ""),
    says(
        "DBConnection",
        Layer::Pool,
        &["connection not available because deadline reached while in queue"],
        POOL_EMPTY,
        "",
    ),
    says(
        "DBConnection",
        Layer::Pool,
        &["timed out because it queued and checked out the connection for longer than"],
        &["hot-row", "oversized-pool", "idle-in-transaction"],
        ":timeout (15 s): the query, or the work inside a transaction, took too long.",
    ),
    says(
        "DBConnection",
        Layer::Pool,
        &["timed out because it checked out the connection for longer than"],
        &["hot-row", "idle-in-transaction"],
        "",
    ),
    says(
        "DBConnection",
        Layer::Pool,
        &["owner #PID<", "exited"],
        &["cancelled-request"],
        "A process that had a connection ended; in tests mostly the test itself.",
    ),
    says(
        "DBConnection",
        Layer::Driver,
        &["client #PID<", "exited"],
        &["cancelled-request"],
        "The process that had the connection ended: a request that was given up. The connection is closed then, so that no next borrower pays.",
    ),
    says(
        "Postgrex",
        Layer::Server,
        &["too_many_connections"],
        &["reserved-slots", "too-many-clients", "role-limit"],
        "53300; the text beside it says which limit.",
    ),
    says(
        "Postgrex",
        Layer::Server,
        &["(in_failed_sql_transaction)"],
        &["cancelled-request", "shared-transaction"],
        "25P02.",
    ),
    says(
        "Postgrex",
        Layer::Server,
        &["(invalid_sql_statement_name)"],
        &["pgbouncer-prepared"],
        "prepare: :unnamed.",
    ),
    says(
        "Postgrex",
        Layer::Server,
        &["(duplicate_prepared_statement)"],
        &["pgbouncer-prepared"],
        "prepare: :unnamed.",
    ),
    says("Postgrex", Layer::Driver, &["tcp recv", "closed"], LOST, ""),
    says("Postgrex", Layer::Driver, &["ssl recv", "closed"], LOST, ""),
    says("Postgrex", Layer::Driver, &["tcp connect", "econnrefused"], REFUSED, ""),
];
