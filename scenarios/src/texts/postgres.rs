//! What Postgres itself says, in English. Read in the servers' sources of versions 13 to 18.

use super::{ErrorText, Layer};

const fn says(
    pieces: &'static [&'static str],
    scenarios: &'static [&'static str],
    note: &'static str,
) -> ErrorText {
    ErrorText::new("PostgreSQL", Layer::Server, pieces, scenarios, note)
}

pub static TEXTS: &[ErrorText] = &[
    says(&["sorry, too many clients already"], &["too-many-clients"], ""),
    says(
        &["remaining connection slots are reserved for non-replication superuser connections"],
        &["reserved-slots"],
        "",
    )
    .versions("9.1 to 15"),
    says(
        &["remaining connection slots are reserved for roles with the", "attribute"],
        &["reserved-slots"],
        "",
    )
    .versions("16 and later"),
    says(
        &["remaining connection slots are reserved for roles with privileges of the", "role"],
        &["reserved-slots"],
        "From 16 on also where reserved_connections is set, and at hosters: \"rds_reserved\" on Amazon RDS.",
    )
    .versions("16 and later, managed services"),
    says(
        &["connection slots are reserved"],
        &["reserved-slots"],
        "A wording that is not known here; the meaning is.",
    ),
    says(
        &["password authentication failed for user"],
        &[],
        "28P01: the password is wrong, or the role does not exist or has no password. Postgres does not tell the client \
         which; its log does, in the DETAIL line. Check which password the service was started with: a pool keeps \
         the one that it was opened with, so after a change only new connections fail.",
    ),
    says(
        &["no pg_hba.conf entry for"],
        &[],
        "28000: no line of pg_hba.conf admits this address, user and database. If the text ends with \"no encryption\" \
         or \"SSL off\", the server may only want TLS: connect with sslmode=require. Otherwise add a line and run \
         SELECT pg_reload_conf(). SHOW hba_file names the file.",
    ),
    says(
        &["pg_hba.conf rejects connection for"],
        &[],
        "28000: a line of pg_hba.conf with \"reject\" matches this address, user and database. The first line that \
         matches decides: put the one that admits them above it, and run SELECT pg_reload_conf().",
    ),
    says(
        &["too many connections for role"],
        &["role-limit"],
        "The limit is the role's own: pg_roles.rolconnlimit.",
    ),
    says(
        &["too many connections for database"],
        &["role-limit"],
        "The limit is the database's own: pg_database.datconnlimit; ALTER DATABASE … CONNECTION LIMIT.",
    ),
    says(
        &["the database system is starting up"],
        &["restart-storm", "oom-kill"],
        "It passes within seconds, longer after a crash.",
    ),
    says(&["the database system is shutting down"], &["restart-storm"], ""),
    says(
        &["the database system is in recovery mode"],
        &["oom-kill", "restart-storm"],
        "Postgres is recovering from a crash of one of its processes. Its log says why: look for \"signal\".",
    ),
    says(
        &["the database system is not yet accepting connections"],
        &["restart-storm", "oom-kill"],
        "Recovery has not reached a consistent state yet.",
    )
    .versions("14 and later"),
    says(
        &["the database system is not accepting connections"],
        &["restart-storm", "oom-kill"],
        "Perhaps a standby with hot_standby = off.",
    )
    .versions("14 and later"),
    says(
        &["terminating connection due to administrator command"],
        &["restart-storm", "idle-killed"],
        "57P01: a restart, a fail-over, or pg_terminate_backend by a person or a job that ends idle sessions.",
    ),
    says(
        &["terminating connection because of crash of another server process"],
        &["oom-kill"],
        "This session is not to blame: another process died and took all with it.",
    ),
    says(&["terminating connection due to immediate shutdown command"], &["restart-storm"], ""),
    says(
        &["terminating connection due to unexpected postmaster exit"],
        &["oom-kill", "restart-storm"],
        "The first process of Postgres itself is gone.",
    ),
    says(&["terminating connection due to idle-session timeout"], &["idle-killed"], "")
        .versions("14 and later"),
    says(
        &["terminating connection due to idle-in-transaction timeout"],
        &["idle-in-transaction"],
        "idle_in_transaction_session_timeout did its duty: this session had a transaction open and did nothing.",
    ),
    says(
        &["terminating connection due to transaction timeout"],
        &["idle-in-transaction", "hot-row"],
        "transaction_timeout ended it: a transaction that was open for too long.",
    )
    .versions("17 and later"),
    says(
        &["terminating connection due to conflict with recovery"],
        &["restart-storm"],
        "A standby ended this session to be able to replay; see max_standby_streaming_delay. The pool must bear it like a restart.",
    ),
    says(
        &["current transaction is aborted, commands ignored until end of transaction block"],
        &["cancelled-request", "shared-transaction"],
        "Look for the first error of this session: if it is in the same request, that code went on after an error; if not, the connection was given back in the middle of a transaction.",
    ),
    says(
        &["prepared statement \"", "\" already exists"],
        &["pgbouncer-prepared"],
        "Without a pooler in front: two pieces of code prepare the same name on one connection.",
    ),
    says(
        &["prepared statement \"", "\" does not exist"],
        &["pgbouncer-prepared"],
        "Without a pooler in front: DEALLOCATE ALL or DISCARD ALL at the return to the pool.",
    ),
    says(
        &["unnamed prepared statement does not exist"],
        &["pgbouncer-prepared"],
        "Parse and Bind went to different sessions.",
    ),
    says(
        &["canceling statement due to statement timeout"],
        &["hot-row", "oversized-pool", "cancelled-request"],
        "57014: the statement was slow, or waited for a lock or for the CPU. wait_event_type tells.",
    ),
    says(&["canceling statement due to lock timeout"], &["hot-row"], "55P03: it waited for a lock only."),
    says(
        &["canceling statement due to user request"],
        &["cancelled-request"],
        "57014: the driver sent a cancel request, mostly because a caller hung up or ran out of time.",
    ),
    says(
        &["there is already a transaction in progress"],
        &["shared-transaction"],
        "A WARNING, 25001: two owners of one session, or BEGIN twice in one request.",
    ),
    says(
        &["there is no transaction in progress"],
        &["shared-transaction"],
        "A WARNING, 25P01: somebody else has ended this transaction.",
    ),
    says(
        &["(PID ", "was terminated by signal 9"],
        &["oom-kill"],
        "To 17 \"server process (PID n)\", from 18 on \"client backend (PID n)\".",
    ),
    says(
        &["terminating any other active server processes"],
        &["oom-kill"],
        "One process died, Postgres ends all others. The line before says which and by what signal.",
    ),
    says(&["all server processes terminated; reinitializing"], &["oom-kill"], ""),
    says(
        &["could not fork new process for connection"],
        &["oom-kill", "too-many-clients"],
        "No memory or no process left for another backend; see the limit of pids, too.",
    ),
    says(
        &["unexpected EOF on client connection with an open transaction"],
        &["cancelled-request"],
        "A line of Postgres's log: a client went away in the middle of a transaction.",
    ),
    says(
        &["could not receive data from client: Connection reset by peer"],
        &["cancelled-request"],
        "A line of Postgres's log: a client, or a balancer on the way, cut the connection.",
    ),
    says(
        &["could not send data to client: Broken pipe"],
        &["cancelled-request"],
        "A line of Postgres's log: the answer found no client any more.",
    ),
    says(&["connection to client lost"], &["cancelled-request"], "A line of Postgres's log."),
    says(
        &["while locking tuple"],
        &["hot-row"],
        "The CONTEXT line of a lock wait: relation and row are in it.",
    ),
    says(&["still waiting for", "on transaction"], &["hot-row"], "A line of log_lock_waits."),
];
