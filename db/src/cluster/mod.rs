//! A Postgres cluster of our own: made, limited, started, stopped, removed.
//!
//! It blocks, and is meant for the guard process. Nothing here touches a cluster that it did not make.

mod account;
mod binaries;
pub(crate) mod death;
mod folder;
mod leftover;
mod postmaster;
mod restart;
mod template;
mod tls;

use std::fs;
use std::path::{Path, PathBuf};

use poollab_model::wire::{GuardOrder, GuardReady};
use poollab_model::{ByteSize, Endpoint, Host, Secret};
use rand::RngExt;

pub use binaries::{Binaries, OLDEST};

pub(crate) use account::Account;
pub(crate) use binaries::{clean_environment, output as program_output};
pub(crate) use postmaster::log_tail;
pub(crate) use template::{ADMIN, APP, DATABASE};

use crate::error::{DbError, Doing};
use crate::limits::Limiter;
use crate::pgbouncer::{self, Pooler};
use folder::Folder;
use postmaster::{Postmaster, StartFailure};
use template::ORDER_CONF;

/// Another program may take the free port between our finding it and Postgres's binding it.
const PORT_ATTEMPTS: u32 = 5;

/// With less, the server is killed for want of memory before it is up.
const SMALLEST_MEMORY: ByteSize = ByteSize::mib(32);

/// Where a cluster lives and where its template is cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Clusters get a folder of their own in the first of these that is fit for it.
    pub temporary: Vec<PathBuf>,
    /// Holds made clusters, for the next start; `None`: nothing is cached.
    pub cache: Option<PathBuf>,
}

impl Places {
    /// The system's temporary folder (`TMPDIR`), else `/tmp`; the cache of the user, or root's.
    pub fn usual() -> Self {
        Self {
            temporary: vec![std::env::temp_dir(), "/tmp".into(), "/var/tmp".into()],
            cache: template::usual_cache(),
        }
    }
}

/// A running cluster. Dropping it stops the server and removes everything of it.
#[derive(Debug)]
pub struct Cluster {
    // In the order in which they must go: poolers, the server, its cgroups, its folder.
    poolers: Vec<Pooler>,
    postmaster: Postmaster,
    limiter: Limiter,
    folder: Folder,
    ready: GuardReady,
    /// What the server keeps instead of the service's password.
    app_verifier: String,
    from_cache: bool,
}

impl Cluster {
    /// Starts one at the usual [`Places`].
    ///
    /// # Errors
    /// There is no PostgreSQL, its programs can't be run, a setting is wrong, or the server does not start.
    pub fn start(order: &GuardOrder) -> Result<Self, DbError> {
        Self::start_in(order, &Places::usual())
    }

