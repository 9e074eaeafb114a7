//! Gates that a user sets: what a run has to reach, and what a change must not do.
//!
//! [`Threshold`] judges one run (`p99<50ms`), [`FailOn`] a difference of two (`goodput<-5%`).

mod fail_on;
mod threshold;

pub use fail_on::FailOn;
pub use threshold::Threshold;

/// A gate that can't be read: says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GateError(String);

/// A percentile of latency that a gate can speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Percentile {
    P50,
    P95,
    P99,
    P999,
}

impl Percentile {
    fn read(text: &str) -> Option<Self> {
        match text {
            "p50" => Some(Self::P50),
            "p95" => Some(Self::P95),
            "p99" => Some(Self::P99),
            "p99.9" => Some(Self::P999),
            _ => None,
        }
    }
}

/// Figure, sign and limit of a text such as `p99<50ms`.
fn parts(text: &str) -> Option<(&str, char, &str)> {
    let place = text.find(['<', '>'])?;
    let (figure, limit) = (text[..place].trim(), text[place + 1..].trim());
    let sign = text[place..].chars().next()?;
    (!figure.is_empty() && !limit.is_empty()).then_some((figure, sign, limit))
}

/// A number that is one: no `inf`, no `nan`.
fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}
