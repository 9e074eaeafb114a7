//! Ways to get a connection. To add one: write a file with an `ENTRY`, name it here, add it to
//! [`STRATEGIES`]. The conformance suite picks it up from there.

mod bb8;
mod deadpool;
mod naive;
mod naive_locked;
mod per_request;
mod per_request_sync;
mod pipelined;
mod r2d2;
mod sqlx;

use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use poollab_db::connect::{ConnectError, Tls};
use poollab_model::{Acquisition, Endpoint, PoolCounts, Settings, StrategyInfo};

use crate::drivers;
use crate::drivers::asynchronous::Connector;
use crate::drivers::synchronous::SyncConnector;
use crate::fault::{Causes, Fault};
use crate::meter::{Meter, Moment};
use crate::session::Session;

/// All of them, in the order of the documentation.
pub static STRATEGIES: &[&Entry] = &[
    &naive::ENTRY,
    &naive_locked::ENTRY,
    &per_request::ENTRY,
    &per_request_sync::ENTRY,
    &deadpool::ENTRY,
    &bb8::ENTRY,
    &r2d2::ENTRY,
    &sqlx::ENTRY,
    &pipelined::ENTRY,
];

/// One line of the registry.
pub struct Entry {
    /// Its name.
    pub id: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// How it comes by a connection.
    pub acquisition: Acquisition,
    /// Whether a request has its connection to itself.
    pub isolates_transactions: bool,
    /// Whether it refuses workloads that need a transaction of their own.
    pub refuses_transactions: bool,
    /// When it connects, said at the start of a service whose database is not there yet.
    pub connects: &'static str,
    /// How to open it.
    pub open: Open,
}

/// Opening a strategy: where it then runs is part of it.
pub enum Open {
    /// Requests are served by tasks.
    Tasks(fn(&Context) -> Result<Box<dyn Strategy>, Fault>),
    /// Requests are served by blocking threads, and so are opening and closing.
    Threads(fn(&Context) -> Result<Box<dyn BlockingStrategy>, Fault>),
}

/// A connection that a strategy lends, or why it does not.
pub type Lent<'a> = Result<Box<dyn Session + 'a>, Fault>;

/// A way to get a connection for a task.
pub trait Strategy: Send + Sync {
    /// Gets one. The future may be dropped at any time; no slot may be lost by that.
    fn acquire(&self) -> LocalBoxFuture<'_, Lent<'_>>;

    /// The settings in force, as the library reports them wherever it does.
    fn settings(&self) -> Settings;

    /// Size and idle as the library counts them; `None`: it does not.
    fn counts(&self) -> Option<PoolCounts> {
        None
    }

    /// Gives the running pool another size, idle connections that are too many closed. `false`: the library can't.
    fn resize(&self, pool_size: u32) -> bool {
        let _ = pool_size;
        false
    }

    /// What can be found out afterwards about a fault of acquiring whose cause nobody has told `since`
    /// the request began to wait.
    fn explain(&self, fault: Fault, since: Moment) -> LocalBoxFuture<'_, Fault> {
        let _ = since;
        Box::pin(std::future::ready(fault))
    }

    /// Closes all connections that are not lent.
    fn close(&self) -> LocalBoxFuture<'_, ()>;
}

/// A way to get a connection for a blocking thread.
pub trait BlockingStrategy: Send + Sync {
    /// Gets one, keeping the thread until it is there.
    fn acquire(&self) -> Lent<'_>;

    /// The settings in force.
    fn settings(&self) -> Settings;

    /// Size and idle as the library counts them; `None`: it does not.
    fn counts(&self) -> Option<PoolCounts> {
        None
    }

    /// Closes all connections that are not lent.
    fn close(&self);
}

/// What a strategy is opened with.
pub struct Context {
    /// The settings asked for.
    pub settings: Settings,
    /// The database.
    pub endpoint: Endpoint,
    /// `application_name` of the connections.
    pub application_name: String,
    /// Counts and times.
    pub meter: Arc<Meter>,
    /// Where failures to connect in the background are told.
    pub causes: Arc<Causes>,
    tls: Tls,
}

impl Context {
    /// Puts it together.
    ///
    /// # Errors
    /// TLS is asked for and can't be set up.
    pub fn new(
        endpoint: Endpoint,
        application_name: String,
        settings: Settings,
    ) -> Result<Self, ConnectError> {
        let tls = drivers::tls(&endpoint, &settings)?;
        let meter = Arc::default();
        let causes = Arc::default();
        Ok(Self { settings, endpoint, application_name, meter, causes, tls })
    }

    /// For `tokio_postgres`, with the settings given.
    pub fn connector(&self, settings: &Settings) -> Connector {
        Connector {
            config: drivers::config(&self.endpoint, &self.application_name, settings),
            tls: self.tls.clone(),
            timeout: settings.connect_timeout.map(|limit| limit.0),
            meter: Arc::clone(&self.meter),
        }
    }

    /// For `postgres`, with the settings given.
    pub fn sync_connector(&self, settings: &Settings) -> SyncConnector {
        SyncConnector {
            config: drivers::config(&self.endpoint, &self.application_name, settings).into(),
            tls: self.tls.clone(),
            meter: Arc::clone(&self.meter),
        }
    }
}

impl Entry {
    /// As data.
    pub fn info(&self) -> Option<StrategyInfo> {
        Some(StrategyInfo {
            id: self.id.parse().ok()?,
            summary: self.summary.to_owned(),
            acquisition: self.acquisition,
            isolates_transactions: self.isolates_transactions,
            refuses_transactions: self.refuses_transactions,
            blocking: matches!(self.open, Open::Threads(_)),
        })
    }
}

/// The strategy of this name.
pub fn find(id: &str) -> Option<&'static Entry> {
    STRATEGIES.iter().copied().find(|entry| entry.id == id)
}

/// Settings that mean nothing to a strategy without a pool, taken out of those asked for. With the
/// library's defaults the driver waits as long as the operating system does, and prepares each time.
fn without_pool(asked: &Settings) -> Settings {
    use poollab_model::{DefaultsPolicy, StatementMode};
    let library = asked.defaults == DefaultsPolicy::Library;
    Settings {
        pool_size: None,
        acquire_timeout: None,
        connect_timeout: asked.connect_timeout.filter(|_| !library),
        health_check: false,
        statements: if library { StatementMode::EachTime } else { asked.statements },
        min_idle: 0,
        max_lifetime: None,
        ..asked.clone()
    }
}
