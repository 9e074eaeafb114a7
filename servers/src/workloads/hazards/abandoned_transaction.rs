//! A transaction that failed, and that nobody ends when the caller hangs up.

use futures_util::future::LocalBoxFuture;
use poollab_model::Method;
use tokio_postgres::types::Type;

use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};
use crate::workloads::point_read::{POINT_READ, account};
use crate::workloads::{Answer, Ask, Workload};

// As texts: nothing in the session knows of this transaction, and so nothing ends it.
static BEGIN: Statement = Statement { sql: "BEGIN", types: &[] };
static ROLLBACK: Statement = Statement { sql: "ROLLBACK", types: &[] };
/// No account has id 0, so the division fails for every request alike.
static FAILS: Statement = Statement {
    sql: "SELECT aid, 1 / (aid - aid) FROM poollab.accounts WHERE aid = $1",
    types: &[Type::INT4],
};

pub struct AbandonedTransaction;

impl Workload for AbandonedTransaction {
    fn id(&self) -> &'static str {
        "abandoned-transaction"
    }

    fn summary(&self) -> &'static str {
        "a statement fails in a transaction, its error is swallowed, and the caller may hang up then"
    }

    fn method(&self) -> Method {
        Method::Post
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["think_ms", "guard"]
    }

    fn needs_transaction(&self, _: &Ask) -> bool {
        true
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&FAILS, &POINT_READ]
    }

    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let params = [Param::Int4(ask.id)];
            if ask.hazard.guard {
                checkout
                    .transaction(async |checkout| {
                        // Swallowed on purpose: that is the mistake.
                        let _ = checkout.query(&FAILS, &params).await;
                        checkout.think(ask.think).await;
                        Ok(())
                    })
                    .await?;
            } else {
                checkout.query(&BEGIN, &[]).await?;
                let _ = checkout.query(&FAILS, &params).await;
                checkout.think(ask.think).await;
                checkout.query(&ROLLBACK, &[]).await?;
            }
            let rows = checkout.query(&POINT_READ, &params).await?;
            account(ask, &rows)
        })
    }
}
