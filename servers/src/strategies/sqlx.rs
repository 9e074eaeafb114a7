//! sqlx's `PgPool`.
//!
//! What differs from the others because the library gives no way to do it: connecting can't be timed
//! apart from waiting, there is no limit for one attempt to connect, and an attempt that is refused for
//! want of a slot is repeated inside until the request's time is up, without telling anybody. So after
//! such a time-out one connection of ours is tried, and what it meets is told as the cause, marked as
//! seen by a probe.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use poollab_db::classify;
use poollab_model::{
    Acquisition, DefaultsPolicy, Endpoint, ErrorKind, Host, HumanDuration, PoolCounts, Settings,
    StatementMode, Verification,
};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgSslMode};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, Postgres};

use super::{Context, Entry, Lent, Open, Strategy};
use crate::drivers;
use crate::fault::{Causes, Fault};
use crate::meter::Moment;
use crate::session::{Control, Param, Rows, Session, Statement};

pub const ENTRY: Entry = Entry {
    id: "sqlx",
    summary: "sqlx's PgPool: an asynchronous pool of connections that cache their own statements",
    acquisition: Acquisition::Pooled,
    isolates_transactions: true,
    refuses_transactions: false,
    connects: "when a request finds no idle connection; the request itself connects",
    open: Open::Tasks(open),
};

struct Sqlx {
    pool: PgPool,
    probe: Probe,
    settings: Settings,
}

fn open(context: &Context) -> Result<Box<dyn Strategy>, Fault> {
    let asked = &context.settings;
    let meter = Arc::clone(&context.meter);
    let mut options = PgPoolOptions::new().after_connect(move |_, _| {
        meter.count_opened();
        Box::pin(std::future::ready(Ok(())))
    });
    if let Some(size) = asked.pool_size {
        options = options.max_connections(size);
    }
    if asked.defaults == DefaultsPolicy::Equalised {
        options = options
            .acquire_timeout(asked.acquire_timeout.map_or(FOR_EVER, Into::into))
            .test_before_acquire(asked.health_check)
            .min_connections(asked.min_idle)
            .max_lifetime(asked.max_lifetime.map(Duration::from))
            .idle_timeout(None);
    }
    let settings = in_force(asked, &options);
    // sqlx panics without a default where it verifies less than the host. An error: there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let connect = connect_options(&context.endpoint, &context.application_name, &settings);
    let causes = Arc::clone(&context.causes);
    let probe = Probe { options: connect.clone(), causes, turn: tokio::sync::Mutex::new(()) };
    let pool = options.connect_lazy_with(connect);
    Ok(Box::new(Sqlx { pool, probe, settings }))
}

/// sqlx has no "for ever".
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

fn in_force(asked: &Settings, pool: &PgPoolOptions) -> Settings {
    Settings {
        pool_size: Some(pool.get_max_connections()),
        acquire_timeout: Some(pool.get_acquire_timeout())
            .filter(|limit| *limit < FOR_EVER)
            .map(HumanDuration),
        connect_timeout: None,
        health_check: pool.get_test_before_acquire(),
        statements: match asked.defaults {
            DefaultsPolicy::Equalised => asked.statements,
            DefaultsPolicy::Library => StatementMode::Cached,
        },
        min_idle: pool.get_min_connections(),
        max_lifetime: pool.get_max_lifetime().map(HumanDuration),
        ..asked.clone()
    }
}

fn connect_options(endpoint: &Endpoint, application_name: &str, settings: &Settings) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(endpoint.port)
        .username(&endpoint.user)
        .database(&endpoint.dbname)
        .application_name(application_name)
        .ssl_mode(match endpoint.verification {
            _ if !settings.tls => PgSslMode::Disable,
            Verification::Nothing => PgSslMode::Require,
            Verification::Authority => PgSslMode::VerifyCa,
            Verification::Host => PgSslMode::VerifyFull,
        })
        .disable_statement_logging();
    options = match &endpoint.host {
        Host::Tcp(host) => options.host(host),
        Host::Socket(folder) => options.socket(folder),
    };
    if let Some(password) = &endpoint.password {
        options = options.password(password.reveal());
    }
    if let Some(pem) = &endpoint.root_certificate {
        options = options.ssl_root_cert_from_pem(pem.clone().into_bytes());
    }
    if let Some(limit) = settings.statement_timeout {
        options = options.options([("statement_timeout", drivers::whole_millis(limit.0).to_string())]);
    }
    options
}

