//! pgbench's TPC-B-like transaction: three updates, a read and an insert.

use futures_util::future::LocalBoxFuture;
use poollab_db::schema::{BRANCHES, TELLERS};
use poollab_model::Method;
use serde::Serialize;
use tokio_postgres::types::Type;

use super::point_read::POINT_READ;
use super::{Answer, Ask, Workload};
use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};

static UPDATE_ACCOUNT: Statement = Statement {
    sql: "UPDATE poollab.accounts SET abalance = abalance + $1 WHERE aid = $2",
    types: &[Type::INT4, Type::INT4],
};
static UPDATE_TELLER: Statement = Statement {
    sql: "UPDATE poollab.tellers SET tbalance = tbalance + $1 WHERE tid = $2",
    types: &[Type::INT4, Type::INT4],
};
static UPDATE_BRANCH: Statement = Statement {
    sql: "UPDATE poollab.branches SET bbalance = bbalance + $1 WHERE bid = $2",
    types: &[Type::INT4, Type::INT4],
};
static INSERT_HISTORY: Statement = Statement {
    sql: "INSERT INTO poollab.history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)",
    types: &[Type::INT4, Type::INT4, Type::INT4, Type::INT4],
};

/// The largest change of a balance, as pgbench's.
const MAX_DELTA: i32 = 5_000;

pub struct WriteTx;

impl Workload for WriteTx {
    fn id(&self) -> &'static str {
        "write-tx"
    }

    fn summary(&self) -> &'static str {
        "pgbench's TPC-B-like transaction"
    }

    fn method(&self) -> Method {
        Method::Post
    }

    fn max_delta(&self) -> Option<u32> {
        Some(MAX_DELTA.unsigned_abs())
    }

    fn needs_transaction(&self, _: &Ask) -> bool {
        true
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&UPDATE_ACCOUNT, &POINT_READ, &UPDATE_TELLER, &UPDATE_BRANCH, &INSERT_HISTORY]
    }

    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let aid = Param::Int4(ask.id);
            let tid = Param::Int4(rand::random_range(1..=TELLERS as i32));
            let bid = Param::Int4(rand::random_range(1..=BRANCHES as i32));
            let change = ask.delta.unwrap_or_else(|| rand::random_range(-MAX_DELTA..=MAX_DELTA));
            let delta = Param::Int4(change);
            let (id, balance) = checkout
                .transaction(async |checkout| {
                    checkout.query(&UPDATE_ACCOUNT, &[delta, aid]).await?;
                    let account = checkout.query(&POINT_READ, &[aid]).await?;
                    checkout.query(&UPDATE_TELLER, &[delta, tid]).await?;
                    checkout.query(&UPDATE_BRANCH, &[delta, bid]).await?;
                    checkout.query(&INSERT_HISTORY, &[tid, bid, aid, delta]).await?;
                    Ok((account.int4(0, 0)?, account.int4(0, 1)?))
                })
                .await?;
            Answer::about(ask.id, id, &Written { id, balance, delta: change })
        })
    }
}

#[derive(Serialize)]
struct Written {
    id: i32,
    balance: i32,
    delta: i32,
}
