//! Which PgBouncer is installed.

use std::env;
use std::path::{Path, PathBuf};

use crate::cluster::program_output;
use crate::error::DbError;

/// An installed PgBouncer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// `1.18.0`.
    pub version: String,
}

/// Where it is installed beside `PATH`: an ordinary user's `PATH` does not have `sbin` on Debian.
const USUAL: [&str; 5] =
    ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/opt/pgbouncer/bin"];

impl Program {
    /// The one in `PATH`, else in the usual folders.
    ///
    /// # Errors
    /// There is none; the error has the command that installs it.
    pub fn find() -> Result<Self, DbError> {
        let path = env::var_os("PATH").unwrap_or_default();
        Self::find_in(env::split_paths(&path).chain(USUAL.iter().map(PathBuf::from)))
    }

    fn find_in(mut folders: impl Iterator<Item = PathBuf>) -> Result<Self, DbError> {
        let found = folders.find_map(|folder| Self::at(&folder.join("pgbouncer")));
        found.ok_or_else(|| {
            DbError::NoPgbouncer(format!(
                "No PgBouncer was found (looked for pgbouncer in PATH, {}), and a route needs it. Install it:\n  {}",
                USUAL.join(", "),
                how_to_install()
            ))
        })
    }

    /// Whether it has `max_prepared_statements`, which came with 1.21.
    pub fn tracks_prepared_statements(&self) -> bool {
        self.release() >= (1, 21)
    }

    fn at(path: &Path) -> Option<Self> {
        if !path.is_file() {
            return None;
        }
        // "PgBouncer 1.18.0"
        let line = program_output(path, "--version")?;
        let version = line.strip_prefix("PgBouncer ")?.split_whitespace().next()?.to_owned();
        Some(Self { path: path.to_owned(), version })
    }

    fn release(&self) -> (u32, u32) {
        let mut numbers = self.version.split('.').map(|n| n.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }
}

fn how_to_install() -> &'static str {
    let has = |program: &str| {
        env::var_os("PATH")
            .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
    };
    if has("apt-get") {
        "apt-get install pgbouncer"
    } else if has("dnf") {
        "dnf install pgbouncer"
    } else if has("apk") {
        "apk add pgbouncer"
    } else if has("brew") {
        "brew install pgbouncer"
    } else {
        "your system's package pgbouncer (https://www.pgbouncer.org/)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_one_the_error_says_how_to_get_it() {
        let empty = tempfile::tempdir().unwrap();
        let error = Program::find_in([empty.path().to_owned()].into_iter()).unwrap_err();
        assert!(!error.is_usage() && error.to_string().contains("Install it"), "{error}");
    }

    #[test]
    fn a_setting_that_came_with_1_21_is_not_believed_of_1_9_or_1_18() {
        for (version, tracks) in [("1.9.0", false), ("1.18.0", false), ("1.21.0", true), ("1.24.1", true)] {
            let program = Program { path: PathBuf::new(), version: version.into() };
            assert_eq!(program.tracks_prepared_statements(), tracks, "{version}");
        }
    }
}
