//! A result for people.

use std::fmt::Write as _;

use poollab_model::wire::{LoadOrder, LoadResult};
use poollab_model::{Load, Quantiles};

/// Above this share of its core the generator may have been the limit itself.
const BUSY: f64 = 0.7;

/// A schedule that differs from the rate that was asked for by more than this is said to.
const DRAWN: f64 = 0.01;

/// Share of an open load that may be without an answer at the end: whatever takes time is in flight.
const BEHIND: f64 = 0.05;

/// A few lines that say what was measured, and what to doubt.
pub(crate) fn summary(order: &LoadOrder, result: &LoadResult) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = write(&mut text, order, result);
    text
}

fn write(out: &mut String, order: &LoadOrder, result: &LoadResult) -> std::fmt::Result {
    let requests = result.requests;
    let unfinished = result.unfinished;
    writeln!(out, "{} for {}", order.load, order.duration)?;
    writeln!(
        out,
        "  goodput  {:.1}/s   throughput {:.1}/s   offered {:.1}/s",
        result.goodput_rps, result.throughput_rps, result.offered_rps
    )?;
    writeln!(
        out,
        "  requests {}: {} ok, {} failed, {} dropped",
        requests.total, requests.ok, requests.failed, requests.dropped
    )?;
    if let Load::Open { rate_per_s, .. } = order.load {
        let scheduled = requests.total;
        if (result.offered_rps / rate_per_s - 1.0).abs() > DRAWN {
            writeln!(
                out,
                "  the schedule of seed {} has {scheduled} arrivals in this window, not {:.0}: offered is what it has",
                order.seed,
                rate_per_s * result.measured_s
            )?;
        }
        let behind = result.offered_rps - result.throughput_rps;
        if behind > BEHIND * result.offered_rps && unfinished.in_flight + requests.dropped > 0 {
            writeln!(
                out,
                "  ! answers fell {behind:.1}/s behind {:.1} arrivals/s: {} were in flight at the end, {} never sent",
                result.offered_rps, unfinished.in_flight, requests.dropped
            )?;
        }
    }
    writeln!(out, "\n  milliseconds        p50       p90       p99     p99.9       max")?;
    let phases = &result.phases_us;
    for (name, quantiles) in [
        ("ok", result.latency_us.ok),
        ("failed", result.latency_us.failed),
        ("· wait", phases.wait),
        ("· connect", phases.connect),
        ("· query", phases.query),
        ("· hold", phases.hold),
    ] {
        if let Some(quantiles) = quantiles {
            row(out, name, &quantiles)?;
        }
    }
    if !result.errors.is_empty() {
        writeln!(out, "\n  failures")?;
    }
    for error in &result.errors {
        let sqlstate = error.sqlstate.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
        writeln!(out, "  {:>9} × {}{sqlstate}: {}", error.count, error.kind, error.message)?;
        if let Some(cause) = &error.cause {
            let sqlstate = cause.sqlstate.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
            writeln!(out, "              because {}{sqlstate}: {}", cause.kind, cause.message)?;
        }
    }
    let share = result.cpu_s / result.measured_s / f64::from(result.cores.max(1));
    writeln!(out, "\n  generator {:.0} % of a core", share * 100.0)?;
    if share > BUSY {
        writeln!(out, "  ! the generator was busy: it may have been the limit, and not the service")?;
    }
    let oldest = unfinished.oldest_us.unwrap_or(0) as f64 / 1e6;
    let mut said = Vec::new();
    if let Load::Closed { users } = order.load
        && unfinished.users_without_answer > 0
    {
        said.push(format!(
            "{} of {users} users got no answer while measuring; their oldest request was {oldest:.1} s old at the end",
            unfinished.users_without_answer
        ));
    }
    if unfinished.cut_off > 0 {
        said.push(format!("{} requests were cut off by the end of the run", unfinished.cut_off));
    }
    if unfinished.clamped > 0 {
        said.push(format!("{} requests took more than an hour and are shown as an hour", unfinished.clamped));
    }
    if requests.ok == 0 {
        said.push("no request succeeded".to_owned());
    }
    for line in said {
        writeln!(out, "  ! {line}")?;
    }
    Ok(())
}

fn row(out: &mut String, name: &str, q: &Quantiles) -> std::fmt::Result {
    let ms = |us: u64| us as f64 / 1e3;
    writeln!(
        out,
        "  {name:<12} {:>10.2}{:>10.2}{:>10.2}{:>10.2}{:>10.2}",
        ms(q.p50),
        ms(q.p90),
        ms(q.p99),
        ms(q.p99_9),
        ms(q.max)
    )
}

#[cfg(test)]
mod tests {
    use poollab_model::wire::LoadInterval;
    use poollab_model::{
        Cause, ErrorKind, ErrorRecord, Histograms, HumanDuration, Latencies, Load, Method, Phases,
        RequestCounts, Unfinished,
    };

    use super::*;

    fn order() -> LoadOrder {
        LoadOrder {
            address: "127.0.0.1:8080".into(),
            method: Method::Get,
            path: "/point-read/{id}".into(),
            ids: 10,
            load: Load::Closed { users: 4 },
            warmup: HumanDuration::from_millis(0),
            duration: HumanDuration::from_secs(2),
            request_timeout: HumanDuration::from_secs(5),
            seed: 1,
            cut_off: false,
            course: None,
        }
    }

    fn result() -> LoadResult {
        LoadResult {
            measured_s: 2.0,
            requests: RequestCounts { total: 10, ok: 0, failed: 10, dropped: 0 },
            offered_rps: 5.0,
            goodput_rps: 0.0,
            throughput_rps: 5.0,
            latency_us: Latencies::default(),
            phases_us: Phases::default(),
            errors: vec![ErrorRecord {
                kind: ErrorKind::PoolTimeout,
                sqlstate: None,
                message: "Timed out in bb8".into(),
                cause: Some(Cause {
                    kind: ErrorKind::SlotsExhausted,
                    sqlstate: Some("53300".into()),
                    message: "sorry, too many clients already".into(),
                }),
                count: 10,
                first_at_ms: 1.0,
            }],
            intervals: Vec::<LoadInterval>::new(),
            bursts: Vec::new(),
            histograms: Histograms::default(),
            unfinished: Unfinished {
                in_flight: 4,
                oldest_us: Some(1_900_000),
                users_without_answer: 3,
                ..Unfinished::default()
            },
            cpu_s: 1.9,
            cores: 1,
            memory_bytes: None,
            remarks: Vec::new(),
        }
    }

    #[test]
    fn failures_are_told_with_their_cause_and_doubts_are_not_left_out() {
        let text = summary(&order(), &result());
        for part in [
            "goodput  0.0/s   throughput 5.0/s",
            "10 × pool-timeout: Timed out in bb8",
            "because slots-exhausted 53300: sorry, too many clients already",
            "the generator was busy",
            "3 of 4 users got no answer while measuring; their oldest request was 1.9 s old",
            "no request succeeded",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(!text.contains("  ok "), "nothing succeeded, so there is no latency of successes\n{text}");
    }
}
