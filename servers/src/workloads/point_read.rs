//! One row by primary key: what `pgbench -S` asks.

use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use tokio_postgres::types::Type;

use super::{Answer, Ask, Workload};
use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Rows, Statement};

/// The statement. The ceiling is measured with the same one.
pub const POINT_READ_SQL: &str = "SELECT aid, abalance FROM poollab.accounts WHERE aid = $1";

/// The statement, for `hold` too.
pub static POINT_READ: Statement = Statement { sql: POINT_READ_SQL, types: &[Type::INT4] };

pub struct PointRead;

impl Workload for PointRead {
    fn id(&self) -> &'static str {
        "point-read"
    }

    fn summary(&self) -> &'static str {
        "one row by primary key"
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&POINT_READ]
    }

    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let rows = checkout.query(&POINT_READ, &[Param::Int4(ask.id)]).await?;
            account(ask, &rows)
        })
    }
}

/// The answer about one account.
pub fn account(ask: &Ask, rows: &Rows) -> Result<Answer, Fault> {
    #[derive(Serialize)]
    struct Account {
        id: i32,
        balance: i32,
    }
    let id = rows.int4(0, 0)?;
    Answer::about(ask.id, id, &Account { id, balance: rows.int4(0, 1)? })
}
