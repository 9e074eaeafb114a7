//! `postgres::Client` connects for every request, on a blocking thread, and closes afterwards.

use poollab_model::{Acquisition, Settings};

use super::{BlockingStrategy, Context, Entry, Lent, Open};
use crate::drivers::synchronous::{SyncConnector, SyncSession};
use crate::fault::Fault;

pub const ENTRY: Entry = Entry {
    id: "per-request-sync",
    summary: "the synchronous postgres client connects for every request, on a blocking thread",
    acquisition: Acquisition::PerRequest,
    isolates_transactions: true,
    refuses_transactions: false,
    connects: "at every request",
    open: Open::Threads(open),
};

struct PerRequestSync {
    connector: SyncConnector,
    settings: Settings,
}

fn open(context: &Context) -> Result<Box<dyn BlockingStrategy>, Fault> {
    let settings = super::without_pool(&context.settings);
    Ok(Box::new(PerRequestSync { connector: context.sync_connector(&settings), settings }))
}

impl BlockingStrategy for PerRequestSync {
    fn acquire(&self) -> Lent<'_> {
        let connection = Box::new(self.connector.connect()?);
        Ok(Box::new(SyncSession::new(connection, self.settings.statements)))
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    /// Every connection is lent, and closes when its request ends.
    fn close(&self) {}
}
