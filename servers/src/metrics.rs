//! `/metrics`: OpenTelemetry's `db.client.connection.*` as Prometheus spells them.

use std::sync::Arc;

use poollab_model::{PoolCounts, Settings};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::meter::Meter;

/// All metrics of a service, and the gauges that are set when somebody looks.
pub struct Exposition {
    registry: Registry,
    count: Family<[(&'static str, &'static str); 1], Gauge>,
    pending: Gauge,
    opened: Gauge,
    limits: Option<Limits>,
    meter: Arc<Meter>,
}

/// Gauges of what the pool may hold.
#[derive(Default)]
struct Limits {
    max: Gauge,
    idle_max: Gauge,
    idle_min: Gauge,
}

impl Exposition {
    /// For one service.
    pub fn new(strategy: &'static str, settings: &Settings, meter: Arc<Meter>) -> Self {
        let label = ("db_client_connection_pool_name".into(), strategy.into());
        let mut all = Registry::with_labels(std::iter::once(label));
        let db = all.sub_registry_with_prefix("db_client_connection");
        let count = Family::<[(&'static str, &'static str); 1], Gauge>::default();
        let pending = Gauge::default();
        db.register("count", "Connections that are open, by state", count.clone());
        db.register("pending_requests", "Requests that wait for a connection", pending.clone());
        // What a strategy has no setting for is left out: 0 would be a figure.
        let limits = settings.pool_size.map(|_| Limits::default());
        if let Some(limits) = &limits {
            db.register("max", "Most connections that may be open", limits.max.clone());
            db.register("idle_max", "Most connections that may be idle", limits.idle_max.clone());
            db.register("idle_min", "Idle connections that are kept", limits.idle_min.clone());
        }
        db.register("timeouts", "Requests that waited in vain", meter.timeouts.clone());
        for (name, help, histogram) in [
            ("create_time", "Time it took to open a connection", &meter.create_time),
            ("wait_time", "Time a request waited for a connection", &meter.wait_time),
            ("use_time", "Time a request kept its connection", &meter.use_time),
        ] {
            db.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        }
        let opened = Gauge::default();
        let own = all.sub_registry_with_prefix("poollab");
        own.register("requests", "Requests that ended, by outcome", meter.requests.clone());
        own.register("optimistic_retries", "Attempts that somebody was faster than", meter.retries.clone());
        own.register("connections_opened", "Connections opened since the start", opened.clone());
        Self { registry: all, count, pending, opened, limits, meter }
    }

    /// As text.
    ///
    /// # Errors
    /// A metric can't be written down.
    pub fn text(&self, counts: PoolCounts, settings: &Settings) -> Result<String, std::fmt::Error> {
        let used = counts.size.saturating_sub(counts.idle);
        let state = "db_client_connection_state";
        self.count.get_or_create(&[(state, "idle")]).set(i64::from(counts.idle));
        self.count.get_or_create(&[(state, "used")]).set(i64::from(used));
        self.pending.set(i64::from(counts.waiting));
        self.opened.set(i64::try_from(self.meter.connections_opened()).unwrap_or(i64::MAX));
        if let (Some(limits), Some(size)) = (&self.limits, settings.pool_size) {
            limits.max.set(i64::from(size));
            limits.idle_max.set(i64::from(size));
            limits.idle_min.set(i64::from(settings.min_idle));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
