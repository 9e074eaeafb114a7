//! `postgres`, the synchronous driver. It panics when it is built, used or dropped inside an
//! asynchronous task, so everything here runs on blocking threads only.

use std::ops::DerefMut;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use poollab_db::connect::Tls;
use poollab_model::StatementMode;
use postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use crate::fault::Fault;
use crate::meter::{Meter, Open};
use crate::session::{Control, Param, Rows, Session, Statement};

/// Opens connections. The limit of an attempt covers the socket and not the log-in: the driver knows no
/// other.
#[derive(Clone)]
pub struct SyncConnector {
    /// Where to and how.
    pub config: postgres::Config,
    /// Used if the configuration asks for it.
    pub tls: Tls,
    /// Counts and times attempts.
    pub meter: Arc<Meter>,
}

impl SyncConnector {
    /// Opens one.
    pub fn connect(&self) -> Result<SyncConnection, Fault> {
        let client = self.meter.connecting_sync(|| self.config.connect(self.tls.clone()))?;
        Ok(SyncConnection::new(client, self.meter.opened()))
    }
}

/// A connection with the statements prepared on it.
pub struct SyncConnection {
    client: Client,
    prepared: Vec<(&'static str, postgres::Statement)>,
    _open: Open,
}

impl SyncConnection {
    /// A connection that has just been opened.
    pub fn new(client: Client, open: Open) -> Self {
        Self { client, prepared: Vec::new(), _open: open }
    }

    /// The driver's handle, for a pool that checks its connections.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Whether the connection is known to have ended. The driver notices when it is next used.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    fn prepared(&mut self, statement: &'static Statement) -> Result<postgres::Statement, postgres::Error> {
        if let Some((_, prepared)) = self.prepared.iter().find(|(sql, _)| *sql == statement.sql) {
            return Ok(prepared.clone());
        }
        let prepared = self.client.prepare_typed(statement.sql, statement.types)?;
        self.prepared.push((statement.sql, prepared.clone()));
        Ok(prepared)
    }

    fn query(
        &mut self,
        mode: StatementMode,
        statement: &'static Statement,
        params: &[Param],
    ) -> Result<Rows, Fault> {
        let values = params.iter().map(Param::as_sql);
        let rows = match mode {
            StatementMode::Cached => {
                let prepared = self.prepared(statement)?;
                self.client.query(&prepared, &values.collect::<Vec<_>>())?
            }
            StatementMode::Unnamed => {
                let typed: Vec<(&(dyn ToSql + Sync), Type)> =
                    values.zip(statement.types.iter().cloned()).collect();
                self.client.query_typed(statement.sql, &typed)?
            }
            StatementMode::EachTime => self.client.query(statement.sql, &values.collect::<Vec<_>>())?,
        };
        Ok(Rows::Postgres(rows))
    }
}

/// A lent connection. Its futures are ready when they are first polled: the thread waits in there.
pub struct SyncSession<H: DerefMut<Target = SyncConnection>> {
    handle: H,
    mode: StatementMode,
    in_transaction: bool,
}

impl<H: DerefMut<Target = SyncConnection>> SyncSession<H> {
    /// Lends what the handle leads to, until the session is dropped.
    pub fn new(handle: H, mode: StatementMode) -> Self {
        Self { handle, mode, in_transaction: false }
    }
}

impl<H: DerefMut<Target = SyncConnection>> Session for SyncSession<H> {
    fn query<'a>(
        &'a mut self,
        statement: &'static Statement,
        params: &'a [Param],
    ) -> LocalBoxFuture<'a, Result<Rows, Fault>> {
        // Lazy, so that the clock around the future sees the time.
        Box::pin(async move { self.handle.query(self.mode, statement, params) })
    }

    fn control(&mut self, control: Control) -> LocalBoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            self.in_transaction = true;
            self.handle.client.batch_execute(control.sql())?;
            self.in_transaction = control == Control::Begin;
            Ok(())
        })
    }
}

impl<H: DerefMut<Target = SyncConnection>> Drop for SyncSession<H> {
    fn drop(&mut self) {
        if self.in_transaction {
            let _ = self.handle.client.batch_execute(Control::Rollback.sql());
        }
    }
}