    /// Starts one, after clearing away what a killed guard left behind.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub fn start_in(order: &GuardOrder, places: &Places) -> Result<Self, DbError> {
        check(order)?;
        let binaries = Binaries::find(order.pg_bin.as_deref())?;
        // Before anything is started that would have to be stopped again.
        let pgbouncer = if order.poolers.is_empty() { None } else { Some(pgbouncer::Program::find()?) };
        let account = Account::choose()?;
        leftover::clear(&places.temporary, &account);
        let folder = Folder::make(&places.temporary, &account)?;
        let (manifest, from_cache) =
            template::provide(&binaries, &account, &folder.data(), places.cache.as_deref())?;
        let launched = Self::launch(order, &binaries, &account, folder, manifest.statements, from_cache);
        let mut cluster = match launched {
            Err(error) if from_cache && !error.is_usage() => {
                tracing::warn!("a cluster from the cache does not start, so it is made anew: {error}");
                template::forget_cached(&binaries, places.cache.as_deref());
                let folder = Folder::make(&places.temporary, &account)?;
                let (manifest, _) =
                    template::provide(&binaries, &account, &folder.data(), places.cache.as_deref())?;
                Self::launch(order, &binaries, &account, folder, manifest.statements, false)?
            }
            launched => launched?,
        };
        if let Some(program) = pgbouncer {
            cluster.put_in_front(&program, &account, order)?;
        }
        Ok(cluster)
    }

    fn put_in_front(
        &mut self,
        program: &pgbouncer::Program,
        account: &Account,
        order: &GuardOrder,
    ) -> Result<(), DbError> {
        for pooler in &order.poolers {
            let pooler = Pooler::start(program, account, pooler, &self.ready, &self.app_verifier)?;
            self.ready.poolers.push(pooler.ready().clone());
            self.poolers.push(pooler);
        }
        Ok(())
    }

    fn launch(
        order: &GuardOrder,
        binaries: &Binaries,
        account: &Account,
        mut folder: Folder,
        statements: bool,
        from_cache: bool,
    ) -> Result<Self, DbError> {
        let data = folder.data();
        let (admin_password, app_password) = (password(), password());
        let app_verifier = verifier(&app_password);
        template::single(
            binaries,
            account,
            &data,
            DATABASE,
            &format!(
                "ALTER ROLE {ADMIN} PASSWORD '{}';\n\nALTER ROLE {APP} PASSWORD '{}';\n{}",
                verifier(&admin_password),
                app_verifier,
                role_settings(order)
            ),
        )?;
        let certificate = tls::make(&data, account)?;
        let mut limiter = Limiter::prepare(&order.limits, &folder.name());
        folder.record(&limiter.folders())?;

        let mut attempt = 0;
        let (postmaster, port) = loop {
            attempt += 1;
            let port = free_port()?;
            let order_conf = order_conf(order, folder.path(), port, statements);
            fs::write(data.join(ORDER_CONF), order_conf)
                .and_then(|()| account.give(&data.join(ORDER_CONF)))
                .doing(|| "writing the cluster's settings".into())?;
            match Postmaster::start(binaries, account, &folder, &limiter) {
                Ok(postmaster) => break (postmaster, port),
                Err(StartFailure::PortTaken) if attempt < PORT_ATTEMPTS => {}
                Err(StartFailure::Settings(why)) if !order.pg_settings.is_empty() => {
                    return Err(DbError::Usage(format!(
                        "PostgreSQL refuses the settings that were asked for:\n  {why}"
                    )));
                }
                Err(why) => return Err(why.into()),
            }
        };
        limiter.verify(postmaster.pid());

        let app_socket = Endpoint {
            host: Host::Socket(folder.path().to_owned()),
            port,
            user: APP.into(),
            password: Some(Secret::new(app_password)),
            dbname: DATABASE.into(),
            root_certificate: None,
            verification: poollab_model::Verification::default(),
        };
        let ready = GuardReady {
            app_tcp: Endpoint {
                host: Host::Tcp("127.0.0.1".into()),
                root_certificate: Some(certificate),
                ..app_socket.clone()
            },
            admin: Endpoint {
                user: ADMIN.into(),
                password: Some(Secret::new(admin_password)),
                ..app_socket.clone()
            },
            app_socket,
            folder: folder.path().to_owned(),
            log: folder.log(),
            bin: binaries.folder.clone(),
            pid: postmaster.pid(),
            limits_in_force: limiter.in_force().clone(),
            cgroups: limiter.folders(),
            poolers: Vec::new(),
        };
        Ok(Self { poolers: Vec::new(), postmaster, limiter, folder, ready, app_verifier, from_cache })
    }

    /// Where it is and how to get in.
    pub fn ready(&self) -> &GuardReady {
        &self.ready
    }

    /// Whether it was made from the cache.
    pub fn from_cache(&self) -> bool {
        self.from_cache
    }

    /// Why the server or one of its poolers is not running any more, if one is not.
    pub fn failure(&mut self) -> Option<String> {
        if let Some(why) = self.poolers.iter_mut().find_map(Pooler::failure) {
            return Some(why);
        }
        let status = self.postmaster.exited()?;
        Some(format!(
            "the PostgreSQL server exited unexpectedly ({status}). The end of its log:\n  {}",
            postmaster::log_tail(&self.folder.log())
        ))
    }

    /// Stops the server and removes its cgroups and folder.
    ///
    /// # Errors
    /// Something could not be removed; the text says what.
    pub fn stop(mut self) -> Result<(), DbError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), DbError> {
        self.poolers.clear();
        self.limiter.lift_cpu();
        self.postmaster.stop();
        let cgroups = self.limiter.remove();
        self.folder.remove()?;
        cgroups.map_err(DbError::Start)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(why) = self.end() {
            tracing::warn!("{why}");
        }
    }
}

