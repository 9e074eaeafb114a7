//! node-postgres (pg, pg-pool), postgres.js, Prisma, Knex, Sequelize.

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
        "pg-pool",
        Layer::Pool,
        &["timeout exceeded when trying to connect"],
        POOL_EMPTY,
        "Despite its wording it is about the pool: no client became free within connectionTimeoutMillis, or a new one did not connect in time.",
    ),
    says(
        "pg-pool",
        Layer::Driver,
        &["Connection terminated due to connection timeout"],
        &["restart-storm", "cold-burst", "hidden-exhaustion"],
        "A new client did not connect within connectionTimeoutMillis.",
    ),
    says(
        "pg-pool",
        Layer::Driver,
        &["Release called on client which has already been released to the pool"],
        &["shared-transaction"],
        "Two owners: after the second release two requests have the same client.",
    ),
    says(
        "node-postgres",
        Layer::Driver,
        &["Connection terminated unexpectedly"],
        LOST,
        "With pool.on('error') it is an event; without it the process ends.",
    ),
    says(
        "node-postgres",
        Layer::Driver,
        &["Client has encountered a connection error and is not queryable"],
        LOST,
        "",
    ),
    says(
        "node-postgres",
        Layer::Driver,
        &["Client was closed and is not queryable"],
        LOST,
        "Or the code uses a client after end().",
    ),
    says(
        "node-postgres",
        Layer::Driver,
        &["Query read timeout"],
        &["hot-row", "oversized-pool", "cancelled-request"],
        "query_timeout gave up on this side; the statement still runs on the server. Use statement_timeout as well.",
    ),
    says(
        "node-postgres",
        Layer::Driver,
        &["Error: timeout expired"],
        &["restart-storm", "cold-burst"],
        "connectionTimeoutMillis of a client: Postgres did not answer in time.",
    ),
    says("postgres.js", Layer::Driver, &["CONNECT_TIMEOUT"], &["restart-storm", "cold-burst"], ""),
    says("postgres.js", Layer::Driver, &["CONNECTION_CLOSED"], LOST, ""),
    says("postgres.js", Layer::Driver, &["CONNECTION_ENDED"], LOST, "Or the code uses sql after sql.end()."),
    says(
        "Prisma",
        Layer::Pool,
        &["Timed out fetching a new connection from the connection pool"],
        POOL_EMPTY,
        "P2024; connection_limit is cores × 2 + 1 unless set, for each instance.",
    ),
    says("Prisma", Layer::Driver, &["Can't reach database server at"], &["restart-storm"], "P1001."),
    says("Prisma", Layer::Driver, &["Server has closed the connection"], LOST, "P1017."),
    says(
        "Prisma",
        Layer::Server,
        &["Too many database connections opened"],
        &["reserved-slots", "too-many-clients", "role-limit"],
        "P2037; the text behind it is Postgres's.",
    ),
    says(
        "Knex",
        Layer::Pool,
        &["Knex: Timeout acquiring a connection. The pool is probably full"],
        &["nested-checkout", "pool-timeout", "hidden-exhaustion", "leak", "idle-in-transaction", "hot-row"],
        "Its question is a good one: a query inside a transaction without .transacting(trx) takes a second connection.",
    ),
    says(
        "Sequelize",
        Layer::Pool,
        &["SequelizeConnectionAcquireTimeoutError"],
        POOL_EMPTY,
        "pool.max is 5 unless set.",
    ),
    says(
        "Sequelize",
        Layer::Pool,
        &["ConnectionAcquireTimeoutError"],
        POOL_EMPTY,
        "pool.max is 5 unless set.",
    ),
];
