//! The service under test, as a child of the lab.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use poollab_model::wire::{RoundTrips, ServerEvent, ServerOrder, ServerRequest};
use poollab_model::{Plan, Settings, StrategyId, TrialSpec};

use super::child::Child;
use super::database::Database;

/// Starting a service: a pool that opens eagerly has to get its connections from half a core.
const START: Duration = Duration::from_secs(20);
/// Ending one: requests in flight end, connections close.
pub const STOP: Duration = Duration::from_secs(8);
/// Another size: closing what is too much.
const RESIZE: Duration = Duration::from_secs(5);

/// A service that accepts requests.
pub struct Service {
    /// Its process.
    pub child: Child<ServerEvent>,
    /// Where it listens.
    pub address: String,
    /// Settings as in force.
    pub settings: Settings,
    /// Round trips of a request, where they could be counted.
    pub round_trips: Option<RoundTrips>,
    /// The name of its connections.
    pub application: String,
}

impl Service {
    /// Starts the one that a trial asks for and waits until it accepts requests.
    pub async fn start(spec: &TrialSpec, plan: &Plan, database: &Database) -> Result<Self, String> {
        let order = ServerOrder {
            strategy: spec.strategy.clone(),
            settings: Settings { tls: database.encrypts(&spec.settings), ..spec.settings.clone() },
            endpoint: database.endpoint(plan.link, spec.route)?,
            listen: "127.0.0.1:0".to_owned(),
            application_name: application(&spec.strategy),
            // A pooler makes trips of its own, and would keep the connection.
            count_trips: (!spec.route.is_pooled()).then(|| spec.workload.clone()),
            hazards: false,
        };
        launch(&order).await?.map_err(|why| format!("the service can't start: {why}"))
    }

    /// The same service with another pool size. `None`: its library can't do that, or it did not answer; it has been
    /// ended.
    pub async fn resized(mut self, pool_size: u32) -> Option<Self> {
        match self.resize(pool_size).await {
            Some(settings) => Some(Self { settings, ..self }),
            None => {
                self.stop().await;
                None
            }
        }
    }

    async fn resize(&mut self, pool_size: u32) -> Option<Settings> {
        self.child.ask(&ServerRequest::Resize { pool_size }).await.ok()?;
        let deadline = Instant::now() + RESIZE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.child.event(left).await.ok()?.1 {
                ServerEvent::Resized { settings } => return Some(*settings),
                ServerEvent::NotResized | ServerEvent::Failed { .. } => return None,
                // From before it was asked.
                ServerEvent::Pool { .. } | ServerEvent::Ready { .. } => {}
            }
        }
    }

    /// Ends it; gives its exit code, or nothing when it had to be killed.
    pub async fn stop(self) -> Option<i32> {
        self.child.stop(STOP).await
    }
}

/// Starts a service and waits until it is ready. The inner `Err`: it says itself why it never will be; the outer one:
/// it said nothing, or ended.
pub async fn launch(order: &ServerOrder) -> Result<Result<Service, String>, String> {
    let mut child = Child::start("server", &["server", "--conducted"], order).await?;
    let deadline = Instant::now() + START;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match child.event(left).await?.1 {
            ServerEvent::Ready { address, settings, round_trips } => {
                let application = order.application_name.clone();
                return Ok(Ok(Service { child, address, settings: *settings, round_trips, application }));
            }
            ServerEvent::Failed { message } => return Ok(Err(message)),
            ServerEvent::Pool { .. } | ServerEvent::Resized { .. } | ServerEvent::NotResized => {}
        }
    }
}

/// Names of connections of this lab begin so. Another lab on the same server, or a service by hand, has another one.
pub fn applications() -> &'static str {
    static PREFIX: LazyLock<String> = LazyLock::new(|| format!("poollab/{:08x}-", rand::random::<u32>()));
    &PREFIX
}

/// The name of a service's connections, by which the observer knows them: no other service has it, of this lab or of
/// another.
fn application(strategy: &StrategyId) -> String {
    static SERVICES: AtomicU32 = AtomicU32::new(1);
    format!("{}{}/{strategy}", applications(), SERVICES.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_trials_service_left_is_not_counted_as_this_ones() {
        let strategy: StrategyId = "deadpool".parse().expect("a strategy");
        let (first, second) = (application(&strategy), application(&strategy));
        assert_ne!(first, second);
        assert!([&first, &second].iter().all(|name| name.starts_with(applications())));
        // Postgres cuts longer names off, and both would be one.
        assert!(first.len() < 64, "{first}");
    }
}
