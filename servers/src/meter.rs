//! The one place that looks at a clock. Strategies and workloads never do: two of them may differ in how
//! they acquire and release, and not in what is counted as waiting.
//!
//! Figures are OpenTelemetry's `db.client.connection.*`, as Prometheus spells them.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use poollab_model::{ErrorKind, PoolCounts};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

tokio::task_local! {
    /// Time that the request which is acquiring spent connecting. Not set in the background tasks and
    /// threads of a pool: what they connect, no request connects itself.
    static CONNECTING: Cell<Duration>;
}

/// A point in time, for whoever has to know what came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Instant);

impl Moment {
    /// This one.
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// How long ago it was.
    pub fn ago(self) -> Duration {
        self.0.elapsed()
    }
}

/// Where the time of one request went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Waiting for a pool, a lock or a blocking thread.
    pub wait: Duration,
    /// Connecting, where the request itself did that.
    pub connect: Duration,
    /// Statements.
    pub query: Duration,
    /// Connection checked out and no statement running.
    pub hold: Duration,
}

/// A label set of one.
pub(crate) type Outcome = [(&'static str, &'static str); 1];

/// All that is counted and timed in one service.
#[derive(Debug)]
pub struct Meter {
    pub(crate) create_time: Histogram,
    pub(crate) wait_time: Histogram,
    pub(crate) use_time: Histogram,
    pub(crate) timeouts: Counter,
    pub(crate) retries: Counter,
    pub(crate) requests: Family<Outcome, Counter>,
    /// The one of `requests` that is counted most.
    succeeded: Counter,
    waiting: AtomicI64,
    used: AtomicI64,
    open: AtomicI64,
    opened: AtomicU64,
}

impl Default for Meter {
    fn default() -> Self {
        // 20 µs to 10 s, each bucket twice the last one.
        let seconds = || Histogram::new(exponential_buckets(20e-6, 2.0, 20));
        let requests = Family::<Outcome, Counter>::default();
        let succeeded = requests.get_or_create_owned(&[("outcome", "ok")]);
        Self {
            create_time: seconds(),
            wait_time: seconds(),
            use_time: seconds(),
            timeouts: Counter::default(),
            retries: Counter::default(),
            requests,
            succeeded,
            waiting: AtomicI64::new(0),
            used: AtomicI64::new(0),
            open: AtomicI64::new(0),
            opened: AtomicU64::new(0),
        }
    }
}

impl Meter {
    /// Times an attempt to connect. Where a request makes it, it counts as that request's `connect`.
    pub async fn connecting<T, E>(&self, attempt: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let began = Instant::now();
        let result = attempt.await;
        self.connected(began, result.is_ok());
        result
    }

    /// The same for a synchronous driver.
    pub fn connecting_sync<T, E>(&self, attempt: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let began = Instant::now();
        let result = attempt();
        self.connected(began, result.is_ok());
        result
    }

    fn connected(&self, began: Instant, ok: bool) {
        let took = began.elapsed();
        // Outside a request's own acquisition there is nobody to account it to.
        let _ = CONNECTING.try_with(|total| total.set(total.get() + took));
        if ok {
            self.create_time.observe(took.as_secs_f64());
        }
    }

    /// Counts a request that has ended: well, or with a failure of this kind.
    pub fn ended(&self, failure: Option<ErrorKind>) {
        let Some(kind) = failure else {
            self.succeeded.inc();
            return;
        };
        if kind == ErrorKind::PoolTimeout {
            self.timeouts.inc();
        }
        self.requests.get_or_create(&[("outcome", kind.as_str())]).inc();
    }

    /// Counts a connection as opened, and as open until the returned guard is dropped.
    pub fn opened(self: &Arc<Self>) -> Open {
        self.count_opened();
        self.open.fetch_add(1, Relaxed);
        Open(Arc::clone(self))
    }

    /// Counts a connection as opened, for a library that does not say when it closes one.
    pub fn count_opened(&self) {
        self.opened.fetch_add(1, Relaxed);
    }

    /// Connections opened since the start.
    pub fn connections_opened(&self) -> u64 {
        self.opened.load(Relaxed)
    }

