//! Looks at PgBouncer ten times a second, through its admin console.
//!
//! The console knows the simple protocol only, and is not counted among the clients of a database. Like the
//! observer of Postgres this has a thread of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use poollab_model::{Endpoint, PoolerCounts};
use tokio::sync::{oneshot, watch};
use tokio_postgres::{Client, Error, SimpleQueryMessage, SimpleQueryRow};

use crate::connect::{Encryption, open};
use crate::error::DbError;
use crate::observer::APPLICATION_NAME;

/// What PgBouncer said at one moment.
#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    counts: PoolerCounts,
    /// Transactions so far.
    transactions: u64,
}

type Looks = Arc<Mutex<Vec<Look>>>;

/// A running observer of one PgBouncer. Dropping it closes its connection.
#[derive(Debug)]
pub struct PoolerObserver {
    looks: Looks,
    client: Arc<Client>,
    database: String,
    /// Dropping it ends the thread.
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl PoolerObserver {
    /// Connects to the console and begins to look at what goes to `database`.
    ///
    /// # Errors
    /// It can't connect.
    pub async fn start(admin: &Endpoint, database: &str, every: Duration) -> Result<Self, DbError> {
        let looks = Looks::default();
        let (stop, stopped) = watch::channel(());
        let (connected, when_connected) = oneshot::channel();
        let (endpoint, database, seen) = (admin.clone(), database.to_owned(), Arc::clone(&looks));
        let name = database.clone();
        let thread = std::thread::Builder::new()
            .name("pooler observer".into())
            .spawn(move || watch_it(&endpoint, &name, every, &seen, connected, stopped))
            .map_err(|source| DbError::Io { doing: "starting PgBouncer's observer".into(), source })?;
        let client = when_connected.await.unwrap_or_else(|_| {
            Err(DbError::Start("PgBouncer's observer ended before it had begun".into()))
        })?;
        Ok(Self { looks, client, database, stop: Some(stop), thread: Some(thread) })
    }

    /// One stretch of the timeline: the last look in it or just before, with the longest wait. `None`: there
    /// was no look.
    pub fn interval(&self, from: Instant, to: Instant) -> Option<PoolerCounts> {
        interval(&lock(&self.looks), from, to)
    }

    /// Closes all connections of clients and servers, so that the next trial begins without any and a route
    /// without PgBouncer finds all slots free.
    ///
    /// # Errors
    /// The console does not answer.
    pub async fn disconnect_all(&self) -> Result<(), DbError> {
        let failed = |error| DbError::statement("closing PgBouncer's connections", &error);
        self.client.simple_query(&format!("KILL {}", self.database)).await.map_err(failed)?;
        self.client.simple_query(&format!("RESUME {}", self.database)).await.map_err(failed)?;
        Ok(())
    }

    /// Forgets looks before a moment.
    pub fn forget_before(&self, moment: Instant) {
        lock(&self.looks).retain(|look| look.at >= moment);
    }

    /// Ends it and waits until its connection is closed.
    pub async fn stop(mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn watch_it(
    admin: &Endpoint,
    database: &str,
    every: Duration,
    looks: &Looks,
    connected: oneshot::Sender<Result<Arc<Client>, DbError>>,
    mut stopped: watch::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => {
            let _ =
                connected.send(Err(DbError::Io { doing: "starting PgBouncer's observer".into(), source }));
            return;
        }
    };
    runtime.block_on(async {
        let client = match open(admin, APPLICATION_NAME, Encryption::IfAsked).await {
            Ok((client, driver)) => {
                tokio::spawn(driver);
                Arc::new(client)
            }
            Err(why) => return drop(connected.send(Err(why))),
        };
        if connected.send(Ok(Arc::clone(&client))).is_err() {
            return;
        }
        let mut tick = tokio::time::interval(every.max(Duration::from_millis(1)));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Its sender is never used, only dropped.
                _ = stopped.changed() => return,
                _ = tick.tick() => {}
            }
            // A look that fails is one that is missing: the timeline has a gap, and no zero.
            if let Ok(look) = take(&client, database).await {
                lock(looks).push(look);
            }
        }
    });
}

async fn take(client: &Client, database: &str) -> Result<Look, Error> {
    let mut counts = PoolerCounts::default();
    for row in rows(client, "SHOW POOLS", database).await? {
        let of = |names: &[&str]| names.iter().map(|name| figure(&row, name)).sum::<u64>();
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        counts.clients_active += small(of(&["cl_active"]));
        counts.clients_waiting += small(of(&["cl_waiting"]));
        counts.servers_active += small(of(&["sv_active"]));
        counts.servers_idle += small(of(&["sv_idle", "sv_used", "sv_tested", "sv_login"]));
        counts.maxwait_us = counts.maxwait_us.max(of(&["maxwait"]) * 1_000_000 + of(&["maxwait_us"]));
    }
    let stats = rows(client, "SHOW STATS", database).await?;
    let transactions = stats.iter().map(|row| figure(row, "total_xact_count")).sum();
    Ok(Look { at: Instant::now(), counts, transactions })
}

async fn rows(client: &Client, command: &str, database: &str) -> Result<Vec<SimpleQueryRow>, Error> {
    let answer = client.simple_query(command).await?;
    let rows = answer.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.filter(|row| row.try_get("database").ok().flatten() == Some(database)).collect())
}

/// A column that this version does not have counts nothing.
fn figure(row: &SimpleQueryRow, name: &str) -> u64 {
    row.try_get(name).ok().flatten().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Looks and stretches of the timeline are about equally long and not in step: a look that came just before a
/// stretch without one still describes it.
const JUST_BEFORE: Duration = Duration::from_millis(100);

fn interval(looks: &[Look], from: Instant, to: Instant) -> Option<PoolerCounts> {
    let within = || looks.iter().filter(|look| look.at > from && look.at <= to);
    let before = looks.iter().rev().find(|look| look.at <= from);
    let earliest = from.checked_sub(JUST_BEFORE).unwrap_or(from);
    let Some(last) = within().next_back() else {
        let still = before.filter(|look| look.at > earliest)?;
        return Some(PoolerCounts { transactions: None, ..still.counts });
    };
    Some(PoolerCounts {
        maxwait_us: within().map(|look| look.counts.maxwait_us).max().unwrap_or(0),
        transactions: before.map(|before| last.transactions.saturating_sub(before.transactions)),
        ..last.counts
    })
}

/// Nothing is left half done under this lock: a panic elsewhere is no reason to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_long_after_the_last_look_has_no_figures_and_the_first_has_no_difference() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let look = |ms, waiting, maxwait_us, transactions| Look {
            at: at(ms),
            counts: PoolerCounts { clients_waiting: waiting, maxwait_us, ..PoolerCounts::default() },
            transactions,
        };
        let looks = [look(100, 1, 900, 50), look(150, 2, 400, 70), look(350, 3, 100, 90)];
        assert_eq!(interval(&looks, at(251), at(340)), None);
        let still = interval(&looks, at(249), at(340)).unwrap();
        assert_eq!((still.clients_waiting, still.transactions), (2, None), "those were told before");
        let first = interval(&looks, at(0), at(200)).unwrap();
        assert_eq!((first.clients_waiting, first.maxwait_us, first.transactions), (2, 900, None));
        assert_eq!(interval(&looks, at(200), at(400)).unwrap().transactions, Some(20));
    }
}
