//! What PgBouncer says, to its clients and in its log. Read in its sources, 1.18 to 1.25.

use super::{ErrorText, LOST, Layer};

const fn says(
    pieces: &'static [&'static str],
    scenarios: &'static [&'static str],
    note: &'static str,
) -> ErrorText {
    ErrorText::new("PgBouncer", Layer::Server, pieces, scenarios, note)
}

pub static TEXTS: &[ErrorText] = &[
    says(
        &["no more connections allowed (max_client_conn)"],
        &["pgbouncer-queue"],
        "max_client_conn is reached.",
    ),
    says(&["no more connections allowed"], &["pgbouncer-queue"], "max_client_conn is reached."),
    says(
        &["client connections exceeded (max_db_client_connections)"],
        &["pgbouncer-queue"],
        "The limit is this database's: max_db_client_connections.",
    )
    .versions("1.24 and later"),
    says(
        &["client connections exceeded (max_user_client_connections)"],
        &["pgbouncer-queue"],
        "The limit is this user's: max_user_client_connections.",
    )
    .versions("1.24 and later"),
    says(
        &["query_wait_timeout"],
        &["pgbouncer-queue"],
        "No server connection became free in time: default_pool_size is too small, or transactions are too long.",
    ),
    says(
        &["client_login_timeout"],
        &["pgbouncer-queue", "restart-storm"],
        "A client could not log in within client_login_timeout: \"(server down)\" means that Postgres did not answer.",
    ),
    says(
        &["client_idle_timeout"],
        &["idle-killed"],
        "PgBouncer ended a client that did nothing: its client_idle_timeout is shorter than your pool's idle time-out.",
    ),
    says(
        &["idle transaction timeout"],
        &["idle-in-transaction"],
        "PgBouncer's idle_transaction_timeout: a client kept a transaction open and did nothing.",
    ),
    says(&["idle_transaction_timeout"], &["idle-in-transaction"], "PgBouncer's setting of that name."),
    says(&["transaction timeout"], &["idle-in-transaction", "hot-row"], "PgBouncer's transaction_timeout.")
        .versions("1.24 and later"),
    says(
        &["query_timeout"],
        &["hot-row", "oversized-pool"],
        "PgBouncer's query_timeout: the statement took too long.",
    ),
    says(
        &["server login has been failing", "server_login_retry"],
        &["reserved-slots", "restart-storm"],
        "PgBouncer itself can't log in to Postgres. Its own log has the reason: no slots left, Postgres down, or a wrong password.",
    ),
    says(
        &["server login failed: FATAL", "slots"],
        &["reserved-slots"],
        "PgBouncer asked for more server connections than there are slots: default_pool_size × (users × databases).",
    ),
    says(
        &["server login failed: FATAL", "too many clients"],
        &["too-many-clients"],
        "PgBouncer asked for more server connections than there are slots.",
    ),
    says(&["pgbouncer cannot connect to server"], &["restart-storm"], "").versions("to 1.12"),
    says(
        &["server conn crashed?"],
        &["restart-storm", "oom-kill"],
        "The server connection ended under a client's query.",
    ),
    says(&["server connection closed"], LOST, "PgBouncer's client lost its server connection in the middle."),
    says(
        &["closing because: server idle timeout"],
        &["idle-killed"],
        "Harmless: PgBouncer lets go of server connections that it does not need.",
    ),
    says(
        &["closing because: client unexpected eof"],
        &["cancelled-request"],
        "A client went away without a word.",
    ),
    says(
        &["pgbouncer with pool_mode set to", "does not support prepared statements"],
        &["pgbouncer-prepared"],
        "asyncpg's own hint.",
    ),
];
