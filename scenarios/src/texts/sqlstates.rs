//! SQLSTATEs by themselves: they mean the same in every language and every driver.

use super::{ErrorText, Find, LOST, Layer};

const fn code(code: &'static str, scenarios: &'static [&'static str], note: &'static str) -> ErrorText {
    let text = ErrorText::new("SQLSTATE", Layer::Server, &[], scenarios, note);
    ErrorText { find: Find::Sqlstate(code), ..text }
}

pub static TEXTS: &[ErrorText] = &[
    code(
        "53300",
        &["reserved-slots", "too-many-clients", "role-limit"],
        "too_many_connections. The text beside it says which limit; without it look at all three.",
    ),
    code(
        "28P01",
        &[],
        "invalid_password: the password is wrong, or the role does not exist. Postgres's log says which in its DETAIL \
         line.",
    ),
    code(
        "28000",
        &[],
        "invalid_authorization_specification: mostly pg_hba.conf admits nobody so (address, user, database, TLS), or the \
         role may not log in. The text beside it says which.",
    ),
    code("57P01", &["restart-storm", "idle-killed"], "admin_shutdown."),
    code("57P02", &["oom-kill"], "crash_shutdown: another process of Postgres died."),
    code(
        "57P03",
        &["restart-storm", "oom-kill"],
        "cannot_connect_now: starting up, shutting down or recovering.",
    ),
    code("57P05", &["idle-killed"], "idle_session_timeout."),
    code("25P02", &["cancelled-request", "shared-transaction"], "in_failed_sql_transaction."),
    code("25P03", &["idle-in-transaction"], "idle_in_transaction_session_timeout."),
    code("25P04", &["idle-in-transaction", "hot-row"], "transaction_timeout."),
    code("25001", &["shared-transaction"], "active_sql_transaction."),
    code("25P01", &["shared-transaction"], "no_active_sql_transaction."),
    code(
        "26000",
        &["pgbouncer-prepared"],
        "invalid_sql_statement_name: the prepared statement is not there.",
    ),
    code("42P05", &["pgbouncer-prepared"], "duplicate_prepared_statement."),
    code("55P03", &["hot-row"], "lock_not_available."),
    code(
        "57014",
        &["hot-row", "oversized-pool", "cancelled-request"],
        "query_canceled: a time-out or a cancel request.",
    ),
    code("08006", LOST, "connection_failure, made up by the driver."),
    code("08003", LOST, "connection_does_not_exist, made up by the driver."),
    code(
        "08P01",
        &["pgbouncer-queue"],
        "protocol_violation: nearly always PgBouncer's own word; the text beside it says what.",
    ),
];
