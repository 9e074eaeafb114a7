//! A transaction that looks afterwards whether it was its own.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use futures_util::future::LocalBoxFuture;
use poollab_db::schema::ACCOUNTS;
use poollab_model::Method;
use serde::Serialize;
use tokio_postgres::types::Type;

use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};
use crate::workloads::point_read::POINT_READ;
use crate::workloads::{Answer, Ask, Workload};

// As texts, and not by the session's own way to begin and end: that one would notice a stranger's.
static BEGIN: Statement = Statement { sql: "BEGIN", types: &[] };
static COMMIT: Statement = Statement { sql: "COMMIT", types: &[] };
static ROLLBACK: Statement = Statement { sql: "ROLLBACK", types: &[] };
static SET: Statement = Statement {
    sql: "UPDATE poollab.accounts SET abalance = $2 WHERE aid = $1",
    types: &[Type::INT4, Type::INT4],
};

/// Requests of this process so far. Each owns a row that no other one in flight uses, and writes another
/// value than the one that it found.
static ASKED: AtomicU32 = AtomicU32::new(0);

pub struct OwnedWrite;

impl Workload for OwnedWrite {
    fn id(&self) -> &'static str {
        "owned-write"
    }

    fn summary(&self) -> &'static str {
        "write a row of one's own, commit or roll back, and read whether that is what happened"
    }

    fn method(&self) -> Method {
        Method::Post
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["think_ms"]
    }

    fn needs_transaction(&self, _: &Ask) -> bool {
        true
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&BEGIN, &SET, &COMMIT, &ROLLBACK, &POINT_READ]
    }

    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let turn = ASKED.fetch_add(1, Relaxed);
            let commits = turn % 2 == 1;
            let row = Param::Int4(i32::try_from(u64::from(turn) % ACCOUNTS).unwrap_or(0) + 1);
            let before = checkout.query(&POINT_READ, &[row]).await?.int4(0, 1)?;
            let new = before.wrapping_add(1);
            checkout.query(&BEGIN, &[]).await?;
            checkout.query(&SET, &[row, Param::Int4(new)]).await?;
            checkout.think(ask.think).await;
            checkout.query(if commits { &COMMIT } else { &ROLLBACK }, &[]).await?;
            let found = checkout.query(&POINT_READ, &[row]).await?.int4(0, 1)?;
            match (commits, found == new) {
                (true, false) => Err(Fault::wrong_answer(
                    "a write that was committed is not there: somebody else's ROLLBACK took it back",
                )),
                (false, true) => Err(Fault::wrong_answer(
                    "a write that was rolled back is there: somebody else's COMMIT kept it",
                )),
                (false, false) if found != before => Err(Fault::wrong_answer(
                    "a row that nobody else may write has a value of somebody else's",
                )),
                _ => Answer::about(ask.id, ask.id, &Written { id: ask.id, committed: commits }),
            }
        })
    }
}

#[derive(Serialize)]
struct Written {
    id: i32,
    committed: bool,
}