fn check(order: &GuardOrder) -> Result<(), DbError> {
    let limits = &order.limits;
    let mut wrong = Vec::new();
    if limits.max_connections == 0 || limits.max_connections > 262_143 {
        wrong.push(format!("max_connections is {}; it must be 1 to 262143", limits.max_connections));
    }
    if limits.reserved >= limits.max_connections {
        wrong.push(format!(
            "{} reserved slots of max_connections {} leave none",
            limits.reserved, limits.max_connections
        ));
    }
    if limits.cpus.is_some_and(|cpus| !(cpus > 0.0 && cpus.is_finite())) {
        wrong.push(format!("a CPU limit of {:?} cores is none; write for example 0.5", limits.cpus));
    }
    if let Some(memory) = limits.memory.filter(|memory| *memory < SMALLEST_MEMORY) {
        wrong.push(format!(
            "a memory limit of {memory} is too little for PostgreSQL; give it {SMALLEST_MEMORY} or more"
        ));
    }
    for (name, value) in order.pg_settings.iter().chain(&order.role_settings) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if name.is_empty() || !name.chars().all(plain) || value.contains(['\n', '\r', '\0']) {
            wrong.push(format!("{name:?} = {value:?} is not a setting of PostgreSQL"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(DbError::Usage(wrong.join("\n"))) }
}

fn order_conf(order: &GuardOrder, folder: &Path, port: u16, statements: bool) -> String {
    let mut settings = vec![
        ("port".to_owned(), port.to_string()),
        ("unix_socket_directories".to_owned(), folder.display().to_string()),
        ("max_connections".to_owned(), order.limits.max_connections.to_string()),
        ("superuser_reserved_connections".to_owned(), order.limits.reserved.to_string()),
    ];
    if let Some(memory) = order.limits.memory.filter(|memory| *memory < ByteSize::mib(256)) {
        // The same share of the limit as in postgresql.conf.
        settings.push(("shared_buffers".to_owned(), format!("{}kB", memory.0 / 4 / 1024)));
    }
    if statements {
        settings.push(("shared_preload_libraries".to_owned(), "pg_stat_statements".to_owned()));
    }
    settings.extend(order.pg_settings.iter().cloned());
    settings.iter().map(|(name, value)| format!("{name} = '{}'\n", value.replace('\'', "''"))).collect()
}

/// As statements of single-user mode. The names have been checked.
fn role_settings(order: &GuardOrder) -> String {
    let statement = |(name, value): &(String, String)| {
        format!("\nALTER ROLE {APP} SET {name} = '{}';\n", value.replace('\'', "''"))
    };
    order.role_settings.iter().map(statement).collect()
}

/// 32 letters and digits: 190 bits.
pub(crate) fn password() -> String {
    let mut rng = rand::rng();
    std::iter::repeat_with(|| char::from(rng.sample(rand::distr::Alphanumeric))).take(32).collect()
}

/// What the server keeps instead of the password.
fn verifier(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

pub(crate) fn free_port() -> Result<u16, DbError> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0));
    listener
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .doing(|| "looking for a free port on 127.0.0.1".into())
}
