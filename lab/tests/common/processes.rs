//! Processes of the lab: started, found, signalled. Only what a test started itself, and by its number.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Scene;

/// A run whose progress can be read.
pub fn start(scene: &Scene, words: &str) -> Child {
    scene.process(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a run")
}

/// Returns when the first trial has ended; whatever comes later is read and thrown away.
pub fn wait_for_a_trial(run: &mut Child) {
    let mut lines = BufReader::new(run.stderr.take().expect("its progress")).lines().map_while(Result::ok);
    let first = lines.find(|line| line.starts_with("[  1/"));
    assert!(first.is_some(), "the run ended before its first trial did");
    std::thread::spawn(move || lines.for_each(drop));
}

pub fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(pid, signal).expect("a signal");
}

/// Children of a process and theirs, with their command lines.
pub fn descendants(of: u32) -> Vec<(u32, String)> {
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| Some((pid, parent(pid)?)))
        .collect();
    let mut found = vec![of];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(all.iter().filter(|(_, its)| *its == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.iter().skip(1).map(|pid| (*pid, command_line(*pid))).collect()
}

/// The fourth field of `stat`; the second one is a name in parentheses, which may hold anything.
fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn command_line(pid: u32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned()
}
