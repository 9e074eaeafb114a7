//! The private folder of one cluster, and the lock that says that its guard lives.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account::Account;
use crate::error::{DbError, Doing};

/// Folders of clusters have names that begin so.
pub(super) const PREFIX: &str = "poollab-pg-";
const LOCK: &str = "guard.lock";

/// `sun_path` has 108 bytes on Linux and 104 elsewhere, with the zero at its end.
const SOCKET_PATH_MAX: usize = 103;
const LONGEST_SOCKET_NAME: &str = "/.s.PGSQL.65535.lock";

/// Written into the lock file: what is to be cleared away if its writer can't.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Record {
    pub guard: u32,
    pub cgroups: Vec<PathBuf>,
}

/// A cluster's folder. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Locked as long as it is open. It is closed in children, so that none of them keeps the lock.
    lock: File,
}

impl Folder {
    /// Makes one in the first place that the server can reach and that leaves room for a socket's name.
    pub fn make(places: &[PathBuf], account: &Account) -> Result<Self, DbError> {
        let mut reasons = Vec::new();
        for place in places {
            match Self::make_in(place, account) {
                Ok(folder) => return Ok(folder),
                Err(why) => reasons.push(format!("{}: {why}", place.display())),
            }
        }
        Err(DbError::Start(format!(
            "There is no folder for the cluster; set TMPDIR to one that can be written to.\n  {}",
            reasons.join("\n  ")
        )))
    }

    fn make_in(place: &Path, account: &Account) -> Result<Self, String> {
        let place = place.canonicalize().map_err(|why| why.to_string())?;
        let length = place.as_os_str().as_bytes().len() + 1 + PREFIX.len() + 6 + LONGEST_SOCKET_NAME.len();
        if length > SOCKET_PATH_MAX {
            return Err(format!(
                "its path is too long for a Unix socket in it, by {}",
                length - SOCKET_PATH_MAX
            ));
        }
        if !account.can_reach(&place) {
            return Err(format!("the user {} can't reach it", account.name()));
        }
        let made = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(&place)
            .map_err(|why| why.to_string())?;
        let lock = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(made.path().join(LOCK))
            .and_then(|lock| lock.lock().map(|()| lock))
            .and_then(|lock| account.give(made.path()).map(|()| lock))
            .map_err(|why| why.to_string())?;
        let mut folder = Self { path: made.keep(), lock };
        folder.record(&[]).map_err(|why| why.to_string())?;
        Ok(folder)
    }

    /// Writes down what there is to clear away.
    pub fn record(&mut self, cgroups: &[PathBuf]) -> Result<(), DbError> {
        let record = Record { guard: std::process::id(), cgroups: cgroups.to_vec() };
        let text = serde_json::to_vec(&record).unwrap_or_default();
        self.lock
            .set_len(0)
            .and_then(|()| self.lock.rewind())
            .and_then(|()| self.lock.write_all(&text))
            .doing(|| format!("writing {}", self.path.join(LOCK).display()))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its last part: unique on this machine.
    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    pub fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    pub fn log(&self) -> PathBuf {
        self.path.join("postgres.log")
    }

    /// Removes it; again is no error.
    pub fn remove(&mut self) -> Result<(), DbError> {
        remove(&self.path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(why) = self.remove() {
            tracing::warn!("{why}");
        }
    }
}

/// Removes a folder that something may still be writing its last file into.
pub(super) fn remove(path: &Path) -> Result<(), DbError> {
    let mut last = Ok(());
    for _ in 0..20 {
        last = match fs::remove_dir_all(path) {
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            result => result,
        };
        if last.is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    last.doing(|| format!("removing {}", path.display()))
}

/// A cluster's folder whose guard is dead, with the lock taken over; `None` when it lives, when the folder is
/// not ours, or when its guard has only just begun.
pub(super) fn abandoned(path: &Path, account: &Account) -> Option<(Record, File)> {
    let folder = fs::symlink_metadata(path).ok().filter(|it| it.is_dir() && account.may_own(it.uid()))?;
    let lock_path = path.join(LOCK);
    let ours = |it: &fs::Metadata| it.is_file() && it.uid() == rustix::process::geteuid().as_raw();
    let Some(()) = fs::symlink_metadata(&lock_path).ok().filter(ours).map(|_| ()) else {
        // Without a lock file: killed within its first moment, if that was long ago.
        let old = folder.modified().ok()?.elapsed().ok()? > Duration::from_secs(600);
        let empty = fs::read_dir(path).ok()?.next().is_none();
        return (old && empty).then(|| File::open(path).ok()).flatten().map(|file| (Record::default(), file));
    };
    let mut lock = OpenOptions::new().read(true).write(true).open(&lock_path).ok()?;
    lock.try_lock().ok()?;
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    let record = serde_json::from_str(&text).ok()?;
    Some((record, lock))
}
