//! Looks at the server ten times a second, through one connection that was there before the load.
//!
//! A superuser's connection gets in through the reserved slots; once in, it goes on while others are refused.
//! It has a thread of its own, so that nothing that the lab does can delay it.

mod cgroup;
mod queries;
mod role;
mod sample;
mod sampler;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use poollab_model::{DatabaseFigures, Endpoint};
use tokio::sync::{oneshot, watch};
use tokio_postgres::Client;

pub use cgroup::CgroupReading;
pub use queries::Facts;
pub use sample::{IntervalFigures, Sample, ServerReading};

use crate::connect::Encryption;
use crate::error::DbError;

/// `application_name` of the observer's connection.
pub const APPLICATION_NAME: &str = "poollab observer";

/// The aim: ten looks a second.
pub const EVERY: Duration = Duration::from_millis(100);

/// What the lab and the sampling thread share.
#[derive(Debug, Default)]
struct Shared {
    samples: Mutex<Vec<Sample>>,
    /// The one connection; empty while a lost one is being replaced.
    client: Mutex<Option<Arc<Client>>>,
}

/// A running observer. Dropping it closes its connection.
#[derive(Debug)]
pub struct Observer {
    shared: Arc<Shared>,
    facts: Facts,
    /// Dropping it ends the thread.
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Observer {
    /// Connects, learns what does not change, and begins to look. Call it before the load starts.
    ///
    /// `application_name_prefix` tells which backends count as observed (empty: all); `cgroups` are those of
    /// [`GuardReady`](poollab_model::wire::GuardReady).
    ///
    /// # Errors
    /// It can't connect.
    pub async fn start(
        admin: &Endpoint,
        application_name_prefix: &str,
        cgroups: &[PathBuf],
        every: Duration,
    ) -> Result<Self, DbError> {
        Self::start_encrypted(admin, Encryption::IfAsked, application_name_prefix, cgroups, every).await
    }

    pub(crate) async fn start_encrypted(
        admin: &Endpoint,
        encryption: Encryption,
        application_name_prefix: &str,
        cgroups: &[PathBuf],
        every: Duration,
    ) -> Result<Self, DbError> {
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = watch::channel(());
        let (connected, when_connected) = oneshot::channel();
        let sampler = sampler::Sampler {
            endpoint: admin.clone(),
            encryption,
            prefix: application_name_prefix.to_owned(),
            cgroups: cgroups.to_vec(),
            every: every.max(Duration::from_millis(1)),
            shared: Arc::clone(&shared),
        };
        let thread = std::thread::Builder::new()
            .name("observer".into())
            .spawn(move || sampler.run(connected, stopped))
            .map_err(|source| DbError::Io { doing: "starting the observer".into(), source })?;
        let facts = when_connected
            .await
            .unwrap_or_else(|_| Err(DbError::Start("the observer ended before it had begun".into())))?;
        Ok(Self { shared, facts, stop: Some(stop), thread: Some(thread) })
    }

    /// What it learnt when it connected.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The last look.
    pub fn latest(&self) -> Option<Sample> {
        lock(&self.shared.samples).last().cloned()
    }

    /// The last look that the server answered.
    pub fn latest_server(&self) -> Option<ServerReading> {
        lock(&self.shared.samples).iter().rev().find_map(|sample| sample.server.clone())
    }

    /// Every look after a moment.
    pub fn samples_since(&self, since: Instant) -> Vec<Sample> {
        lock(&self.shared.samples).iter().filter(|sample| sample.at > since).cloned().collect()
    }

    /// What happened between two moments. What only the lab can know stays `None`.
    pub fn figures(&self, from: Instant, to: Instant) -> DatabaseFigures {
        DatabaseFigures {
            slots: self.facts.slots,
            reserved: self.facts.reserved,
            ..sample::figures(&lock(&self.shared.samples), from, to)
        }
    }

    /// One stretch of the timeline.
    pub fn interval(&self, from: Instant, to: Instant) -> IntervalFigures {
        sample::interval(&lock(&self.shared.samples), from, to)
    }

    /// Forgets looks before a moment, for example after a trial is saved.
    pub fn forget_before(&self, moment: Instant) {
        lock(&self.shared.samples).retain(|sample| sample.at >= moment);
    }

    /// Ends it and waits until its connection is closed.
    pub async fn stop(mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// Nothing is left half done under these locks: a panic elsewhere is no reason to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
