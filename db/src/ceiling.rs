//! What pgbench reaches on the same database with the same statement, and how fast it connects: no service in between.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use poollab_model::{Endpoint, Host};

use crate::connect::{self, Encryption};
use crate::error::{DbError, Doing};
use crate::schema::ACCOUNTS;

/// What pgbench said.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// `pgbench (PostgreSQL) 15.18 …`.
    pub tool: String,
    /// The command, without secrets.
    pub command: String,
    /// Its connections.
    pub clients: u32,
    /// Transactions a second, connecting not counted.
    pub tps: f64,
}

/// Runs `sql` as often as it can for `duration`, over `clients` connections; `:id` in it is a random
/// `1..=`[`ACCOUNTS`]. `bin` is where to look for pgbench first, then `PATH`. `None`: there is no pgbench.
/// `tls`: it connects encrypted, as the service does.
///
/// # Errors
/// pgbench fails, or says nothing that can be read.
pub async fn pgbench(
    bin: &Path,
    endpoint: &Endpoint,
    tls: bool,
    sql: &str,
    clients: u32,
    duration: Duration,
) -> Result<Option<Measured>, DbError> {
    let Some((program, tool)) = find(bin) else { return Ok(None) };
    let sql = sql.trim().trim_end_matches(';');
    let clients_text = clients.to_string();
    let arguments = ["-M", "prepared", "-c", &clients_text, "-j", "1"];
    let ran = run(&program, endpoint, tls, &arguments, &statement(sql), duration).await?;
    let tps = tps(&ran.said).ok_or_else(|| ran.unreadable())?;
    Ok(Some(Measured {
        tool,
        command: format!("pgbench {} -f <{sql}>", ran.arguments.join(" ")),
        clients,
        tps,
    }))
}

/// Statements a second with `depth` of them in flight on each connection, sent without waiting for the answer of the
/// one before.
///
/// # Errors
/// As [`pgbench`]; versions before 14 know no pipelines.
pub async fn pipelined(
    bin: &Path,
    endpoint: &Endpoint,
    tls: bool,
    sql: &str,
    clients: u32,
    depth: u32,
    duration: Duration,
) -> Result<Option<f64>, DbError> {
    let Some((program, _)) = find(bin) else { return Ok(None) };
    let each = statement(sql.trim().trim_end_matches(';')).repeat(depth as usize);
    let script = format!("\\startpipeline\n{each}\\endpipeline\n");
    let clients = clients.to_string();
    let arguments = ["-M", "prepared", "-c", &clients, "-j", "1"];
    let ran = run(&program, endpoint, tls, &arguments, &script, duration).await?;
    let scripts = tps(&ran.said).ok_or_else(|| ran.unreadable())?;
    // pgbench counts a script as one transaction.
    Ok(Some(scripts * f64::from(depth)))
}

/// A script that runs `sql` once.
fn statement(sql: &str) -> String {
    format!("\\set id random(1, {ACCOUNTS})\n{sql};\n")
}

/// Connects a second that this server makes while nobody else connects: login, one statement, the end, again and
/// again, by the same way in and as the same role as the service. By pgbench where there is one, else by ourselves.
///
/// # Errors
/// Nobody gets in.
pub async fn connects_per_s(bin: &Path, endpoint: &Endpoint, tls: bool) -> Result<f64, DbError> {
    if let Some((program, _)) = find(bin) {
        // A thread for each client: within one, pgbench connects one after another.
        let clients = CONNECTORS.to_string();
        let arguments = ["-C", "-c", &clients, "-j", &clients];
        let ran = run(&program, endpoint, tls, &arguments, &statement("SELECT 1"), CONNECTING).await;
        match ran.map(|ran| tps_with_connecting(&ran.said)) {
            Ok(Some(rate)) => return Ok(rate),
            Ok(None) => tracing::warn!("pgbench -C said nothing that can be read"),
            Err(why) => tracing::warn!("{why}"),
        }
    }
    connects_by_ourselves(endpoint, tls).await
}

/// Enough to keep a server busy whose clients spend half of a login on their own side.
const CONNECTORS: usize = 4;
/// Ten periods of a CPU limit.
const CONNECTING: Duration = Duration::from_secs(1);

/// The same without pgbench.
///
/// # Errors
/// Nobody gets in.
pub async fn connects_by_ourselves(endpoint: &Endpoint, tls: bool) -> Result<f64, DbError> {
    let encryption = if tls { Encryption::Always } else { Encryption::IfAsked };
    let began = Instant::now();
    let connector = async || {
        let mut made = 0_u32;
        while began.elapsed() < CONNECTING {
            let (client, driver) = connect::open(endpoint, "poollab connects", encryption).await?;
            // It ends when the client has gone.
            let driving = tokio::spawn(driver);
            client
                .batch_execute("SELECT 1")
                .await
                .map_err(|why| DbError::connect("measuring connects", &why))?;
            drop(client);
            let _ = driving.await;
            made += 1;
        }
        Ok::<u32, DbError>(made)
    };
    let made: u32 =
        futures_util::future::try_join_all((0..CONNECTORS).map(|_| connector())).await?.iter().sum();
    Ok(f64::from(made) / began.elapsed().as_secs_f64())
}

/// A pgbench that has ended well.
struct Ran {
    arguments: Vec<String>,
    said: String,
}

impl Ran {
    fn unreadable(&self) -> DbError {
        let lines: Vec<&str> = self.said.lines().take(4).collect();
        DbError::Start(format!("pgbench said nothing that can be read:\n  {}", lines.join("\n  ")))
    }
}

