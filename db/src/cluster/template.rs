//! A made cluster with schema and rows, kept in a cache, so that a start is a copy.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde::{Deserialize, Serialize};

use super::account::Account;
use super::binaries::{Binaries, clean_environment};
use crate::error::{DbError, Doing};
use crate::limits::spawn_outside;

/// Raise it when what is in the cache changes without one of the files below changing.
const FORMAT: u32 = 1;

const CONF: &str = include_str!("../../postgresql.conf");
const HBA: &str = include_str!("../../pg_hba.conf");
const ROLES: &str = include_str!("../../roles.sql");

/// The superuser's name.
pub(crate) const ADMIN: &str = "poollab_admin";
/// The service's role.
pub(crate) const APP: &str = "poollab_app";
/// The database.
pub(crate) const DATABASE: &str = "poollab";
/// Settings of one start, included by our `postgresql.conf`.
pub(super) const ORDER_CONF: &str = "order.conf";

const MANIFEST: &str = "manifest.json";

/// What is in a cached cluster, so that a damaged one is noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// Whether `pg_stat_statements` is there.
    pub statements: bool,
    files: u64,
    bytes: u64,
}

/// Puts a cluster at `data`: from the cache, or by making it, and then it is put in the cache. The second
/// value is whether the cache was used.
pub(super) fn provide(
    binaries: &Binaries,
    account: &Account,
    data: &Path,
    cache: Option<&Path>,
) -> Result<(Manifest, bool), DbError> {
    let cached = cache.map(|cache| cache.join(name(binaries)));
    if let Some(cached) = cached.as_deref().filter(|cached| cached.exists()) {
        match take(cached, account, data) {
            Ok(manifest) => return Ok((manifest, true)),
            Err(why) => {
                tracing::warn!("the cached cluster {} is made anew: {why}", cached.display());
                forget(cached);
                if data.exists() {
                    fs::remove_dir_all(data).doing(|| format!("emptying {}", data.display()))?;
                }
            }
        }
    }
    let statements = make(binaries, account, data)?;
    let mut manifest = Manifest { statements, files: 0, bytes: 0 };
    if let Some(cached) = cached
        && let Err(why) = put(&mut manifest, data, &cached)
    {
        // The next start is slower, and nothing else.
        tracing::warn!("the cluster can't be cached in {}: {why}", cached.display());
    }
    Ok((manifest, false))
}

/// Takes a cluster out of the cache, since it does not start.
pub(super) fn forget_cached(binaries: &Binaries, cache: Option<&Path>) {
    if let Some(cache) = cache {
        forget(&cache.join(name(binaries)));
    }
}

/// Exact version, and a hash of everything of ours that is in it.
fn name(binaries: &Binaries) -> String {
    let mut hasher = DefaultHasher::new();
    (FORMAT, &binaries.version, &binaries.folder, crate::schema::SQL, CONF, HBA, ROLES).hash(&mut hasher);
    let version: String = binaries
        .version
        .split(") ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or("unknown")
        .into();
    format!("cluster-{version}-{:016x}", hasher.finish())
}

fn take(cached: &Path, account: &Account, data: &Path) -> io::Result<Manifest> {
    let manifest: Manifest = serde_json::from_slice(&fs::read(cached.join(MANIFEST))?)?;
    let (files, bytes) = copy_tree(&cached.join("data"), data, &|path| account.give(path))?;
    if (files, bytes) != (manifest.files, manifest.bytes) {
        return Err(io::Error::other(format!(
            "it holds {files} files with {bytes} bytes instead of {} with {}",
            manifest.files, manifest.bytes
        )));
    }
    Ok(manifest)
}

/// Under a name that nobody else uses, then renamed: two processes at once don't meet, and half of a copy
/// is never seen.
fn put(manifest: &mut Manifest, data: &Path, cached: &Path) -> io::Result<()> {
    let cache = cached.parent().ok_or_else(|| io::Error::other("it has no parent"))?;
    let building = tempfile::Builder::new().prefix(".building-").tempdir_in(cache)?;
    let mine = rustix::process::geteuid().as_raw();
    let to_us = |path: &Path| std::os::unix::fs::chown(path, Some(mine), None);
    (manifest.files, manifest.bytes) = copy_tree(data, &building.path().join("data"), &to_us)?;
    fs::write(building.path().join(MANIFEST), serde_json::to_vec(manifest)?)?;
    // A folder can't be renamed over another that holds something: then somebody else was faster.
    match fs::rename(building.path(), cached) {
        Ok(()) => {
            prune(cache, cached);
            Ok(())
        }
        Err(_) if cached.exists() => Ok(()),
        Err(why) => Err(why),
    }
}

/// Removes clusters of the same version that an older or newer poollab made, and builds that were broken off.
fn prune(cache: &Path, kept: &Path) {
    let prefix = |path: &Path| {
        path.file_name().and_then(|name| name.to_str()?.rsplit_once('-').map(|(prefix, _)| prefix.to_owned()))
    };
    for entry in fs::read_dir(cache).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        let old_build = entry.file_name().to_string_lossy().starts_with('.')
            && entry
                .metadata()
                .and_then(|it| it.modified())
                .is_ok_and(|at| at.elapsed().is_ok_and(|age| age.as_secs() > 3_600));
        if old_build || (path != kept && prefix(&path) == prefix(kept)) {
            forget(&path);
        }
    }
}

