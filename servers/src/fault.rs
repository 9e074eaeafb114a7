//! Why a request failed, and what lay beneath.

use std::fmt;
use std::sync::Mutex;

use poollab_db::classify::{self, Failure};
use poollab_model::{Cause, ErrorKind};

use crate::meter::Moment;

/// The failure of one request: a kind, and the original text beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its kind.
    pub kind: ErrorKind,
    /// Its SQLSTATE, where Postgres or a pooler sent one.
    pub sqlstate: Option<String>,
    /// The original text.
    pub message: String,
    /// What lay beneath, where that could be found out.
    pub cause: Option<Cause>,
}

impl Fault {
    /// A failure without an SQLSTATE.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, sqlstate: None, message: message.into(), cause: None }
    }

    /// An answer that is not the one to the question: a bug, or the mistake that a strategy shows.
    pub fn wrong_answer(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::WrongAnswer, message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self { kind: failure.kind, sqlstate: failure.sqlstate, message: failure.message, cause: None }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        classify::error(&error).into()
    }
}

impl From<Fault> for Cause {
    fn from(fault: Fault) -> Self {
        Self { kind: fault.kind, sqlstate: fault.sqlstate, message: fault.message }
    }
}

/// The most recent failure to open a connection. Pools that connect in the background tell it to their
/// error sink and to nobody else; the request that waited for them hears only of a time-out.
#[derive(Debug, Default)]
pub struct Causes(Mutex<Option<(Moment, Cause)>>);

impl Causes {
    /// Keeps a failure to connect.
    pub fn record(&self, fault: Fault) {
        if let Ok(mut last) = self.0.lock() {
            *last = Some((Moment::now(), fault.into()));
        }
    }

    /// The most recent failure.
    pub fn latest(&self) -> Option<Cause> {
        self.0.lock().ok()?.as_ref().map(|(_, cause)| cause.clone())
    }

    /// The most recent failure, if it happened at `since` or later.
    pub fn since(&self, since: Moment) -> Option<Cause> {
        let last = self.0.lock().ok()?;
        last.as_ref().filter(|(at, _)| *at >= since).map(|(_, cause)| cause.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_from_before_the_wait_is_not_taken_for_its_cause() {
        let causes = Causes::default();
        causes.record(Fault::new(ErrorKind::SlotsExhausted, "old"));
        std::thread::sleep(std::time::Duration::from_millis(2));
        let began = Moment::now();
        assert_eq!(causes.since(began), None);
        causes.record(Fault::new(ErrorKind::SlotsExhausted, "new"));
        assert_eq!(causes.since(began).map(|cause| cause.message).as_deref(), Some("new"));
    }
}
