//! Configuration snippets: a pool size and its timeouts for nine libraries.

use std::time::Duration;

use poollab_model::HumanDuration;
use serde::Serialize;

/// What to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// Connections of each instance's pool.
    pub size: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// Age at which a connection is replaced.
    pub max_lifetime: Duration,
    /// How long a connection may lie idle before it is closed.
    pub idle_timeout: Duration,
}

impl PoolSettings {
    /// That size, with time-outs that fail sooner than a user gives up: 5 s for a connection of the pool and
    /// for a new one, 30 min of life, 10 min idle.
    pub fn of_size(size: u32) -> Self {
        Self {
            size,
            acquire_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            max_lifetime: Duration::from_secs(30 * 60),
            idle_timeout: Duration::from_secs(10 * 60),
        }
    }
}

/// The settings for one library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// The library, in lower case.
    pub id: &'static str,
    /// Language or file format of the text.
    pub language: &'static str,
    /// The text.
    pub text: String,
    /// What has to be known with it.
    pub remark: &'static str,
}

/// The settings for all libraries.
pub fn snippets(settings: &PoolSettings) -> Vec<Snippet> {
    LIBRARIES
        .iter()
        .map(|library| Snippet {
            id: library.id,
            language: library.language,
            text: (library.text)(settings),
            remark: library.remark,
        })
        .collect()
}

/// One line of the registry.
struct Library {
    id: &'static str,
    language: &'static str,
    text: fn(&PoolSettings) -> String,
    remark: &'static str,
}

const LIBRARIES: [Library; 9] = [
    Library {
        id: "deadpool",
        language: "rust",
        text: deadpool,
        remark: "time-outs need the runtime; without wait_timeout a request waits forever; has no maximum lifetime of its own",
    },
    Library {
        id: "bb8",
        language: "rust",
        text: bb8,
        remark: "connection_timeout is the wait for a connection, new or used; what really failed goes to error_sink only",
    },
    Library {
        id: "r2d2",
        language: "rust",
        text: r2d2,
        remark: "opens all connections at once unless min_idle is smaller; call it on blocking threads only",
    },
    Library {
        id: "sqlx",
        language: "rust",
        text: sqlx,
        remark: "acquire_timeout includes the time to connect; test_before_acquire costs a round trip for each checkout",
    },
    Library {
        id: "hikaricp",
        language: "properties",
        text: hikaricp,
        remark: "milliseconds; a fixed size is its own advice; keep maxLifetime below what the network allows",
    },
    Library {
        id: "pgbouncer",
        language: "ini",
        text: pgbouncer,
        remark: "default_pool_size counts for each pair of user and database, max_db_connections for the whole database; seconds",
    },
    Library {
        id: "sqlalchemy",
        language: "python",
        text: sqlalchemy,
        remark: "max_overflow=0, or the pool grows by 10 beyond its size; each worker process has a pool of its own; seconds",
    },
    Library {
        id: "node-postgres",
        language: "javascript",
        text: node_postgres,
        remark: "connectionTimeoutMillis is the wait for a connection, new or used; its default 0 waits forever",
    },
    Library {
        id: "pgxpool",
        language: "text",
        text: pgxpool,
        remark: "part of the connection string; the wait for a connection is the deadline of the context given to Acquire or Query",
    },
];

fn deadpool(s: &PoolSettings) -> String {
    format!(
        "let pool = deadpool_postgres::Pool::builder(manager)\n    .max_size({})\n    .runtime(deadpool_postgres::Runtime::Tokio1)\n    .wait_timeout(Some({}))\n    .create_timeout(Some({}))\n    .recycle_timeout(Some({}))\n    .build()?;",
        s.size,
        rust(s.acquire_timeout),
        rust(s.connect_timeout),
        rust(s.connect_timeout)
    )
}

fn bb8(s: &PoolSettings) -> String {
    format!(
        "let pool = bb8::Pool::builder()\n    .max_size({})\n    .connection_timeout({})\n    .max_lifetime(Some({}))\n    .idle_timeout(Some({}))\n    .build(manager)\n    .await?;",
        s.size,
        rust(s.acquire_timeout),
        rust(s.max_lifetime),
        rust(s.idle_timeout)
    )
}

fn r2d2(s: &PoolSettings) -> String {
    format!(
        "let pool = r2d2::Pool::builder()\n    .max_size({})\n    .min_idle(Some(0))\n    .connection_timeout({})\n    .max_lifetime(Some({}))\n    .idle_timeout(Some({}))\n    .build(manager)?;",
        s.size,
        rust(s.acquire_timeout),
        rust(s.max_lifetime),
        rust(s.idle_timeout)
    )
}

