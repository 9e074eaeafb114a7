//! The service's processes: started, watched, ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use poollab_model::wire::{ServerEvent, ServerOrder};
use poollab_model::{PoolCounts, Settings};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::runner;
use crate::runner::service::launch;

/// Ending one. A service that leaks, or that is blocked, never ends by itself; nobody waits for that.
const STOP: Duration = Duration::from_millis(1_500);
/// It tells of its pool ten times a second, whatever its requests do.
const SILENCE: Duration = Duration::from_secs(60);

type Told = Arc<Mutex<Vec<(Instant, PoolCounts, u64)>>>;

/// One process that is ready.
pub struct Service {
    /// Where it listens.
    pub address: String,
    /// Settings in force.
    pub settings: Settings,
    /// Its process id.
    pub pid: Option<u32>,
    told: Told,
    end: oneshot::Sender<()>,
    task: JoinHandle<Option<i32>>,
}

impl Service {
    /// Starts one and waits until it is ready. `Err`: why it never will be.
    pub async fn start(order: &ServerOrder) -> Result<Self, String> {
        let runner::service::Service { mut child, address, settings, .. } = launch(order).await??;
        let told = Told::default();
        let (end, mut ended) = oneshot::channel();
        let (pid, kept) = (child.pid(), Arc::clone(&told));
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = &mut ended => return child.stop(STOP).await,
                    event = child.event(SILENCE) => match event {
                        Ok((at, ServerEvent::Pool { counts, opened })) => {
                            kept.lock().unwrap_or_else(PoisonError::into_inner).push((at, counts, opened));
                        }
                        Ok(_) => {}
                        // It ended by itself, which shows in its exit code and in failed requests.
                        Err(why) => {
                            tracing::warn!("{why}");
                            return child.stop(STOP).await;
                        }
                    },
                }
            }
        });
        Ok(Self { address, settings, pid, told, end, task })
    }

    /// Ends it; gives its exit code, or nothing when it had to be killed.
    pub async fn stop(self) -> Option<i32> {
        // It has ended already if nobody hears it.
        let _ = self.end.send(());
        self.task.await.ok().flatten()
    }

    /// What it told of its pool, and how many connections it had opened by then.
    pub fn told(&self) -> Vec<(Instant, PoolCounts, u64)> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The pools of all processes together, whenever one of them told something.
pub fn pools(services: &[Service]) -> Vec<(Instant, PoolCounts)> {
    let mut told: Vec<(usize, Instant, PoolCounts)> = services
        .iter()
        .enumerate()
        .flat_map(|(of, service)| service.told().into_iter().map(move |(at, counts, _)| (of, at, counts)))
        .collect();
    told.sort_by_key(|(_, at, _)| *at);
    let mut latest: Vec<Option<PoolCounts>> = services.iter().map(|_| None).collect();
    let mut all = Vec::with_capacity(told.len());
    for (of, at, counts) in told {
        latest[of] = Some(counts);
        let sum = latest.iter().flatten().fold(PoolCounts::default(), |sum, counts| PoolCounts {
            size: sum.size + counts.size,
            idle: sum.idle + counts.idle,
            waiting: sum.waiting + counts.waiting,
        });
        all.push((at, sum));
    }
    all
}

/// Connections that all processes opened between two moments.
pub fn opened(services: &[Service], from: Instant, to: Instant) -> u64 {
    let by = |told: &[(Instant, PoolCounts, u64)], moment: Instant| {
        told.iter().rev().find(|(at, ..)| *at <= moment).map_or(0, |(_, _, opened)| *opened)
    };
    services
        .iter()
        .map(|service| {
            let told = service.told();
            by(&told, to).saturating_sub(by(&told, from))
        })
        .sum()
}