fn forget(cached: &Path) {
    // Renamed first, so that nobody begins to copy what is being deleted.
    let aside = cached.with_file_name(format!(".removed-{:016x}", rand::random::<u64>()));
    let _ = fs::rename(cached, &aside).and_then(|()| fs::remove_dir_all(&aside));
}

/// Copies a folder with its modes and gives each copy away; returns files and bytes. `fs::copy` shares the
/// blocks where the file system can.
fn copy_tree(from: &Path, to: &Path, give: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<(u64, u64)> {
    fs::create_dir(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            let inner = copy_tree(&entry.path(), &target, give)?;
            (files, bytes) = (files + inner.0, bytes + inner.1);
        } else {
            bytes += fs::copy(entry.path(), &target)?;
            files += 1;
            give(&target)?;
        }
    }
    give(to)?;
    Ok((files, bytes))
}

/// initdb, schema, rows, role. Returns whether `pg_stat_statements` is there.
fn make(binaries: &Binaries, account: &Account, data: &Path) -> Result<bool, DbError> {
    let mut initdb = Command::new(binaries.program("initdb"));
    initdb
        .arg("--pgdata")
        .arg(data)
        .args(["--username", ADMIN, "--encoding=UTF8", "--locale=C", "--no-sync"])
        // Nobody can connect before pg_hba.conf is replaced: the server is not started until then.
        .arg("--auth=trust");
    run(initdb, account, data, b"", "initdb")?;
    for (file, text) in [("postgresql.conf", CONF), ("pg_hba.conf", HBA), (ORDER_CONF, "")] {
        let path = data.join(file);
        fs::write(&path, text)
            .and_then(|()| account.give(&path))
            .doing(|| format!("writing {}", path.display()))?;
    }
    single(binaries, account, data, "postgres", &format!("CREATE DATABASE {DATABASE};\n"))?;
    let statements = single(
        binaries,
        account,
        data,
        DATABASE,
        "LOAD 'pg_stat_statements';\n\nCREATE EXTENSION pg_stat_statements;\n",
    )
    .is_ok();
    let sql = format!("{}\n{ROLES}\n", crate::schema::SQL);
    single(binaries, account, data, DATABASE, &sql)?;
    single(binaries, account, data, DATABASE, "VACUUM (FREEZE, ANALYZE);\n")?;
    Ok(statements)
}

/// Runs SQL in Postgres's single-user mode. It goes through standard input, so that no process list shows it.
pub(super) fn single(
    binaries: &Binaries,
    account: &Account,
    data: &Path,
    database: &str,
    sql: &str,
) -> Result<(), DbError> {
    let mut postgres = Command::new(binaries.program("postgres"));
    postgres
        .args(["--single", "-j", "-F", "-c", "exit_on_error=on", "-c", "log_min_error_statement=panic"])
        .args(["-c", "shared_buffers=16MB", "-c", "shared_preload_libraries=", "-D"])
        .arg(data)
        .arg(database);
    // With -j a statement ends at a semicolon before an empty line.
    run(postgres, account, data, format!("{sql}\n\n").as_bytes(), "postgres --single")
}

fn run(
    mut command: Command,
    account: &Account,
    data: &Path,
    input: &[u8],
    what: &str,
) -> Result<(), DbError> {
    use std::os::unix::process::CommandExt;
    clean_environment(&mut command);
    account.apply(&mut command);
    let cannot = |why: io::Error| {
        DbError::Start(format!(
            "{what} ({}) could not be run as {}: {why}. That user needs to reach the program and {}",
            command_name(what),
            account.name(),
            data.display()
        ))
    };
    command
        .current_dir(data.parent().unwrap_or(data))
        // A Ctrl-C in the terminal is for poollab, which then ends this.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = spawn_outside(&mut command).map_err(cannot)?;
    let stdin = child.stdin.take();
    let input = input.to_owned();
    // In a thread of its own, so that neither side can block the other.
    let writer = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)));
    let output = child.wait_with_output().doing(|| format!("waiting for {what}"))?;
    let _ = writer.join();
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(6)..].join("\n  ");
    Err(DbError::Start(format!("{what} failed ({}):\n  {tail}", output.status)))
}

fn command_name(what: &str) -> &str {
    what.split(' ').next().unwrap_or(what)
}

/// Where clusters are cached: `/var/cache/poollab` for root, else below `XDG_CACHE_HOME` or `~/.cache`.
/// `None` where no such folder can be made.
pub(super) fn usual_cache() -> Option<PathBuf> {
    let xdg = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let root = rustix::process::geteuid().is_root();
    let base = match (xdg, root) {
        (Some(xdg), _) => xdg,
        (None, true) => "/var/cache".into(),
        (None, false) => PathBuf::from(std::env::var_os("HOME")?).join(".cache"),
    };
    let cache = base.join("poollab");
    fs::create_dir_all(&cache).ok()?;
    fs::set_permissions(&cache, std::os::unix::fs::PermissionsExt::from_mode(0o700)).ok()?;
    Some(cache)
}
