//! A Postgres in a container of our own: started, limited, watched, removed.
//!
//! It belongs to a guard, like an embedded cluster: when the lab dies, the guard removes it. A guard that was itself
//! killed leaves it behind, and the next start removes it: by its label, and only when the lock file that the label
//! names is held by nobody on this machine.
//!
//! The engine is spoken to through `bollard`, by `DOCKER_HOST` or its usual socket.

mod engine;
mod leftover;
mod place;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse, HostConfig, PortBinding};
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, RemoveContainerOptions, StartContainerOptions,
};
use poollab_model::wire::{GuardOrder, GuardReady};
use poollab_model::{Endpoint, Host, LimitsInForce, Means, Secret};

use crate::cluster::{ADMIN, APP, DATABASE, password};
use crate::connect::{Encryption, open};
use crate::error::DbError;

/// The image that `db/Dockerfile` makes.
pub const IMAGE: &str = "poollab-db";

/// Postgres's port in there.
const PORT: u16 = 5432;
/// A start takes a second; under a tight limit of CPU many times that.
const START_PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(200);

/// A running container. It is removed by [`remove`](Self::remove); dropped without that it stays for the next start
/// to find.
#[derive(Debug)]
pub(crate) struct Container {
    docker: Docker,
    name: String,
    ready: GuardReady,
    // Its lock says that we live.
    _lock: leftover::Lock,
}

impl Container {
    /// Starts one of this image, with the order's limits, and waits until its Postgres takes connections.
    ///
    /// # Errors
    /// No engine, no image, no permission, or it does not start; each says what to do.
    pub async fn start(order: &GuardOrder, image: &str) -> Result<Self, DbError> {
        let docker = engine::connect().await?;
        leftover::clear(&docker).await;
        docker.inspect_image(image).await.map_err(|why| engine::no_image(image, &why))?;

        let lock = leftover::Lock::take()?;
        let name = format!("poollab-db-{}", &password().to_lowercase()[..8]);
        let passwords = (password(), password());
        let options =
            CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
        let body = body(order, image, &lock, &passwords);
        let failed = |doing: &str| {
            let doing = format!("{doing} the container {name}");
            move |why: bollard::errors::Error| engine::failed(&doing, &why)
        };
        docker.create_container(Some(options), body).await.map_err(failed("making"))?;

        let started = async {
            docker.start_container(&name, None::<StartContainerOptions>).await.map_err(failed("starting"))?;
            wait_until_ready(&docker, &name, image, order, passwords).await
        };
        match started.await {
            Ok(ready) => Ok(Self { docker, name, ready, _lock: lock }),
            Err(why) => {
                remove(&docker, &name).await?;
                Err(why)
            }
        }
    }

    /// Where its Postgres is and how to get in.
    pub fn ready(&self) -> &GuardReady {
        &self.ready
    }

    /// Why it is not running any more, if it is not. An engine that does not answer is no such reason.
    pub async fn failure(&self) -> Option<String> {
        let it = self.docker.inspect_container(&self.name, None::<InspectContainerOptions>).await.ok()?;
        ended(&self.docker, &self.name, &it).await
    }

    /// Ends and removes it.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn remove(self) -> Result<(), DbError> {
        remove(&self.docker, &self.name).await
    }
}

