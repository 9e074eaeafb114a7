//! Service level objectives as people write them: `p99<50ms`, `error-rate<1%`.

use std::fmt;
use std::str::FromStr;

use poollab_model::HumanDuration;

use super::LatencyMs;

/// What has to hold, all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    /// The conditions; never empty.
    pub conditions: Vec<Condition>,
}

/// One condition: a figure stays below a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// Which figure.
    pub figure: Figure,
    /// Its limit: milliseconds for a latency, a share of 1 for an error rate.
    pub limit: f64,
}

/// A figure that an objective can speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Median latency.
    P50,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
    /// 99.9th percentile.
    P999,
    /// Share of requests that failed.
    ErrorRate,
}

impl Figure {
    const ALL: [(Self, &'static str); 5] = [
        (Self::P50, "p50"),
        (Self::P95, "p95"),
        (Self::P99, "p99"),
        (Self::P999, "p99.9"),
        (Self::ErrorRate, "error-rate"),
    ];

    /// The share of requests that a percentile speaks of: 0.99 for p99; `None` for an error rate.
    pub fn quantile(self) -> Option<f64> {
        match self {
            Self::P50 => Some(0.5),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
            Self::P999 => Some(0.999),
            Self::ErrorRate => None,
        }
    }

    /// The figure among those of a measurement; `None` where it was not measured.
    pub fn of(self, latency: &LatencyMs, failed_share: Option<f64>) -> Option<f64> {
        match self {
            Self::P50 => latency.p50,
            Self::P95 => latency.p95,
            Self::P99 => latency.p99,
            Self::P999 => latency.p99_9,
            Self::ErrorRate => failed_share,
        }
    }
}

/// A text that is not an objective.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SloError {
    /// No `<`.
    #[error(
        "{0:?} is not an objective: a figure, <, and a limit are needed; write for example p99<50ms or error-rate<1%"
    )]
    Shape(String),
    /// An unknown figure.
    #[error("{0:?} is not a figure of an objective; there are p50, p95, p99, p99.9 and error-rate")]
    Figure(String),
    /// A limit that is not a duration.
    #[error("the limit {0:?} of {1} is not a duration above 0; write for example {1}<50ms or {1}<2s")]
    Duration(String, &'static str),
    /// A limit that is not a share.
    #[error(
        "the limit {0:?} of error-rate is not a share between 0 and 1; write for example error-rate<1% (a latency has a figure of its own: p99<50ms)"
    )]
    Share(String),
}

impl FromStr for Slo {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Self, SloError> {
        let conditions = text.split(',').map(str::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { conditions })
    }
}

impl FromStr for Condition {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Self, SloError> {
        let (name, limit) = text.split_once(['<', '≤']).ok_or_else(|| SloError::Shape(text.to_owned()))?;
        let (name, limit) = (name.trim().to_lowercase(), limit.trim_start_matches('=').trim());
        if name.is_empty() || limit.is_empty() {
            return Err(SloError::Shape(text.to_owned()));
        }
        let (figure, known) = Figure::ALL
            .into_iter()
            .find(|(_, known)| {
                *known == name || known.replace('.', "") == name || known.replace('-', "_") == name
            })
            .ok_or(SloError::Figure(name))?;
        let limit = match figure {
            Figure::ErrorRate => share(limit).ok_or_else(|| SloError::Share(limit.to_owned()))?,
            _ => milliseconds(limit).ok_or_else(|| SloError::Duration(limit.to_owned(), known))?,
        };
        Ok(Self { figure, limit })
    }
}

/// Milliseconds of a duration above 0. People write `1.5s` and `0.5ms`, which [`HumanDuration`] does not read.
fn milliseconds(text: &str) -> Option<f64> {
    if let Ok(duration) = text.parse::<HumanDuration>() {
        let ms = duration.as_secs_f64() * 1_000.0;
        return (ms > 0.0).then_some(ms);
    }
    let units = [("ms", 1.0), ("us", 1e-3), ("µs", 1e-3), ("s", 1_000.0)];
    let (number, factor) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let ms = number.trim().parse::<f64>().ok()? * factor;
    (ms.is_finite() && ms > 0.0).then_some(ms)
}

fn share(text: &str) -> Option<f64> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse::<f64>().ok()?,
    };
    (value > 0.0 && value < 1.0).then_some(value)
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(figure, _)| figure == self).map_or("", |(_, name)| name);
        f.pad(name)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.figure {
            // A percentage such as 0.1 is not exact in binary; nobody wants to read its tail.
            Figure::ErrorRate => write!(f, "{}<{}%", self.figure, (self.limit * 1e8).round() / 1e6),
            _ => write!(f, "{}<{}ms", self.figure, (self.limit * 1e6).round() / 1e6),
        }
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in self.conditions.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{condition}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read_as_people_write_them() {
        let one = |text: &str| text.parse::<Slo>().unwrap().conditions[0];
        assert_eq!(one("p99<50ms"), Condition { figure: Figure::P99, limit: 50.0 });
        assert_eq!(one(" P95 <= 1.5s "), Condition { figure: Figure::P95, limit: 1_500.0 });
        assert_eq!(one("p99.9<500us"), Condition { figure: Figure::P999, limit: 0.5 });
        assert_eq!(one("p999≤2s"), Condition { figure: Figure::P999, limit: 2_000.0 });
        assert_eq!(one("error-rate<1%"), Condition { figure: Figure::ErrorRate, limit: 0.01 });
        assert_eq!("p99<50ms,error-rate<0.5%".parse::<Slo>().unwrap().conditions.len(), 2);
    }

    #[test]
    fn an_objective_survives_the_way_through_text() {
        for text in ["p50<0.5ms", "p99<50ms,error-rate<0.1%", "p99.9<2000ms"] {
            assert_eq!(text.parse::<Slo>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_objective_is_refused_with_an_example() {
        let refused = [
            "",
            "p99",
            "p99>50ms",
            "<50ms",
            "p99<",
            "p98<50ms",
            "p99<50",
            "p99<0ms",
            "p99<-5ms",
            "p99<NaNs",
            "p99<infs",
            "error-rate<0%",
            "error-rate<100%",
            "error-rate<5ms",
            "p99<50ms,",
            "error-rate<nan",
        ];
        for text in refused {
            let why = text.parse::<Slo>().expect_err(text).to_string();
            assert!(why.contains("p99"), "{why}");
        }
    }
}
