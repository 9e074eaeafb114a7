//! A read, then a wait for something that is not the database (another service, say) with the connection
//! kept and its transaction open: `idle in transaction`. With `release_early` the connection is given back
//! before the wait: the cure.

use futures_util::future::LocalBoxFuture;

use super::point_read::{POINT_READ, account};
use super::{Answer, Ask, Workload};
use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};

pub struct Hold;

impl Workload for Hold {
    fn id(&self) -> &'static str {
        "hold"
    }

    fn summary(&self) -> &'static str {
        "a read, then think_ms of waiting that is not the database's, with the connection kept"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["think_ms", "release_early"]
    }

    fn needs_transaction(&self, ask: &Ask) -> bool {
        !ask.release_early
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
            let params = [Param::Int4(ask.id)];
            let rows = if ask.release_early {
                let rows = checkout.query(&POINT_READ, &params).await?;
                checkout.release();
                checkout.think(ask.think).await;
                rows
            } else {
                checkout
                    .transaction(async |checkout| {
                        let rows = checkout.query(&POINT_READ, &params).await?;
                        checkout.think(ask.think).await;
                        Ok(rows)
                    })
                    .await?
            };
            account(ask, &rows)
        })
    }
}
