//! One `tokio_postgres::Client` for the whole process. It pipelines, so single statements are fast; but
//! transactions of concurrent requests run into each other: a `BEGIN` inside another's transaction gives
//! only a warning, and the first `COMMIT` or `ROLLBACK` ends both.
//!
//! Nothing is done against that: it is the mistake on show. It is noticed, though. Postgres's warnings
//! (25001 for a `BEGIN` too many, 25P01 for an end too many) reach the connection and not the request,
//! so a ledger counts, in the order of sending, which requests they belong to. A request whose
//! transaction was not its own runs to its end as it would in a service that does not look, and then
//! fails with the warning. With several workers two of them may send in another order than they wrote
//! into the ledger, and a warning may be told to the neighbour.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::LocalBoxFuture;
use poollab_model::{Acquisition, ErrorKind, Settings};
use tokio_postgres::error::DbError;

use super::{Context, Entry, Lent, Open, Strategy};
use crate::drivers::asynchronous::{AsyncSession, Connection, Connector};
use crate::drivers::shared::SharedConnection;
use crate::fault::Fault;
use crate::session::{Control, Param, Rows, Session, Statement};

pub const ENTRY: Entry = Entry {
    id: "naive",
    summary: "one tokio_postgres client for the process, shared by all requests (it pipelines)",
    acquisition: Acquisition::Shared,
    isolates_transactions: false,
    refuses_transactions: false,
    connects: "at the first request, and again at the next one after the connection was lost",
    open: Open::Tasks(open),
};

struct Naive {
    shared: SharedConnection<Arc<Ledger>>,
    connector: Connector,
    settings: Settings,
}

fn open(context: &Context) -> Result<Box<dyn Strategy>, Fault> {
    let settings = super::without_pool(&context.settings);
    let connector = context.connector(&settings);
    Ok(Box::new(Naive { shared: SharedConnection::default(), connector, settings }))
}

impl Strategy for Naive {
    fn acquire(&self) -> LocalBoxFuture<'_, Lent<'_>> {
        Box::pin(async move {
            let connect = async || {
                let ledger = Arc::new(Ledger::default());
                let ear = Arc::clone(&ledger);
                let connection = self.connector.connect_listening(move |notice| ear.hear(&notice)).await?;
                Ok((connection, ledger))
            };
            let (connection, ledger) = self.shared.get(connect).await?;
            let inner = AsyncSession::new(connection, self.settings.statements);
            Ok(Box::new(NaiveSession { inner, ledger, collision: None }) as Box<dyn Session>)
        })
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn close(&self) -> LocalBoxFuture<'_, ()> {
        self.shared.close();
        Box::pin(std::future::ready(()))
    }
}

struct NaiveSession {
    inner: AsyncSession<Arc<Connection>>,
    ledger: Arc<Ledger>,
    /// The `BEGIN` of this session that was one too many.
    collision: Option<Ticket>,
}

impl Session for NaiveSession {
    fn query<'a>(
        &'a mut self,
        statement: &'static Statement,
        params: &'a [Param],
    ) -> LocalBoxFuture<'a, Result<Rows, Fault>> {
        self.inner.query(statement, params)
    }

    fn control(&mut self, control: Control) -> LocalBoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            // Written and, at the first poll of what follows, sent without anything in between.
            let ticket = self.ledger.write(control);
            self.inner.control(control).await?;
            match control {
                Control::Begin => self.collision = ticket,
                Control::Rollback => {}
                Control::Commit => {
                    for ticket in [self.collision.take(), ticket].into_iter().flatten() {
                        if let Some(warning) = self.ledger.warning(ticket) {
                            return Err(warning);
                        }
                    }
                }
            }
            Ok(())
        })
    }
}

impl Drop for NaiveSession {
    fn drop(&mut self) {
        if self.inner.is_in_transaction() {
            // What `inner` is about to send.
            self.ledger.write(Control::Rollback);
        }
    }
}

/// The n-th warning of its sort on this connection.
#[derive(Debug, Clone, Copy)]
struct Ticket {
    sqlstate: &'static str,
    number: u64,
}

/// A `BEGIN` in a transaction.
const ACTIVE: &str = "25001";
/// An end without one.
const NONE: &str = "25P01";

#[derive(Default)]
struct Ledger(Mutex<Books>);

#[derive(Default)]
struct Books {
    /// Whether a transaction is open after everything that was sent.
    open: bool,
    expected: [u64; 2],
    heard: [VecDeque<Heard>; 2],
    count_heard: [u64; 2],
}

struct Heard {
    number: u64,
    message: String,
}

/// Warnings that are kept for requests which have not looked yet.
const KEPT: usize = 4096;

impl Ledger {
    /// Notes what is about to be sent. A ticket means: Postgres will warn.
    fn write(&self, control: Control) -> Option<Ticket> {
        let mut books = self.books();
        let was_open = std::mem::replace(&mut books.open, control == Control::Begin);
        let sqlstate = match (control, was_open) {
            (Control::Begin, true) => ACTIVE,
            (Control::Commit | Control::Rollback, false) => NONE,
            _ => return None,
        };
        let expected = &mut books.expected[index(sqlstate)];
        *expected += 1;
        Some(Ticket { sqlstate, number: *expected })
    }

    fn hear(&self, notice: &DbError) {
        let sqlstate = notice.code().code();
        if sqlstate != ACTIVE && sqlstate != NONE {
            return;
        }
        let mut books = self.books();
        let at = index(sqlstate);
        books.count_heard[at] += 1;
        let number = books.count_heard[at];
        let message = format!("{}: {}", notice.severity(), notice.message());
        books.heard[at].push_back(Heard { number, message });
        if books.heard[at].len() > KEPT {
            books.heard[at].pop_front();
        }
    }

    /// The warning that belongs to the ticket, if it came.
    fn warning(&self, ticket: Ticket) -> Option<Fault> {
        let mut books = self.books();
        let heard = &mut books.heard[index(ticket.sqlstate)];
        let at = heard.iter().position(|heard| heard.number == ticket.number)?;
        let message = heard.remove(at)?.message;
        Some(Fault {
            kind: ErrorKind::Query,
            sqlstate: Some(ticket.sqlstate.to_owned()),
            message,
            cause: None,
        })
    }

    /// Nothing that holds the lock can panic half-way.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index(sqlstate: &str) -> usize {
    usize::from(sqlstate == NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_begin_inside_anothers_transaction_is_the_one_that_is_warned() {
        let ledger = Ledger::default();
        assert!(ledger.write(Control::Begin).is_none());
        assert!(ledger.write(Control::Begin).is_some_and(|ticket| ticket.sqlstate == ACTIVE));
        assert!(ledger.write(Control::Commit).is_none());
        assert!(ledger.write(Control::Commit).is_some_and(|ticket| ticket.sqlstate == NONE));
        assert!(ledger.write(Control::Begin).is_none(), "both have ended: a new one is alone");
    }

    #[test]
    fn without_a_warning_from_postgres_no_request_is_blamed() {
        let ledger = Ledger::default();
        ledger.write(Control::Begin);
        let ticket = ledger.write(Control::Begin).unwrap();
        assert_eq!(ledger.warning(ticket), None);
    }
}
