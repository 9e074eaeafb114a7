//! HikariCP, pgjdbc, and other pools of the JVM.

use super::{ErrorText, LOST, Layer, POOL_EMPTY, REFUSED};

const fn pool(source: &'static str, pieces: &'static [&'static str], note: &'static str) -> ErrorText {
    ErrorText::new(source, Layer::Pool, pieces, POOL_EMPTY, note)
}

const fn driver(
    pieces: &'static [&'static str],
    scenarios: &'static [&'static str],
    note: &'static str,
) -> ErrorText {
    ErrorText::new("pgjdbc", Layer::Driver, pieces, scenarios, note)
}

pub static TEXTS: &[ErrorText] = &[
    pool(
        "HikariCP",
        &["Connection is not available, request timed out after"],
        "Newer versions add (total=…, active=…, idle=…, waiting=…): total below maximumPoolSize means that it could not open more. The cause, if any, is under \"Caused by\".",
    ),
    ErrorText::new(
        "HikariCP",
        Layer::Pool,
        &["Connection leak detection triggered for"],
        &["leak"],
        "The stack trace that follows is the borrower's.",
    ),
    ErrorText::new(
        "HikariCP",
        Layer::Pool,
        &["Failed to validate connection"],
        &["idle-killed", "restart-storm"],
        "HikariCP noticed in time and took another: a warning, not a failure.",
    ),
    ErrorText::new("HikariCP", Layer::Pool, &["marked as broken because of SQLSTATE(08"], LOST, ""),
    ErrorText::new("HikariCP", Layer::Pool, &["marked as broken because of SQLSTATE(57P"], LOST, ""),
    ErrorText::new(
        "HikariCP",
        Layer::Pool,
        &["Failed to initialize pool:"],
        &["restart-storm", "reserved-slots"],
        "The reason stands after the colon.",
    ),
    ErrorText::new(
        "HikariCP",
        Layer::Pool,
        &["Exception during pool initialization"],
        &["restart-storm", "reserved-slots"],
        "The reason is under \"Caused by\".",
    ),
    ErrorText::new(
        "HikariCP",
        Layer::Generic,
        &["Thread starvation or clock leap detected"],
        &["oversized-pool"],
        "The JVM itself did not run: CPU limit or garbage collection.",
    ),
    pool("Tomcat JDBC", &["Timeout: Pool empty. Unable to fetch a connection in"], ""),
    pool("Apache DBCP", &["Cannot get a connection, pool error Timeout waiting for idle object"], ""),
    pool("c3p0", &["An attempt by a client to checkout a Connection has timed out"], ""),
    pool("Agroal (Quarkus)", &["Sorry, acquisition timeout!"], ""),
    ErrorText::new(
        "Hibernate",
        Layer::Generic,
        &["Unable to acquire JDBC Connection"],
        POOL_EMPTY,
        "Hibernate's wrapping; the cause is further down.",
    ),
    ErrorText::new(
        "Spring",
        Layer::Generic,
        &["Could not open JPA EntityManager for transaction"],
        POOL_EMPTY,
        "Spring's wrapping; the cause is further down.",
    ),
    ErrorText::new(
        "Spring",
        Layer::Generic,
        &["Failed to obtain JDBC Connection"],
        POOL_EMPTY,
        "Spring's wrapping; the cause is further down.",
    ),
    driver(&["An I/O error occurred while sending to the backend"], LOST, ""),
    driver(&["This connection has been closed"], LOST, "Also: the code uses a connection that it gave back."),
    driver(&["Connection to", "refused. Check that the hostname and port are correct"], REFUSED, ""),
    driver(
        &["The connection attempt failed"],
        &["restart-storm", "port-exhaustion"],
        "The reason is under \"Caused by\".",
    ),
    driver(&["java.net.NoRouteToHostException: Cannot assign requested address"], &["port-exhaustion"], ""),
    driver(&["java.net.BindException: Cannot assign requested address"], &["port-exhaustion"], ""),
    driver(&["Connection attempt timed out"], &["restart-storm", "cold-burst"], "loginTimeout."),
];
