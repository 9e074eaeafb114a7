//! r2d2 with r2d2_postgres, on blocking threads.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use poollab_db::connect::Tls;
use poollab_model::{
    Acquisition, DefaultsPolicy, ErrorKind, HumanDuration, PoolCounts, Settings, StatementMode,
};
use r2d2::{HandleError, ManageConnection, Pool};
use r2d2_postgres::PostgresConnectionManager;

use super::{BlockingStrategy, Context, Entry, Lent, Open};
use crate::drivers::synchronous::{SyncConnection, SyncSession};
use crate::fault::{Causes, Fault};
use crate::meter::Meter;

pub const ENTRY: Entry = Entry {
    id: "r2d2",
    summary: "r2d2 with r2d2_postgres, on blocking threads whose number is a setting",
    acquisition: Acquisition::Pooled,
    isolates_transactions: true,
    refuses_transactions: false,
    connects: "eagerly: min_idle connections (by the library's defaults the whole pool) before it starts, \
               the rest in threads of its own",
    open: Open::Threads(open),
};

struct R2d2 {
    /// Taken out to close it.
    pool: RwLock<Option<Pool<Manager>>>,
    settings: Settings,
}

fn open(context: &Context) -> Result<Box<dyn BlockingStrategy>, Fault> {
    let asked = &context.settings;
    let library = asked.defaults == DefaultsPolicy::Library;
    let connect_timeout = asked.connect_timeout.filter(|_| !library);
    let connector = context.sync_connector(&Settings { connect_timeout, ..asked.clone() });
    let manager = Manager {
        inner: PostgresConnectionManager::new(connector.config, connector.tls),
        meter: connector.meter,
    };
    let mut builder = Pool::builder().error_handler(Box::new(Handler(Arc::clone(&context.causes))));
    if let Some(size) = asked.pool_size {
        builder = builder.max_size(size);
    }
    if !library {
        builder = builder
            .connection_timeout(asked.acquire_timeout.map_or(FOR_EVER, Into::into))
            .test_on_check_out(asked.health_check)
            .min_idle(Some(asked.min_idle))
            .max_lifetime(asked.max_lifetime.map(Duration::from))
            .idle_timeout(None);
    }
    let pool = builder.build(manager).map_err(|why| Fault {
        // This pool is the first to tell any.
        cause: context.causes.latest(),
        ..Fault::new(ErrorKind::PoolTimeout, why.to_string())
    })?;
    let settings = in_force(asked, connect_timeout, &pool);
    Ok(Box::new(R2d2 { pool: RwLock::new(Some(pool)), settings }))
}

/// r2d2 has no "for ever".
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

fn in_force(asked: &Settings, connect_timeout: Option<HumanDuration>, pool: &Pool<Manager>) -> Settings {
    Settings {
        pool_size: Some(pool.max_size()),
        acquire_timeout: Some(pool.connection_timeout()).filter(|limit| *limit < FOR_EVER).map(HumanDuration),
        connect_timeout,
        health_check: pool.test_on_check_out(),
        statements: match asked.defaults {
            DefaultsPolicy::Equalised => asked.statements,
            DefaultsPolicy::Library => StatementMode::EachTime,
        },
        min_idle: pool.min_idle().unwrap_or(pool.max_size()),
        max_lifetime: pool.max_lifetime().map(HumanDuration),
        ..asked.clone()
    }
}

impl BlockingStrategy for R2d2 {
    fn acquire(&self) -> Lent<'_> {
        let pool = self.pool.read().clone();
        let Some(pool) = pool else {
            return Err(Fault::new(ErrorKind::ConnectionLost, "the pool is closed"));
        };
        let connection = pool.get().map_err(|error| Fault::new(ErrorKind::PoolTimeout, error.to_string()))?;
        Ok(Box::new(SyncSession::new(connection, self.settings.statements)))
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn counts(&self) -> Option<PoolCounts> {
        let state = self.pool.read().as_ref()?.state();
        Some(PoolCounts { size: state.connections, idle: state.idle_connections, waiting: 0 })
    }

    fn close(&self) {
        self.pool.write().take();
    }
}

/// r2d2_postgres's own manager, timed and counted, with a cache of statements beside the client.
struct Manager {
    inner: PostgresConnectionManager<Tls>,
    meter: Arc<Meter>,
}

impl ManageConnection for Manager {
    type Connection = SyncConnection;
    type Error = postgres::Error;

    fn connect(&self) -> Result<SyncConnection, postgres::Error> {
        let client = self.meter.connecting_sync(|| self.inner.connect())?;
        Ok(SyncConnection::new(client, self.meter.opened()))
    }

    fn is_valid(&self, connection: &mut SyncConnection) -> Result<(), postgres::Error> {
        self.inner.is_valid(connection.client())
    }

    fn has_broken(&self, connection: &mut SyncConnection) -> bool {
        self.inner.has_broken(connection.client())
    }
}

/// With no slot left r2d2 tries again until the request's time is up. What Postgres said goes here.
#[derive(Debug)]
struct Handler(Arc<Causes>);

impl HandleError<postgres::Error> for Handler {
    fn handle_error(&self, error: postgres::Error) {
        self.0.record(error.into());
    }
}
