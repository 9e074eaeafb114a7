//! `poollab db up` and `down`: a guard without a lab, found again through a state file.
//!
//! The guard keeps the state file locked. So whoever can lock it knows that its writer is dead, and whoever
//! can't may trust the process id in it.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use poollab_model::wire::{GuardOrder, GuardReady};
use rustix::process::{Pid, Signal, kill_process, setsid};
use serde::{Deserialize, Serialize};

use super::{OrderLine, child};
use crate::error::{DbError, Doing};

/// How long a guard may take to clear away.
const DOWN_PATIENCE: Duration = Duration::from_secs(30);

/// A database that was started with [`up`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// The guard's process id.
    pub guard: u32,
    /// Where the database is and how to get in.
    pub ready: GuardReady,
}

/// Starts a guard that outlives this process and its terminal, and waits until its cluster is ready.
///
/// # Errors
/// One is up already; or as for [`Guard::spawn`](super::Guard::spawn).
pub async fn up(program: &Path, args: &[&str], order: &GuardOrder) -> Result<State, DbError> {
    if let Some(state) = status()? {
        return Err(DbError::Refused(format!(
            "a database is up already (guard {}, port {}); end it first:  poollab db down",
            state.guard, state.ready.app_tcp.port
        )));
    }
    let line = OrderLine { order: order.clone(), detached: Some(path()?) };
    let (child, _, _, ready) = child::spawn(program, args, &line).await?;
    let guard = child.id().unwrap_or_default();
    Ok(State { guard, ready })
}

/// The database that is up, if one is.
///
/// # Errors
/// The state file's folder belongs to somebody else.
pub fn status() -> Result<Option<State>, DbError> {
    let path = path()?;
    Ok(Running::find(&path).map(|running| running.state))
}

/// Ends the database that is up and waits until everything of it is gone. `false`: none was up.
///
/// # Errors
/// It did not end in time, or the state file's folder belongs to somebody else.
pub async fn down() -> Result<bool, DbError> {
    let Some(running) = Running::find(&path()?) else { return Ok(false) };
    let pid = i32::try_from(running.state.guard).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else { return Ok(false) };
    kill_process(pid, Signal::TERM)
        .map_err(std::io::Error::from)
        .doing(|| format!("telling the database's guard {} to end", running.state.guard))?;
    let deadline = Instant::now() + DOWN_PATIENCE;
    while Instant::now() < deadline {
        if running.file.try_lock().is_ok() {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(DbError::Start(format!(
        "the database's guard {} did not end within {} s; kill it with -9, and the next start of poollab clears \
         away what it leaves",
        running.state.guard,
        DOWN_PATIENCE.as_secs()
    )))
}

/// A state file whose guard lives.
struct Running {
    file: File,
    state: State,
}

impl Running {
    fn find(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        if file.try_lock().is_ok() {
            // Its guard is dead. Nobody trusts the file any more, so it may as well lie there.
            return None;
        }
        let state = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        Some(Self { file, state })
    }
}

/// The guard's own hold on its state file. Dropping it removes the file.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    file: File,
}

impl StateFile {
    /// Leaves the terminal's session and takes the file, which holds passwords: nobody else may read it.
    pub fn create(path: &Path) -> Result<Self, DbError> {
        // It fails only for the leader of a process group, which a child of `up` is not.
        let _ = setsid();
        let busy =
            || DbError::Refused("a database is up already, or just coming up; see  poollab db down".into());
        // What a dead guard left is removed and never written to: nobody may read its process id under our lock.
        if let Ok(old) = File::open(path) {
            old.try_lock().map_err(|_| busy())?;
            fs::remove_file(path).doing(|| format!("removing {}", path.display()))?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .doing(|| format!("writing {}", path.display()))?;
        file.lock().doing(|| format!("locking {}", path.display()))?;
        // Somebody who started at the same moment may have taken ours for a dead one's.
        let (ours, there) = (file.metadata(), fs::metadata(path));
        if !matches!((ours, there), (Ok(ours), Ok(there)) if ours.ino() == there.ino()) {
            return Err(busy());
        }
        Ok(Self { path: path.to_owned(), file })
    }

    pub fn write(&self, ready: &GuardReady) -> Result<(), DbError> {
        let state = State { guard: std::process::id(), ready: ready.clone() };
        let text = serde_json::to_vec(&state)
            .map_err(|why| DbError::Start(format!("the state file can't be written: {why}")))?;
        let mut file = &self.file;
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(&text))
            .doing(|| format!("writing {}", self.path.display()))
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // Before the lock goes with the file.
        let _ = fs::remove_file(&self.path);
    }
}

/// `XDG_RUNTIME_DIR/poollab/up.json`, or `/tmp/poollab-<uid>/up.json`: in a folder that only we can enter.
fn path() -> Result<PathBuf, DbError> {
    let uid = rustix::process::geteuid().as_raw();
    let folder = match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
        Some(runtime) if runtime.is_dir() => runtime.join("poollab"),
        _ => PathBuf::from(format!("/tmp/poollab-{uid}")),
    };
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(why) if why.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(why).doing(|| format!("making {}", folder.display()));
        }
        _ => {}
    }
    let it = fs::symlink_metadata(&folder).doing(|| format!("looking at {}", folder.display()))?;
    if !it.is_dir() || it.uid() != uid || it.mode() & 0o077 != 0 {
        return Err(DbError::Refused(format!(
            "{} is not a folder that only you can enter, and passwords are to be kept in it; remove it",
            folder.display()
        )));
    }
    Ok(folder.join("up.json"))
}
