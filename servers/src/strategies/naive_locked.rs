//! One synchronous `postgres::Client` behind a mutex, on blocking threads: the classic first version of a
//! service. Correct, and one request at a time, however many threads there are.

use std::{mem, thread};

use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use poollab_model::{Acquisition, DefaultsPolicy, ErrorKind, Settings};

use super::{BlockingStrategy, Context, Entry, Lent, Open};
use crate::drivers::synchronous::{SyncConnection, SyncConnector, SyncSession};
use crate::fault::Fault;

pub const ENTRY: Entry = Entry {
    id: "naive-locked",
    summary: "one synchronous postgres client behind a mutex, on blocking threads",
    acquisition: Acquisition::SharedLocked,
    isolates_transactions: true,
    refuses_transactions: false,
    connects: "at the first request, and again at the next one after the connection was lost",
    open: Open::Threads(open),
};

/// Where the only connection is.
enum Place {
    /// Not opened yet, or lost.
    Empty,
    Open(Box<SyncConnection>),
    /// For good. Jobs that still wait for their turn must not connect again: nobody would close that.
    Closed,
}

impl Place {
    fn open(&mut self) -> Option<&mut SyncConnection> {
        match self {
            Self::Open(connection) => Some(connection),
            Self::Empty | Self::Closed => None,
        }
    }
}

struct NaiveLocked {
    place: Mutex<Place>,
    connector: SyncConnector,
    settings: Settings,
}

fn open(context: &Context) -> Result<Box<dyn BlockingStrategy>, Fault> {
    let asked = &context.settings;
    let mut settings = super::without_pool(asked);
    // A mutex out of the box waits for ever.
    settings.acquire_timeout = asked.acquire_timeout.filter(|_| asked.defaults == DefaultsPolicy::Equalised);
    let connector = context.sync_connector(&settings);
    Ok(Box::new(NaiveLocked { place: Mutex::new(Place::Empty), connector, settings }))
}

impl BlockingStrategy for NaiveLocked {
    fn acquire(&self) -> Lent<'_> {
        let mut turn = match self.settings.acquire_timeout {
            None => self.place.lock(),
            Some(limit) => self.place.try_lock_for(limit.0).ok_or_else(|| {
                Fault::new(ErrorKind::PoolTimeout, format!("the only connection was not free within {limit}"))
            })?,
        };
        let lives = match &*turn {
            Place::Empty => false,
            Place::Open(connection) => !connection.is_closed(),
            Place::Closed => return Err(closed()),
        };
        if !lives {
            // Closed before the new one is opened: there is never more than one.
            *turn = Place::Empty;
            *turn = Place::Open(Box::new(self.connector.connect()?));
        }
        let connection: MappedMutexGuard<'_, SyncConnection> =
            MutexGuard::try_map(turn, Place::open).map_err(|_| closed())?;
        Ok(Box::new(SyncSession::new(connection, self.settings.statements)))
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn close(&self) {
        *self.place.lock() = Place::Closed;
    }
}

impl Drop for NaiveLocked {
    /// Where a job did not end in time the connection was not closed, and the client panics if a runtime drops it.
    fn drop(&mut self) {
        let left = mem::replace(self.place.get_mut(), Place::Closed);
        if let Place::Open(connection) = left {
            let _ = thread::Builder::new().name("drop".to_owned()).spawn(move || drop(connection));
        }
    }
}

fn closed() -> Fault {
    Fault::new(ErrorKind::ConnectionLost, "the connection was closed: the service is stopping")
}
