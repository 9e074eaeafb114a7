//! A place of its own for each test: whatever poollab leaves behind is in it, or names it.

#![allow(dead_code, reason = "each test program uses another part of it")]

pub mod processes;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use assert_cmd::Command;

/// A folder in which poollab runs, with its own temporary folder and its own runtime folder.
pub struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    pub fn new() -> Self {
        // Short: the path of a Unix socket has to fit 107 bytes.
        let folder = tempfile::Builder::new().prefix("plt-").tempdir().expect("a temporary folder");
        for name in ["tmp", "run", "work"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        // Postgres runs as another user when the tests run as root, and has to get through.
        for path in [folder.path().to_owned(), folder.path().join("tmp")] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("its mode");
        }
        std::fs::set_permissions(folder.path().join("run"), std::fs::Permissions::from_mode(0o700))
            .expect("its mode");
        Self { folder }
    }

    /// Where poollab runs.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Where poollab looks for the user's own defaults.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Where poollab puts what has to go at its end.
    pub fn tmp(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    pub fn poollab(&self, words: &str) -> Command {
        Command::from_std(self.process(words))
    }

    pub fn process(&self, words: &str) -> std::process::Command {
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("poollab"));
        command
            .current_dir(self.work())
            .env("TMPDIR", self.folder.path().join("tmp"))
            .env("XDG_RUNTIME_DIR", self.folder.path().join("run"))
            .env("XDG_CONFIG_HOME", self.config())
            .env_remove("DATABASE_URL")
            .env_remove("PGPASSWORD")
            .args(words.split_whitespace());
        command
    }

    /// The folders of the runs that were made here.
    pub fn runs(&self) -> Vec<PathBuf> {
        let mut runs: Vec<PathBuf> = std::fs::read_dir(self.work().join("runs"))
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        runs.sort();
        runs
    }

    /// The report of the only run.
    pub fn report(&self) -> serde_json::Value {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        let text = std::fs::read_to_string(runs[0].join("report.json")).expect("report.json");
        serde_json::from_str(&text).expect("JSON")
    }

    /// No folder, no process and no cgroup of this place is left, at the latest after `patience`.
    pub fn assert_clean_within(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let left = self.left_behind();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "left behind: {left:#?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub fn left_behind(&self) -> Vec<String> {
        let tmp = self.tmp();
        let folders = entries(&tmp).into_iter().map(|path| path.display().to_string());
        folders.chain(processes_naming(&tmp)).collect()
    }
}

/// The same call, by another program: these words, and behind them those of the call.
pub fn like(
    call: &std::process::Command,
    words: impl IntoIterator<Item = impl Into<std::ffi::OsString>>,
) -> std::process::Command {
    let mut words = words.into_iter().map(Into::into);
    let mut other = std::process::Command::new(words.next().unwrap_or_default());
    other.args(words).args(call.get_args());
    if let Some(folder) = call.get_current_dir() {
        other.current_dir(folder);
    }
    for (name, value) in call.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    other
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).expect("the folder").flatten().map(|entry| entry.path()).collect()
}

/// Command lines of processes that name a path, for example `postgres -D <path>/…`.
fn processes_naming(path: &Path) -> Vec<String> {
    let needle = path.display().to_string();
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .filter(|line| line.contains(&needle))
        .collect()
}
