//! A job that borrows in a loop, once for each statement.

use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};
use crate::workloads::point_read::POINT_READ;
use crate::workloads::{Answer, Ask, Workload};

pub struct RepeatedCheckout;

impl Workload for RepeatedCheckout {
    fn id(&self) -> &'static str {
        "repeated-checkout"
    }

    fn summary(&self) -> &'static str {
        "take a connection, read, give it back, in a loop without a pause for for_ms"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["for_ms"]
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
            let mut checkouts: u64 = 1;
            let mut row = checkout.query(&POINT_READ, &[Param::Int4(ask.id)]).await?.int4(0, 0)?;
            while checkout.held_for() < ask.hazard.go_on_for {
                checkout.take_again().await?;
                checkouts += 1;
                row = checkout.query(&POINT_READ, &[Param::Int4(ask.id)]).await?.int4(0, 0)?;
            }
            Answer::about(ask.id, row, &Borrowed { id: row, checkouts })
        })
    }
}

#[derive(Serialize)]
struct Borrowed {
    id: i32,
    /// How many times it got a connection.
    checkouts: u64,
}
