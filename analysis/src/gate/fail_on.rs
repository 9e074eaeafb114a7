//! What a change must not do: `goodput<-5%`, `p99>+10%`, `failed>0`.

use std::fmt;
use std::str::FromStr;

use super::{GateError, Percentile, number, parts};
use crate::diff::{Change, Diff, Judgement, Row};
use crate::figures;

/// One condition on which a comparison fails.
#[derive(Debug, Clone, PartialEq)]
pub struct FailOn {
    figure: Figure,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Figure {
    /// Goodput changed by less (`false`) or more (`true`) than this share.
    Goodput(bool, f64),
    /// A latency did.
    Latency(Percentile, bool, f64),
    /// More than so many requests of the run failed.
    Failed(f64),
    /// More than this share of them.
    ErrorRate(f64),
}

impl FailOn {
    /// Every reason to fail, in words. What can't be judged is a reason, too: a gate that is open because
    /// nothing is known would not be one.
    pub fn reasons(&self, diff: &Diff) -> Vec<String> {
        let mut reasons: Vec<String> = diff
            .rows()
            .filter_map(|(heading, row)| {
                Some(format!("{self}: {} on {heading}: {}", row.label, self.judge(row)?))
            })
            .collect();
        reasons.extend(
            diff.only_base.iter().map(|missing| format!("{self}: {missing} is missing in {}", diff.run)),
        );
        if reasons.is_empty() && diff.rows().next().is_none() {
            reasons.push(format!("{self}: nothing could be compared"));
        }
        reasons
    }

    fn judge(&self, row: &Row) -> Option<String> {
        match self.figure {
            Figure::Goodput(more, limit) => changed(&row.goodput, more, limit, row),
            Figure::Latency(percentile, more, limit) => {
                let change = match percentile {
                    Percentile::P50 => &row.p50,
                    Percentile::P95 => &row.p95,
                    Percentile::P99 => &row.p99,
                    Percentile::P999 => &row.p999,
                };
                changed(change, more, limit, row)
            }
            Figure::Failed(limit) => {
                let count = row.failed.1;
                (count as f64 > limit).then(|| {
                    format!("{} failed ({} before)", figures::whole(count), figures::whole(row.failed.0))
                })
            }
            Figure::ErrorRate(limit) => {
                let (before, after) = row.failed_share;
                (after > limit).then(|| {
                    format!("{} failed ({} before)", figures::percent(after), figures::percent(before))
                })
            }
        }
    }
}

/// A change fails when it is beyond its limit and the noise does not explain it.
fn changed(change: &Change, more: bool, limit: f64, row: &Row) -> Option<String> {
    if change.judgement == Judgement::CannotTell {
        if change.base.is_none() && change.run.is_none() {
            return None;
        }
        let (before, after) = row.repeats;
        return Some(if before.min(after) < 2 {
            format!("not enough data with {before} and {after} repeats; use --repeats 3 or more")
        } else {
            "one of the runs has no such figure".to_owned()
        });
    }
    if change.judgement == Judgement::NoDifference {
        return None;
    }
    // From or to nothing there is no ratio: more or less by everything.
    let by = change.by().unwrap_or_else(|| match (change.base, change.run) {
        (Some(before), Some(after)) if after < before => -1.0,
        _ => f64::INFINITY,
    });
    let beyond = if more { by > limit } else { by < limit };
    beyond.then(|| {
        let sign = if by > 0.0 { "+" } else { "−" };
        let interval = change
            .interval
            .map_or_else(String::new, |(low, high)| format!(" (ratio {:.3} to {:.3})", low, high));
        format!("{sign}{}{interval}", figures::percent(by.abs()))
    })
}

impl FromStr for FailOn {
    type Err = GateError;

