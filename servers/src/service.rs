//! The service without its HTTP: a strategy, opened once, and the one way in which every request gets its
//! connection, does its work and gives it back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use poollab_model::{Cause, Endpoint, ErrorKind, PoolCounts, Settings};

use crate::checkout::{Checkout, Patience, Source};
use crate::fault::{Causes, Fault};
use crate::meter::{Meter, Moment, Timing, Waiting};
use crate::strategies::{BlockingStrategy, Context, Entry, Lent, Open, Strategy};
use crate::threads::Threads;
use crate::workloads::{Answer, Ask, Workload};

/// An opened strategy that serves requests.
pub struct Service {
    /// Its entry in the registry of strategies.
    pub entry: &'static Entry,
    /// The database.
    pub endpoint: Endpoint,
    /// Counts and times.
    pub meter: Arc<Meter>,
    causes: Arc<Causes>,
    opened: Opened,
    threads: Threads,
    in_flight: Arc<AtomicUsize>,
    refused: AtomicBool,
    refusal: Mutex<Option<Cause>>,
    stopping: AtomicBool,
}

enum Opened {
    Tasks(Box<dyn Strategy>),
    Threads(Arc<dyn BlockingStrategy>),
}

impl Service {
    /// Opens the strategy, and `min_idle` connections where it keeps some. To be called once, on the
    /// runtime that will serve: background tasks of a pool stay where they were born.
    ///
    /// # Errors
    /// The library refuses its settings, or an eager strategy can't connect.
    pub async fn open(entry: &'static Entry, context: Context) -> Result<Arc<Self>, Fault> {
        let threads = Threads::new(context.settings.blocking_threads)
            .map_err(|why| Fault::new(ErrorKind::Query, format!("no blocking threads: {why}")))?;
        let (meter, causes) = (Arc::clone(&context.meter), Arc::clone(&context.causes));
        let endpoint = context.endpoint.clone();
        let opened = match entry.open {
            Open::Tasks(open) => Opened::Tasks(open(&context)?),
            Open::Threads(open) => {
                let opening = move || open(&context).map(Arc::from);
                let strategy: Arc<dyn BlockingStrategy> = threads.run(opening).await??;
                Opened::Threads(strategy)
            }
        };
        let service = Self {
            entry,
            endpoint,
            meter,
            causes,
            opened,
            threads,
            in_flight: Arc::default(),
            refused: AtomicBool::new(false),
            refusal: Mutex::default(),
            stopping: AtomicBool::new(false),
        };
        service.fill().await?;
        Ok(Arc::new(service))
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        match &self.opened {
            Opened::Tasks(strategy) => strategy.settings(),
            Opened::Threads(strategy) => strategy.settings(),
        }
    }

    /// Gives the running pool another size and fills it, so that what is measured next is not the opening of
    /// connections; says what is in force then. `None`: its library can't.
    pub async fn resize(&self, pool_size: u32) -> Option<Settings> {
        let Opened::Tasks(strategy) = &self.opened else { return None };
        if !strategy.resize(pool_size) {
            return None;
        }
        // What can't be opened fails under load, too, and is seen there.
        drop(join_all((0..pool_size).map(|_| strategy.acquire())).await);
        Some(strategy.settings())
    }

    /// Opens what `min_idle` asks for: that many connections lent at once, then given back. A strategy on
    /// threads has done so while it was opened.
    async fn fill(&self) -> Result<(), Fault> {
        if let Opened::Tasks(strategy) = &self.opened {
            let since = Moment::now();
            let lent = join_all((0..strategy.settings().min_idle).map(|_| strategy.acquire())).await;
            for result in lent {
                if let Err(fault) = result {
                    return Err(self.with_cause(fault, since));
                }
            }
        }
        Ok(())
    }

    /// Serves one request, and says where the time went. The future may be dropped when the caller has
    /// gone: a task gives its connection back at once, while the statement that it sent still runs on the
    /// server (the next borrower waits for it); a blocking thread finishes its work.
    pub async fn serve(
        self: &Arc<Self>,
        workload: &'static dyn Workload,
        ask: Ask,
    ) -> (Result<Answer, Fault>, Timing) {
        let waiting = self.meter.waiting();
        if self.entry.refuses_transactions && workload.needs_transaction(&ask) {
            let refusal = Fault::new(ErrorKind::Unsupported, refusal(self.entry.id, workload.id()));
            return (Err(refusal), Timing::default());
        }
        let (result, timing) = match &self.opened {
            Opened::Tasks(strategy) => self.on_task(strategy.as_ref(), waiting, workload, &ask).await,
            Opened::Threads(strategy) => {
                let (service, strategy) = (Arc::clone(self), Arc::clone(strategy));
                // The job outlives this future if the caller leaves, and has to end before the connections close.
                let in_flight = self.enter();
                let job = move || {
                    let _in_flight = in_flight;
                    service.on_thread(strategy.as_ref(), waiting, workload, &ask)
                };
                self.threads.run(job).await.unwrap_or_else(|fault| (Err(fault), Timing::default()))
            }
        };
        self.meter.ended(result.as_ref().err().map(|fault| fault.kind));
        match &result {
            Ok(_) if self.refused.load(Relaxed) => self.refused.store(false, Relaxed),
            Ok(_) => {}
            Err(fault) => self.note_refusal(fault),
        }
        (result, timing)
    }

