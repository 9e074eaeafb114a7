//! The generic place where a strategy meets a workload: a lent connection that is metered.

use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use poollab_model::ErrorKind;

use crate::fault::Fault;
use crate::meter::{Acquired, Meter, Timing, Use};
use crate::session::{Control, Param, Rows, Session, Statement};
use crate::strategies::{BlockingStrategy, Strategy};

/// How waiting for something else than the database is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The task sleeps.
    Task,
    /// The thread sleeps: on a blocking thread there is nothing else to run.
    Thread,
}

/// Where a connection came from, and another one would.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// A strategy for tasks, and what meters it.
    Tasks(&'a dyn Strategy, &'a Arc<Meter>),
    /// A strategy for blocking threads, and what meters it.
    Threads(&'a dyn BlockingStrategy, &'a Arc<Meter>),
}

impl<'a> Source<'a> {
    fn meter(self) -> &'a Arc<Meter> {
        match self {
            Self::Tasks(_, meter) | Self::Threads(_, meter) => meter,
        }
    }

    async fn acquire(self) -> Result<(Box<dyn Session + 'a>, Acquired), Fault> {
        let waiting = self.meter().waiting();
        let (lent, acquired) = match self {
            Self::Tasks(strategy, _) => waiting.acquire(strategy.acquire()).await,
            Self::Threads(strategy, _) => waiting.acquire_sync(|| strategy.acquire()),
        };
        Ok((lent?, acquired))
    }
}

/// What a workload gets: a connection to ask, and to give back early if it likes.
pub struct Checkout<'a> {
    lent: Option<(Box<dyn Session + 'a>, Use<'a>)>,
    source: Source<'a>,
    patience: Patience,
    timing: Timing,
    first: Acquired,
}

impl<'a> Checkout<'a> {
    /// A connection that was acquired.
    pub fn new(
        session: Box<dyn Session + 'a>,
        source: Source<'a>,
        acquired: Acquired,
        how: Patience,
    ) -> Self {
        Self {
            lent: Some((session, Use::begin(source.meter(), acquired))),
            source,
            patience: how,
            timing: acquired.into(),
            first: acquired,
        }
    }

    /// Runs a statement and fetches all its rows.
    pub async fn query(&mut self, statement: &'static Statement, params: &[Param]) -> Result<Rows, Fault> {
        let (session, used) = self.lent()?;
        used.querying(session.query(statement, params)).await
    }

    /// Runs `work` in a transaction: committed when it succeeds, rolled back when it fails.
    pub async fn transaction<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.control(Control::Begin).await?;
        match work(self).await {
            Ok(value) => {
                self.control(Control::Commit).await?;
                Ok(value)
            }
            Err(fault) => {
                // The first failure is the one to tell; a rollback that fails too closes the connection
                // or is repeated when the connection is given back.
                let _ = self.control(Control::Rollback).await;
                Err(fault)
            }
        }
    }

    /// Waits for something that is not the database.
    pub async fn think(&self, time: Duration) {
        match self.patience {
            Patience::Task => poollab_alarm::sleep(time).await,
            Patience::Thread => thread::sleep(time),
        }
    }

    /// Gives the connection back now.
    pub fn release(&mut self) {
        if let Some((session, used)) = self.lent.take() {
            self.spent(used.end());
            drop(session);
        }
    }

    /// Takes a connection again after one was given back, or gives this one back first: the mistake of a
    /// loop that borrows once for each statement.
    pub async fn take_again(&mut self) -> Result<(), Fault> {
        self.release();
        let (session, acquired) = self.source.acquire().await?;
        self.timing.wait += acquired.wait;
        self.timing.connect += acquired.connect;
        self.lent = Some((session, Use::begin(self.source.meter(), acquired)));
        Ok(())
    }

    /// Takes a second connection while this one is kept: the mistake on show in `nested-checkout`. Its times
    /// are not the request's own phases: while it waits, the first connection is held.
    pub async fn another(&self) -> Result<Self, Fault> {
        let (session, acquired) = self.source.acquire().await?;
        Ok(Self::new(session, self.source, acquired, self.patience))
    }

    /// Never gives the connection back: the mistake on show in `leak`.
    pub fn leak(&mut self) {
        if let Some((session, used)) = self.lent.take() {
            self.spent(used.never_ends());
            mem::forget(session);
        }
    }

    /// How waiting is done here.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// How long ago the request got its first connection.
    pub fn held_for(&self) -> Duration {
        self.first.ago()
    }

    fn spent(&mut self, (query, hold): (Duration, Duration)) {
        self.timing.query += query;
        self.timing.hold += hold;
    }

    /// Counts an attempt that somebody else was faster than.
    pub fn count_retry(&self) {
        self.source.meter().retries.inc();
    }

    /// Gives the connection back, if that was not done, and says where the time went.
    pub fn finish(mut self) -> Timing {
        self.release();
        self.timing
    }

    async fn control(&mut self, control: Control) -> Result<(), Fault> {
        let (session, used) = self.lent()?;
        used.querying(session.control(control)).await
    }

    fn lent(&mut self) -> Result<&mut (Box<dyn Session + 'a>, Use<'a>), Fault> {
        self.lent.as_mut().ok_or_else(|| {
            Fault::new(ErrorKind::Query, "the workload asks a connection that it has given back")
        })
    }
}
