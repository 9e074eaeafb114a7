//! What a workload may ask of a connection, and what comes back: the same for every driver.

use futures_util::future::LocalBoxFuture;
use tokio_postgres::types::{ToSql, Type};

use crate::fault::Fault;

/// A connection that is lent to one request, behind whichever driver. Dropping it gives it back; where a
/// transaction is open then, it is rolled back first.
pub trait Session {
    /// Runs a statement and fetches all its rows.
    fn query<'a>(
        &'a mut self,
        statement: &'static Statement,
        params: &'a [Param],
    ) -> LocalBoxFuture<'a, Result<Rows, Fault>>;

    /// Opens or ends a transaction.
    fn control(&mut self, control: Control) -> LocalBoxFuture<'_, Result<(), Fault>>;
}

/// A statement: its text, and the types of its parameters, which an unnamed statement has to name.
#[derive(Debug)]
pub struct Statement {
    /// The text, with `$1`, `$2` …
    pub sql: &'static str,
    /// The types of the parameters, in order.
    pub types: &'static [Type],
}

/// A parameter. Nothing reaches SQL in any other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param {
    /// `int`.
    Int4(i32),
    /// `bigint`.
    Int8(i64),
}

impl Param {
    /// As `tokio_postgres` and `postgres` take it.
    pub fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Int4(value) => value,
            Self::Int8(value) => value,
        }
    }
}

/// The statements around a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// `BEGIN`.
    Begin,
    /// `COMMIT`.
    Commit,
    /// `ROLLBACK`.
    Rollback,
}

impl Control {
    /// Its text.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Rollback => "ROLLBACK",
        }
    }
}

/// The rows of an answer, still as the driver made them.
pub enum Rows {
    /// From `tokio_postgres` or `postgres`, which share the type.
    Postgres(Vec<tokio_postgres::Row>),
    /// From sqlx.
    Sqlx(Vec<sqlx::postgres::PgRow>),
}

impl Rows {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Postgres(rows) => rows.len(),
            Self::Sqlx(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value of type `int`.
    pub fn int4(&self, row: usize, column: usize) -> Result<i32, Fault> {
        match self {
            Self::Postgres(rows) => Ok(one(rows, row)?.try_get(column)?),
            Self::Sqlx(rows) => decoded(sqlx::Row::try_get(one(rows, row)?, column)),
        }
    }

    /// A value of type `bigint`.
    pub fn int8(&self, row: usize, column: usize) -> Result<i64, Fault> {
        match self {
            Self::Postgres(rows) => Ok(one(rows, row)?.try_get(column)?),
            Self::Sqlx(rows) => decoded(sqlx::Row::try_get(one(rows, row)?, column)),
        }
    }

    /// A value of type `char(n)` or `text`; nothing for NULL.
    pub fn text(&self, row: usize, column: usize) -> Result<Option<&str>, Fault> {
        match self {
            Self::Postgres(rows) => Ok(one(rows, row)?.try_get(column)?),
            Self::Sqlx(rows) => decoded(sqlx::Row::try_get(one(rows, row)?, column)),
        }
    }
}

fn one<R>(rows: &[R], row: usize) -> Result<&R, Fault> {
    rows.get(row)
        .ok_or_else(|| Fault::wrong_answer(format!("row {} was asked for and {} came", row + 1, rows.len())))
}

fn decoded<T>(value: Result<T, sqlx::Error>) -> Result<T, Fault> {
    value.map_err(|why| Fault::wrong_answer(why.to_string()))
}
