//! Real error texts, each with the scenarios that it must lead to: the first of them first.

use poollab_scenarios::{Explanation, Known, explain, texts};

/// Text, and the candidates in their order; a list that is shorter than the answer's compares its beginning.
const TEXTS: &[(&str, &[&str])] = &[
    // PostgreSQL
    ("FATAL:  sorry, too many clients already", &["too-many-clients"]),
    ("psql: error: FATAL:  sorry, too many clients already", &["too-many-clients"]),
    ("2026-08-20 01:50:14.875 UTC [1360204] FATAL:  sorry, too many clients already", &["too-many-clients"]),
    ("SQLSTATE[08006] [7] FATAL:  sorry, too many clients already", &["too-many-clients"]),
    (
        "FATAL:  remaining connection slots are reserved for non-replication superuser connections",
        &["reserved-slots"],
    ),
    (
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        &["reserved-slots"],
    ),
    (
        "FATAL:  remaining connection slots are reserved for roles with privileges of the \"pg_use_reserved_connections\" role",
        &["reserved-slots"],
    ),
    (
        "FATAL: remaining connection slots are reserved for roles with privileges of the \"rds_reserved\" role",
        &["reserved-slots"],
    ),
    (
        "FATAL:  53300: remaining connection slots are reserved for replication superuser connections",
        &["reserved-slots"],
    ),
    ("FATAL:  too many connections for role \"app\"", &["role-limit"]),
    ("FATAL:  too many connections for database \"shop\"", &["role-limit"]),
    ("FATAL:  the database system is starting up", &["restart-storm", "oom-kill"]),
    ("FATAL:  the database system is shutting down", &["restart-storm"]),
    ("FATAL:  the database system is in recovery mode", &["oom-kill", "restart-storm"]),
    (
        "FATAL:  the database system is not yet accepting connections\nDETAIL:  Consistent recovery state has not been yet reached.",
        &["restart-storm"],
    ),
    (
        "FATAL:  the database system is not accepting connections\nDETAIL:  Hot standby mode is disabled.",
        &["restart-storm"],
    ),
    ("FATAL:  terminating connection due to administrator command", &["restart-storm", "idle-killed"]),
    (
        "WARNING:  terminating connection because of crash of another server process\nDETAIL:  The postmaster has commanded this server process to roll back the current transaction and exit, because another server process exited abnormally and possibly corrupted shared memory.\nHINT:  In a moment you should be able to reconnect to the database and repeat your command.",
        &["oom-kill"],
    ),
    ("FATAL:  terminating connection due to idle-session timeout", &["idle-killed"]),
    ("FATAL:  terminating connection due to idle-in-transaction timeout", &["idle-in-transaction"]),
    ("FATAL:  terminating connection due to transaction timeout", &["idle-in-transaction", "hot-row"]),
    ("FATAL:  terminating connection due to conflict with recovery", &["restart-storm"]),
    (
        "ERROR:  current transaction is aborted, commands ignored until end of transaction block",
        &["cancelled-request", "shared-transaction"],
    ),
    ("ERROR:  prepared statement \"S_1\" does not exist", &["pgbouncer-prepared"]),
    ("ERROR: prepared statement \"s0\" already exists", &["pgbouncer-prepared"]),
    ("ERROR:  unnamed prepared statement does not exist", &["pgbouncer-prepared"]),
    (
        "ERROR:  canceling statement due to statement timeout",
        &["hot-row", "oversized-pool", "cancelled-request"],
    ),
    (
        "ERROR:  canceling statement due to lock timeout\nCONTEXT:  while locking tuple (0,1) in relation \"counters\"",
        &["hot-row"],
    ),
    ("ERROR:  canceling statement due to user request", &["cancelled-request"]),
    ("WARNING:  there is already a transaction in progress", &["shared-transaction"]),
    ("WARNING:  there is no transaction in progress", &["shared-transaction"]),
    (
        "LOG:  server process (PID 4711) was terminated by signal 9: Killed\nDETAIL:  Failed process was running: SELECT 1\nLOG:  terminating any other active server processes\nLOG:  all server processes terminated; reinitializing",
        &["oom-kill"],
    ),
    ("LOG:  client backend (PID 3368) was terminated by signal 9: Killed", &["oom-kill"]),
    (
        "LOG:  could not fork new process for connection: Cannot allocate memory",
        &["oom-kill", "too-many-clients"],
    ),
    ("LOG:  unexpected EOF on client connection with an open transaction", &["cancelled-request"]),
    ("LOG:  could not receive data from client: Connection reset by peer", &["cancelled-request"]),
    ("LOG:  process 12 still waiting for ShareLock on transaction 745 after 1000.123 ms", &["hot-row"]),
    // PostgreSQL in other languages, with and without the state
    ("FATAL:  tut mir leid, schon zu viele Verbindungen", &["too-many-clients"]),
    (
        "FATAL:  die verbleibenden Verbindungen sind für Superuser auf Nicht-Replikationsverbindungen reserviert",
        &["reserved-slots"],
    ),
    ("FATAL:  zu viele Verbindungen von Rolle »app«", &["role-limit"]),
    ("FATAL:  das Datenbanksystem startet", &["restart-storm"]),
    (
        "FEHLER:  aktuelle Transaktion wurde abgebrochen, Befehle werden bis zum Ende der Transaktion ignoriert",
        &["cancelled-request"],
    ),
    ("FEHLER:  vorbereitete Anweisung »s0« existiert bereits", &["pgbouncer-prepared"]),
    ("FATAL:  désolé, trop de clients sont déjà connectés", &["too-many-clients"]),
    (
        "FATAL:  les emplacements de connexions restants sont réservés pour les connexions\nsuperutilisateur non relatif à la réplication",
        &["reserved-slots"],
    ),
    ("FATAL:  trop de connexions pour le rôle « app »", &["role-limit"]),
    ("FATAL:  lo siento, ya tenemos demasiados clientes", &["too-many-clients"]),
    ("ВАЖНО:  извините, уже слишком много клиентов", &["too-many-clients"]),
    ("FATAL:  現在クライアント数が多すぎます", &["too-many-clients"]),
    ("致命错误:  对不起, 已经有太多的客户", &["too-many-clients"]),
    ("FATAL:  spiacente, troppi client già connessi", &["too-many-clients"]),
    (
        "FATAL:  53300: przepraszamy, zbyt wiele klientów",
        &["reserved-slots", "too-many-clients", "role-limit"],
    ),
    ("FATAL:  53300: tut mir leid, schon zu viele Verbindungen", &["too-many-clients"]),
    ("ERRO:  55P03: não foi possível obter bloqueio", &["hot-row"]),
    // PgBouncer
    ("ERROR:  no more connections allowed (max_client_conn)", &["pgbouncer-queue"]),
    (
        "2026-11-21 10:15:00.123 UTC [77] WARNING C-0x55: (nodb)/(nouser)@127.0.0.1:54321 pooler error: no more connections allowed (max_client_conn)",
        &["pgbouncer-queue"],
    ),
    ("FATAL:  query_wait_timeout", &["pgbouncer-queue"]),
    ("error: query_wait_timeout (SQLSTATE 08P01)", &["pgbouncer-queue"]),
    ("FATAL:  client connections exceeded (max_db_client_connections)", &["pgbouncer-queue"]),
    ("FATAL:  client connections exceeded (max_user_client_connections)", &["pgbouncer-queue"]),
    ("FATAL:  client_login_timeout (server down)", &["pgbouncer-queue", "restart-storm"]),
    ("FATAL:  client_idle_timeout", &["idle-killed"]),
    (
        "FATAL:  server login has been failing, try again later (server_login_retry)",
        &["reserved-slots", "restart-storm"],
    ),
    (
        "FATAL:  server login has been failing, cached error: FATAL: sorry, too many clients already (server_login_retry)",
        &["too-many-clients"],
    ),
    (
        "server login failed: FATAL remaining connection slots are reserved for non-replication superuser connections",
        &["reserved-slots"],
    ),
    ("FATAL: pgbouncer cannot connect to server", &["restart-storm"]),
    ("ERROR:  server conn crashed?", &["restart-storm", "oom-kill"]),
    ("closing because: idle transaction timeout (age=12s)", &["idle-in-transaction"]),
    // libpq
    (
        "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.",
        &["idle-killed", "restart-storm", "oom-kill"],
    ),
    (
        "connection to server at \"localhost\" (127.0.0.1), port 5432 failed: Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
        &["restart-storm"],
    ),
    (
        "connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or directory\n\tIs the server running locally and accepting connections on that socket?",
        &["restart-storm"],
    ),
    (
        "connection to server on socket \"/run/.s.PGSQL.5432\" failed: Resource temporarily unavailable",
        &["cold-burst"],
    ),
    (
        "connection to server at \"db\" (10.0.0.5), port 5432 failed: FATAL:  sorry, too many clients already",
        &["too-many-clients"],
    ),
    ("SSL SYSCALL error: EOF detected", &["idle-killed"]),
    ("Server beendete die Verbindung unerwartet", &["idle-killed"]),
    (
        "could not connect to server: Cannot assign requested address\n\tIs the server running on host \"localhost\" and accepting\n\tTCP/IP connections on port 5432?",
        &["port-exhaustion"],
    ),
    // Rust
    (
        "Timeout occurred while waiting for a slot to become available",
        &["pool-timeout", "idle-in-transaction", "leak"],
    ),
    ("Timeout occurred while creating a new object", &["restart-storm", "cold-burst"]),
    ("Timeout occurred while recycling an object", &["idle-killed", "cancelled-request"]),
    (
        "Error occurred while creating a new object: db error: FATAL: sorry, too many clients already",
        &["too-many-clients"],
    ),
    ("Timed out in bb8", &["pool-timeout", "hidden-exhaustion", "idle-in-transaction", "leak"]),
    ("timed out waiting for connection", &["pool-timeout", "hidden-exhaustion"]),
    (
        "timed out waiting for connection: db error: FATAL: remaining connection slots are reserved for non-replication superuser connections",
        &["hidden-exhaustion", "reserved-slots"],
    ),
    ("Error: pool timed out while waiting for an open connection", &["pool-timeout", "hidden-exhaustion"]),
    ("called `Result::unwrap()` on an `Err` value: PoolTimedOut", &["pool-timeout", "hidden-exhaustion"]),
    ("error returned from database: sorry, too many clients already", &["too-many-clients"]),
    ("error returned from database: prepared statement \"sqlx_s_1\" already exists", &["pgbouncer-prepared"]),
    ("error communicating with database: Connection reset by peer (os error 104)", &["idle-killed"]),
    (
        "Error { kind: Db, cause: Some(DbError { severity: \"FATAL\", parsed_severity: Some(Fatal), code: SqlState(E53300), message: \"sorry, too many clients already\", detail: None }) }",
        &["too-many-clients"],
    ),
    (
        "Error { kind: Db, cause: Some(DbError { severity: \"FATAL\", code: SqlState(E53300), message: \"xyz\" }) }",
        &["reserved-slots", "too-many-clients", "role-limit"],
    ),
    ("Error { kind: Closed, cause: None }", &["idle-killed", "restart-storm"]),
    ("error connecting to server: Connection refused (os error 111)", &["restart-storm"]),
    ("error connecting to server: Cannot assign requested address (os error 99)", &["port-exhaustion"]),
    (
        "thread 'actix-rt|system:0|arbiter:0' panicked at 'Cannot start a runtime from within a runtime. This happens because a function (like `block_on`) attempted to block the current thread while the thread is being used to drive asynchronous tasks.'",
        &["blocking-in-async"],
    ),
    // JVM
    (
        "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms.",
        &["pool-timeout", "hidden-exhaustion"],
    ),
    (
        "HikariPool-1 - Connection is not available, request timed out after 30001ms (total=10, active=10, idle=0, waiting=187)",
        &["pool-timeout"],
    ),
    (
        "com.zaxxer.hikari.pool.ProxyLeakTask - Connection leak detection triggered for org.postgresql.jdbc.PgConnection@5e on thread http-nio-8080-exec-1, stack trace follows",
        &["leak"],
    ),
    (
        "HikariPool-1 - Failed to validate connection org.postgresql.jdbc.PgConnection@5e (This connection has been closed.). Possibly consider using a shorter maxLifetime value.",
        &["idle-killed"],
    ),
    ("org.postgresql.util.PSQLException: FATAL: sorry, too many clients already", &["too-many-clients"]),
    (
        "org.postgresql.util.PSQLException: An I/O error occurred while sending to the backend.",
        &["idle-killed"],
    ),
    (
        "org.postgresql.util.PSQLException: Connection to localhost:5432 refused. Check that the hostname and port are correct and that the postmaster is accepting TCP/IP connections.",
        &["restart-storm"],
    ),
    (
        "org.postgresql.util.PSQLException: ERROR: prepared statement \"S_1\" already exists",
        &["pgbouncer-prepared"],
    ),
    (
        "[http-nio-8080-exec-51] Timeout: Pool empty. Unable to fetch a connection in 30 seconds, none available[size:100; busy:100; idle:0; lastwait:30000].",
        &["pool-timeout"],
    ),
    (
        "Cannot get a connection, pool error Timeout waiting for idle object, borrowMaxWaitDuration=PT10S",
        &["pool-timeout"],
    ),
    ("Caused by: java.sql.SQLException: Sorry, acquisition timeout!", &["pool-timeout"]),
    (
        "java.sql.SQLException: An attempt by a client to checkout a Connection has timed out.",
        &["pool-timeout"],
    ),
    (
        "Caused by: java.net.NoRouteToHostException: Cannot assign requested address (Address not available)",
        &["port-exhaustion"],
    ),
    // Python
    (
        "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec",
        &["pool-timeout", "hidden-exhaustion"],
    ),
    ("django.db.utils.OperationalError: couldn't get a connection after 30.00 sec", &["pool-timeout"]),
    ("psycopg_pool.PoolTimeout: pool initialization incomplete after 30.0 sec", &["hidden-exhaustion"]),
    ("psycopg_pool.TooManyRequests: the pool 'pool-1' has already 20 requests waiting", &["pool-timeout"]),
    ("psycopg.OperationalError: the connection is closed", &["idle-killed"]),
    (
        "psycopg.OperationalError: consuming input failed: server closed the connection unexpectedly",
        &["idle-killed"],
    ),
    (
        "psycopg.OperationalError: consuming input failed: terminating connection due to administrator command",
        &["restart-storm"],
    ),
    (
        "psycopg.errors.InFailedSqlTransaction: current transaction is aborted, commands ignored until end of transaction block",
        &["cancelled-request"],
    ),
    ("psycopg2.pool.PoolError: connection pool exhausted", &["pool-timeout"]),
    ("django.db.utils.InterfaceError: connection already closed", &["idle-killed"]),
    (
        "django.db.utils.OperationalError: FATAL: remaining connection slots are reserved for non-replication superuser connections",
        &["reserved-slots"],
    ),
    (
        "django.db.transaction.TransactionManagementError: An error occurred in the current transaction. You can't execute queries until the end of the 'atomic' block.",
        &["cancelled-request"],
    ),
    (
        "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 (Background on this error at: https://sqlalche.me/e/20/3o7r)",
        &["pool-timeout"],
    ),
    (
        "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) FATAL: sorry, too many clients already (Background on this error at: http://sqlalche.me/e/e3q8)",
        &["too-many-clients"],
    ),
    (
        "sqlalchemy.exc.PendingRollbackError: Can't reconnect until invalid transaction is rolled back.  Please rollback() fully before proceeding",
        &["restart-storm"],
    ),
    (
        "sqlalchemy.exc.PendingRollbackError: This Session's transaction has been rolled back due to a previous exception during flush.",
        &["cancelled-request"],
    ),
    ("asyncpg.exceptions.TooManyConnectionsError: sorry, too many clients already", &["too-many-clients"]),
    (
        "asyncpg.exceptions.DuplicatePreparedStatementError: prepared statement \"__asyncpg_stmt_1__\" already exists\nHINT:  \nNOTE: pgbouncer with pool_mode set to \"transaction\" or\n\"statement\" does not support prepared statements properly.",
        &["pgbouncer-prepared"],
    ),
    (
        "asyncpg.exceptions._base.InterfaceError: cannot perform operation: another operation is in progress",
        &["shared-transaction"],
    ),
    (
        "asyncpg.exceptions.ConnectionDoesNotExistError: connection was closed in the middle of operation",
        &["idle-killed"],
    ),
    // Node
    (
        "Error: timeout exceeded when trying to connect\n    at Timeout._onTimeout (/app/node_modules/pg-pool/index.js:221:27)",
        &["pool-timeout", "hidden-exhaustion"],
    ),
    ("Error: Connection terminated due to connection timeout", &["restart-storm"]),
    (
        "Error: Connection terminated unexpectedly\n    at Connection.<anonymous> (/app/node_modules/pg/lib/client.js:132:73)",
        &["idle-killed"],
    ),
    ("Error: Client has encountered a connection error and is not queryable", &["idle-killed"]),
    ("Error: Release called on client which has already been released to the pool.", &["shared-transaction"]),
    ("Error: Query read timeout", &["hot-row"]),
    (
        "error: sorry, too many clients already\n    at Parser.parseErrorMessage (/app/node_modules/pg-protocol/dist/parser.js:287:98) {\n  length: 85,\n  severity: 'FATAL',\n  code: '53300',\n}",
        &["too-many-clients"],
    ),
    ("{ severity: 'FATAL', code: '53300' }", &["reserved-slots"]),
    ("Error: connect ECONNREFUSED 127.0.0.1:5432", &["restart-storm"]),
    ("Error: connect EADDRNOTAVAIL 10.0.0.5:5432 - Local (0.0.0.0:0)", &["port-exhaustion"]),
    ("Error: read ECONNRESET", &["idle-killed"]),
    (
        "PrismaClientKnownRequestError: Timed out fetching a new connection from the connection pool. More info: http://pris.ly/d/connection-pool (Current connection pool timeout: 10, connection limit: 5)",
        &["pool-timeout"],
    ),
    (
        "KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?",
        &["nested-checkout", "pool-timeout"],
    ),
    ("SequelizeConnectionAcquireTimeoutError: Operation timeout", &["pool-timeout"]),
    // Go
    (
        "failed to connect to `host=db user=app database=shop`: server error (FATAL: sorry, too many clients already (SQLSTATE 53300))",
        &["too-many-clients"],
    ),
    (
        "failed to connect to `user=app database=shop`:\n\t10.0.0.5:5432 (db): server error: FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute (SQLSTATE 53300)",
        &["reserved-slots"],
    ),
    ("pq: sorry, too many clients already", &["too-many-clients"]),
    ("ERROR: prepared statement \"stmtcache_1\" already exists (SQLSTATE 42P05)", &["pgbouncer-prepared"]),
    ("ERROR: prepared statement \"lrupsc_1_0\" does not exist (SQLSTATE 26000)", &["pgbouncer-prepared"]),
    ("FATAL: terminating connection due to administrator command (SQLSTATE 57P01)", &["restart-storm"]),
    ("conn busy", &["shared-transaction"]),
    ("driver: bad connection", &["idle-killed"]),
    ("pq: could not complete operation in a failed transaction", &["cancelled-request"]),
    ("dial tcp 10.22.0.5:5432: connect: cannot assign requested address", &["port-exhaustion"]),
    ("dial tcp 127.0.0.1:5432: connect: connection refused", &["restart-storm"]),
    ("timeout: context deadline exceeded", &["pool-timeout", "hidden-exhaustion"]),
    // .NET
    (
        "Npgsql.NpgsqlException (0x80004005): The connection pool has been exhausted, either raise MaxPoolSize (currently 100) or Timeout (currently 15 seconds)",
        &["pool-timeout"],
    ),
    (
        "Npgsql.NpgsqlException: The connection pool has been exhausted, either raise 'Max Pool Size' (currently 4) or 'Timeout' (currently 15 seconds) in your connection string.",
        &["pool-timeout"],
    ),
    ("Npgsql.PostgresException (0x80004005): 53300: sorry, too many clients already", &["too-many-clients"]),
    (
        "Npgsql.PostgresException (0x80004005): 53300: remaining connection slots are reserved for roles with the SUPERUSER attribute",
        &["reserved-slots"],
    ),
    (
        "Npgsql.PostgresException (0x80004005): 57P01: terminating connection due to administrator command",
        &["restart-storm"],
    ),
    (
        "Npgsql.NpgsqlOperationInProgressException (0x80004005): A command is already in progress: SELECT 1",
        &["shared-transaction"],
    ),
    (
        "Npgsql.NpgsqlException (0x80004005): Exception while reading from stream\n ---> System.TimeoutException: Timeout during reading attempt",
        &["hot-row"],
    ),
    (
        "System.Net.Sockets.SocketException (0x80004005): Only one usage of each socket address (protocol/network address/port) is normally permitted",
        &["port-exhaustion"],
    ),
    // Ruby
    (
        "ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within 5.000 seconds (waited 5.002 seconds); all pooled connections were in use",
        &["pool-timeout"],
    ),
    ("could not obtain a database connection within 5.000 seconds (waited 5.000 seconds)", &["pool-timeout"]),
    (
        "PG::ConnectionBad: FATAL:  remaining connection slots are reserved for non-replication superuser connections",
        &["reserved-slots"],
    ),
    (
        "PG::InFailedSqlTransaction: ERROR:  current transaction is aborted, commands ignored until end of transaction block",
        &["cancelled-request"],
    ),
    ("PG::DuplicatePstatement: ERROR:  prepared statement \"a1\" already exists", &["pgbouncer-prepared"]),
    ("PG::UnableToSend: no connection to the server", &["idle-killed"]),
    // Elixir
    (
        "** (DBConnection.ConnectionError) connection not available and request was dropped from queue after 2733ms. This means requests are coming in and your connection pool cannot serve them fast enough.",
        &["pool-timeout"],
    ),
    (
        "** (DBConnection.ConnectionError) [Shop.Repo] connection not available and request was dropped from queue after 515ms.",
        &["pool-timeout"],
    ),
    (
        "(DBConnection.ConnectionError) client #PID<0.1234.0> timed out because it queued and checked out the connection for longer than 15000ms",
        &["hot-row"],
    ),
    (
        "Postgrex.Protocol (#PID<0.289.0>) disconnected: ** (DBConnection.ConnectionError) client #PID<0.442.0> exited",
        &["cancelled-request"],
    ),
    (
        "** (Postgrex.Error) FATAL 53300 (too_many_connections) sorry, too many clients already",
        &["too-many-clients"],
    ),
    (
        "** (Postgrex.Error) ERROR 26000 (invalid_sql_statement_name) prepared statement \"ecto_12\" does not exist",
        &["pgbouncer-prepared"],
    ),
    (
        "** (DBConnection.ConnectionError) tcp recv: closed (the connection was closed by the pool, possibly due to a timeout or because the pool has been terminated)",
        &["idle-killed"],
    ),
    (
        "** (DBConnection.ConnectionError) tcp connect (localhost:5432): connection refused - :econnrefused",
        &["restart-storm"],
    ),
    // The system
    (
        "Memory cgroup out of memory: Killed process 805118 (postgres) total-vm:2193400kB, anon-rss:1029100kB",
        &["oom-kill"],
    ),
    ("Last State: Terminated, Reason: OOMKilled, Exit Code: 137", &["oom-kill"]),
    (
        "upstream timed out (110: Connection timed out) while reading response header from upstream",
        &["waits-for-ever"],
    ),
];

