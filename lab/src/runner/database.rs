//! The database of a run, however it was provided, and the observer that watches it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use poollab_db::pgbouncer::PoolerObserver;
use poollab_db::{Guard, Observer, UserDatabase};
use poollab_model::wire::{ContainerOrder, GuardOrder, PoolerOrder};
use poollab_model::{
    Acquisition, Ceiling, Component, DatabaseChoice, Driver, Endpoint, Environment, Host, LimitsInForce,
    Link, PipelinedReference, Plan, Route, Secret, Settings, WorkloadSpec,
};

use super::Options;
use super::service::applications;
use crate::exit::Failure;
use crate::machine;

/// Ten looks a second: the CPU limit's period is 100 ms, and nothing shorter shows in it.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a backend may take to notice that its client is gone.
const BACKENDS_LEAVE: Duration = Duration::from_secs(2);
/// A guard has nothing to do but to answer.
const GUARD_ANSWERS: Duration = Duration::from_secs(15);
/// Connections of pgbench where the plan names no pool size.
const CEILING_CLIENTS: u32 = 8;
/// Statements in one pipeline of the second reference.
const PIPELINE: u32 = 8;

enum Provided {
    Embedded(Box<Guard>),
    User(Box<UserDatabase>),
}

/// A database that trials can run against.
pub struct Database {
    provided: Provided,
    observer: Observer,
    poolers: Vec<(Route, PoolerObserver)>,
    /// Why it ended by itself, if it did: its guard says so once.
    ended: Option<String>,
}

impl Database {
    /// Provides what the plan names, with schema and data, and begins to watch it.
    pub async fn provide(plan: &Plan, password: Option<&Secret>, options: &Options) -> Result<Self, Failure> {
        match &plan.database {
            DatabaseChoice::Embedded => Self::embedded(plan, options).await,
            DatabaseChoice::Url { url } => Self::users_own(url, password, options).await,
            DatabaseChoice::Container { image } => {
                let container = ContainerOrder { image: image.clone() };
                let order = GuardOrder {
                    limits: plan.limits.clone(),
                    container: Some(container),
                    ..GuardOrder::default()
                };
                Self::guarded(&order).await
            }
        }
    }

    async fn embedded(plan: &Plan, options: &Options) -> Result<Self, Failure> {
        let order = GuardOrder {
            limits: plan.limits.clone(),
            pg_bin: options.pg_bin.clone(),
            role_settings: role_settings(plan),
            poolers: poolers(plan),
            ..GuardOrder::default()
        };
        Self::guarded(&order).await
    }