/// With its memory limit as the limit of memory and swap together: a database that swaps is another one.
fn body(
    order: &GuardOrder,
    image: &str,
    lock: &leftover::Lock,
    (app, admin): &(String, String),
) -> ContainerCreateBody {
    let memory = order.limits.memory.map(|memory| i64::try_from(memory.0).unwrap_or(i64::MAX));
    let anywhere = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some("0".into()) };
    ContainerCreateBody {
        image: Some(image.to_owned()),
        labels: Some(lock.labels()),
        env: Some(vec![
            format!("POOLLAB_DB_PASSWORD={app}"),
            format!("POOLLAB_DB_ADMIN_PASSWORD={admin}"),
            format!("POOLLAB_DB_MAX_CONNECTIONS={}", order.limits.max_connections),
            format!("POOLLAB_DB_RESERVED={}", order.limits.reserved),
        ]),
        cmd: Some(
            order
                .pg_settings
                .iter()
                .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")])
                .collect(),
        ),
        exposed_ports: Some(vec![format!("{PORT}/tcp")]),
        host_config: Some(HostConfig {
            nano_cpus: order.limits.cpus.map(|cpus| (cpus * 1e9).round() as i64),
            memory,
            memory_swap: memory,
            // The engine's 64 MiB are too few for a server that sorts in parallel.
            shm_size: Some(128 << 20),
            port_bindings: Some(HashMap::from([(format!("{PORT}/tcp"), Some(vec![anywhere]))])),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

async fn wait_until_ready(
    docker: &Docker,
    name: &str,
    image: &str,
    order: &GuardOrder,
    (app, admin): (String, String),
) -> Result<GuardReady, DbError> {
    let deadline = Instant::now() + START_PATIENCE;
    loop {
        let it = docker
            .inspect_container(name, None::<InspectContainerOptions>)
            .await
            .map_err(|why| engine::failed(&format!("looking at the container {name}"), &why))?;
        if let Some(why) = ended(docker, name, &it).await {
            return Err(DbError::Start(why));
        }
        let mut last = None;
        for (host, port) in place::addresses(&it) {
            let endpoint = |user: &str, password: &str| Endpoint {
                host: Host::Tcp(host.clone()),
                port,
                user: user.into(),
                password: Some(Secret::new(password)),
                dbname: DATABASE.into(),
                root_certificate: None,
                verification: poollab_model::Verification::default(),
            };
            let as_admin = endpoint(ADMIN, &admin);
            match open(&as_admin, "poollab guard", Encryption::IfAsked).await {
                Ok((client, driver)) => {
                    drop((client, driver));
                    return Ok(ready(&it, endpoint(APP, &app), as_admin, order));
                }
                Err(why) => last = Some(why),
            }
        }
        if Instant::now() > deadline {
            return Err(DbError::Start(format!(
                "the Postgres in the container {name} let nobody in for {} s{}. The image {image} has to be one that \
                 db/Dockerfile made:  docker build -t {IMAGE} db\n  {}",
                START_PATIENCE.as_secs(),
                last.map_or_else(String::new, |why| format!(" ({why})")),
                engine::log_tail(docker, name).await
            )));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn ready(it: &ContainerInspectResponse, app: Endpoint, admin: Endpoint, order: &GuardOrder) -> GuardReady {
    let pid = it.state.as_ref().and_then(|state| state.pid).and_then(|pid| u32::try_from(pid).ok());
    let id = it.id.clone().unwrap_or_default();
    GuardReady {
        app_socket: app.clone(),
        app_tcp: app,
        admin,
        folder: PathBuf::new(),
        log: PathBuf::new(),
        bin: PathBuf::new(),
        pid: pid.unwrap_or_default(),
        limits_in_force: in_force(it, order),
        cgroups: pid.map(|pid| crate::limits::cgroups_of(pid, &id)).unwrap_or_default(),
        poolers: Vec::new(),
    }
}

/// What the engine says that it enforces, not what it was asked for.
fn in_force(it: &ContainerInspectResponse, order: &GuardOrder) -> LimitsInForce {
    let host = it.host_config.clone().unwrap_or_default();
    let mut reasons = Vec::new();
    let mut means = |what: &str, asked: Option<i64>, given: Option<i64>| match asked {
        None => Means::None,
        Some(asked) if given == Some(asked) => Means::Container,
        Some(_) => {
            reasons.push(format!("the container engine did not take the limit of {what}"));
            Means::None
        }
    };
    let cpu = means("CPU", order.limits.cpus.map(|cpus| (cpus * 1e9).round() as i64), host.nano_cpus);
    let memory = order.limits.memory.map(|memory| i64::try_from(memory.0).unwrap_or(i64::MAX));
    let memory = means("memory", memory, host.memory);
    LimitsInForce { cpu, memory, reasons }
}

async fn ended(docker: &Docker, name: &str, it: &ContainerInspectResponse) -> Option<String> {
    let state = it.state.as_ref()?;
    if state.running != Some(false) {
        return None;
    }
    let killed = if state.oom_killed == Some(true) { ", out of memory: raise --memory" } else { "" };
    Some(format!(
        "the container {name} exited unexpectedly (exit code {}{killed}). The end of its log:\n  {}",
        state.exit_code.unwrap_or(-1),
        engine::log_tail(docker, name).await
    ))
}

async fn remove(docker: &Docker, name: &str) -> Result<(), DbError> {
    let options = RemoveContainerOptions { force: true, v: true, ..RemoveContainerOptions::default() };
    match docker.remove_container(name, Some(options)).await {
        Err(why) if !engine::is_missing(&why) => Err(engine::failed(
            &format!("removing the container {name} (to remove it yourself: docker rm -f {name})"),
            &why,
        )),
        _ => Ok(()),
    }
}
