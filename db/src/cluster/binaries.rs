//! Where PostgreSQL's programs are on this system.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::DbError;
use crate::limits::spawn_outside;

/// The oldest major version that poollab works with.
pub const OLDEST: u32 = 13;

/// The programs of one installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// Folder with `initdb` and `postgres`.
    pub folder: PathBuf,
    /// Major version.
    pub major: u32,
    /// What `postgres --version` says: `postgres (PostgreSQL) 15.18 (Debian …)`.
    pub version: String,
}

impl Binaries {
    /// The named folder; else the one that `PG_CONFIG` names; else the newest of those in `PATH` and in the
    /// usual folders of Debian, Fedora, Alpine, Homebrew, MacPorts and Postgres.app.
    ///
    /// # Errors
    /// The named folder holds no PostgreSQL, or one that is too old; or there is none, and then the error has
    /// the command that installs one on this system.
    pub fn find(named: Option<&Path>) -> Result<Self, DbError> {
        if let Some(folder) = named {
            return Self::named(folder, "--pg-bin");
        }
        if let Some(pg_config) = env::var_os("PG_CONFIG") {
            let folder = output(Path::new(&pg_config), "--bindir").ok_or_else(|| {
                DbError::Usage(format!(
                    "PG_CONFIG is {}, and that program does not answer --bindir; correct it or unset it",
                    pg_config.display()
                ))
            })?;
            return Self::named(Path::new(&folder), "PG_CONFIG");
        }
        let found: Vec<Self> = usual_folders().iter().filter_map(|folder| Self::in_folder(folder)).collect();
        let newest = found.iter().max_by_key(|one| (one.major, minor(&one.version)));
        match newest {
            Some(newest) if newest.major >= OLDEST => Ok(newest.clone()),
            Some(newest) => Err(DbError::NoPostgres(format!(
                "The newest PostgreSQL here is {} in {}; poollab needs {OLDEST} or later.\n{}",
                newest.version,
                newest.folder.display(),
                how_to_install()
            ))),
            None => Err(DbError::NoPostgres(format!(
                "No PostgreSQL server was found (looked for initdb and postgres in PATH and in the usual \
                 folders).\n{}",
                how_to_install()
            ))),
        }
    }

    /// The path of one of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn named(folder: &Path, by: &str) -> Result<Self, DbError> {
        // Programs are run in another working folder: a relative path would not be found there.
        let absolute = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let found = Self::in_folder(&absolute).ok_or_else(|| {
            DbError::Usage(format!(
                "{by} names {}, where initdb and postgres are not both to be found and to be run; name the \
                 folder that holds them, for example /usr/lib/postgresql/17/bin",
                folder.display()
            ))
        })?;
        if found.major < OLDEST {
            return Err(DbError::Usage(format!(
                "{by} names {}, which is {}; poollab needs PostgreSQL {OLDEST} or later",
                folder.display(),
                found.version
            )));
        }
        Ok(found)
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        if !folder.join("initdb").is_file() {
            return None;
        }
        let version = output(&folder.join("postgres"), "--version")?;
        let major = major(&version)?;
        Some(Self { folder: folder.to_owned(), major, version })
    }
}

/// What a program says of itself, first line, trimmed.
pub(crate) fn output(program: &Path, argument: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.arg(argument).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let output = spawn_outside(&mut command).ok()?.wait_with_output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}

fn number(version: &str) -> Option<&str> {
    version.split(") ").nth(1)?.split_whitespace().next()
}

/// `18beta1` and `15.18` alike.
fn major(version: &str) -> Option<u32> {
    let number = number(version)?;
    number[..number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len())].parse().ok()
}

fn minor(version: &str) -> u32 {
    number(version).and_then(|n| n.split('.').nth(1)?.parse().ok()).unwrap_or(0)
}