async fn run(
    program: &Path,
    endpoint: &Endpoint,
    tls: bool,
    arguments: &[&str],
    text: &str,
    duration: Duration,
) -> Result<Ran, DbError> {
    let folder = tempfile::Builder::new()
        .prefix("poollab-pgbench-")
        .tempdir()
        .doing(|| "making a folder for pgbench's script".into())?;
    let script = folder.path().join("script.sql");
    let passfile = folder.path().join("pgpass");
    let root = folder.path().join("root.crt");
    if let Some(pem) = endpoint.root_certificate.as_ref().filter(|_| tls) {
        write(&root, pem).doing(|| format!("writing {}", root.display()))?;
    }
    write(&script, text)
        .and_then(|()| write(&passfile, &pgpass_line(endpoint)))
        .doing(|| format!("writing {}", script.display()))?;

    // pgbench counts in whole seconds.
    let seconds = duration.as_secs_f64().round().max(1.0) as u64;
    let time = seconds.to_string();
    let arguments: Vec<String> =
        [&["-n"], arguments, &["-T", &time]].concat().into_iter().map(str::to_owned).collect();
    let mut command = tokio::process::Command::new(program);
    command
        .args(&arguments)
        .arg("-f")
        .arg(&script)
        .env("PGPASSFILE", &passfile)
        .env_remove("PGPASSWORD")
        .env_remove("PGOPTIONS")
        .env_remove("PGSERVICE")
        .env("PGHOST", host(endpoint))
        .env("PGPORT", endpoint.port.to_string())
        .env("PGUSER", &endpoint.user)
        .env("PGDATABASE", &endpoint.dbname)
        .env("PGSSLMODE", ssl_mode(endpoint, tls))
        // Also where there is none: libpq would look into the user's home, and verify by what it finds.
        .env("PGSSLROOTCERT", &root)
        .env("PGAPPNAME", "poollab pgbench")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(duration + Duration::from_secs(30), command.output())
        .await
        .map_err(|_| DbError::Start(format!("pgbench did not end within {seconds} + 30 s and was killed")))?
        .doing(|| format!("running {}", program.display()))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let errors: Vec<&str> = errors.lines().take(4).collect();
        return Err(DbError::Start(format!(
            "pgbench failed ({}):\n  {}",
            output.status,
            errors.join("\n  ")
        )));
    }
    Ok(Ran { arguments, said: String::from_utf8_lossy(&output.stdout).into_owned() })
}

fn find(bin: &Path) -> Option<(PathBuf, String)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(bin.to_owned()).chain(std::env::split_paths(&path)).find_map(|folder| {
        let program = folder.join("pgbench");
        let version = crate::cluster::program_output(&program, "--version")?;
        Some((program, version))
    })
}

fn host(endpoint: &Endpoint) -> std::ffi::OsString {
    match &endpoint.host {
        Host::Tcp(host) => host.into(),
        Host::Socket(folder) => folder.into(),
    }
}

/// Before version 15 libpq finds no address in a certificate, and before 16 it does not know the system's roots:
/// whether the server is the right one has been verified by the observer.
fn ssl_mode(endpoint: &Endpoint, tls: bool) -> &'static str {
    match (tls, endpoint.root_certificate.is_some()) {
        (true, true) => "verify-ca",
        (true, false) => "require",
        (false, true) => "disable",
        (false, false) => "prefer",
    }
}

/// For any server: the file is pgbench's alone.
fn pgpass_line(endpoint: &Endpoint) -> String {
    let password = endpoint.password.as_ref().map_or("", |password| password.reveal());
    format!("*:*:*:*:{}\n", password.replace('\\', "\\\\").replace(':', "\\:"))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

/// Before version 14 pgbench prints two figures; the last one excludes connecting. Later ones print that only.
fn tps(text: &str) -> Option<f64> {
    figures(text).next_back()
}

/// With `-C`: before version 14 the first of two figures includes connecting. Later ones print that only.
fn tps_with_connecting(text: &str) -> Option<f64> {
    figures(text).next()
}

fn figures(text: &str) -> impl DoubleEndedIterator<Item = f64> {
    let figure = |line: &str| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse::<f64>().ok();
    text.lines().filter_map(figure).filter(|tps| *tps > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use poollab_model::Secret;

    #[test]
    fn the_figure_without_connecting_is_taken_from_old_and_new_versions() {
        let old = "tps = 100.5 (including connections establishing)\ntps = 200.25 (excluding connections establishing)\n";
        let new = "initial connection time = 9.1 ms\ntps = 8210.4 (without initial connection time)\n";
        assert_eq!(tps(old), Some(200.25));
        assert_eq!(tps(new), Some(8210.4));
        assert_eq!(tps("tps = nonsense"), None);
    }

    #[test]
    fn the_connect_rate_is_the_figure_that_counts_connecting_in_old_and_new_versions() {
        let old = "tps = 61.5 (including connections establishing)\ntps = 9200.25 (excluding connections establishing)\n";
        let new = "average connection time = 16.1 ms\ntps = 61.5 (including reconnection times)\n";
        assert_eq!(tps_with_connecting(old), Some(61.5));
        assert_eq!(tps_with_connecting(new), Some(61.5));
    }

    #[test]
    fn a_password_with_a_colon_survives_the_password_file() {
        let endpoint = Endpoint {
            host: Host::Tcp("h".into()),
            port: 1,
            user: "u".into(),
            password: Some(Secret::new("a:b\\c")),
            dbname: "d".into(),
            root_certificate: None,
            verification: poollab_model::Verification::default(),
        };
        assert_eq!(pgpass_line(&endpoint), "*:*:*:*:a\\:b\\\\c\n");
    }
}
