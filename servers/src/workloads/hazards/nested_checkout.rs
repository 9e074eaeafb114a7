//! A checkout inside a checkout.

use futures_util::future::LocalBoxFuture;

use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};
use crate::workloads::point_read::{POINT_READ, account};
use crate::workloads::{Answer, Ask, Workload};

pub struct NestedCheckout;

impl Workload for NestedCheckout {
    fn id(&self) -> &'static str {
        "nested-checkout"
    }

    fn summary(&self) -> &'static str {
        "a second connection is taken while the first one is kept"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["between_ms", "connections"]
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&POINT_READ]
    }

    /// No transaction is open meanwhile: to Postgres the first connection is simply idle.
    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let params = [Param::Int4(ask.id)];
            checkout.query(&POINT_READ, &params).await?;
            checkout.think(ask.hazard.between).await;
            let rows = if ask.hazard.connections > 1 {
                let mut second = checkout.another().await?;
                second.query(&POINT_READ, &params).await?
            } else {
                checkout.query(&POINT_READ, &params).await?
            };
            account(ask, &rows)
        })
    }
}
