//! bb8 with bb8-postgres.

use std::sync::Arc;
use std::time::Duration;

use bb8::{ErrorSink, ManageConnection, Pool, RunError};
use bb8_postgres::PostgresConnectionManager;
use futures_util::future::LocalBoxFuture;
use parking_lot::RwLock;
use poollab_db::connect::Tls;
use poollab_model::{
    Acquisition, DefaultsPolicy, ErrorKind, HumanDuration, PoolCounts, Settings, StatementMode,
};

use super::{Context, Entry, Lent, Open, Strategy};
use crate::drivers::asynchronous::{AsyncSession, Connection, within};
use crate::fault::{Causes, Fault};
use crate::meter::Meter;
use crate::session::Session;

pub const ENTRY: Entry = Entry {
    id: "bb8",
    summary: "bb8 with bb8-postgres: an asynchronous pool that retries connecting until its time-out",
    acquisition: Acquisition::Pooled,
    isolates_transactions: true,
    refuses_transactions: false,
    connects: "in a background task, when a request finds no idle connection",
    open: Open::Tasks(open),
};

/// How often the library looks at the age of its connections by itself.
const REAPS_EVERY: Duration = Duration::from_secs(30);
const REAP_AT_MOST_EVERY: Duration = Duration::from_millis(50);

struct Bb8 {
    /// Taken out to close it.
    pool: RwLock<Option<Pool<Manager>>>,
    settings: Settings,
}

fn open(context: &Context) -> Result<Box<dyn Strategy>, Fault> {
    let asked = &context.settings;
    let library = asked.defaults == DefaultsPolicy::Library;
    let connect_timeout = asked.connect_timeout.filter(|_| !library);
    let connector = context.connector(&Settings { connect_timeout, ..asked.clone() });
    let manager = Manager {
        inner: PostgresConnectionManager::new(connector.config, connector.tls),
        timeout: connector.timeout,
        meter: connector.meter,
    };
    let mut builder = Pool::builder().error_sink(Box::new(Sink(Arc::clone(&context.causes))));
    if let Some(size) = asked.pool_size {
        builder = builder.max_size(size);
    }
    if !library {
        builder = builder
            .connection_timeout(asked.acquire_timeout.map_or(FOR_EVER, Into::into))
            .test_on_check_out(asked.health_check)
            .min_idle(asked.min_idle)
            .max_lifetime(asked.max_lifetime.map(Duration::from))
            .idle_timeout(None);
        if let Some(HumanDuration(lifetime)) = asked.max_lifetime {
            // It looks at ages from time to time only; a lifetime that is shorter would not be one.
            builder = builder.reaper_rate((lifetime / 2).clamp(REAP_AT_MOST_EVERY, REAPS_EVERY));
        }
    }
    let pool = builder.build_unchecked(manager);
    let settings = in_force(asked, connect_timeout, &pool);
    Ok(Box::new(Bb8 { pool: RwLock::new(Some(pool)), settings }))
}

/// bb8 has no "for ever".
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

fn in_force(asked: &Settings, connect_timeout: Option<HumanDuration>, pool: &Pool<Manager>) -> Settings {
    let pool = pool.config();
    Settings {
        pool_size: Some(pool.max_size),
        acquire_timeout: Some(pool.connection_timeout).filter(|limit| *limit < FOR_EVER).map(HumanDuration),
        connect_timeout,
        health_check: pool.test_on_check_out,
        statements: match asked.defaults {
            DefaultsPolicy::Equalised => asked.statements,
            DefaultsPolicy::Library => StatementMode::EachTime,
        },
        min_idle: pool.min_idle.unwrap_or(0),
        max_lifetime: pool.max_lifetime.map(HumanDuration),
        ..asked.clone()
    }
}

impl Strategy for Bb8 {
    fn acquire(&self) -> LocalBoxFuture<'_, Lent<'_>> {
        let pool = self.pool.read().clone();
        Box::pin(async move {
            let Some(pool) = pool else {
                return Err(Fault::new(ErrorKind::ConnectionLost, "the pool is closed"));
            };
            let connection = pool.get_owned().await.map_err(|error| match error {
                RunError::User(fault) => fault,
                error @ RunError::TimedOut => Fault::new(ErrorKind::PoolTimeout, error.to_string()),
            })?;
            Ok(Box::new(AsyncSession::new(connection, self.settings.statements)) as Box<dyn Session>)
        })
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn counts(&self) -> Option<PoolCounts> {
        let state = self.pool.read().as_ref()?.state();
        Some(PoolCounts { size: state.connections, idle: state.idle_connections, waiting: 0 })
    }

    fn close(&self) -> LocalBoxFuture<'_, ()> {
        self.pool.write().take();
        Box::pin(std::future::ready(()))
    }
}

/// bb8-postgres's own manager, timed and counted, with a cache of statements beside the client.
struct Manager {
    inner: PostgresConnectionManager<Tls>,
    timeout: Option<Duration>,
    meter: Arc<Meter>,
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = Fault;

    async fn connect(&self) -> Result<Connection, Fault> {
        let client = self.meter.connecting(within(self.timeout, self.inner.connect())).await?;
        Ok(Connection::new(client, self.meter.opened()))
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<(), Fault> {
        Ok(self.inner.is_valid(connection.client()).await?)
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        self.inner.has_broken(connection.client())
    }
}

/// With no slot left bb8 tries again until the request's time is up. What Postgres said goes here.
#[derive(Debug)]
struct Sink(Arc<Causes>);

impl ErrorSink<Fault> for Sink {
    fn sink(&self, fault: Fault) {
        self.0.record(fault);
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<Fault>> {
        Box::new(Self(Arc::clone(&self.0)))
    }
}