fn known(text: &str) -> Known {
    match explain(text) {
        Explanation::Known(known) => known,
        Explanation::Unknown(unknown) => panic!("{text:?} is unknown; nearest {:?}", unknown.nearest),
    }
}

fn ids(known: &Known) -> Vec<&'static str> {
    known.candidates.iter().map(|candidate| candidate.scenario.id).collect()
}

#[test]
fn real_texts_lead_to_their_scenarios() {
    assert!(TEXTS.len() >= 120, "{}", TEXTS.len());
    let mut wrong = Vec::new();
    for (text, expected) in TEXTS {
        let told = match explain(text) {
            Explanation::Known(known) => ids(&known),
            Explanation::Unknown(_) => Vec::new(),
        };
        if !told.starts_with(expected) {
            wrong.push(format!("{text}\n  expected {expected:?}\n  got      {told:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), TEXTS.len(), wrong.join("\n"));
}

#[test]
fn a_clear_text_gets_one_answer_and_a_vague_one_all_of_them() {
    for text in [
        "FATAL:  sorry, too many clients already (SQLSTATE 53300)",
        "Connection leak detection triggered for x",
    ] {
        assert_eq!(known(text).candidates.len(), 1, "{text}");
    }
    for text in [
        "Timed out in bb8",
        "timeout exceeded when trying to connect",
        "server closed the connection unexpectedly",
    ] {
        assert!(known(text).candidates.len() > 1, "{text}");
    }
}

#[test]
fn a_refusal_beneath_a_pool_timeout_wins_in_a_stack_trace() {
    let trace = "\
java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30005ms.
\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)
\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:197)
\t... 41 common frames omitted
Caused by: org.postgresql.util.PSQLException: FATAL: remaining connection slots are reserved for non-replication superuser connections
\tat org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2725)
";
    let known = known(trace);
    assert_eq!(ids(&known), ["hidden-exhaustion", "reserved-slots"]);
    assert!(known.candidates[0].reasoning.is_some());
    let cause = &known.hits[known.candidates[1].because[0]];
    assert_eq!(cause.line, 5);
    assert!(cause.excerpt.contains("remaining connection slots"), "{}", cause.excerpt);
}

#[test]
fn what_the_server_says_wins_over_what_the_driver_saw() {
    let log = "Error: Connection terminated unexpectedly\n\
               LOG:  server process (PID 12) was terminated by signal 9: Killed\n\
               write EPIPE";
    assert_eq!(ids(&known(log)), ["oom-kill"]);
}

#[test]
fn a_text_that_is_not_known_is_not_guessed_at() {
    for text in [
        "",
        "\n\n",
        "everything is fine",
        "NullPointerException at Foo.java:12",
        "ERROR:  relation \"users\" does not exist",
        "ERROR 1040 (HY000): Too many connections",
        "deadlock detected",
    ] {
        assert!(matches!(explain(text), Explanation::Unknown(_)), "{text:?} got {:?}", explain(text));
    }
}

/// 28P01 under a pool's time-out: a longer pool would be refused as well.
#[test]
fn a_refused_login_is_not_taken_for_a_pool_that_is_too_small() {
    for (text, advice) in [
        ("FATAL:  password authentication failed for user \"app\"", "DETAIL line"),
        ("Timed out in bb8: FATAL: password authentication failed for user \"app\"", "DETAIL line"),
        ("asyncpg.exceptions.InvalidPasswordError, SQLSTATE 28P01", "DETAIL line"),
        (
            "no pg_hba.conf entry for host \"10.0.0.7\", user \"app\", database \"shop\", no encryption",
            "sslmode=require",
        ),
        ("pg_hba.conf rejects connection for host \"10.0.0.7\", user \"app\"", "pg_reload_conf"),
    ] {
        let known = known(text);
        assert!(known.candidates.is_empty(), "{text}: {:?}", ids(&known));
        assert!(known.hits[0].error.note.contains(advice), "{text}: {:?}", known.hits);
    }
    let beside = known(
        "FATAL: sorry, too many clients already (53300)\nFATAL: 28P01 password authentication failed for user x",
    );
    assert_eq!(ids(&beside)[0], "too-many-clients");
}

#[test]
fn an_unknown_text_lists_what_resembles_it_and_no_more() {
    let Explanation::Unknown(unknown) = explain("pool was timing out while waiting for some open connection")
    else {
        panic!("not known")
    };
    let shown: Vec<String> = unknown.nearest.iter().map(|near| near.error.shown()).collect();
    assert!(shown.iter().any(|text| text.contains("pool timed out while waiting")), "{shown:?}");
    assert!(shown.len() <= 3);
    let Explanation::Unknown(unknown) = explain("lorem ipsum dolor sit amet") else { panic!("not known") };
    assert!(unknown.nearest.is_empty());
}

#[test]
fn of_megabytes_the_newest_part_is_read_and_the_rest_is_said() {
    let mut log = "ERROR deadlock detected\n".to_owned();
    log += &"2026-11-21 10:15:00 INFO GET /orders/53300 200 in 12 ms, connection kept, timeout 30 s\n"
        .repeat(300_000);
    assert!(log.len() > 20 << 20);
    log.push_str("ERROR Timed out in bb8\n");
    let known = known(&log);
    assert_eq!(known.hits.len(), 1, "what is old is not the answer");
    assert_eq!(known.hits[0].line, 300_002);
    assert_eq!(known.candidates[0].scenario.id, "pool-timeout");
    assert!(known.unread_bytes > 0);
    assert!(known.hits[0].excerpt.len() < 1_000);
}

#[test]
fn one_line_of_megabytes_is_quoted_in_part() {
    let line = format!("{}\"msg\":\"Timed out in bb8\"{}", "é".repeat(1 << 20), "é".repeat(1 << 20));
    let known = known(&line);
    assert!(known.hits[0].excerpt.contains("Timed out in bb8"));
    assert!(known.hits[0].excerpt.chars().count() <= 210);
}

#[test]
fn a_text_that_comes_a_thousand_times_is_counted_once_told() {
    let known = known(&"FATAL:  sorry, too many clients already\n".repeat(1_000));
    assert_eq!((known.hits.len(), known.hits[0].count), (1, 1_000));
}

#[test]
fn every_known_text_finds_itself_and_names_scenarios_that_exist() {
    for error in texts::all() {
        // What no scenario shows says itself what to do.
        let advises = !error.scenarios.is_empty() || error.note.len() > 40;
        assert!(advises && !error.source.is_empty(), "{error:?}");
        for id in error.scenarios {
            assert!(poollab_scenarios::find(id).is_some(), "{id} in {error:?}");
        }
        let text = match error.find {
            texts::Find::Words(pieces) => pieces.join(" x "),
            texts::Find::Sqlstate(code) => format!("(SQLSTATE {code})"),
        };
        let known = known(&text);
        assert!(known.hits.iter().any(|hit| hit.error == error), "{error:?}");
    }
}

#[test]
fn no_text_stands_twice_in_the_table() {
    let all: Vec<_> = texts::all().collect();
    for (at, error) in all.iter().enumerate() {
        assert!(!all[..at].iter().any(|other| other.find == error.find), "{error:?}");
    }
}

#[test]
fn an_explanation_can_be_written_as_json() {
    let json = serde_json::to_value(explain("Timed out in bb8")).unwrap();
    assert_eq!(json["answer"], "known");
    assert_eq!(json["candidates"][0]["scenario"]["id"], "pool-timeout");
}
