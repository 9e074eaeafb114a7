//! What every strategy of a run has to reach: `p99<50ms`, `error-rate<1%`, `goodput>500`.

use std::fmt;
use std::str::FromStr;

use super::{GateError, number, parts};
use crate::compare::{Group, Section};
use crate::figures;
use crate::tune::{self, Condition};

/// One threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    figure: Figure,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Figure {
    /// A latency or an error rate stays below its limit: an objective, as `poollab tune` takes it.
    Below(Condition),
    /// Fewer than so many requests.
    Failed(f64),
    /// Above so many a second.
    Goodput(f64),
}

impl Threshold {
    /// Every strategy that does not reach it, in words.
    pub fn broken(&self, sections: &[Section]) -> Vec<String> {
        let several = sections.len() > 1;
        sections
            .iter()
            .flat_map(|section| section.groups.iter().map(move |group| (section, group)))
            .filter_map(|(section, group)| {
                let why = self.judge(group)?;
                let place = if several { format!(" on {}", section.heading) } else { String::new() };
                Some(format!("{self}: {}{place}: {why}", group.label))
            })
            .collect()
    }

    /// `None`: it is reached.
    fn judge(&self, group: &Group) -> Option<String> {
        match self.figure {
            Figure::Below(Condition { figure: tune::Figure::ErrorRate, limit }) => {
                let share = group.failed_share();
                (share >= limit).then(|| format!("{} failed", figures::percent(share)))
            }
            Figure::Below(Condition { figure, limit }) => {
                let Some(latency) = group.latency_ok else {
                    return Some("no request succeeded, so it has no latency".to_owned());
                };
                let micros = match figure {
                    tune::Figure::P50 => latency.p50,
                    tune::Figure::P95 => latency.p95,
                    tune::Figure::P99 => latency.p99,
                    tune::Figure::P999 | tune::Figure::ErrorRate => latency.p99_9,
                } as f64;
                (micros >= limit * 1_000.0).then(|| format!("{figure} is {}", figures::time(micros)))
            }
            Figure::Failed(limit) => {
                let bad = group.requests.failed + group.requests.dropped;
                (bad as f64 >= limit).then(|| format!("{} failed", figures::whole(bad)))
            }
            Figure::Goodput(limit) => {
                (group.goodput.mean <= limit).then(|| format!("{}/s", figures::rate(group.goodput.mean)))
            }
        }
    }
}

impl FromStr for Threshold {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        let refuse = |why: &str| {
            GateError(format!(
                "{text:?} is not a threshold: {why}. Write for example p99<50ms, error-rate<1%, failed<1 or goodput>500 \
                 (in quotes: the shell reads < and >)"
            ))
        };
        let (name, sign, limit) =
            parts(text).ok_or_else(|| refuse("a figure, < or >, and a limit are needed"))?;
        let (figure, expected) = match name {
            "goodput" => {
                let limit = limit.trim_end_matches("/s");
                let limit = number(limit).filter(|limit| *limit >= 0.0);
                (
                    Figure::Goodput(
                        limit.ok_or_else(|| refuse("goodput is a number of successes a second"))?,
                    ),
                    '>',
                )
            }
            "failed" => {
                let count = number(limit).filter(|count| *count >= 1.0);
                (
                    Figure::Failed(
                        count.ok_or_else(|| refuse("failed is a number of requests, at least 1"))?,
                    ),
                    '<',
                )
            }
            name => {
                let condition = text.replace('>', "<").parse::<Condition>();
                // A name that is not known there may be one of those above: they have to be named, too.
                let condition = condition.map_err(|why| match why {
                    tune::SloError::Figure(_) => refuse(&format!(
                        "{name:?} is not a figure; there are p50, p95, p99, p99.9, error-rate, failed and goodput"
                    )),
                    other => refuse(&other.to_string()),
                })?;
                (Figure::Below(condition), '<')
            }
        };
        if sign != expected {
            return Err(refuse(&format!(
                "{name} is good when it is {expected} its limit, so it takes {expected}"
            )));
        }
        Ok(Self { figure, text: text.split_whitespace().collect() })
    }
}

/// As it was written, without its blanks.
impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::fixtures;

    fn broken(text: &str) -> Vec<String> {
        text.parse::<Threshold>().unwrap().broken(&compare(&fixtures::main_run().trials, None))
    }

    #[test]
    fn only_those_that_miss_it_are_named_with_their_figure() {
        let slow = broken("error-rate<1%");
        assert_eq!(slow.len(), 4, "{slow:?}");
        assert!(slow.iter().all(|reason| reason.contains("per-request") && reason.contains('%')));
        assert!(broken("goodput>1").is_empty());
        assert!(
            broken("goodput > 7000").iter().any(|reason| reason.starts_with("goodput>7000: bb8 ×8 on hold"))
        );
        assert!(broken("p99<1h").is_empty());
    }

    #[test]
    fn without_a_success_a_latency_is_missed_and_not_reached() {
        let mut run = fixtures::main_run();
        run.trials.iter_mut().for_each(fixtures::fail_everything);
        let threshold: Threshold = "p99<1h".parse().unwrap();
        assert_eq!(threshold.broken(&compare(&run.trials, None)).len(), 17);
    }

    #[test]
    fn a_limit_that_is_met_exactly_is_not_below_it() {
        let mut run = fixtures::main_run();
        run.trials.truncate(1);
        let sections = compare(&run.trials, None);
        let p50 = sections[0].groups[0].latency_ok.unwrap().p50;
        assert_eq!(format!("p50<{p50}us").parse::<Threshold>().unwrap().broken(&sections).len(), 1);
    }

    #[test]
    fn what_can_not_be_read_is_refused_with_advice() {
        for text in [
            "",
            "p99",
            "p99<",
            "<5ms",
            "p99>50ms",
            "goodput<500",
            "p99<50",
            "p98<5ms",
            "error-rate<150%",
            "error-rate<0",
            "goodput>inf",
            "goodput>nan",
            "failed<0",
            "p99<-3ms",
            "p99<NaNs",
        ] {
            let problem = text.parse::<Threshold>().unwrap_err().to_string();
            assert!(problem.contains("for example p99<50ms"), "{text}: {problem}");
        }
    }
}
