//! What a guard that was killed with -9 could not clear away: the next start does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::account::Account;
use super::folder::{PREFIX, abandoned, remove};
use crate::pgbouncer::{FOLDER_PREFIX, PID_FILE};

/// Ends and removes clusters without a guard. It never fails: what can't be cleared is said in the log.
pub(super) fn clear(places: &[PathBuf], account: &Account) {
    let mut seen = Vec::new();
    for place in places.iter().filter_map(|place| place.canonicalize().ok()) {
        if seen.contains(&place) {
            continue;
        }
        for entry in fs::read_dir(&place).into_iter().flatten().filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                clear_one(&entry.path(), account);
            }
        }
        seen.push(place);
    }
}

fn clear_one(folder: &Path, account: &Account) {
    // The lock is held until the end, so that two starts don't clear the same folder.
    let Some((record, _lock)) = abandoned(folder, account) else { return };
    tracing::warn!("clearing away {}, left by a poollab that was killed", folder.display());
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(FOLDER_PREFIX) {
            end(&entry.path().join(PID_FILE), &entry.path());
        }
    }
    let data = folder.join("data");
    end(&data.join("postmaster.pid"), &data);
    for cgroup in &record.cgroups {
        if cgroup.exists()
            && let Err(why) = crate::limits::remove(cgroup)
        {
            tracing::warn!("{why}");
        }
    }
    if let Err(why) = remove(folder) {
        tracing::warn!("{why}");
    }
}

/// Ends the server whose folder this is, if one runs.
fn end(pid_file: &Path, home: &Path) {
    let Some(pid) = fs::read_to_string(pid_file)
        .ok()
        .and_then(|text| text.lines().next()?.trim().parse().ok())
        .and_then(Pid::from_raw)
    else {
        return;
    };
    // Its number may be another program's by now.
    let is_ours = || works_in(pid, home);
    for (signal, patience) in [(Signal::QUIT, 5), (Signal::KILL, 5)] {
        if !is_ours() {
            return;
        }
        let _ = kill_process(pid, signal);
        let deadline = Instant::now() + Duration::from_secs(patience);
        while Instant::now() < deadline && test_kill_process(pid).is_ok() && is_ours() {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A postmaster works in its data folder, a PgBouncer in the one that we gave it.
fn works_in(pid: Pid, home: &Path) -> bool {
    let pid = pid.as_raw_nonzero().get().to_string();
    if let Ok(folder) = fs::read_link(format!("/proc/{pid}/cwd")) {
        return folder == home;
    }
    // No /proc on this system.
    let command = Command::new("ps").args(["-o", "command=", "-p", &pid]).output();
    command.is_ok_and(|it| String::from_utf8_lossy(&it.stdout).contains(&*home.to_string_lossy()))
}
