//! One synchronous `postgres::Client` behind a mutex, on blocking threads: the classic first version of a
//! service. Correct, and one request at a time, however many threads there are.

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use poollab_model::{Acquisition, DefaultsPolicy, ErrorKind, Settings};

use super::{BlockingStrategy, Context, Entry, Lent, Open};
use crate::drivers::synchronous::{SyncConnection, SyncConnector, SyncSession};
use crate::fault::Fault;

/// The line of the registry.
pub const ENTRY: Entry = Entry {
    id: "naive-locked",
    summary: "one synchronous postgres client behind a mutex, on blocking threads",
    acquisition: Acquisition::SharedLocked,
    isolates_transactions: true,
    refuses_transactions: false,
    connects: "at the first request, and again at the next one after the connection was lost",
    open: Open::Threads(open),
};

struct NaiveLocked {
    client: Mutex<Option<SyncConnection>>,
    connector: SyncConnector,
    settings: Settings,
}

fn open(context: &Context) -> Result<Box<dyn BlockingStrategy>, Fault> {
    let asked = &context.settings;
    let mut settings = super::without_pool(asked);
    // A mutex out of the box waits for ever.
    settings.acquire_timeout = asked.acquire_timeout.filter(|_| asked.defaults == DefaultsPolicy::Equalised);
    let connector = context.sync_connector(&settings);
    Ok(Box::new(NaiveLocked { client: Mutex::new(None), connector, settings }))
}

impl BlockingStrategy for NaiveLocked {
    fn acquire(&self) -> Lent<'_> {
        let mut turn = match self.settings.acquire_timeout {
            None => self.client.lock(),
            Some(limit) => self.client.try_lock_for(limit.0).ok_or_else(|| {
                Fault::new(ErrorKind::PoolTimeout, format!("the only connection was not free within {limit}"))
            })?,
        };
        if turn.as_ref().is_none_or(SyncConnection::is_closed) {
            // Closed before the new one is opened: there is never more than one.
            *turn = None;
            *turn = Some(self.connector.connect()?);
        }
        let connection: MappedMutexGuard<'_, SyncConnection> = MutexGuard::try_map(turn, Option::as_mut)
            .map_err(|_| {
                Fault::new(ErrorKind::ConnectionLost, "the connection was closed while it was opened")
            })?;
        Ok(Box::new(SyncSession::new(connection, self.settings.statements)))
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn close(&self) {
        *self.client.lock() = None;
    }
}