    /// Whatever a guard owns: processes or a container.
    async fn guarded(order: &GuardOrder) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(Failure::environment)?;
        let guard = Guard::spawn(&program, &["db", "guard"], order).await?;
        let ready = guard.ready();
        let observer = Observer::start(&ready.admin, applications(), &ready.cgroups, LOOK_EVERY).await?;
        let mut poolers = Vec::new();
        for pooler in &ready.poolers {
            let watched = PoolerObserver::start(&pooler.admin, &pooler.app_socket.dbname, LOOK_EVERY).await?;
            poolers.push((pooler.route, watched));
        }
        Ok(Self { provided: Provided::Embedded(Box::new(guard)), observer, poolers, ended: None })
    }

    async fn users_own(url: &str, password: Option<&Secret>, options: &Options) -> Result<Self, Failure> {
        let user = UserDatabase::connect(&with_password(url, password), options.reuse_schema).await?;
        if !options.quiet {
            crate::output::say(&user.plan_of_creation());
        }
        user.prepare().await?;
        let observer = match user.observer(applications(), LOOK_EVERY).await {
            Ok(observer) => observer,
            Err(why) => {
                user.drop_all().await?;
                return Err(why.into());
            }
        };
        Ok(Self { provided: Provided::User(Box::new(user)), observer, poolers: Vec::new(), ended: None })
    }

    /// Who watches.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// The service's way in.
    pub fn endpoint(&self, link: Link, route: Route) -> Result<Endpoint, String> {
        if route.is_pooled() {
            let Provided::Embedded(guard) = &self.provided else {
                return Err(format!("the route {route} is there for an embedded database only"));
            };
            let pooler = guard.ready().poolers.iter().find(|pooler| pooler.route == route);
            let pooler = pooler.ok_or_else(|| format!("no PgBouncer was started for the route {route}"))?;
            return Ok(match link {
                Link::Socket => pooler.app_socket.clone(),
                Link::Tcp => pooler.app_tcp.clone(),
            });
        }
        Ok(match (&self.provided, link) {
            (Provided::Embedded(guard), Link::Socket) => guard.ready().app_socket.clone(),
            (Provided::Embedded(guard), Link::Tcp) => guard.ready().app_tcp.clone(),
            (Provided::User(user), _) => user.endpoint().clone(),
        })
    }

    /// Whether the service connects with TLS: the settings ask for it, or the database's URL, or its server.
    pub fn encrypts(&self, settings: &Settings) -> bool {
        settings.tls || matches!(&self.provided, Provided::User(user) if user.needs_tls())
    }

    /// Who watches the pooler on a route; `None`: there is none.
    pub fn pooler(&self, route: Route) -> Option<&PoolerObserver> {
        self.poolers.iter().find(|(of, _)| *of == route).map(|(_, pooler)| pooler)
    }

    /// Backends of all services, as last seen.
    pub fn backends_now(&self) -> Option<u32> {
        self.observer.latest_server().map(|server| server.all_backends)
    }

    /// Lets go of what was seen so far, so that a run of hours needs no more memory than one of minutes.
    pub fn forget(&self) {
        let now = Instant::now();
        self.observer.forget_before(now);
        self.poolers.iter().for_each(|(_, pooler)| pooler.forget_before(now));
    }

    /// Connections of a service that has ended. They get a moment: Postgres notices a closed socket when the
    /// backend gets to run, and it may be throttled.
    pub async fn backends_left(&self, application: &str) -> Option<u32> {
        let deadline = Instant::now() + BACKENDS_LEAVE;
        loop {
            match self.observer.count_backends(application).await {
                Ok(0) => return Some(0),
                Ok(left) if Instant::now() >= deadline => return Some(left),
                Ok(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(_) => return None,
            }
        }
    }

    /// Resolves only when it ended by itself, with the reason. It may be given up and called again; a user's own
    /// server tells nobody.
    pub async fn ended(&mut self) -> String {
        if let Some(why) = &self.ended {
            return why.clone();
        }
        let Provided::Embedded(guard) = &mut self.provided else { return std::future::pending().await };
        let why = guard.failed().await.to_string();
        self.ended.insert(why).clone()
    }

    /// Why its guard can't be relied on, if it does not answer. A user's own server has none.
    pub async fn unheard(&mut self) -> Option<String> {
        let Provided::Embedded(guard) = &mut self.provided else { return None };
        guard.answers(GUARD_ANSWERS).await.err().map(|why| why.to_string())
    }

    /// Why it ended by itself, if it has by now.
    pub async fn has_ended(&mut self) -> Option<String> {
        tokio::time::timeout(Duration::ZERO, self.ended()).await.ok()
    }

    /// What travels with the numbers.
    pub async fn environment(&self, plan: &Plan) -> Result<Environment, Failure> {
        let facts = self.observer.facts();
        let mut unobserved = match &self.provided {
            Provided::Embedded(_) if facts.has_statements() => Vec::new(),
            Provided::Embedded(_) => vec![
                "Whether the workload's statements reached the server: PostgreSQL's contrib modules, which hold \
                 pg_stat_statements, are not installed."
                    .to_owned(),
            ],
            Provided::User(user) => user.unobserved(),
        };
        if let (Provided::Embedded(guard), DatabaseChoice::Container { .. }) =
            (&self.provided, &plan.database)
            && guard.ready().cgroups.is_empty()
        {
            unobserved.push(
                "CPU throttling, memory and OOM kills: the container's cgroup can't be seen from here (the engine runs \
                 elsewhere, or in a machine of its own)."
                    .to_owned(),
            );
        }
        Ok(Environment {
            poollab: env!("CARGO_PKG_VERSION").to_owned(),
            optimised_build: !cfg!(debug_assertions),
            machine: machine::look(),
            database: plan.database.clone(),
            postgres: facts.version.clone(),
            postgres_version_num: facts.version_num,
            database_link: match self.endpoint(plan.link, Route::Direct).map(|endpoint| endpoint.host) {
                Ok(Host::Tcp(host)) => format!("tcp {host}"),
                Ok(Host::Socket(_)) | Err(_) => "unix socket".to_owned(),
            },
            postgres_settings: self.observer.settings().await?,
            limits: self.limits(plan),
            limits_in_force: self.limits_in_force(),
            components: self.components(plan),
            unobserved,
        })
    }

    /// pgbench with the statement of `point-read`, by the service's way in. `None`: there is no pgbench.
    pub async fn ceiling(&self, plan: &Plan, duration: Duration) -> Result<Option<Ceiling>, String> {
        let workload = "point-read".parse().map(WorkloadSpec::plain).map_err(|why| format!("{why}"))?;
        let statement = poollab_servers::statements(&workload).first().copied().unwrap_or_default();
        let clients = plan.pool_sizes.first().copied().or(plan.settings.pool_size).unwrap_or(CEILING_CLIENTS);
        let clients = clients.min(plan.limits.free_slots()).max(1);
        let endpoint = self.endpoint(plan.link, Route::Direct)?;
        let sql = statement.replace("$1", ":id");
        let measured = poollab_db::ceiling::pgbench(
            &self.bin(),
            &endpoint,
            self.encrypts(&plan.settings),
            &sql,
            clients,
            duration,
        )
        .await;
        let Some(measured) = measured.map_err(|why| why.to_string())? else { return Ok(None) };
        Ok(Some(Ceiling {
            tool: measured.tool,
            command: measured.command,
            workload: workload.id.to_string(),
            clients: measured.clients,
            tps: measured.tps,
            samples: vec![measured.tps],
            pipelined: self.pipelined(plan, &endpoint, &sql, clients, duration).await,
        }))
    }

    /// Connects a second, by the service's way in.
    pub async fn connects_per_s(&self, plan: &Plan) -> Result<f64, String> {
        let endpoint = self.endpoint(plan.link, Route::Direct)?;
        let tls = self.encrypts(&plan.settings);
        poollab_db::ceiling::connects_per_s(&self.bin(), &endpoint, tls).await.map_err(|why| why.to_string())
    }

    /// Where PostgreSQL's programs are, as far as is known.
    fn bin(&self) -> PathBuf {
        match &self.provided {
            Provided::Embedded(guard) => guard.ready().bin.clone(),
            Provided::User(_) => PathBuf::new(),
        }
    }

    /// The reference of strategies that have several statements in flight on one connection. `None`: the plan has none
    /// of them, or this pgbench knows no pipelines.
    async fn pipelined(
        &self,
        plan: &Plan,
        endpoint: &Endpoint,
        sql: &str,
        clients: u32,
        duration: Duration,
    ) -> Option<PipelinedReference> {
        if !pipelines(plan) {
            return None;
        }
        let (bin, tls) = (self.bin(), self.encrypts(&plan.settings));
        let measured =
            poollab_db::ceiling::pipelined(&bin, endpoint, tls, sql, clients, PIPELINE, duration).await;
        let tps = measured.ok()??;
        Some(PipelinedReference { depth: PIPELINE, tps, samples: vec![tps] })
    }

    /// Ends it; nothing of ours is left.
    pub async fn stop(self) -> Result<(), poollab_db::DbError> {
        for (_, pooler) in self.poolers {
            pooler.stop().await;
        }
        self.observer.stop().await;
        match self.provided {
            Provided::Embedded(guard) => guard.stop().await,
            Provided::User(user) => user.drop_all().await,
        }
    }

    /// Of a user's own server the slots are what they are, and there are no others.
    pub fn limits(&self, plan: &Plan) -> poollab_model::Limits {
        match &self.provided {
            Provided::Embedded(_) => plan.limits.clone(),
            Provided::User(_) => poollab_model::Limits {
                cpus: None,
                memory: None,
                max_connections: self.observer.facts().slots,
                reserved: self.observer.facts().reserved,
            },
        }
    }

    fn limits_in_force(&self) -> LimitsInForce {
        match &self.provided {
            Provided::Embedded(guard) => guard.ready().limits_in_force.clone(),
            Provided::User(user) => user.limits_in_force(),
        }
    }

    fn components(&self, plan: &Plan) -> Vec<Component> {
        let mut components = poollab_servers::components();
        components.push(Component { name: "poollab".into(), version: env!("CARGO_PKG_VERSION").into() });
        if plan.driver.drivers().contains(&Driver::K6)
            && let Ok(k6) = poollab_loadtest::k6::Program::find()
        {
            components.push(Component { name: "k6".into(), version: k6.version });
        }
        if let Provided::Embedded(guard) = &self.provided
            && let Some(pooler) = guard.ready().poolers.first()
        {
            components.push(Component { name: "PgBouncer".into(), version: pooler.version.clone() });
        }
        components
    }
}

