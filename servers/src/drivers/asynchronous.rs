//! `tokio_postgres`: connecting, caching statements, and the session that all strategies on it share.

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, poll_fn};
use poollab_db::connect::Tls;
use poollab_model::{ErrorKind, StatementMode};
use tokio_postgres::error::DbError;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client};

use crate::fault::Fault;
use crate::meter::{Meter, Open};
use crate::session::{Control, Param, Rows, Session, Statement};

/// Opens connections.
#[derive(Clone)]
pub struct Connector {
    /// Where to and how.
    pub config: tokio_postgres::Config,
    /// Used if the configuration asks for it.
    pub tls: Tls,
    /// Limit of an attempt, log-in included. `None`: none.
    pub timeout: Option<Duration>,
    /// Counts and times attempts.
    pub meter: Arc<Meter>,
}

impl Connector {
    /// Opens one, and sees to it that it is driven on the current runtime.
    pub async fn connect(&self) -> Result<Connection, Fault> {
        self.connect_listening(|_| ()).await
    }

    /// Connects and closes again, counting nothing, within `limit`.
    pub async fn probe(&self, limit: Duration) -> Result<(), Fault> {
        let limit = self.timeout.map_or(limit, |timeout| timeout.min(limit));
        let (client, driver) = within(Some(limit), self.config.connect(self.tls.clone())).await?;
        drop(client);
        // What is sent is only the good-bye; that the log-in went well is known.
        let _ = tokio::time::timeout(limit, driver).await;
        Ok(())
    }

    /// The same as [`connect`](Self::connect), with somebody who is told the notices that Postgres sends.
    pub async fn connect_listening(
        &self,
        mut notice: impl FnMut(DbError) + Send + 'static,
    ) -> Result<Connection, Fault> {
        let attempt = async {
            let (client, mut driver) = self.config.connect(self.tls.clone()).await?;
            tokio::spawn(async move {
                while let Some(Ok(message)) = poll_fn(|context| driver.poll_message(context)).await {
                    if let AsyncMessage::Notice(text) = message {
                        notice(text);
                    }
                }
            });
            Ok(client)
        };
        let client = self.meter.connecting(within(self.timeout, attempt)).await?;
        Ok(Connection::new(client, self.meter.opened()))
    }
}

/// Gives up a connection attempt that takes too long.
pub async fn within<T>(
    limit: Option<Duration>,
    attempt: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Fault> {
    match limit {
        None => Ok(attempt.await?),
        Some(limit) => match tokio::time::timeout(limit, attempt).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(Fault::new(
                ErrorKind::ConnectTimeout,
                format!("a connection attempt took more than {limit:?}"),
            )),
        },
    }
}

/// A connection with the statements prepared on it.
pub struct Connection {
    client: Client,
    /// By text. There are about ten: a list is faster than hashing.
    prepared: Mutex<Vec<(&'static str, tokio_postgres::Statement)>>,
    _open: Open,
}

impl Connection {
    /// A connection that has just been opened.
    pub fn new(client: Client, open: Open) -> Self {
        Self { client, prepared: Mutex::default(), _open: open }
    }

    /// The driver's handle, for a pool that checks its connections.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    async fn prepared(
        &self,
        statement: &'static Statement,
    ) -> Result<tokio_postgres::Statement, tokio_postgres::Error> {
        if let Ok(known) = self.prepared.lock()
            && let Some((_, prepared)) = known.iter().find(|(sql, _)| *sql == statement.sql)
        {
            return Ok(prepared.clone());
        }
        let prepared = self.client.prepare_typed(statement.sql, statement.types).await?;
        if let Ok(mut known) = self.prepared.lock() {
            known.push((statement.sql, prepared.clone()));
        }
        Ok(prepared)
    }
}

/// Something through which a connection is reached while it is lent.
pub trait Handle {
    /// The driver's handle.
    fn client(&self) -> &Client;

    /// The statement, prepared on this connection once.
    fn prepared(
        &self,
        statement: &'static Statement,
    ) -> impl Future<Output = Result<tokio_postgres::Statement, tokio_postgres::Error>>;
}

/// A pool's guard, an `Arc`, a `Box`: whatever leads to a [`Connection`].
impl<T: Deref<Target = Connection>> Handle for T {
    fn client(&self) -> &Client {
        &self.client
    }

    async fn prepared(
        &self,
        statement: &'static Statement,
    ) -> Result<tokio_postgres::Statement, tokio_postgres::Error> {
        Connection::prepared(self, statement).await
    }
}

/// A lent connection.
pub struct AsyncSession<H: Handle> {
    handle: H,
    mode: StatementMode,
    in_transaction: bool,
}

impl<H: Handle> AsyncSession<H> {
    /// Lends what the handle leads to, until the session is dropped.
    pub fn new(handle: H, mode: StatementMode) -> Self {
        Self { handle, mode, in_transaction: false }
    }

    /// Whether a transaction is open, as far as was sent. Dropping the session then rolls it back.
    pub fn is_in_transaction(&self) -> bool {
        self.in_transaction
    }
}

impl<H: Handle> Session for AsyncSession<H> {
    fn query<'a>(
        &'a mut self,
        statement: &'static Statement,
        params: &'a [Param],
    ) -> LocalBoxFuture<'a, Result<Rows, Fault>> {
        Box::pin(async move {
            let client = self.handle.client();
            let values = params.iter().map(Param::as_sql);
            let rows = match self.mode {
                StatementMode::Cached => {
                    let prepared = self.handle.prepared(statement).await?;
                    client.query(&prepared, &values.collect::<Vec<_>>()).await?
                }
                StatementMode::Unnamed => {
                    let typed: Vec<(&(dyn ToSql + Sync), Type)> =
                        values.zip(statement.types.iter().cloned()).collect();
                    client.query_typed(statement.sql, &typed).await?
                }
                StatementMode::EachTime => client.query(statement.sql, &values.collect::<Vec<_>>()).await?,
            };
            Ok(Rows::Postgres(rows))
        })
    }

    fn control(&mut self, control: Control) -> LocalBoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            // Set before BEGIN is sent and cleared after the end has been answered: a request that is
            // cancelled in between still leaves no transaction behind.
            self.in_transaction = true;
            self.handle.client().batch_execute(control.sql()).await?;
            self.in_transaction = control == Control::Begin;
            Ok(())
        })
    }
}

impl<H: Handle> Drop for AsyncSession<H> {
    fn drop(&mut self) {
        if self.in_transaction {
            // One poll sends it, in order before anything that the next borrower asks; nobody waits for
            // the answer. This is what the driver's own `Transaction` does when dropped.
            let _ = self.handle.client().batch_execute(Control::Rollback.sql()).now_or_never();
        }
    }
}
