//! A counter in one row that everybody wants, three ways.

use futures_util::future::LocalBoxFuture;
use poollab_db::schema::COUNTERS;
use poollab_model::{ErrorKind, HotRowMethod, Method};
use serde::Serialize;
use tokio_postgres::types::Type;

use super::{Answer, Ask, Workload};
use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Rows, Statement};

pub static LOCK: Statement =
    Statement { sql: "SELECT id, n FROM poollab.counters WHERE id = $1 FOR UPDATE", types: &[Type::INT4] };
pub static SET: Statement = Statement {
    sql: "UPDATE poollab.counters SET n = $2, version = version + 1 WHERE id = $1 RETURNING id, n",
    types: &[Type::INT4, Type::INT8],
};
static READ: Statement =
    Statement { sql: "SELECT id, n, version FROM poollab.counters WHERE id = $1", types: &[Type::INT4] };
static SET_IF_UNCHANGED: Statement = Statement {
    sql: "UPDATE poollab.counters SET n = $2, version = version + 1 WHERE id = $1 AND version = $3 \
          RETURNING id, n",
    types: &[Type::INT4, Type::INT8, Type::INT8],
};
pub static ADD: Statement = Statement {
    sql: "UPDATE poollab.counters SET n = n + 1, version = version + 1 WHERE id = $1 RETURNING id, n",
    types: &[Type::INT4],
};

/// Attempts of an optimistic request before it gives up.
const ATTEMPTS: u32 = 100;

pub struct HotRow;

impl Workload for HotRow {
    fn id(&self) -> &'static str {
        "hot-row"
    }

    fn summary(&self) -> &'static str {
        "count in one contended row: method=pessimistic, optimistic or atomic"
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
        &["method"]
    }

    fn needs_transaction(&self, ask: &Ask) -> bool {
        ask.method == HotRowMethod::Pessimistic
    }

    fn statements(&self, ask: &Ask) -> Vec<&'static Statement> {
        match ask.method {
            HotRowMethod::Pessimistic => vec![&LOCK, &SET],
            HotRowMethod::Optimistic => vec![&READ, &SET_IF_UNCHANGED],
            HotRowMethod::Atomic => vec![&ADD],
        }
    }

    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let (rows, retries) = match ask.method {
                HotRowMethod::Pessimistic => (pessimistic(checkout, ask.id).await?, 0),
                HotRowMethod::Optimistic => optimistic(checkout, ask.id).await?,
                HotRowMethod::Atomic => (checkout.query(&ADD, &[Param::Int4(ask.id)]).await?, 0),
            };
            let id = rows.int4(0, 0)?;
            Answer::about(ask.id, id, &Counted { id, n: rows.int8(0, 1)?, retries })
        })
    }
}

async fn pessimistic(checkout: &mut Checkout<'_>, id: i32) -> Result<Rows, Fault> {
    let id = Param::Int4(id);
    checkout
        .transaction(async |checkout| {
            let n = checkout.query(&LOCK, &[id]).await?.int8(0, 1)?;
            checkout.query(&SET, &[id, Param::Int8(n + 1)]).await
        })
        .await
}

async fn optimistic(checkout: &mut Checkout<'_>, id: i32) -> Result<(Rows, u32), Fault> {
    let id = Param::Int4(id);
    for retries in 0..ATTEMPTS {
        let seen = checkout.query(&READ, &[id]).await?;
        let (n, version) = (seen.int8(0, 1)?, seen.int8(0, 2)?);
        let set = [id, Param::Int8(n + 1), Param::Int8(version)];
        let rows = checkout.query(&SET_IF_UNCHANGED, &set).await?;
        if !rows.is_empty() {
            return Ok((rows, retries));
        }
        checkout.count_retry();
    }
    Err(Fault::new(
        ErrorKind::Query,
        format!("somebody else was faster {ATTEMPTS} times in a row: the optimistic method gave up"),
    ))
}

#[derive(Serialize)]
struct Counted {
    id: i32,
    n: i64,
    retries: u32,
}
