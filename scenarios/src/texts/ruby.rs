//! ActiveRecord and the pg gem.

use super::{ErrorText, LOST, Layer, POOL_EMPTY};

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
        "ActiveRecord",
        Layer::Pool,
        &["could not obtain a connection from the pool within", "seconds"],
        POOL_EMPTY,
        "Most often more threads (puma, Sidekiq) than `pool` in database.yml.",
    )
    .versions("5 and later"),
    says(
        "ActiveRecord",
        Layer::Pool,
        &["could not obtain a database connection within", "seconds"],
        POOL_EMPTY,
        "Most often more threads (puma, Sidekiq) than `pool` in database.yml.",
    )
    .versions("3 and 4"),
    says("ActiveRecord", Layer::Pool, &["ActiveRecord::ConnectionTimeoutError"], POOL_EMPTY, ""),
    says("pg (Ruby)", Layer::Driver, &["PG::UnableToSend"], LOST, ""),
    says("pg (Ruby)", Layer::Driver, &["PQconsumeInput()"], LOST, ""),
    says("pg (Ruby)", Layer::Driver, &["PQsocket() can't get socket descriptor"], LOST, ""),
    says(
        "pg (Ruby)",
        Layer::Server,
        &["PG::TooManyConnections"],
        &["reserved-slots", "too-many-clients", "role-limit"],
        "53300; the text beside it says which limit.",
    ),
    says(
        "pg (Ruby)",
        Layer::Server,
        &["PG::InFailedSqlTransaction"],
        &["cancelled-request", "shared-transaction"],
        "25P02.",
    ),
    says(
        "pg (Ruby)",
        Layer::Server,
        &["PG::DuplicatePstatement"],
        &["pgbouncer-prepared"],
        "prepared_statements: false.",
    ),
    says(
        "pg (Ruby)",
        Layer::Server,
        &["PG::InvalidSqlStatementName"],
        &["pgbouncer-prepared"],
        "prepared_statements: false.",
    ),
];
