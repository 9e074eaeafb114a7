//! deadpool-postgres.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, ConfigConnectImpl, Connect, Hook, HookError, Manager, ManagerConfig, Object, Pool,
    PoolConfig, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use futures_util::future::{BoxFuture, LocalBoxFuture};
use poollab_db::connect::Tls;
use poollab_model::{
    Acquisition, DefaultsPolicy, ErrorKind, HumanDuration, PoolCounts, Settings, StatementMode,
};
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::{Context, Entry, Lent, Open, Strategy};
use crate::drivers::asynchronous::{AsyncSession, Handle};
use crate::fault::Fault;
use crate::meter::Meter;
use crate::session::{Session, Statement};

pub const ENTRY: Entry = Entry {
    id: "deadpool",
    summary: "deadpool-postgres: an asynchronous pool, first come first served, resizable while it runs",
    acquisition: Acquisition::Pooled,
    isolates_transactions: true,
    refuses_transactions: false,
    connects: "when a request finds no idle connection; the request itself connects",
    open: Open::Tasks(open),
};

struct Deadpool {
    pool: Pool,
    settings: Settings,
}

fn open(context: &Context) -> Result<Box<dyn Strategy>, Fault> {
    let settings = in_force(&context.settings);
    let connector = context.connector(&settings);
    let recycling_method =
        if settings.health_check { RecyclingMethod::Verified } else { RecyclingMethod::Fast };
    let metered =
        Metered { inner: ConfigConnectImpl { tls: connector.tls }, meter: Arc::clone(&context.meter) };
    let manager = Manager::from_connect(connector.config, metered, ManagerConfig { recycling_method });
    let mut builder = Pool::builder(manager)
        .max_size(settings.pool_size.map_or(1, |size| size as usize))
        .wait_timeout(settings.acquire_timeout.map(Into::into))
        .create_timeout(settings.connect_timeout.map(Into::into))
        .runtime(Runtime::Tokio1);
    if let Some(HumanDuration(lifetime)) = settings.max_lifetime {
        builder = builder.pre_recycle(Hook::sync_fn(move |_, metrics| young_enough(metrics.age(), lifetime)));
    }
    let pool = builder.build().map_err(|why| Fault::new(ErrorKind::Query, why.to_string()))?;
    Ok(Box::new(Deadpool { pool, settings }))
}

/// deadpool has no lifetime of its own; its hook before re-use is where its documentation puts one.
fn young_enough(age: Duration, lifetime: Duration) -> Result<(), HookError> {
    if age > lifetime { Err(HookError::message("the connection is too old")) } else { Ok(()) }
}

fn in_force(asked: &Settings) -> Settings {
    if asked.defaults == DefaultsPolicy::Equalised {
        let size = asked.pool_size.unwrap_or_else(default_size);
        return Settings { pool_size: Some(size), ..asked.clone() };
    }
    let library = PoolConfig::default();
    Settings {
        pool_size: asked.pool_size.or_else(|| Some(default_size())),
        acquire_timeout: library.timeouts.wait.map(HumanDuration),
        connect_timeout: library.timeouts.create.map(HumanDuration),
        health_check: false,
        // Its first example prepares and caches.
        statements: StatementMode::Cached,
        min_idle: 0,
        max_lifetime: None,
        ..asked.clone()
    }
}

fn default_size() -> u32 {
    u32::try_from(PoolConfig::default().max_size).unwrap_or(u32::MAX)
}

impl Strategy for Deadpool {
    fn acquire(&self) -> LocalBoxFuture<'_, Lent<'_>> {
        Box::pin(async move {
            let object = self.pool.get().await.map_err(fault)?;
            let session = AsyncSession::new(Borrowed(object), self.settings.statements);
            Ok(Box::new(session) as Box<dyn Session>)
        })
    }

    fn settings(&self) -> Settings {
        let size = u32::try_from(self.pool.status().max_size).unwrap_or(u32::MAX);
        Settings { pool_size: Some(size), ..self.settings.clone() }
    }

    /// Not below a size that was never filled: deadpool (0.13) takes back the places of connections that it has
    /// opened, and of those only, so it would go on to lend as many as before.
    fn resize(&self, pool_size: u32) -> bool {
        let now = self.pool.status();
        let can = pool_size as usize >= now.max_size || now.size == now.max_size;
        if can {
            self.pool.resize(pool_size as usize);
        }
        can
    }

    fn counts(&self) -> Option<PoolCounts> {
        let status = self.pool.status();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Some(PoolCounts { size: count(status.size), idle: count(status.available), waiting: 0 })
    }

    fn close(&self) -> LocalBoxFuture<'_, ()> {
        self.pool.close();
        Box::pin(std::future::ready(()))
    }
}

/// With no slot left deadpool fails at once and keeps the error of Postgres.
fn fault(error: PoolError) -> Fault {
    let text = error.to_string();
    match error {
        PoolError::Backend(error) => error.into(),
        PoolError::Timeout(TimeoutType::Create) => Fault::new(ErrorKind::ConnectTimeout, text),
        PoolError::Timeout(_) => Fault::new(ErrorKind::PoolTimeout, text),
        PoolError::Closed => Fault::new(ErrorKind::ConnectionLost, text),
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => Fault::new(ErrorKind::Query, text),
    }
}

/// A lent connection, with deadpool's own cache of statements.
struct Borrowed(Object);

impl Handle for Borrowed {
    fn client(&self) -> &Client {
        &self.0
    }

    async fn prepared(
        &self,
        statement: &'static Statement,
    ) -> Result<tokio_postgres::Statement, tokio_postgres::Error> {
        ClientWrapper::prepare_typed_cached(&self.0, statement.sql, statement.types).await
    }
}

/// deadpool's own way to connect, timed and counted.
struct Metered {
    inner: ConfigConnectImpl<Tls>,
    meter: Arc<Meter>,
}

impl Connect for Metered {
    fn connect(
        &self,
        config: &tokio_postgres::Config,
    ) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        let attempt = self.inner.connect(config);
        Box::pin(async move {
            let connected = self.meter.connecting(attempt).await?;
            self.meter.count_opened();
            Ok(connected)
        })
    }
}
