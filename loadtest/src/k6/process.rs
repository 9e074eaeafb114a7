//! k6 as a child of the generator's process.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use poollab_model::K6Document;
use poollab_model::wire::{LoadEvent, LoadOrder, LoadResult};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};

use super::program::Program;
use super::{order, result, scripts};

/// Lines of k6's log that are kept to explain its end.
const KEPT_LINES: usize = 12;
/// What `drive.js` says when its first request is sent.
const MEASURING: &str = "poollab: measuring";
/// A threshold did not hold. There is one: that something was sent.
const THRESHOLD: i32 = 99;

/// Runs it. When this is dropped k6 is killed and its folder removed.
pub async fn carry_out(
    program: &Program,
    order: &LoadOrder,
    mut on_event: impl FnMut(LoadEvent),
) -> Result<LoadResult, String> {
    let folder = scripts::unpack().map_err(|why| format!("k6's scripts can't be written: {why}"))?;
    let mut k6 = start(program, order, folder.path())?;
    let stderr = k6.stderr.take().ok_or("k6 has no standard error")?;
    let mut lines = BufReader::new(stderr).lines();
    let mut words = VecDeque::new();
    let mut usage = Usage::default();
    let mut until: Option<Instant> = None;
    loop {
        let end_of_measuring = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            line = lines.next_line() => match line.ok().flatten() {
                Some(line) if line.contains(MEASURING) => {
                    usage.before = k6.id().and_then(figures);
                    until = Some(Instant::now() + order.duration.0);
                    on_event(LoadEvent::Measuring);
                }
                Some(line) => {
                    tracing::debug!("k6: {line}");
                    if words.len() == KEPT_LINES {
                        words.pop_front();
                    }
                    words.push_back(line);
                }
                None => break,
            },
            () = end_of_measuring => {
                usage.after = k6.id().and_then(figures);
                until = None;
            }
        }
    }
    let status = k6.wait().await.map_err(|why| format!("k6 can't be waited for: {why}"))?;
    let said = words.iter().fold(String::new(), |all, line| format!("{all}\n  | {line}"));
    if !status.success() && status.code() != Some(THRESHOLD) {
        return Err(format!("k6 {} ended with {status}{said}", program.version));
    }
    let text = fs::read_to_string(folder.path().join(scripts::SUMMARY))
        .map_err(|why| format!("k6 {} left no summary ({why}){said}", program.version))?;
    let document =
        K6Document::read(&text).map_err(|why| format!("k6's summary can't be used: {why}{said}"))?;
    result::of(document, order, &usage)
}

fn start(program: &Program, order: &LoadOrder, folder: &Path) -> Result<Child, String> {
    let mut command = Command::new(&program.path);
    command
        // Its own server would be a port that every k6 on this machine wants.
        .args(["run", "--quiet", "--no-color", "--no-usage-report", "--address", "", "--log-format", "raw"])
        .arg(folder.join(scripts::MAIN))
        .env("ORDER", order::text(order).to_string())
        .env("TIMEOUT", order::milliseconds(order.request_timeout))
        .env("OUT", folder.join(scripts::SUMMARY))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // What somebody has set for scripts of their own.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("K6_")) {
        command.env_remove(name);
    }
    command.spawn().map_err(|why| format!("{} can't be started: {why}", program.path.display()))
}

/// What k6 used, before and after measuring.
#[derive(Debug, Default)]
pub struct Usage {
    pub before: Option<Figures>,
    pub after: Option<Figures>,
}

/// CPU time so far, and resident memory in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub cpu: Duration,
    pub memory: Option<u64>,
}

/// Of a process with all its threads, where there is a `/proc`.
fn figures(pid: u32) -> Option<Figures> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold spaces.
    let fields: Vec<u64> =
        stat.rsplit_once(')')?.1.split_whitespace().skip(1).map(|field| field.parse().unwrap_or(0)).collect();
    let ticks = fields.get(10)? + fields.get(11)?;
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok();
    let pages: Option<u64> = statm.and_then(|text| text.split_whitespace().nth(1)?.parse().ok());
    Some(Figures {
        cpu: Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64),
        memory: pages.map(|pages| pages * rustix::param::page_size() as u64),
    })
}
