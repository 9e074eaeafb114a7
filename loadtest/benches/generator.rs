//! What a request costs the generator: its CPU beside that of goose's own client, and of wrk, oha and k6
//! where they are on the PATH, against one trivial endpoint in one run; and how punctual its open load is.
//!
//! Every generator is a child process with 32 connections, and its CPU time, from start to end, is read from
//! the system when it has ended, so that all are measured alike. Rounds are interleaved; the median counts.
//! Linux only: it reads `/proc`.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use poollab_model::wire::{LoadEvent, LoadOrder, LoadResult};
use poollab_model::{Arrivals, HumanDuration, Load, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ROUNDS: usize = 3;
const SECONDS: u64 = 3;
const CONNECTIONS: u32 = 32;

/// Says which role a child has.
const ROLE: &str = "POOLLAB_BENCH_ROLE";

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let done = match std::env::var(ROLE).as_deref() {
        Ok("load") => return poollab_loadtest::conducted(),
        Ok("server") => serve(),
        Ok("goose") => goose_by_itself(),
        _ => compare(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// CPU microseconds for each request, and requests a second.
type Cost = (f64, f64);

type Measure = fn(&str) -> Result<Cost, Failure>;

fn compare() -> Result<(), Failure> {
    let mut server = role("server")?;
    let mut address = String::new();
    BufReader::new(server.stdout.take().ok_or("no stdout")?).read_line(&mut address)?;
    let address = address.trim();

    let generators: [(&str, Measure); 5] =
        [("poollab", poollab), ("goose", goose), ("wrk", wrk), ("oha", oha), ("k6", k6)];
    let mut costs: [Vec<Cost>; 5] = Default::default();
    for round in 0..ROUNDS {
        for ((name, measure), costs) in generators.iter().zip(&mut costs) {
            match measure(address) {
                Ok(cost) => costs.push(cost),
                Err(error) if round == 0 => eprintln!("{name} is left out: {error}"),
                Err(_) => (),
            }
        }
    }
    println!(
        "{CONNECTIONS} connections, {SECONDS} s, median of {ROUNDS} rounds; an optimised build: {}",
        !cfg!(debug_assertions)
    );
    println!("{:<10}{:>12}{:>8}{:>14}", "", "µs/request", "ratio", "requests/s");
    let ours = median(&costs[0]).ok_or("the generator itself gave no result")?;
    for ((name, _), costs) in generators.iter().zip(&costs) {
        if let Some((us, rps)) = median(costs) {
            println!("{name:<10}{us:>12.1}{:>8.2}{rps:>14.0}", us / ours.0);
        }
    }

    println!("\nopen load, constant arrivals: latency from the scheduled moment");
    println!(
        "{:<10}{:>12}{:>10}{:>10}{:>10}{:>10}",
        "rate/s", "µs/request", "p50 µs", "p99 µs", "dropped", "offered"
    );
    for rate_per_s in [200.0, 2_000.0, 10_000.0] {
        let load = Load::Open { rate_per_s, arrivals: Arrivals::Constant, users: CONNECTIONS };
        let (result, cpu) = conduct(address, load)?;
        let ok = result.latency_us.ok.ok_or("no request succeeded")?;
        let us = cpu.as_secs_f64() * 1e6 / result.requests.total as f64;
        let (dropped, offered) = (result.requests.dropped, result.offered_rps);
        println!("{rate_per_s:<10}{us:>12.1}{:>10}{:>10}{dropped:>10}{offered:>10.0}", ok.p50, ok.p99);
    }
    server.kill()?;
    server.wait()?;
    Ok(())
}

fn median(costs: &[Cost]) -> Option<Cost> {
    let mut costs = costs.to_vec();
    costs.sort_by(|a, b| a.0.total_cmp(&b.0));
    costs.get(costs.len() / 2).copied()
}

fn poollab(address: &str) -> Result<Cost, Failure> {
    let (result, cpu) = conduct(address, Load::Closed { users: CONNECTIONS })?;
    if result.requests.failed > 0 {
        return Err(format!("{:?}", result.errors).into());
    }
    Ok(cost(cpu, result.requests.ok as f64))
}

fn conduct(address: &str, load: Load) -> Result<(LoadResult, Duration), Failure> {
    let order = LoadOrder {
        address: address.to_owned(),
        method: Method::Get,
        path: "/point-read/{id}".to_owned(),
        ids: 100_000,
        load,
        warmup: HumanDuration::from_millis(0),
        duration: HumanDuration::from_secs(SECONDS),
        request_timeout: HumanDuration::from_secs(5),
        seed: 1,
        cut_off: false,
        course: None,
    };
    let mut child = role("load")?;
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    writeln!(stdin, "{}", serde_json::to_string(&order)?)?;
    let (output, cpu) = finish(child)?;
    let last = output.lines().last().ok_or("it said nothing")?;
    match serde_json::from_str(last)? {
        LoadEvent::Done(result) => Ok((*result, cpu)),
        other => Err(format!("{other:?}").into()),
    }
}

fn goose(address: &str) -> Result<Cost, Failure> {
    let mut child = role("goose")?;
    writeln!(child.stdin.take().ok_or("no stdin")?, "{address}")?;
    let (output, cpu) = finish(child)?;
    Ok(cost(cpu, output.lines().last().ok_or("it said nothing")?.parse()?))
}

/// goose's own client, with the metrics off that can be, on the same kind of runtime.
fn goose_by_itself() -> Result<(), Failure> {
    use goose::config::GooseConfiguration;
    use goose::goose::{Scenario, Transaction, TransactionFunction};

    let mut address = String::new();
    std::io::stdin().read_line(&mut address)?;
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let ask: TransactionFunction = Arc::new(move |user| {
        let count = Arc::clone(&count);
        Box::pin(async move {
            let answer = user.get("/point-read/1").await?.response?;
            answer.bytes().await?;
            count.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
    });
    let mut configuration = GooseConfiguration::parse_args_default::<&str>(&[])?;
    configuration.host = Some(format!("http://{}", address.trim()));
    configuration.users = Some(CONNECTIONS as usize);
    configuration.increase_rate = Some("1000000000".to_owned());
    configuration.run_time = Some(SECONDS.to_string());
    configuration.no_telnet = true;
    configuration.no_transaction_metrics = true;
    configuration.no_scenario_metrics = true;
    configuration.no_status_codes = true;
    configuration.no_print_metrics = true;
    configuration.no_gzip = true;
    configuration.quiet = 1;
    let attack = goose::GooseAttack::initialize_with_config(configuration)?
        .register_scenario(Scenario::new("plain").register_transaction(Transaction::new(ask)));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(attack.execute())?;
    println!("\n{}", asked.load(Ordering::Relaxed));
    Ok(())
}

fn wrk(address: &str) -> Result<Cost, Failure> {
    let (time, connections) = (format!("-d{SECONDS}s"), format!("-c{CONNECTIONS}"));
    let child = Command::new("wrk")
        .args(["-t1", &time, &connections, &format!("http://{address}/point-read/1")])
        .stdout(Stdio::piped())
        .spawn()?;
    let (output, cpu) = finish(child)?;
    let line = output.lines().find(|line| line.contains(" requests in ")).ok_or("no count in its output")?;
    Ok(cost(cpu, line.split_whitespace().next().ok_or("no count")?.parse()?))
}

fn oha(address: &str) -> Result<Cost, Failure> {
    let (time, connections) = (format!("{SECONDS}s"), CONNECTIONS.to_string());
    let child = Command::new("oha")
        .args(["--no-tui", "--output-format", "json", "-z", &time, "-c", &connections])
        .arg(format!("http://{address}/point-read/1"))
        .stdout(Stdio::piped())
        .spawn()?;
    let (output, cpu) = finish(child)?;
    let json: serde_json::Value = serde_json::from_str(&output)?;
    Ok(cost(cpu, json["statusCodeDistribution"]["200"].as_f64().ok_or("no count in its output")?))
}

fn k6(address: &str) -> Result<Cost, Failure> {
    let script = format!(
        "import http from 'k6/http';
         export const options = {{ vus: {CONNECTIONS}, duration: '{SECONDS}s', discardResponseBodies: true }};
         export default () => {{ http.get('http://{address}/point-read/1'); }};
         export const handleSummary = data => ({{ stdout: String(data.metrics.http_reqs.values.count) }});"
    );
    let mut child = Command::new("k6")
        .args(["run", "--quiet", "--no-usage-report", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    child.stdin.take().ok_or("no stdin")?.write_all(script.as_bytes())?;
    let (output, cpu) = finish(child)?;
    Ok(cost(cpu, output.trim().parse()?))
}

fn cost(cpu: Duration, requests: f64) -> Cost {
    (cpu.as_secs_f64() * 1e6 / requests, requests / SECONDS as f64)
}

fn role(name: &str) -> Result<Child, Failure> {
    let myself = std::env::current_exe()?;
    Ok(Command::new(myself).env(ROLE, name).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
}

/// Waits for a child's end; returns what it printed and the CPU time that it and its own children used.
fn finish(mut child: Child) -> Result<(String, Duration), Failure> {
    let mut output = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut output)?;
    }
    let ticks = loop {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
        // After the name, which is in brackets and may hold anything: the state, and 10 fields on, times.
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        if fields.first() == Some(&"Z") {
            break fields[11..15].iter().map(|field| field.parse::<u64>()).sum::<Result<u64, _>>()?;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let status = child.wait()?;
    if !status.success() {
        return Err(format!("it ended with {status}: {output}").into());
    }
    Ok((output, Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)))
}

/// The endpoint: it reads a request, takes the id from its path, and answers as the service would.
fn serve() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (mut stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let mut request = [0_u8; 2048];
                let mut length = 0;
                while let Ok(read @ 1..) = stream.read(&mut request[length..]).await {
                    length += read;
                    if !request[..length].ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    let path = request.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
                    let id = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                    let body = format!("{{\"id\":{},\"balance\":0}}", String::from_utf8_lossy(id));
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\ncontent-type: application/json\r\n\
                         server-timing: wait;dur=0.004, query;dur=0.151, hold;dur=0.002\r\n\
                         date: Sat, 21 Nov 2026 10:15:00 GMT\r\n\r\n{body}",
                        body.len()
                    );
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                    length = 0;
                }
            });
        }
    })
}
