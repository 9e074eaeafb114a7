//! Who runs Postgres: ourselves, or an unprivileged user when we are root, which Postgres refuses.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::error::DbError;

/// The user that Postgres runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its name in the system, where we change to another one.
    other: Option<Other>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Other {
    name: String,
    uid: u32,
    gid: u32,
}

impl Account {
    /// `postgres`, else `nobody`, when we are root; otherwise ourselves.
    pub fn choose() -> Result<Self, DbError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { other: None });
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let other = ["postgres", "nobody"].iter().find_map(|name| lookup(&passwd, name));
        match other {
            Some(other) => Ok(Self { other: Some(other) }),
            None => Err(DbError::Start(
                "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody to run it \
                 as; run poollab as an ordinary user, or add one:  useradd --system postgres"
                    .into(),
            )),
        }
    }

    /// Makes a command run as this user.
    pub fn apply(&self, command: &mut Command) {
        if let Some(other) = &self.other {
            command.uid(other.uid).gid(other.gid);
        }
    }

    /// Gives it a file or folder.
    pub fn give(&self, path: &Path) -> io::Result<()> {
        match &self.other {
            Some(other) => chown(path, Some(other.uid), Some(other.gid)),
            None => Ok(()),
        }
    }

    /// Whether it can pass through a folder and all those above it.
    pub fn can_reach(&self, folder: &Path) -> bool {
        let Some(other) = &self.other else { return true };
        folder.ancestors().all(|folder| {
            fs::metadata(folder).is_ok_and(|folder| {
                let shift = match () {
                    () if folder.uid() == other.uid => 6,
                    () if folder.gid() == other.gid => 3,
                    () => 0,
                };
                folder.mode() >> shift & 1 == 1
            })
        })
    }

    /// Whether a file may be one that we or this user made.
    pub fn may_own(&self, uid: u32) -> bool {
        uid == rustix::process::geteuid().as_raw() || self.other.as_ref().is_some_and(|o| o.uid == uid)
    }

    /// Its name, for messages.
    pub fn name(&self) -> &str {
        self.other.as_ref().map_or("you", |other| &other.name)
    }
}

fn lookup(passwd: &str, name: &str) -> Option<Other> {
    let mut fields = passwd.lines().map(|line| line.split(':')).find(|fields| {
        let mut fields = fields.clone();
        fields.next() == Some(name)
    })?;
    let uid = fields.nth(2)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    (uid != 0).then(|| Other { name: name.to_owned(), uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_whose_name_only_begins_alike_is_not_taken_and_root_never() {
        let passwd = "postgresx:x:1:1::/:/bin/sh\nnobody:x:0:0::/:\npostgres:x:101:104:,,,:/var:/bin/bash\n";
        assert_eq!(lookup(passwd, "postgres").map(|other| (other.uid, other.gid)), Some((101, 104)));
        assert_eq!(lookup(passwd, "nobody"), None);
    }
}
