//! The generic place where a strategy meets a workload: a lent connection that is metered.

use std::thread;
use std::time::Duration;

use poollab_model::ErrorKind;

use crate::fault::Fault;
use crate::meter::{Acquired, Meter, Timing, Use};
use crate::session::{Control, Param, Rows, Session, Statement};

/// How waiting for something else than the database is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The task sleeps.
    Task,
    /// The thread sleeps: on a blocking thread there is nothing else to run.
    Thread,
}

/// What a workload gets: a connection to ask, and to give back early if it likes.
pub struct Checkout<'a> {
    lent: Option<(Box<dyn Session + 'a>, Use<'a>)>,
    meter: &'a Meter,
    patience: Patience,
    timing: Timing,
}

impl<'a> Checkout<'a> {
    /// A connection that was acquired.
    pub fn new(session: Box<dyn Session + 'a>, meter: &'a Meter, acquired: Acquired, how: Patience) -> Self {
        Self {
            lent: Some((session, Use::begin(meter, acquired))),
            meter,
            patience: how,
            timing: acquired.into(),
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
            Patience::Task => tokio::time::sleep(time).await,
            Patience::Thread => thread::sleep(time),
        }
    }

    /// Gives the connection back now.
    pub fn release(&mut self) {
        if let Some((session, used)) = self.lent.take() {
            (self.timing.query, self.timing.hold) = used.end();
            drop(session);
        }
    }

    /// Counts an attempt that somebody else was faster than.
    pub fn count_retry(&self) {
        self.meter.retries.inc();
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
