//! One slow statement. What happens when the caller hangs up in its middle is the point.

use futures_util::future::LocalBoxFuture;
use tokio_postgres::types::Type;

use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};
use crate::workloads::point_read::account;
use crate::workloads::{Answer, Ask, Workload};

static SLOW_READ: Statement = Statement {
    sql: "SELECT aid, abalance FROM poollab.accounts, pg_catalog.pg_sleep($2 / 1000.0), \
          (SELECT count(*) FROM pg_catalog.generate_series(1, $3)) AS worked WHERE aid = $1",
    types: &[Type::INT4, Type::INT4, Type::INT4],
};

pub struct SlowQuery;

impl Workload for SlowQuery {
    fn id(&self) -> &'static str {
        "slow-query"
    }

    fn summary(&self) -> &'static str {
        "a read whose statement sleeps ms milliseconds and counts work thousand rows in Postgres"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["ms", "work"]
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&SLOW_READ]
    }

    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let params = [
                Param::Int4(ask.id),
                Param::Int4(ask.hazard.statement_ms),
                Param::Int4(ask.hazard.work * 1_000),
            ];
            let rows = checkout.query(&SLOW_READ, &params).await?;
            account(ask, &rows)
        })
    }
}
