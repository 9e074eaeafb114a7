//! The server process: started under its limits, waited for, stopped.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::account::Account;
use super::binaries::{Binaries, clean_environment};
use super::death;
use super::folder::Folder;
use crate::error::DbError;
use crate::limits::{Limiter, spawn_outside};

/// A start takes tens of milliseconds; under a tight CPU limit many times that.
const START_PATIENCE: Duration = Duration::from_secs(60);

/// How often the state of the process is looked at.
const LOOK: Duration = Duration::from_millis(3);

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Postmaster {
    child: Child,
}

/// Why it did not start.
#[derive(Debug)]
pub(super) enum StartFailure {
    /// Somebody else was faster with the port.
    PortTaken,
    /// `postgresql.conf` is refused.
    Settings(String),
    /// Anything else, with the end of the log.
    Other(String),
}

impl From<StartFailure> for DbError {
    fn from(failure: StartFailure) -> Self {
        match failure {
            StartFailure::PortTaken => {
                Self::Start("no free port could be kept long enough to start PostgreSQL; try again".into())
            }
            StartFailure::Settings(why) | StartFailure::Other(why) => {
                Self::Start(format!("PostgreSQL did not start:\n  {why}"))
            }
        }
    }
}

impl Postmaster {
    /// Starts it and waits until it takes connections.
    pub fn start(
        binaries: &Binaries,
        account: &Account,
        folder: &Folder,
        limiter: &Limiter,
    ) -> Result<Self, StartFailure> {
        let other = |what: &str, why: std::io::Error| StartFailure::Other(format!("{what}: {why}"));
        // Appended to: after a restart what was said before it still counts.
        let log = File::options().create(true).append(true).open(folder.log());
        let log = log.map_err(|why| other("its log can't be written", why))?;
        let errors = log.try_clone().map_err(|why| other("its log can't be written", why))?;
        let mut command = death::command(&binaries.program("postgres"), |program| limiter.command(program));
        clean_environment(&mut command);
        account.apply(&mut command);
        command
            .arg("-D")
            .arg(folder.data())
            .current_dir(folder.path())
            // When memory is short the kernel should end a session, from which the server recovers, and not the
            // postmaster. PostgreSQL's own way; raising the sessions' score takes no privilege, lowering
            // the postmaster's would.
            .env("PG_OOM_ADJUST_FILE", "/proc/self/oom_score_adj")
            .env("PG_OOM_ADJUST_VALUE", "500")
            // A Ctrl-C in the terminal is for the lab, which stops this in its turn.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        let child = limiter.spawn(&mut command).map_err(|why| other("it can't be run", why))?;
        let mut postmaster = Self { child };
        postmaster.wait_until_ready(binaries, account, folder)?;
        Ok(postmaster)
    }

    /// `postmaster.pid` says in its eighth line how far it is, as `pg_ctl` reads it.
    fn wait_until_ready(
        &mut self,
        binaries: &Binaries,
        account: &Account,
        folder: &Folder,
    ) -> Result<(), StartFailure> {
        let pid_file = folder.data().join("postmaster.pid");
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            let text = fs::read_to_string(&pid_file).unwrap_or_default();
            if text.lines().nth(7).is_some_and(|state| state.trim() == "ready") {
                return Ok(());
            }
            if let Some(status) = self.exited() {
                return Err(diagnose(binaries, account, folder, status));
            }
            if Instant::now() > deadline {
                return Err(StartFailure::Other(format!(
                    "not ready after {} s; give it more CPU\n  {}",
                    START_PATIENCE.as_secs(),
                    log_tail(&folder.log())
                )));
            }
            thread::sleep(LOOK);
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Fast, then immediate, then by force. Again is no error.
    pub fn stop(&mut self) {
        for (signal, patience) in [(Signal::INT, 5), (Signal::QUIT, 3), (Signal::KILL, 3)] {
            if self.exited().is_some() {
                return;
            }
            // The process is a child that nobody has waited for: its number is still its own.
            if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, signal);
            }
            let deadline = Instant::now() + Duration::from_secs(patience);
            while Instant::now() < deadline && self.exited().is_none() {
                thread::sleep(LOOK);
            }
        }
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        self.stop();
    }
}

fn diagnose(binaries: &Binaries, account: &Account, folder: &Folder, status: ExitStatus) -> StartFailure {
    let tail = log_tail(&folder.log());
    // It reads its settings and prints one: this fails if they are what it refuses.
    let mut check = Command::new(binaries.program("postgres"));
    clean_environment(&mut check);
    account.apply(&mut check);
    check
        .args(["-C", "port", "-D"])
        .arg(folder.data())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let settings_ok =
        spawn_outside(&mut check).and_then(|mut check| check.wait()).is_ok_and(|status| status.success());
    if !settings_ok {
        return StartFailure::Settings(tail);
    }
    let port_taken = fs::read_to_string(folder.data().join(super::ORDER_CONF))
        .ok()
        .and_then(|text| text.lines().next()?.split('\'').nth(1)?.parse::<u16>().ok())
        .is_some_and(|port| std::net::TcpListener::bind(("127.0.0.1", port)).is_err());
    if port_taken {
        return StartFailure::PortTaken;
    }
    StartFailure::Other(format!("{tail}\n  ({status})"))
}

/// The last lines of a log.
pub(crate) fn log_tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n  ")
}
