//! A synchronous call, on the worker or on a blocking thread.

use std::thread;

use futures_util::future::LocalBoxFuture;
use poollab_model::ErrorKind;

use crate::checkout::{Checkout, Patience};
use crate::fault::Fault;
use crate::session::{Param, Statement};
use crate::workloads::point_read::{POINT_READ, account};
use crate::workloads::{Answer, Ask, Workload};

pub struct BlockingCall;

impl Workload for BlockingCall {
    fn id(&self) -> &'static str {
        "blocking-call"
    }

    fn summary(&self) -> &'static str {
        "a read, then a call that keeps its thread for think_ms: the worker's, or another one's"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["think_ms", "on"]
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&POINT_READ]
    }

    /// A thread that sleeps stands for the synchronous call: to a worker it is the same whether its thread
    /// waits in a synchronous pool's `get()`, in a driver's read or in here.
    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let rows = checkout.query(&POINT_READ, &[Param::Int4(ask.id)]).await?;
            checkout.release();
            let time = ask.think;
            if ask.hazard.on_worker || checkout.patience() == Patience::Thread {
                thread::sleep(time);
            } else {
                let called = tokio::task::spawn_blocking(move || thread::sleep(time)).await;
                called.map_err(|why| Fault::new(ErrorKind::Query, why.to_string()))?;
            }
            account(ask, &rows)
        })
    }
}