    async fn on_task(
        &self,
        strategy: &dyn Strategy,
        waiting: Waiting,
        workload: &dyn Workload,
        ask: &Ask,
    ) -> (Result<Answer, Fault>, Timing) {
        let since = waiting.began();
        let (lent, acquired) = waiting.acquire(strategy.acquire()).await;
        match lent {
            Ok(session) => {
                let source = Source::Tasks(strategy, &self.meter);
                let mut checkout = Checkout::new(session, source, acquired, Patience::Task);
                let result = workload.run(&mut checkout, ask).await;
                (result, checkout.finish())
            }
            Err(fault) => {
                let mut fault = self.with_cause(fault, since);
                if fault.cause.is_none() {
                    fault = strategy.explain(fault, since).await;
                }
                (Err(fault), acquired.into())
            }
        }
    }

    fn on_thread(
        &self,
        strategy: &dyn BlockingStrategy,
        waiting: Waiting,
        workload: &dyn Workload,
        ask: &Ask,
    ) -> (Result<Answer, Fault>, Timing) {
        let since = waiting.began();
        let (lent, acquired): (Lent<'_>, _) = waiting.acquire_sync(|| strategy.acquire());
        match lent {
            Ok(session) => {
                let source = Source::Threads(strategy, &self.meter);
                let mut checkout = Checkout::new(session, source, acquired, Patience::Thread);
                // A synchronous session waits on its thread and never in its futures: one poll is all.
                let result = workload.run(&mut checkout, ask).now_or_never().unwrap_or_else(|| {
                    Err(Fault::new(ErrorKind::Query, "the workload waits for something that has no thread"))
                });
                (result, checkout.finish())
            }
            Err(fault) => (Err(self.with_cause(fault, since)), acquired.into()),
        }
    }

    /// Tells with a pool's time-out what refused its connections while the request waited.
    fn with_cause(&self, fault: Fault, since: Moment) -> Fault {
        if fault.kind != ErrorKind::PoolTimeout || fault.cause.is_some() {
            return fault;
        }
        Fault { cause: self.causes.since(since), ..fault }
    }

    /// Remembers that Postgres refused the password, until a request succeeds.
    pub fn note_refusal(&self, fault: &Fault) {
        let told = fault.cause.clone().unwrap_or_else(|| fault.clone().into());
        if told.kind == ErrorKind::AuthenticationFailed
            && let Ok(mut refusal) = self.refusal.lock()
        {
            *refusal = Some(told);
            self.refused.store(true, Relaxed);
        }
    }

    /// With what words Postgres refused the password last, if nobody got in since.
    pub fn refused_login(&self) -> Option<Cause> {
        if self.refused.load(Relaxed) { self.refusal.lock().ok()?.clone() } else { None }
    }

    /// The connections now.
    pub fn counts(&self) -> PoolCounts {
        self.meter.counts(match &self.opened {
            Opened::Tasks(strategy) => strategy.counts(),
            Opened::Threads(strategy) => strategy.counts(),
        })
    }

    /// Counts an HTTP request as in flight until the guard is dropped.
    pub fn enter(&self) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        InFlight(Arc::clone(&self.in_flight))
    }

    /// Whether it is about to end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// Lets the requests in flight end, then closes all connections; each for at most `limit`. Needs the
    /// serving runtimes alive: the connections say good-bye on them. Says what it could not wait for.
    pub async fn stop(&self, limit: Duration) -> Vec<String> {
        self.stopping.store(true, Relaxed);
        let mut left = Vec::new();
        if !until(limit, || self.in_flight.load(Relaxed) == 0).await {
            let count = self.in_flight.load(Relaxed);
            left.push(format!("{count} requests in flight did not end within {limit:?}"));
        }
        let closing = async {
            match &self.opened {
                Opened::Tasks(strategy) => strategy.close().await,
                Opened::Threads(strategy) => {
                    // Not one of its own threads: they may all be busy.
                    let strategy = Arc::clone(strategy);
                    let _ = tokio::task::spawn_blocking(move || strategy.close()).await;
                }
            }
        };
        let closed = tokio::time::timeout(limit, closing).await.is_ok();
        if !closed || !until(limit, || self.counts().size == 0).await {
            left.push(format!("{} connections did not close within {limit:?}", self.counts().size));
        }
        self.threads.close();
        left
    }
}

/// A request that is being answered.
pub struct InFlight(Arc<AtomicUsize>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Why a strategy refuses a workload.
pub fn refusal(strategy: &str, workload: &str) -> String {
    format!(
        "{strategy} shares each connection among requests, and {workload} needs a transaction of its own: \
         the transactions of concurrent requests would run into each other; take a pool for it"
    )
}

async fn until(limit: Duration, done: impl Fn() -> bool) -> bool {
    let waiting = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(limit, waiting).await.is_ok()
}
