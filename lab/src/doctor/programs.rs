//! Programs of others: which there are.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use poollab_db::cluster::Binaries;
use poollab_db::pgbouncer;

use super::Check;

/// A program that says its version takes no longer; a Docker whose engine is stuck does.
const PATIENCE: Duration = Duration::from_secs(4);

/// PostgreSQL, its contrib modules and pgbench.
pub(super) fn postgres(named: Option<&Path>) -> Vec<Check> {
    let binaries = match Binaries::find(named) {
        Ok(binaries) => binaries,
        Err(why) => {
            let text = why.to_string();
            let (found, remedy) = text.split_once('\n').unwrap_or((&text, "install PostgreSQL 13 or later"));
            return vec![Check::broken("PostgreSQL", found, remedy)];
        }
    };
    let mut checks = vec![Check::works(
        "PostgreSQL",
        format!("{} in {}", binaries.version.trim_start_matches("postgres "), binaries.folder.display()),
    )];
    checks.push(match has_statements(&binaries) {
        Some(true) => Check::works("contrib", "pg_stat_statements is installed: statements can be verified"),
        Some(false) => Check::lacks(
            "contrib",
            "pg_stat_statements is missing: poollab cannot verify that Postgres received the workload's statements",
            "install PostgreSQL's contrib modules (postgresql-contrib)",
        ),
        None => Check::lacks(
            "contrib",
            "pg_config is missing: cannot check whether pg_stat_statements is installed",
            "install postgresql-contrib if a report says that something was not observed",
        ),
    });
    checks.push(
        match says(&binaries.program("pgbench"), &["--version"])
            .or_else(|| says(Path::new("pgbench"), &["--version"]))
        {
            Some(version) => Check::works("pgbench", version),
            None => Check::lacks(
                "pgbench",
                "not found: runs have no reference measurement",
                "install PostgreSQL's server or contrib package, which contains it",
            ),
        },
    );
    checks
}

/// The folder of shared files is where the package put it: `pg_config` tells, or it is beside the programs.
fn has_statements(binaries: &Binaries) -> Option<bool> {
    let below = |share: &Path| share.join("extension/pg_stat_statements.control").is_file();
    let told = says(&binaries.program("pg_config"), &["--sharedir"]);
    let guesses = [format!("/usr/share/postgresql/{}", binaries.major)];
    let guesses = guesses.iter().map(|guess| Path::new(guess).to_owned());
    let beside = binaries.folder.parent().map(|parent| parent.join("share"));
    let shares: Vec<_> = told.map(Into::into).into_iter().chain(guesses).chain(beside).collect();
    if shares.iter().any(|share: &std::path::PathBuf| below(share)) {
        return Some(true);
    }
    shares.iter().any(|share| share.join("extension").is_dir()).then_some(false)
}

pub(super) fn pgbouncer() -> Check {
    match pgbouncer::Program::find() {
        Ok(found) if found.tracks_prepared_statements() => {
            Check::works("PgBouncer", format!("{} in {}", found.version, found.path.display()))
        }
        Ok(found) => Check::works(
            "PgBouncer",
            format!(
                "{}: older than 1.21, does not support prepared statements in transaction mode",
                found.version
            ),
        ),
        Err(why) => {
            let text = why.to_string();
            let remedy = text.lines().nth(1).unwrap_or("install the package pgbouncer").trim().to_owned();
            Check::lacks("PgBouncer", "not found: --route pgbouncer-… is unavailable", remedy)
        }
    }
}

pub(super) fn k6() -> Check {
    match says(Path::new("k6"), &["version"]) {
        Some(version) => Check::works("k6", version),
        None => Check::lacks(
            "k6",
            "not found: --driver k6 is unavailable",
            "make setup installs it, or see https://grafana.com/docs/k6/latest/set-up/install-k6/",
        ),
    }
}

pub(super) fn docker() -> Check {
    if says(Path::new("docker"), &["--version"]).is_none() {
        return Check::lacks(
            "Docker",
            "not found: --database container and make containers are unavailable",
            "install a container engine if you need it: https://docs.docker.com/engine/install/",
        );
    }
    match says(Path::new("docker"), &["version", "--format", "{{.Server.Version}}"]) {
        Some(version) => Check::works("Docker", format!("engine {version}")),
        None => Check::lacks(
            "Docker",
            "the client is installed, but no engine answers: --database container and make containers are unavailable",
            "start it (systemctl start docker), or add this user to the docker group",
        ),
    }
}

/// The first line that a program says, if it ends well and in time.
fn says(program: &Path, words: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                // It is stuck: whether it can be ended changes nothing of the answer.
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    };
    let mut text = String::new();
    child.stdout.take()?.read_to_string(&mut text).ok()?;
    let line = text.lines().next()?.trim();
    (status.success() && !line.is_empty()).then(|| line.to_owned())
}