fn usual_folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    // A star stands for the rest of a name, as in the shell: one level, at most once in a path.
    for pattern in [
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/usr/libexec/postgresql*",
        "/usr/lib/postgresql*/bin",
        "/usr/local/pgsql/bin",
        "/opt/homebrew/opt/postgresql*/bin",
        "/usr/local/opt/postgresql*/bin",
        "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
        "/opt/local/lib/postgresql*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
        "/usr/bin",
    ] {
        folders.extend(expand(pattern));
    }
    let mut distinct = Vec::new();
    for folder in folders {
        if let Ok(folder) = folder.canonicalize()
            && !distinct.contains(&folder)
        {
            distinct.push(folder);
        }
    }
    distinct
}

fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![pattern.into()] };
    let Some((parent, prefix)) = before.rsplit_once('/') else { return Vec::new() };
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .collect()
}

/// The command for this system, from `/etc/os-release`.
fn how_to_install() -> String {
    let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let has = |program: &str| {
        env::var_os("PATH")
            .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
    };
    let command = install_command(env::consts::OS, &os_release, has("brew"));
    format!(
        "Install it:  {command}\nor name its folder with --pg-bin, or use a server of your own with --database URL."
    )
}

fn install_command(os: &str, os_release: &str, has_brew: bool) -> &'static str {
    let field = |name: &str| {
        os_release
            .lines()
            .filter_map(|line| line.split_once('='))
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| value.trim_matches(['"', '\'']))
    };
    let family: Vec<&str> =
        [field("ID"), field("ID_LIKE")].iter().flat_map(|ids| ids.split_whitespace()).collect();
    let is = |names: &[&str]| family.iter().any(|id| names.contains(id));
    if os == "macos" {
        "brew install postgresql@17"
    } else if is(&["debian", "ubuntu"]) {
        "sudo apt-get install -y postgresql"
    } else if is(&["fedora", "rhel", "centos"]) {
        "sudo dnf install -y postgresql-server postgresql-contrib"
    } else if is(&["arch"]) {
        "sudo pacman -S --noconfirm postgresql"
    } else if is(&["alpine"]) {
        "sudo apk add postgresql postgresql-contrib"
    } else if is(&["suse", "opensuse"]) {
        "sudo zypper install -y postgresql-server postgresql-contrib"
    } else if has_brew {
        "brew install postgresql@17"
    } else {
        "your system's package for the PostgreSQL server (https://www.postgresql.org/download/)"
    }
}

/// Removes what would make Postgres's programs look elsewhere than they are told.
pub(crate) fn clean_environment(command: &mut Command) {
    let inherited = env::vars_os().filter(|(name, _)| {
        let name: &OsStr = name;
        ["PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"]
            .iter()
            .any(|kept| name == *kept)
    });
    command.env_clear().envs(inherited).env("LC_ALL", "C");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_releases_and_betas() {
        for (text, expected) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", (15, 18)),
            ("postgres (PostgreSQL) 18beta1", (18, 0)),
            ("postgres (PostgreSQL) 9.6.24", (9, 6)),
        ] {
            assert_eq!((major(text).unwrap(), minor(text)), expected, "{text}");
        }
        assert_eq!(major("hello"), None);
    }

    #[test]
    fn the_advice_to_install_fits_the_system() {
        for (os, release, expected) in [
            ("linux", "ID=debian\n", "apt-get"),
            ("linux", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "apt-get"),
            ("linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "dnf"),
            ("linux", "ID=arch\n", "pacman"),
            ("linux", "ID=alpine\n", "apk"),
            ("linux", "", "postgresql.org"),
            ("macos", "", "brew"),
        ] {
            let command = install_command(os, release, false);
            assert!(command.contains(expected), "{release:?}: {command}");
        }
    }

    #[test]
    fn a_folder_without_postgres_is_the_callers_mistake() {
        let error = Binaries::find(Some(Path::new("/nowhere"))).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("--pg-bin"), "{error}");
    }
}