    /// The connections. A pool that keeps its own books is believed for size and idle; how many requests
    /// wait is always our count, because a pool forgets to subtract cancelled waits or does not count
    /// those that wait for a blocking thread.
    pub fn counts(&self, pool: Option<PoolCounts>) -> PoolCounts {
        let at_least_0 = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
        let open = self.open.load(Relaxed);
        let own = PoolCounts {
            size: at_least_0(open),
            idle: at_least_0(open - self.used.load(Relaxed)),
            waiting: at_least_0(self.waiting.load(Relaxed)),
        };
        pool.map_or(own, |pool| PoolCounts { waiting: own.waiting, ..pool })
    }

    /// A request begins to wait for a connection, when its handler begins.
    pub fn waiting(self: &Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Relaxed);
        Waiting { began: Instant::now(), meter: Arc::clone(self) }
    }
}

/// An open connection; it counts until this is dropped.
#[derive(Debug)]
pub struct Open(Arc<Meter>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// A request that has no connection yet. Dropped by a caller who left, it leaves no trace in the counts.
#[derive(Debug)]
pub struct Waiting {
    began: Instant,
    meter: Arc<Meter>,
}

impl Waiting {
    /// When the waiting began.
    pub fn began(&self) -> Moment {
        Moment(self.began)
    }

    /// Acquires, and says how long that took.
    pub async fn acquire<T>(self, acquiring: impl Future<Output = T>) -> (T, Acquired) {
        CONNECTING
            .scope(Cell::new(Duration::ZERO), async {
                let result = acquiring.await;
                let connect = CONNECTING.with(Cell::get);
                (result, self.ended(connect))
            })
            .await
    }

    /// The same on a blocking thread.
    pub fn acquire_sync<T>(self, acquiring: impl FnOnce() -> T) -> (T, Acquired) {
        CONNECTING.sync_scope(Cell::new(Duration::ZERO), || {
            let result = acquiring();
            let connect = CONNECTING.with(Cell::get);
            (result, self.ended(connect))
        })
    }

    fn ended(self, connect: Duration) -> Acquired {
        let at = Instant::now();
        let wait = (at - self.began).saturating_sub(connect);
        self.meter.wait_time.observe(wait.as_secs_f64());
        Acquired { at, wait, connect }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.meter.waiting.fetch_sub(1, Relaxed);
    }
}

/// When the waiting ended, and what it was spent on.
#[derive(Debug, Clone, Copy)]
pub struct Acquired {
    at: Instant,
    /// Time waited.
    pub wait: Duration,
    /// Time spent connecting.
    pub connect: Duration,
}

impl Acquired {
    /// How long ago the waiting ended.
    pub fn ago(&self) -> Duration {
        self.at.elapsed()
    }
}

/// A request that got no connection.
impl From<Acquired> for Timing {
    fn from(acquired: Acquired) -> Self {
        Self { wait: acquired.wait, connect: acquired.connect, ..Self::default() }
    }
}

/// A connection in the hands of a request.
#[derive(Debug)]
pub struct Use<'a> {
    meter: &'a Meter,
    from: Instant,
    query: Duration,
}

impl<'a> Use<'a> {
    /// From now on it is used.
    pub fn begin(meter: &'a Meter, acquired: Acquired) -> Self {
        meter.used.fetch_add(1, Relaxed);
        Self { meter, from: acquired.at, query: Duration::ZERO }
    }

    /// Times a statement.
    pub async fn querying<T>(&mut self, statement: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let result = statement.await;
        self.query += began.elapsed();
        result
    }

    /// How long statements ran, and how long the connection was held besides.
    pub fn end(self) -> (Duration, Duration) {
        let total = self.from.elapsed();
        self.meter.use_time.observe(total.as_secs_f64());
        (self.query, total.saturating_sub(self.query))
    }
}

impl Use<'_> {
    /// The same as [`end`](Self::end) for a connection that is never given back: it stays used.
    pub fn never_ends(self) -> (Duration, Duration) {
        let used = std::mem::ManuallyDrop::new(self);
        (used.query, used.from.elapsed().saturating_sub(used.query))
    }
}

impl Drop for Use<'_> {
    fn drop(&mut self) {
        self.meter.used.fetch_sub(1, Relaxed);
    }
}
