//! A connection that is never given back.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use futures_util::future::LocalBoxFuture;

use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};
use crate::workloads::point_read::{POINT_READ, account};
use crate::workloads::{Answer, Ask, Workload};

/// Requests of this process so far.
static ASKED: AtomicU32 = AtomicU32::new(0);

pub struct Leak;

impl Workload for Leak {
    fn id(&self) -> &'static str {
        "leak"
    }

    fn summary(&self) -> &'static str {
        "a read; one request in `every` keeps its connection forever"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["every"]
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&POINT_READ]
    }

    /// The caller of the request that leaks notices nothing.
    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let rows = checkout.query(&POINT_READ, &[Param::Int4(ask.id)]).await?;
            let every = ask.hazard.every;
            if every > 0 && (ASKED.fetch_add(1, Relaxed) + 1).is_multiple_of(every) {
                checkout.leak();
            }
            account(ask, &rows)
        })
    }
}
