//! A backend that holds a large value.

use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use tokio_postgres::types::Type;

use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Statement};
use crate::workloads::{Answer, Ask, Workload};

/// The value exists while the backend sleeps: OFFSET 0 keeps the planner from making it later, and the
/// sleep depends on its length.
static HOG: Statement = Statement {
    sql: "SELECT $1::int4 AS id, octet_length(a.x) FROM (SELECT repeat('x', $2) AS x OFFSET 0) AS a, \
          LATERAL pg_catalog.pg_sleep($3 / 1000.0 + 0 * octet_length(a.x))",
    types: &[Type::INT4, Type::INT4, Type::INT4],
};

pub struct MemoryHog;

impl Workload for MemoryHog {
    fn id(&self) -> &'static str {
        "memory-hog"
    }

    fn summary(&self) -> &'static str {
        "the backend makes a value of mb MiB and keeps it for ms milliseconds"
    }

    fn parameters(&self) -> &'static [&'static str] {
        &["mb", "ms"]
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&HOG]
    }

    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let bytes = i32::try_from(u64::from(ask.hazard.mb) << 20).unwrap_or(i32::MAX);
            let params = [Param::Int4(ask.id), Param::Int4(bytes), Param::Int4(ask.hazard.statement_ms)];
            let rows = checkout.query(&HOG, &params).await?;
            let id = rows.int4(0, 0)?;
            Answer::about(ask.id, id, &Held { id, length: rows.int4(0, 1)? })
        })
    }
}

#[derive(Serialize)]
struct Held {
    id: i32,
    length: i32,
}
