//! The database of a scenario: limits, settings, role, poolers, logs; and who watches it.

use std::path::Path;
use std::time::{Duration, Instant};

use poollab_db::pgbouncer::{PoolerObserver, Program};
use poollab_db::{Guard, Observer};
use poollab_model::wire::{GuardOrder, GuardReady, PoolerOrder};
use poollab_model::{Component, DatabaseChoice, Endpoint, Environment, Host, Link, Means, Route};
use poollab_scenarios::{Case, Log, Need, Scenario, Scene};

use super::logs::Tail;
use crate::exit::Failure;
use crate::machine;

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// All connections of the service have names that begin so.
const APPLICATIONS: &str = "poollab/";
/// What a statement on the server may take to end after its client has gone.
const BACKENDS_LEAVE: Duration = Duration::from_secs(4);
/// Recovery after a crash, and the kernel's taking back of memory.
const COMES_BACK: Duration = Duration::from_secs(15);

/// A database that a scenario's cases run against.
pub struct Bench {
    /// It owns the database.
    pub guard: Guard,
    /// Who watches.
    pub observer: Observer,
    /// Who watches the pooler, where there is one.
    pub pooler: Option<PoolerObserver>,
    order: GuardOrder,
    connection_limit: Option<u32>,
}

impl Bench {
    /// Provides what a case of this scene needs.
    pub async fn start(scene: &Scene, case: &Case, pg_bin: Option<&Path>) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(Failure::environment)?;
        let order = order(scene, case, pg_bin)?;
        let guard = Guard::spawn(&program, &["db", "guard"], &order).await?;
        let ready = guard.ready();
        let observer = Observer::start(&ready.admin, APPLICATIONS, &ready.cgroups, LOOK_EVERY).await?;
        observer.limit_role(&ready.app_socket.user, scene.role.connection_limit).await?;
        let pooler = match ready.poolers.first() {
            Some(pooler) => {
                Some(PoolerObserver::start(&pooler.admin, &pooler.app_socket.dbname, LOOK_EVERY).await?)
            }
            None => None,
        };
        Ok(Self { guard, observer, pooler, order, connection_limit: scene.role.connection_limit })
    }

    /// Makes it ready for the next case: a new one where that needs another pooler, else the same one, empty.
    pub async fn next(self, scene: &Scene, case: &Case, pg_bin: Option<&Path>) -> Result<Self, Failure> {
        if order(scene, case, pg_bin)?.poolers == self.order.poolers {
            self.settle().await?;
            return Ok(self);
        }
        self.stop().await?;
        Self::start(scene, case, pg_bin).await
    }

    /// Waits until the services before are gone and the server answers, and puts everything back.
    async fn settle(&self) -> Result<(), Failure> {
        if let Some(pooler) = &self.pooler {
            // It keeps its server connections, and what they did, for the next case.
            pooler.disconnect_all().await?;
        }
        let left = Instant::now() + BACKENDS_LEAVE;
        while Instant::now() < left
            && self.observer.latest_server().is_none_or(|seen| seen.backends.total() > 0)
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let back = Instant::now() + COMES_BACK;
        loop {
            match self.observer.reset().await {
                Ok(()) => break,
                Err(why) if Instant::now() > back => return Err(why.into()),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        let user = &self.ready().app_socket.user;
        Ok(self.observer.limit_role(user, self.connection_limit).await?)
    }

    /// Where it is.
    pub fn ready(&self) -> &GuardReady {
        self.guard.ready()
    }

    /// The service's way in.
    pub fn endpoint(&self, scene: &Scene, route: Route) -> Result<Endpoint, String> {
        let ready = self.ready();
        let (socket, tcp) = if route.is_pooled() {
            let pooler = ready.poolers.first().ok_or_else(|| format!("there is no PgBouncer on {route}"))?;
            (&pooler.app_socket, &pooler.app_tcp)
        } else {
            (&ready.app_socket, &ready.app_tcp)
        };
        let mut endpoint = if scene.link == Link::Tcp { tcp.clone() } else { socket.clone() };
        if scene.role.superuser {
            endpoint.user.clone_from(&ready.admin.user);
            endpoint.password.clone_from(&ready.admin.password);
        }
        Ok(endpoint)
    }

    /// Connects a second, by the service's way in.
    pub async fn connects_per_s(&self, scene: &Scene) -> Result<f64, String> {
        let endpoint = self.endpoint(scene, Route::Direct)?;
        let rate = poollab_db::ceiling::connects_per_s(&self.ready().bin, &endpoint, false).await;
        rate.map_err(|why| why.to_string())
    }

    /// The ends of the servers' logs, to be read from here on.
    pub fn logs(&self) -> Vec<(Log, Tail)> {
        let ready = self.ready();
        let mut logs = vec![(Log::Postgres, Tail::from_here(&ready.log))];
        logs.extend(ready.poolers.iter().map(|pooler| (Log::PgBouncer, Tail::from_here(&pooler.log))));
        logs
    }

    /// Why this database can't show a scenario, if it can't.
    pub fn cannot_show(&self, scenario: &Scenario) -> Option<String> {
        let in_force = &self.ready().limits_in_force;
        scenario.needs.iter().find_map(|need| {
            let there = match need {
                Need::CpuLimit => in_force.cpu != Means::None,
                Need::MemoryLimit => in_force.memory != Means::None,
                Need::PostgresAtLeast(major) => self.observer.facts().version_num / 10_000 >= *major,
                // Seen before anything was started.
                Need::PgBouncer | Need::OwnDatabase | Need::ProcNet => true,
            };
            (!there).then(|| {
                let why = if matches!(need, Need::CpuLimit | Need::MemoryLimit) {
                    in_force.reasons.join("; ")
                } else {
                    String::new()
                };
                if why.is_empty() { need.missing() } else { format!("{} ({why})", need.missing()) }
            })
        })
    }

    /// What travels with the numbers.
    pub async fn environment(&self, scene: &Scene) -> Result<Environment, Failure> {
        let facts = self.observer.facts();
        let ready = self.ready();
        let mut components = poollab_servers::components();
        components.push(Component { name: "poollab".into(), version: env!("CARGO_PKG_VERSION").into() });
        if let Some(pooler) = ready.poolers.first() {
            components.push(Component { name: "PgBouncer".into(), version: pooler.version.clone() });
        }
        Ok(Environment {
            poollab: env!("CARGO_PKG_VERSION").to_owned(),
            optimised_build: !cfg!(debug_assertions),
            machine: machine::look(),
            database: DatabaseChoice::Embedded,
            postgres: facts.version.clone(),
            postgres_version_num: facts.version_num,
            database_link: match self.endpoint(scene, Route::Direct).map(|endpoint| endpoint.host) {
                Ok(Host::Tcp(host)) => format!("tcp {host}"),
                Ok(Host::Socket(_)) | Err(_) => "unix socket".to_owned(),
            },
            postgres_settings: self.observer.settings().await?,
            limits: scene.limits(),
            limits_in_force: ready.limits_in_force.clone(),
            components,
            unobserved: vec![
                "Whether the workload's statements reached the server: a scenario begins with its failure, and \
                 not with a request that checks it."
                    .to_owned(),
            ],
        })
    }

    /// Ends it; nothing of ours is left.
    pub async fn stop(self) -> Result<(), Failure> {
        if let Some(pooler) = self.pooler {
            pooler.stop().await;
        }
        self.observer.stop().await;
        Ok(self.guard.stop().await?)
    }
}

/// What is missing on this machine, as far as can be told before anything is started.
pub fn missing(scenario: &Scenario) -> Option<String> {
    scenario.needs.iter().find_map(|need| match need {
        Need::PgBouncer => Program::find().err().map(|_| need.missing()),
        Need::ProcNet => (!Path::new("/proc/net/tcp").exists()).then(|| need.missing()),
        _ => None,
    })
}

fn order(scene: &Scene, case: &Case, pg_bin: Option<&Path>) -> Result<GuardOrder, Failure> {
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let poolers = if case.route.is_pooled() { vec![pooler(case)?] } else { Vec::new() };
    Ok(GuardOrder {
        limits: scene.limits(),
        pg_bin: pg_bin.map(Path::to_owned),
        pg_settings: owned(scene.pg_settings),
        role_settings: owned(scene.role.settings),
        poolers,
        container: None,
    })
}

/// PgBouncer as the case wants it; a setting that came with a later version is left out of an older one.
fn pooler(case: &Case) -> Result<PoolerOrder, Failure> {
    let version = Program::find()?.version;
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let release = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let mut order = PoolerOrder {
        route: case.route,
        pool_size: 20,
        max_clients: 100,
        max_prepared_statements: None,
        settings: Vec::new(),
    };
    for setting in case.pooler.iter().filter(|setting| setting.since <= release) {
        let number = setting.value.parse().ok();
        match (setting.name, number) {
            ("default_pool_size", Some(size)) => order.pool_size = size,
            ("max_client_conn", Some(most)) => order.max_clients = most,
            ("max_prepared_statements", most) => order.max_prepared_statements = most,
            (name, _) => order.settings.push((name.to_owned(), setting.value.to_owned())),
        }
    }
    Ok(order)
}
