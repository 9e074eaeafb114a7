//! What is started to show a scenario, as data that the lab carries out.
//!
//! A scene is what the broken and the cured side share; a case is one service in it. So a cure can't win
//! by an easier load.

use poollab_model::{
    DefaultsPolicy, HotRowMethod, HumanDuration, Limits, Link, Route, Settings, StatementMode, WorkloadSpec,
};
use serde::Serialize;

/// What both sides of a scenario share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scene {
    /// CPU share of the database in cores; `None`: not limited.
    pub cpus: Option<f64>,
    /// Its memory in MiB; `None`: not limited.
    pub memory_mib: Option<u64>,
    /// Its slots.
    pub max_connections: u32,
    /// Slots kept for superusers.
    pub reserved: u32,
    /// Settings of Postgres, name and value.
    pub pg_settings: &'static [(&'static str, &'static str)],
    /// The way from service to database.
    pub link: Link,
    /// The role that the service connects as, and its limits.
    pub role: Role,
    /// The load, stage by stage.
    pub stages: &'static [Stage],
    /// A second load on the same service, measured apart.
    pub beside: Option<Beside>,
    /// When a client gives up and hangs up, in milliseconds.
    pub request_timeout_ms: u32,
    /// How long is measured, from the first stage's begin, in milliseconds. There is no warm-up: the
    /// first moments are often the point.
    pub duration_ms: u32,
    /// What happens on the way.
    pub actions: &'static [Action],
    /// `/healthz` is asked every so many milliseconds and counts as unanswered after as many;
    /// 0: not asked.
    pub healthz_every_ms: u32,
    /// The connects a second that the times of this scene and its cases are written for; a database that makes fewer
    /// gets all of them longer by as much. `None`: no time here depends on how fast it connects.
    pub connects_per_s: Option<u32>,
}

impl Scene {
    /// The lab's usual database, a short trial, and nobody there yet.
    pub const BASE: Self = Self {
        cpus: Some(0.5),
        memory_mib: Some(256),
        max_connections: 40,
        reserved: 3,
        pg_settings: &[],
        link: Link::Socket,
        role: Role::BASE,
        stages: &[],
        beside: None,
        request_timeout_ms: 10_000,
        duration_ms: 3_000,
        actions: &[],
        healthz_every_ms: 0,
        connects_per_s: None,
    };

    /// The same without a CPU limit, for scenes that no CPU has to be short in.
    pub const FREE: Self = Self { cpus: None, ..Self::BASE };

    /// The limits of the database.
    pub fn limits(&self) -> Limits {
        Limits {
            cpus: self.cpus,
            memory: self.memory_mib.map(poollab_model::ByteSize::mib),
            max_connections: self.max_connections,
            reserved: self.reserved,
        }
    }
}

/// The role of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Role {
    /// Whether it is a superuser.
    pub superuser: bool,
    /// `CONNECTION LIMIT`.
    pub connection_limit: Option<u32>,
    /// `ALTER ROLE … SET`, name and value.
    pub settings: &'static [(&'static str, &'static str)],
}

impl Role {
    /// An ordinary role without a limit.
    pub const BASE: Self = Self { superuser: false, connection_limit: None, settings: &[] };
}

/// The load from some moment on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stage {
    /// When it begins, in milliseconds from the start of measuring.
    pub at_ms: u32,
    /// What it is.
    pub press: Traffic,
}

/// How requests arrive.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "press", rename_all = "kebab-case")]
pub enum Traffic {
    /// So many users; each sends its next request when its last one has been answered. None: a pause.
    Users {
        /// How many.
        users: u32,
    },
    /// Evenly spaced arrivals, whether or not answers come.
    Rate {
        /// Arrivals a second.
        per_s: u32,
        /// The most in flight.
        in_flight: u32,
    },
    /// All at once, once.
    Burst {
        /// How many.
        requests: u32,
    },
}

/// A second load on the same service.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Beside {
    /// Its users.
    pub users: u32,
    /// When they hang up, in milliseconds.
    pub hang_up_ms: u32,
}

/// Something that happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Action {
    /// When, in milliseconds from the start of measuring.
    pub at_ms: u32,
    /// What.
    pub act: Act,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// Postgres is stopped (mode fast) and started again after so many milliseconds.
    RestartDatabase {
        /// How long it stays down.
        down_ms: u32,
    },
    /// A rolling deploy that overlaps: as many processes again start, one after another, each when the one
    /// before is ready or has failed. The load stays with the first generation.
    StartNextGeneration,
}

/// How many processes of the service there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Deploy {
    /// Processes; the load is divided among them evenly.
    pub processes: u32,
    /// Milliseconds between the first requests to one process and the first to the next one.
    pub join_every_ms: u32,
    /// Connections that a process of the next generation opens before it is ready.
    pub next_min_idle: u32,
    /// Of the processes the first ones that open none before they are ready, and no more while others take all.
    pub cold: u32,
}