    fn from_str(text: &str) -> Result<Self, GateError> {
        let refuse = |why: &str| {
            GateError(format!(
                "{text:?} is not a condition to fail on: {why}. Write for example goodput<-5%, p99>+10%, failed>0 or \
                 error-rate>1% (in quotes: the shell reads < and >)"
            ))
        };
        let (name, sign, limit) =
            parts(text).ok_or_else(|| refuse("a figure, < or >, and a limit are needed"))?;
        let change = |limit: &str| {
            let percent = limit.strip_suffix('%')?;
            let signed = percent.trim_start().starts_with(['+', '-', '−']) || number(percent) == Some(0.0);
            let value = number(&percent.replace('−', "-"))?;
            signed.then_some(value / 100.0)
        };
        let relative = || {
            change(limit).ok_or_else(|| {
                refuse("a change is a percentage with its sign, +10% or -5%, against the base")
            })
        };
        let only_more = |why: &str| if sign == '>' { Ok(()) } else { Err(refuse(why)) };
        let figure = match name {
            "goodput" => Figure::Goodput(sign == '>', relative()?),
            "failed" => {
                only_more("failed takes >")?;
                Figure::Failed(
                    number(limit)
                        .filter(|count| *count >= 0.0)
                        .ok_or_else(|| refuse("failed is a number of requests of RUN"))?,
                )
            }
            "error-rate" => {
                only_more("error-rate takes >")?;
                let share = limit.strip_suffix('%').and_then(number).map(|percent| percent / 100.0);
                let share = share.filter(|share| (0.0..1.0).contains(share));
                Figure::ErrorRate(
                    share.ok_or_else(|| refuse("error-rate is a share of RUN's requests, such as 1%"))?,
                )
            }
            other => {
                let percentile = Percentile::read(other).ok_or_else(|| {
                    refuse("there are the figures goodput, p50, p95, p99, p99.9, failed and error-rate")
                })?;
                Figure::Latency(percentile, sign == '>', relative()?)
            }
        };
        Ok(Self { figure, text: text.split_whitespace().collect() })
    }
}

/// As it was written, without its blanks.
impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poollab_model::Report;

    use crate::fixtures;

    fn diff(base: &Report, run: &Report) -> Diff {
        crate::diff::diff(&base.clone().into(), &run.clone().into())
    }

    fn reasons(text: &str, factor: f64) -> Vec<String> {
        let mut base = fixtures::run_of(3);
        for trial in &mut base.trials {
            fixtures::set_goodput(trial, trial.goodput_rps);
        }
        let mut run = base.clone();
        for trial in &mut run.trials {
            fixtures::set_goodput(trial, trial.goodput_rps * factor);
        }
        text.parse::<FailOn>().unwrap().reasons(&diff(&base.report(), &run.report()))
    }

    #[test]
    fn a_change_beyond_its_limit_fails_with_its_size_and_one_within_does_not() {
        let found = reasons("goodput<-5%", 0.6);
        // Connecting for each request scatters by 5%: whether 40% shows there is not the point here.
        let steady = |found: &[String]| found.iter().filter(|reason| !reason.contains("per-request")).count();
        assert_eq!(steady(&found), 13, "{found:?}");
        assert!(found[0].contains("−40%") && found[0].contains("ratio 0."), "{}", found[0]);
        assert!(reasons("goodput<-50%", 0.6).is_empty());
        assert!(reasons("goodput<-5%", 1.6).is_empty());
        assert_eq!(steady(&reasons("p99 > +10%", 0.6)), 13);
    }

    #[test]
    fn noise_is_no_reason_to_fail() {
        assert!(reasons("goodput<-0%", 0.99).is_empty());
        assert!(reasons("p99>+0%", 0.99).is_empty());
    }

    #[test]
    fn failures_count_even_if_there_were_as_many_before() {
        assert_eq!(reasons("failed>0", 1.0).len(), 4);
        assert!(reasons("failed>100000", 1.0).is_empty());
        assert_eq!(reasons("error-rate>1%", 1.0).len(), 4);
    }

    #[test]
    fn a_gate_is_not_open_because_nothing_is_known() {
        let gate: FailOn = "goodput<-5%".parse().unwrap();
        let single = fixtures::run_of(1).report();
        assert!(gate.reasons(&diff(&single, &single))[0].contains("--repeats"));
        let mut empty = fixtures::run_of(3).report();
        let base = empty.clone();
        empty.trials.clear();
        assert_eq!(gate.reasons(&diff(&base, &empty)).len(), 17);
        assert_eq!(gate.reasons(&diff(&empty, &empty)), ["goodput<-5%: nothing could be compared"]);
    }

    #[test]
    fn what_can_not_be_read_is_refused_with_advice() {
        for text in [
            "",
            "goodput",
            "goodput<5%",
            "goodput<-5",
            "p99>10%",
            "p97>+1%",
            "failed<1",
            "failed>x",
            "error-rate>200%",
            "p99>+nan%",
        ] {
            let problem = text.parse::<FailOn>().unwrap_err().to_string();
            assert!(problem.contains("for example goodput<-5%"), "{text}: {problem}");
        }
    }
}
