//! One PgBouncer: started, waited for, ended.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use poollab_model::wire::{GuardReady, PoolerOrder, PoolerReady};
use poollab_model::{Endpoint, Host, Secret};
use rustix::process::{Pid, Signal, kill_process};

use super::config::{ADMIN, Parts};
use super::program::Program;
use crate::cluster::{Account, clean_environment, death, free_port, password};
use crate::error::{DbError, Doing};
use crate::limits::spawn_outside;

/// Its folder, inside the cluster's, has a name that begins so.
pub(crate) const FOLDER_PREFIX: &str = "pgbouncer-";
/// The file in that folder which holds its process id.
pub(crate) const PID_FILE: &str = "pid";

const START_PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(3);
/// Another program may take the free port between our finding it and PgBouncer's binding it.
const PORT_ATTEMPTS: u32 = 5;

/// A running PgBouncer. Dropping it ends it; its folder goes with the cluster's.
#[derive(Debug)]
pub(crate) struct Pooler {
    child: Child,
    ready: PoolerReady,
}

impl Pooler {
    /// Starts one in front of a running cluster and waits until it takes connections.
    ///
    /// `verifier` is what the cluster keeps instead of the service's password.
    pub fn start(
        program: &Program,
        account: &Account,
        order: &PoolerOrder,
        cluster: &GuardReady,
        verifier: &str,
    ) -> Result<Self, DbError> {
        check(program, order)?;
        let (server, tcp, folder) = (&cluster.app_socket, &cluster.app_tcp, cluster.folder.as_path());
        let home = folder.join(format!("{FOLDER_PREFIX}{}", order.route));
        fs::create_dir(&home)
            .and_then(|()| account.give(&home))
            .doing(|| format!("making {}", home.display()))?;
        let admin_password = Secret::new(password());
        let mut attempt = 0;
        loop {
            attempt += 1;
            let port = free_port()?;
            let (users, ini) = (home.join("userlist.txt"), home.join("pgbouncer.ini"));
            let parts = Parts {
                order,
                server,
                // The cluster's: a path that is known to be short enough for a socket.
                sockets: folder,
                port,
                certificates: &folder.join("data"),
                users: &users,
                pid: &home.join(PID_FILE),
            };
            write(&users, &parts.users(verifier, &admin_password), account)?;
            write(&ini, &parts.ini(), account)?;
            let log = home.join("pgbouncer.log");
            let app_socket = Endpoint { host: Host::Socket(folder.to_owned()), port, ..server.clone() };
            let child = spawn(program, account, &home, &log)?;
            let mut pooler = Self {
                ready: PoolerReady {
                    route: order.route,
                    app_tcp: Endpoint { port, ..tcp.clone() },
                    admin: Endpoint {
                        user: ADMIN.into(),
                        password: Some(admin_password.clone()),
                        dbname: "pgbouncer".into(),
                        ..app_socket.clone()
                    },
                    app_socket,
                    version: program.version.clone(),
                    pid: child.id(),
                    log: log.clone(),
                },
                child,
            };
            match pooler.wait_until_ready(folder, port) {
                Ok(()) => return Ok(pooler),
                Err(why) if attempt == PORT_ATTEMPTS || !port_taken(&log) => return Err(why),
                Err(_) => {}
            }
        }
    }

    /// Where it is and how to get in.
    pub fn ready(&self) -> &PoolerReady {
        &self.ready
    }

    /// Why it is not running any more, if it is not.
    pub fn failure(&mut self) -> Option<String> {
        let status = self.exited()?;
        Some(format!(
            "PgBouncer ({}) exited unexpectedly ({status}). The end of its log:\n  {}",
            self.ready.route,
            crate::cluster::log_tail(&self.ready.log)
        ))
    }

    fn wait_until_ready(&mut self, folder: &Path, port: u16) -> Result<(), DbError> {
        let socket = folder.join(format!(".s.PGSQL.{port}"));
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            let failed = if let Some(status) = self.exited() {
                status.to_string()
            } else if port_taken(&self.ready.log) {
                "its port is taken".to_owned()
            } else if socket.exists() && TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(());
            } else if Instant::now() > deadline {
                format!("not ready after {} s", START_PATIENCE.as_secs())
            } else {
                thread::sleep(LOOK);
                continue;
            };
            return Err(DbError::Start(format!(
                "PgBouncer did not start ({failed}):\n  {}",
                crate::cluster::log_tail(&self.ready.log)
            )));
        }
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Pooler {
    /// At once. Up to 1.22 SIGTERM means that; later it waits for clients, and SIGQUIT means it.
    fn drop(&mut self) {
        for (signal, patience) in [(Signal::TERM, 500), (Signal::QUIT, 2_000), (Signal::KILL, 2_000)] {
            if self.exited().is_some() {
                return;
            }
            // The process is a child that nobody has waited for: its number is still its own.
            if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, signal);
            }
            let deadline = Instant::now() + Duration::from_millis(patience);
            while Instant::now() < deadline && self.exited().is_none() {
                thread::sleep(LOOK);
            }
        }
    }
}

fn spawn(program: &Program, account: &Account, home: &Path, log: &Path) -> Result<Child, DbError> {
    let file = File::create(log).doing(|| format!("writing {}", log.display()))?;
    let mut command = death::command(&program.path, |program| Command::new(program));
    clean_environment(&mut command);
    account.apply(&mut command);
    command
        // The whole path, so that whoever lists processes sees whose it is.
        .arg(home.join("pgbouncer.ini"))
        .current_dir(home)
        // A Ctrl-C in the terminal is for the lab, which ends this in its turn.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file);
    spawn_outside(&mut command).doing(|| format!("starting {}", program.path.display()))
}

fn check(program: &Program, order: &PoolerOrder) -> Result<(), DbError> {
    if order.max_prepared_statements.is_some() && !program.tracks_prepared_statements() {
        return Err(DbError::Usage(format!(
            "the PgBouncer here is {} and does not know max_prepared_statements, which came with 1.21; install a \
             later one, or use --statements unnamed",
            program.version
        )));
    }
    for (name, value) in &order.settings {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(plain) || value.contains(['\n', '\r', '\0']) {
            return Err(DbError::Usage(format!("{name:?} = {value:?} is not a setting of PgBouncer")));
        }
    }
    Ok(())
}

fn port_taken(log: &Path) -> bool {
    fs::read_to_string(log).is_ok_and(|text| text.contains("Address already in use"))
}

/// A file that only its user can read: one of the two holds passwords.
fn write(path: &PathBuf, text: &str, account: &Account) -> Result<(), DbError> {
    let file = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text.as_bytes())?;
        account.give(path)
    };
    file().doing(|| format!("writing {}", path.display()))
}
