//! `tokio_postgres` connects for every request and closes afterwards.

use futures_util::future::LocalBoxFuture;
use poollab_model::{Acquisition, Settings};

use super::{Context, Entry, Lent, Open, Strategy};
use crate::drivers::asynchronous::{AsyncSession, Connector};
use crate::fault::Fault;
use crate::session::Session;

pub const ENTRY: Entry = Entry {
    id: "per-request",
    summary: "tokio_postgres connects for every request and closes afterwards",
    acquisition: Acquisition::PerRequest,
    isolates_transactions: true,
    refuses_transactions: false,
    connects: "at every request",
    open: Open::Tasks(open),
};

struct PerRequest {
    connector: Connector,
    settings: Settings,
}

fn open(context: &Context) -> Result<Box<dyn Strategy>, Fault> {
    let settings = super::without_pool(&context.settings);
    Ok(Box::new(PerRequest { connector: context.connector(&settings), settings }))
}

impl Strategy for PerRequest {
    fn acquire(&self) -> LocalBoxFuture<'_, Lent<'_>> {
        Box::pin(async move {
            let connection = Box::new(self.connector.connect().await?);
            Ok(Box::new(AsyncSession::new(connection, self.settings.statements)) as Box<dyn Session>)
        })
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    /// Every connection is lent, and closes when its request ends.
    fn close(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
