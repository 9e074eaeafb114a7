//! Holds generators against the log of the service that they load, and prints a table as Markdown.
//! `scripts/measure-generator` runs it: poollab always, wrk and k6 where they are installed.

#[path = "../tests/support/logged.rs"]
mod logged;

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use logged::{Logged, Row, rows};
use poollab_model::Load;

type Failure = Box<dyn std::error::Error>;

/// What a generator said.
struct Said {
    /// Successes in the window.
    inside: f64,
    /// Requests that failed or were never sent.
    failed: u64,
    p90_ms: f64,
}

type Generator = fn(&Row, SocketAddr) -> Result<Option<Said>, Failure>;

const GENERATORS: [(&str, Generator); 3] = [("poollab", poollab), ("wrk", wrk), ("k6", k6)];

/// Requests on either side of an edge: one, or as a share of all (generators differ in when their schedule ends).
const EDGE: f64 = 0.005;

fn main() -> Result<(), Failure> {
    let only = std::env::args().nth(1);
    println!(
        "| row | generator | answered in the window: said | log | failed: said | log | p90 ms: said | held | apart |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for row in rows().into_iter().filter(|row| only.as_deref().is_none_or(|only| row.name == only)) {
        for (name, generator) in GENERATORS {
            let service = Logged::start(row.scene);
            let Some(said) = generator(&row, service.address)? else {
                println!("| {} | {name} | - | - | - | - | - | - | - |", row.name);
                continue;
            };
            let seen = service.seen(row.duration);
            let failed = row.asked(&seen).saturating_sub(seen.answered);
            let edge = (EDGE * row.asked(&seen) as f64).max(1.0);
            let apart = apart(said.inside, seen.inside as f64, 0.0).max(apart(
                said.failed as f64,
                failed as f64,
                edge,
            ));
            println!(
                "| {} | {name} | {:.0} | {} | {} | {failed} | {:.1} | {:.1} | {:.1}% |",
                row.name,
                said.inside,
                seen.inside,
                said.failed,
                said.p90_ms,
                seen.held(0.9).as_secs_f64() * 1e3,
                apart * 100.0
            );
        }
    }
    Ok(())
}

/// How far two counts are apart, as a share of the true one.
fn apart(said: f64, truth: f64, edge: f64) -> f64 {
    let difference = (said - truth).abs();
    if difference <= edge { 0.0 } else { difference / truth.max(1.0) }
}

fn poollab(row: &Row, address: SocketAddr) -> Result<Option<Said>, Failure> {
    let result = poollab_loadtest::run(&row.order(address), std::future::pending(), |_| ())?;
    Ok(Some(Said {
        inside: result.goodput_rps * result.measured_s,
        failed: result.requests.failed + result.requests.dropped,
        p90_ms: result.latency_us.ok.map_or(0.0, |ok| ok.p90 as f64 / 1e3),
    }))
}

/// wrk has closed loads only. It counts errors of reading and writing, and time-outs.
fn wrk(row: &Row, address: SocketAddr) -> Result<Option<Said>, Failure> {
    let Load::Closed { users } = row.load else { return Ok(None) };
    let mut command = Command::new("wrk");
    command
        .args(["-t1", "--latency", &format!("-c{users}"), &format!("-d{}s", row.duration.as_secs())])
        .arg(format!("--timeout={}s", row.timeout.as_secs()))
        .arg(format!("http://{address}/read/1"));
    let Some(text) = output(&mut command)? else { return Ok(None) };
    let number = |line: &str, at: usize| -> Option<f64> {
        line.split_whitespace().nth(at)?.trim_end_matches(',').parse().ok()
    };
    let mut said = Said { inside: 0.0, failed: 0, p90_ms: 0.0 };
    for line in text.lines().map(str::trim) {
        if line.contains(" requests in ") {
            said.inside = number(line, 0).unwrap_or(0.0);
        } else if line.starts_with("Socket errors:") {
            // Socket errors: connect 0, read 12, write 0, timeout 0
            said.failed = [3, 5, 7, 9].iter().filter_map(|at| number(line, *at)).sum::<f64>() as u64;
        } else if let Some(time) = line.strip_prefix("90%") {
            said.p90_ms = milliseconds(time.trim());
        }
    }
    Ok(Some(said))
}

/// `10.66ms`, `1.02s`, `900.00us`.
fn milliseconds(text: &str) -> f64 {
    let number = |unit: &str| text.strip_suffix(unit).and_then(|number| number.parse::<f64>().ok());
    let times = [("us", 1e-3), ("ms", 1.0), ("s", 1e3)];
    times.iter().find_map(|(unit, factor)| Some(number(unit)? * factor)).unwrap_or(0.0)
}

const K6: &str = r"
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
const [ok, inside, failed] = [new Counter('own_ok'), new Counter('own_inside'), new Counter('own_failed')];
const took = new Trend('own_took', true);
const seconds = Number(__ENV.SECONDS);
const patience = { gracefulStop: `${Number(__ENV.TIMEOUT) + 1}s`, duration: `${seconds}s` };
const users = Number(__ENV.USERS);
export const options = {
  scenarios: {
    all: __ENV.RATE
      ? { executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), preAllocatedVUs: users, maxVUs: users, ...patience }
      : { executor: 'constant-vus', vus: users, ...patience },
  },
  summaryTrendStats: ['p(90)'],
};
export default function () {
  const answer = http.get(__ENV.URL, { timeout: `${__ENV.TIMEOUT}s` });
  if (answer.status !== 200) return failed.add(1);
  ok.add(1);
  took.add(answer.timings.duration);
  if (Date.now() < exec.scenario.startTime + seconds * 1000) inside.add(1);
}
export function handleSummary({ metrics }) {
  const of = (name, value) => (metrics[name] ? metrics[name].values[value] || 0 : 0);
  const lost = of('own_failed', 'count') + of('dropped_iterations', 'count');
  return { stdout: `own ${of('own_inside', 'count')} ${lost} ${of('own_took', 'p(90)')}\n` };
}
";

/// A script with nothing of the lab's in it. Its latency counts from the send.
fn k6(row: &Row, address: SocketAddr) -> Result<Option<Said>, Failure> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("cross_check.js");
    std::fs::write(&script, K6)?;
    let mut command = Command::new("k6");
    command
        .args(["run", "--quiet", "--no-usage-report", "--address", ""])
        .env("URL", format!("http://{address}/read/1"))
        .env("SECONDS", row.duration.as_secs().to_string())
        .env("TIMEOUT", row.timeout.as_secs().to_string())
        .env("USERS", row.load.users().to_string());
    if let Load::Open { rate_per_s, .. } = row.load {
        command.env("RATE", rate_per_s.to_string());
    }
    let Some(text) = output(command.arg(&script))? else { return Ok(None) };
    let own = text.lines().find_map(|line| line.strip_prefix("own ")).ok_or("k6 said nothing")?;
    let figures: Vec<f64> = own.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [inside, failed, p90_ms] = figures[..] else { return Err("k6 said something else".into()) };
    Ok(Some(Said { inside, failed: failed as u64, p90_ms }))
}

/// Its standard output; `None`: it is not installed.
fn output(command: &mut Command) -> Result<Option<String>, Failure> {
    match command.stdin(Stdio::null()).stderr(Stdio::null()).output() {
        Ok(output) => Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned())),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why.into()),
    }
}