impl Strategy for Sqlx {
    fn acquire(&self) -> LocalBoxFuture<'_, Lent<'_>> {
        Box::pin(async move {
            let connection = self.pool.acquire().await.map_err(fault)?;
            let mode = self.settings.statements;
            Ok(Box::new(SqlxSession { connection: Some(connection), mode, in_transaction: false })
                as Box<dyn Session>)
        })
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn counts(&self) -> Option<PoolCounts> {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        Some(PoolCounts { size: self.pool.size(), idle, waiting: 0 })
    }

    fn explain(&self, fault: Fault, since: Moment) -> LocalBoxFuture<'_, Fault> {
        Box::pin(async move {
            if fault.kind != ErrorKind::PoolTimeout {
                return fault;
            }
            self.probe.run().await;
            Fault { cause: self.probe.causes.since(since), ..fault }
        })
    }

    fn close(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(self.pool.close())
    }
}

fn fault(error: sqlx::Error) -> Fault {
    let text = error.to_string();
    match error {
        sqlx::Error::PoolTimedOut => Fault::new(ErrorKind::PoolTimeout, text),
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Fault::new(ErrorKind::ConnectionLost, text),
        sqlx::Error::Database(error) => {
            // As the other drivers' errors are written.
            let severity = error
                .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
                .map_or_else(|| "ERROR".to_owned(), |error| format!("{:?}", error.severity()).to_uppercase());
            let text = format!("{severity}: {}", error.message());
            classify::parts(error.code().as_deref(), &text, None).into()
        }
        sqlx::Error::Io(error) => classify::parts(None, &text, Some(error.kind())).into(),
        _ => classify::parts(None, &text, None).into(),
    }
}

/// One connection attempt of ours after a time-out.
struct Probe {
    options: PgConnectOptions,
    causes: Arc<Causes>,
    turn: tokio::sync::Mutex<()>,
}

/// How long a probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

impl Probe {
    /// Tries, or waits for another request that is trying at this moment.
    async fn run(&self) {
        let Ok(_turn) = self.turn.try_lock() else {
            drop(self.turn.lock().await);
            return;
        };
        match tokio::time::timeout(PROBE_LIMIT, self.options.connect()).await {
            Ok(Ok(connection)) => drop(connection.close().await),
            Ok(Err(error)) => {
                let found = fault(error);
                let message = format!("{} (met by a probe just after the time-out)", found.message);
                self.causes.record(Fault { message, ..found });
            }
            // An attempt that takes so long is no evidence of anything.
            Err(_) => {}
        }
    }
}

/// A lent connection.
struct SqlxSession {
    /// Always there until the session is dropped.
    connection: Option<PoolConnection<Postgres>>,
    mode: StatementMode,
    in_transaction: bool,
}

impl SqlxSession {
    fn connection(&mut self) -> Result<&mut PoolConnection<Postgres>, Fault> {
        self.connection
            .as_mut()
            .ok_or_else(|| Fault::new(ErrorKind::ConnectionLost, "the connection has been given back"))
    }
}

fn bind<'q>(query: Query<'q, Postgres, PgArguments>, param: &Param) -> Query<'q, Postgres, PgArguments> {
    match *param {
        Param::Int4(value) => query.bind(value),
        Param::Int8(value) => query.bind(value),
    }
}

impl Session for SqlxSession {
    fn query<'a>(
        &'a mut self,
        statement: &'static Statement,
        params: &'a [Param],
    ) -> LocalBoxFuture<'a, Result<Rows, Fault>> {
        Box::pin(async move {
            let mode = self.mode;
            let connection = self.connection()?;
            let query = params.iter().fold(sqlx::query(statement.sql), bind);
            let rows = query
                .persistent(mode != StatementMode::Unnamed)
                .fetch_all(&mut **connection)
                .await
                .map_err(fault)?;
            if mode == StatementMode::EachTime {
                // sqlx keeps every named statement; to close it is a second round trip.
                connection.clear_cached_statements().await.map_err(fault)?;
            }
            Ok(Rows::Sqlx(rows))
        })
    }

    fn control(&mut self, control: Control) -> LocalBoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            self.in_transaction = true;
            let connection = self.connection()?;
            sqlx::raw_sql(control.sql()).execute(&mut **connection).await.map_err(fault)?;
            self.in_transaction = control == Control::Begin;
            Ok(())
        })
    }
}

impl Drop for SqlxSession {
    fn drop(&mut self) {
        // As sqlx's own `Transaction` does when dropped: the rollback runs in the task that gives back.
        if self.in_transaction
            && let Some(mut connection) = self.connection.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                if sqlx::raw_sql(Control::Rollback.sql()).execute(&mut *connection).await.is_err() {
                    connection.close_on_drop();
                }
            });
        }
    }
}
