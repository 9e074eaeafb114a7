//! N shared `tokio_postgres` clients; a request takes the one with the fewest in flight. For single
//! statements only: on a shared connection a transaction would not be the request's own, so workloads
//! that need one are refused, in words, before they begin.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use futures_util::future::LocalBoxFuture;
use poollab_model::{Acquisition, DefaultsPolicy, ErrorKind, Settings};

use super::{Context, Entry, Lent, Open, Strategy};
use crate::drivers::asynchronous::{AsyncSession, Connection, Connector};
use crate::drivers::shared::SharedConnection;
use crate::fault::Fault;
use crate::session::{Control, Param, Rows, Session, Statement};

pub const ENTRY: Entry = Entry {
    id: "pipelined",
    summary: "N shared tokio_postgres clients, a request takes the one with the fewest in flight",
    acquisition: Acquisition::Pipelined,
    isolates_transactions: false,
    refuses_transactions: true,
    connects: "each client at the first request that it gets, and again after its connection was lost",
    open: Open::Tasks(open),
};

/// Clients where nobody says how many.
const DEFAULT_SIZE: u32 = 8;

struct Pipelined {
    clients: Vec<Client>,
    connector: Connector,
    settings: Settings,
}

#[derive(Default)]
struct Client {
    shared: SharedConnection<()>,
    in_flight: AtomicU32,
}

fn open(context: &Context) -> Result<Box<dyn Strategy>, Fault> {
    let asked = &context.settings;
    let size = asked.pool_size.unwrap_or(DEFAULT_SIZE);
    let settings = Settings {
        pool_size: Some(size),
        min_idle: if asked.defaults == DefaultsPolicy::Equalised { asked.min_idle.min(size) } else { 0 },
        ..super::without_pool(asked)
    };
    let clients = (0..size).map(|_| Client::default()).collect();
    Ok(Box::new(Pipelined { clients, connector: context.connector(&settings), settings }))
}

impl Strategy for Pipelined {
    fn acquire(&self) -> LocalBoxFuture<'_, Lent<'_>> {
        Box::pin(async move {
            let fewest = self.clients.iter().min_by_key(|client| client.in_flight.load(Relaxed));
            let Some(client) = fewest else {
                return Err(Fault::new(ErrorKind::PoolTimeout, "there are no clients to choose from"));
            };
            let place = Place::take(client);
            let connect = async || Ok((self.connector.connect().await?, ()));
            let (connection, ()) = client.shared.get(connect).await?;
            let inner = AsyncSession::new(connection, self.settings.statements);
            Ok(Box::new(PipelinedSession { inner, _place: place }) as Box<dyn Session>)
        })
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn close(&self) -> LocalBoxFuture<'_, ()> {
        for client in &self.clients {
            client.shared.close();
        }
        Box::pin(std::future::ready(()))
    }
}

/// One request in flight on a client.
struct Place<'a>(&'a AtomicU32);

impl<'a> Place<'a> {
    fn take(client: &'a Client) -> Self {
        client.in_flight.fetch_add(1, Relaxed);
        Self(&client.in_flight)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

struct PipelinedSession<'a> {
    inner: AsyncSession<Arc<Connection>>,
    _place: Place<'a>,
}

impl Session for PipelinedSession<'_> {
    fn query<'a>(
        &'a mut self,
        statement: &'static Statement,
        params: &'a [Param],
    ) -> LocalBoxFuture<'a, Result<Rows, Fault>> {
        self.inner.query(statement, params)
    }

    fn control(&mut self, _: Control) -> LocalBoxFuture<'_, Result<(), Fault>> {
        let refusal = Fault::new(ErrorKind::Unsupported, REFUSAL);
        Box::pin(std::future::ready(Err(refusal)))
    }
}

/// Why it refuses.
const REFUSAL: &str =
    "pipelined shares each connection among requests, so no transaction can be a request's own";
