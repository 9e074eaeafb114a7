//! Which k6 is installed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version that the scripts were written for and are tested with.
pub const PINNED: &str = "1.1.0";

/// An installed k6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// `1.1.0`.
    pub version: String,
}

impl Program {
    /// The first one in `PATH`.
    ///
    /// # Errors
    /// There is none, or what is there is no k6; says how to get it.
    pub fn find() -> Result<Self, String> {
        Self::find_in(&env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>())
    }

    fn find_in(folders: &[PathBuf]) -> Result<Self, String> {
        let install = format!(
            "Install k6 {PINNED} (https://grafana.com/docs/k6/latest/set-up/install-k6/; in a checkout of poollab: \
             scripts/setup ci), or use --driver goose"
        );
        let found = folders.iter().map(|folder| folder.join("k6")).find(|path| path.is_file());
        let Some(path) = found else {
            return Err(format!("No k6 was found in PATH. {install}"));
        };
        match version(&path) {
            Some(version) => Ok(Self { path, version }),
            None => Err(format!("{} does not answer like k6. {install}", path.display())),
        }
    }
}

/// `k6 v1.1.0 (commit/…)`, or `k6 1.1.0`.
fn version(path: &Path) -> Option<String> {
    let output =
        Command::new(path).arg("version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let word = text.lines().next()?.strip_prefix("k6")?.split_whitespace().next()?;
    Some(word.strip_prefix('v').unwrap_or(word).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_and_what_is_no_k6_are_told_with_the_way_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let places = [folder.path().to_owned()];
        let missing = Program::find_in(&places).unwrap_err();
        assert!(missing.contains("scripts/setup ci") && missing.contains(PINNED), "{missing}");
        std::os::unix::fs::symlink("/bin/true", folder.path().join("k6")).unwrap();
        let other = Program::find_in(&places).unwrap_err();
        assert!(other.contains("does not answer like k6"), "{other}");
    }
}