/// Whether a strategy of the plan sends statements without waiting for the answer of the one before.
pub fn pipelines(plan: &Plan) -> bool {
    let known = poollab_servers::strategies();
    known.iter().any(|info| {
        matches!(info.acquisition, Acquisition::Shared | Acquisition::Pipelined)
            && plan.strategies.contains(&info.id)
    })
}

/// One PgBouncer for each route that has one.
fn poolers(plan: &Plan) -> Vec<PoolerOrder> {
    let users = plan.loads.iter().map(poollab_model::Load::users).max().unwrap_or(0);
    let sizes = plan.pool_sizes.iter().copied().chain(plan.settings.pool_size).max().unwrap_or(0);
    let pooled = plan.routes.iter().copied().filter(|route| route.is_pooled());
    pooled
        .map(|route| PoolerOrder {
            route,
            pool_size: plan.pgbouncer.pool_size,
            // A client that has just left is still counted when the next one comes.
            max_clients: plan.pgbouncer.max_clients.unwrap_or(2 * users.max(sizes) + 100),
            max_prepared_statements: plan.pgbouncer.max_prepared_statements,
            settings: Vec::new(),
        })
        .collect()
}

/// A pooler ignores the start-up option that carries the time-out of statements, so the role has it.
fn role_settings(plan: &Plan) -> Vec<(String, String)> {
    let pooled = plan.routes.iter().any(|route| route.is_pooled());
    let limit = plan.settings.statement_timeout.filter(|_| pooled);
    limit
        .map(|limit| ("statement_timeout".to_owned(), format!("{}ms", limit.0.as_millis().max(1))))
        .into_iter()
        .collect()
}

/// The URL that a driver needs; the plan's has no password.
fn with_password(url: &str, password: Option<&Secret>) -> String {
    let (Some(password), Ok(mut parsed)) = (password, url::Url::parse(url)) else { return url.to_owned() };
    // As a parameter: before the @ a URL without a host can have none.
    parsed.query_pairs_mut().append_pair("password", password.reveal());
    parsed.into()
}