impl Deploy {
    /// One process.
    pub const BASE: Self = Self { processes: 1, join_every_ms: 0, next_min_idle: 0, cold: 0 };
}

/// One service in a scene: what differs between broken and cured, or between libraries.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Case {
    /// What to call it in a table; empty: the strategy's id.
    pub label: &'static str,
    /// The strategy.
    pub strategy: &'static str,
    /// The workload.
    pub workload: &'static str,
    /// Its parameters, as in a query string.
    pub params: &'static str,
    /// The path and parameters that the second load asks for; empty where there is none.
    pub beside: &'static str,
    /// Settings of the strategy.
    pub tuning: Tuning,
    /// What stands between service and database.
    pub route: Route,
    /// PgBouncer's settings.
    pub pooler: &'static [PoolerSetting],
    /// Its processes.
    pub deploy: Deploy,
    /// What must be true of this case, beside what must be of all.
    pub expects: &'static [crate::expect::Expect],
}

impl Case {
    /// deadpool, one process, straight to Postgres.
    pub const BASE: Self = Self {
        label: "",
        strategy: "deadpool",
        workload: "point-read",
        params: "",
        beside: "",
        tuning: Tuning::BASE,
        route: Route::Direct,
        pooler: &[],
        deploy: Deploy::BASE,
        expects: &[],
    };

    /// What to call it in a table.
    pub fn label(&self) -> &'static str {
        if self.label.is_empty() { self.strategy } else { self.label }
    }

    /// Path and query of its requests; `{id}` becomes an id.
    pub fn path(&self) -> String {
        path(self.workload, self.params)
    }

    /// Path and query of the second load's requests.
    pub fn beside_path(&self) -> Option<String> {
        let (workload, params) = self.beside.split_once('?').unwrap_or((self.beside, ""));
        (!workload.is_empty()).then(|| path(workload, params))
    }

    /// The workload for a record. Parameters that only a scenario's own workload knows are in the path
    /// and not here.
    ///
    /// # Errors
    /// The workload's name is not an id.
    pub fn workload_spec(&self) -> Result<WorkloadSpec, poollab_model::IdError> {
        let mut spec = WorkloadSpec::plain(self.workload.parse()?);
        for (name, value) in self.params.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "think_ms" => spec.think_ms = value.parse().ok(),
                "release_early" => spec.release_early = value == "true",
                "method" => {
                    spec.method = HotRowMethod::ALL.into_iter().find(|method| method.as_str() == value);
                }
                _ => {}
            }
        }
        Ok(spec)
    }
}

fn path(workload: &str, params: &str) -> String {
    let question = if params.is_empty() { "" } else { "?" };
    format!("/{workload}/{{id}}{question}{params}")
}

/// Settings of a strategy, as a constant can hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tuning {
    /// Connections of the pool.
    pub pool_size: u32,
    /// How long a request waits for a connection, in milliseconds. `None`: for ever.
    pub acquire_ms: Option<u32>,
    /// How long one attempt to connect may take, in milliseconds.
    pub connect_ms: u32,
    /// Whether a round trip checks the connection at each checkout.
    pub health_check: bool,
    /// How statements reach Postgres.
    pub statements: StatementMode,
    /// Connections opened before the first request.
    pub min_idle: u32,
    /// Age at which a connection is replaced, in milliseconds. `None`: never.
    pub max_lifetime_ms: Option<u32>,
    /// After which Postgres cancels a statement, in milliseconds. `None`: never.
    pub statement_timeout_ms: Option<u32>,
    /// Threads for synchronous drivers.
    pub blocking_threads: u32,
}

impl Tuning {
    /// The lab's equalised settings.
    pub const BASE: Self = Self {
        pool_size: 8,
        acquire_ms: Some(5_000),
        connect_ms: 5_000,
        health_check: false,
        statements: StatementMode::Cached,
        min_idle: 0,
        max_lifetime_ms: None,
        statement_timeout_ms: None,
        blocking_threads: 64,
    };

    /// As the service takes them.
    pub fn settings(&self) -> Settings {
        let duration = |ms: u32| HumanDuration::from_millis(u64::from(ms));
        Settings {
            defaults: DefaultsPolicy::Equalised,
            pool_size: Some(self.pool_size),
            acquire_timeout: self.acquire_ms.map(duration),
            connect_timeout: Some(duration(self.connect_ms)),
            health_check: self.health_check,
            statements: self.statements,
            min_idle: self.min_idle,
            max_lifetime: self.max_lifetime_ms.map(duration),
            statement_timeout: self.statement_timeout_ms.map(duration),
            blocking_threads: self.blocking_threads,
            ..Settings::default()
        }
    }
}

/// A setting of PgBouncer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PoolerSetting {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: &'static str,
    /// The first version that knows it, as (major, minor): an older one refuses to start with it.
    pub since: (u32, u32),
}

impl PoolerSetting {
    /// A setting that every supported version knows.
    pub const fn new(name: &'static str, value: &'static str) -> Self {
        Self { name, value, since: (1, 0) }
    }
}
