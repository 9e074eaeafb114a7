//! Work inside a lock, or before it.

use futures_util::future::LocalBoxFuture;
use poollab_db::schema::COUNTERS;
use poollab_model::Method;
use serde::Serialize;

use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};
use crate::workloads::hot_row::{ADD, LOCK, SET};
use crate::workloads::{Answer, Ask, Workload};

pub struct LockedWork;

impl Workload for LockedWork {
    fn id(&self) -> &'static str {
        "locked-work"
    }

    fn summary(&self) -> &'static str {
        "count in one row, with think_ms of work under its lock (early) or before it (late)"
    }

    fn method(&self) -> Method {
        Method::Post
    }

    fn ids(&self) -> u64 {
        COUNTERS
    }

    fn ids_of_load(&self) -> u64 {
        1
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["think_ms", "lock"]
    }

    fn needs_transaction(&self, ask: &Ask) -> bool {
        !ask.hazard.lock_late
    }

    fn statements(&self, ask: &Ask) -> Vec<&'static Statement> {
        if ask.hazard.lock_late { vec![&ADD] } else { vec![&LOCK, &SET] }
    }

    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let id = Param::Int4(ask.id);
            let rows = if ask.hazard.lock_late {
                checkout.release();
                checkout.think(ask.think).await;
                checkout.take_again().await?;
                checkout.query(&ADD, &[id]).await?
            } else {
                checkout
                    .transaction(async |checkout| {
                        let n = checkout.query(&LOCK, &[id]).await?.int8(0, 1)?;
                        checkout.think(ask.think).await;
                        checkout.query(&SET, &[id, Param::Int8(n + 1)]).await
                    })
                    .await?
            };
            let id = rows.int4(0, 0)?;
            Answer::about(ask.id, id, &Counted { id, n: rows.int8(0, 1)? })
        })
    }
}

#[derive(Serialize)]
struct Counted {
    id: i32,
    n: i64,
}