fn sqlx(s: &PoolSettings) -> String {
    format!(
        "let pool = sqlx::postgres::PgPoolOptions::new()\n    .max_connections({})\n    .acquire_timeout({})\n    .max_lifetime({})\n    .idle_timeout({})\n    .connect(&database_url)\n    .await?;",
        s.size,
        rust(s.acquire_timeout),
        rust(s.max_lifetime),
        rust(s.idle_timeout)
    )
}

fn hikaricp(s: &PoolSettings) -> String {
    format!(
        "maximumPoolSize={size}\nminimumIdle={size}\nconnectionTimeout={}\nmaxLifetime={}\n",
        // Below these HikariCP repairs the value or refuses it.
        s.acquire_timeout.as_millis().max(250),
        s.max_lifetime.as_millis().max(30_000),
        size = s.size
    )
}

fn pgbouncer(s: &PoolSettings) -> String {
    format!(
        "[pgbouncer]\npool_mode = transaction\ndefault_pool_size = {size}\nmax_db_connections = {size}\nquery_wait_timeout = {}\nserver_connect_timeout = {}\nserver_lifetime = {}\nserver_idle_timeout = {}\n",
        seconds(s.acquire_timeout),
        seconds(s.connect_timeout),
        seconds(s.max_lifetime),
        seconds(s.idle_timeout),
        size = s.size
    )
}

fn sqlalchemy(s: &PoolSettings) -> String {
    format!(
        "engine = sqlalchemy.create_engine(\n    database_url,\n    pool_size={},\n    max_overflow=0,\n    pool_timeout={},\n    pool_recycle={},\n    connect_args={{\"connect_timeout\": {}}},\n)",
        s.size,
        seconds(s.acquire_timeout),
        seconds(s.max_lifetime),
        seconds(s.connect_timeout)
    )
}

fn node_postgres(s: &PoolSettings) -> String {
    format!(
        "const pool = new pg.Pool({{\n  connectionString: process.env.DATABASE_URL,\n  max: {},\n  connectionTimeoutMillis: {},\n  idleTimeoutMillis: {},\n  maxLifetimeSeconds: {},\n}});",
        s.size,
        s.acquire_timeout.as_millis(),
        s.idle_timeout.as_millis(),
        seconds(s.max_lifetime)
    )
}

fn pgxpool(s: &PoolSettings) -> String {
    // Go's durations are written like ours without the spaces, and know no days.
    let go = |duration: Duration| format!("{}s", seconds(duration));
    format!(
        "pool_max_conns={}&pool_max_conn_lifetime={}&pool_max_conn_idle_time={}&connect_timeout={}",
        s.size,
        go(s.max_lifetime),
        go(s.idle_timeout),
        seconds(s.connect_timeout)
    )
}

fn rust(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("Duration::from_secs({})", duration.as_secs())
    } else {
        format!("Duration::from_millis({})", duration.as_millis())
    }
}

/// Whole seconds, at least one: to most libraries 0 means "for ever".
fn seconds(duration: Duration) -> u64 {
    (duration.as_secs_f64().ceil() as u64).max(1)
}

impl From<(u32, HumanDuration)> for PoolSettings {
    /// A size and how long a request waits for a connection; the rest as in [`of_size`](Self::of_size).
    fn from((size, acquire_timeout): (u32, HumanDuration)) -> Self {
        Self { acquire_timeout: acquire_timeout.0, ..Self::of_size(size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_is_told_the_size_and_a_time_out() {
        let settings = PoolSettings { acquire_timeout: Duration::from_secs(7), ..PoolSettings::of_size(23) };
        for snippet in snippets(&settings) {
            assert!(snippet.text.contains("23"), "{}", snippet.text);
            assert!(snippet.id == "pgxpool" || snippet.text.contains('7'), "{}", snippet.text);
        }
    }

    #[test]
    fn a_time_out_below_a_second_does_not_become_for_ever() {
        let settings =
            PoolSettings { acquire_timeout: Duration::from_millis(300), ..PoolSettings::of_size(8) };
        let text = |id| snippets(&settings).into_iter().find(|snippet| snippet.id == id).unwrap().text;
        assert!(text("pgbouncer").contains("query_wait_timeout = 1\n"));
        assert!(text("bb8").contains("Duration::from_millis(300)"));
        assert!(text("hikaricp").contains("connectionTimeout=300\n"));
    }

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<_> = LIBRARIES.iter().map(|library| library.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), LIBRARIES.len());
    }
}
