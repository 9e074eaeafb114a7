//! A hundred rows by a range of the primary key, and figures computed from them in the service.

use futures_util::future::LocalBoxFuture;
use poollab_db::schema::ACCOUNTS;
use serde::Serialize;
use tokio_postgres::types::Type;

use super::{Answer, Ask, Workload};
use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::{Param, Rows, Statement};

/// Rows of one answer.
const ROWS: i32 = 100;

static RANGE: Statement = Statement {
    sql: "SELECT aid, abalance, filler FROM poollab.accounts WHERE aid BETWEEN $1 AND $2 ORDER BY aid",
    types: &[Type::INT4, Type::INT4],
};

pub struct ReadProcess;

impl Workload for ReadProcess {
    fn id(&self) -> &'static str {
        "read-process"
    }

    fn summary(&self) -> &'static str {
        "read 100 rows, compute on them in the service"
    }

    /// The last range ends with the last account.
    fn ids(&self) -> u64 {
        ACCOUNTS - (ROWS.unsigned_abs() as u64 - 1)
    }

    fn statements(&self, _: &Ask) -> Vec<&'static Statement> {
        vec![&RANGE]
    }

    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>> {
        Box::pin(async move {
            let range = [Param::Int4(ask.id), Param::Int4(ask.id + ROWS - 1)];
            let rows = checkout.query(&RANGE, &range).await?;
            // Nothing more is asked of the database: others may have the connection while this computes.
            checkout.release();
            let figures = figures(&rows)?;
            Answer::about(ask.id, figures.id, &figures)
        })
    }
}

#[derive(Debug, Serialize)]
struct Figures {
    id: i32,
    rows: usize,
    mean: f64,
    variance: f64,
    p50: i32,
    p90: i32,
    p99: i32,
    checksum: String,
}

fn figures(rows: &Rows) -> Result<Figures, Fault> {
    if rows.len() != ROWS as usize {
        return Err(Fault::wrong_answer(format!("{ROWS} rows were asked for and {} came", rows.len())));
    }
    let mut balances = Vec::with_capacity(rows.len());
    let mut checksum = Fnv::default();
    for row in 0..rows.len() {
        let balance = rows.int4(row, 1)?;
        checksum.eat(&balance.to_be_bytes());
        checksum.eat(rows.text(row, 2)?.unwrap_or_default().as_bytes());
        balances.push(balance);
    }
    let spread = Spread::of(&mut balances);
    Ok(Figures {
        id: rows.int4(0, 0)?,
        rows: balances.len(),
        mean: spread.mean,
        variance: spread.variance,
        p50: spread.at(&balances, 50),
        p90: spread.at(&balances, 90),
        p99: spread.at(&balances, 99),
        checksum: format!("{:016x}", checksum.0),
    })
}

/// Mean and population variance, by Welford's method, which stays exact where sums of squares cancel.
struct Spread {
    mean: f64,
    variance: f64,
}

impl Spread {
    /// Of the values, which are sorted on the way.
    fn of(values: &mut [i32]) -> Self {
        let (mut mean, mut squares) = (0.0, 0.0);
        for (index, value) in values.iter().enumerate() {
            let delta = f64::from(*value) - mean;
            mean += delta / (index + 1) as f64;
            squares += delta * (f64::from(*value) - mean);
        }
        values.sort_unstable();
        Self { mean, variance: squares / values.len().max(1) as f64 }
    }

    /// The nearest-rank percentile of sorted values.
    fn at(&self, sorted: &[i32], percent: usize) -> i32 {
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

/// FNV-1a, 64 bits.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn eat(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_agree_with_those_worked_out_by_hand() {
        let mut values = [2, 4, 4, 4, 5, 5, 7, 9];
        let spread = Spread::of(&mut values);
        assert!((spread.mean - 5.0).abs() < 1e-12);
        assert!((spread.variance - 4.0).abs() < 1e-12);
        assert_eq!((spread.at(&values, 50), spread.at(&values, 90), spread.at(&values, 99)), (4, 9, 9));
    }

    #[test]
    fn the_checksum_is_fnv_1a() {
        let mut sum = Fnv::default();
        sum.eat(b"foobar");
        assert_eq!(sum.0, 0x8594_4171_f739_67e8);
    }
}
