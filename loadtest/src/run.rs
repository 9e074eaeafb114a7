//! One run, from its order to its result.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use poollab_model::wire::{LoadEvent, LoadInterval, LoadOrder, LoadResult};
use poollab_model::{ErrorKind, RequestCounts, Unfinished};

use crate::arrivals::Offered;
use crate::attack::attack;
use crate::failures::Failure;
use crate::recorder::Recorder;
use crate::target::Target;
use crate::usage::{allow_connections, cpu_time, resident_bytes};
use crate::user::Shared;
use crate::validate::validate;
use crate::window::{Window, interval};

/// goose's kill switch and handler of Ctrl-C are the process's, so two runs must never overlap.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The order can't be carried out: all reasons.
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
    /// The service's address has no meaning on this machine.
    #[error("{address} can't be resolved: {source}. Check the address of the service")]
    Address {
        /// As ordered.
        address: String,
        /// The resolver's words.
        source: std::io::Error,
    },
    /// The system gave no runtime or timer.
    #[error("the generator can't go on: {0}. Use fewer users, or raise the limit of open files (ulimit -n)")]
    System(std::io::Error),
    /// k6 is not there, or did not do its part.
    #[error("{0}")]
    K6(String),
    /// goose ended by itself.
    #[error("goose ended the run: {0}")]
    Goose(String),
    /// It was told to stop before its end, with the reason. What was measured until then is not a result.
    #[error("stopped before the end: {0}")]
    Stopped(String),
}

impl LoadError {
    fn interrupted() -> Self {
        Self::Stopped("interrupted".to_owned())
    }
}

/// Carries an order out and returns what was measured. Blocks the calling thread, on which it starts a
/// runtime of its own, so it must not be called inside one; a second run in the same process waits for the
/// first one's end.
///
/// `stop` ends the run early when it resolves, with a reason; it is polled inside the runtime. `on_event` is
/// told when measuring starts and how it goes on; it must not block, since the users wait for it.
///
/// # Errors
/// When the order is invalid, when nothing can be started, or when the run was stopped. A service that
/// refuses, fails or hangs is not an error: it is the result.
pub fn run(
    order: &LoadOrder,
    stop: impl Future<Output = String>,
    on_event: impl FnMut(LoadEvent),
) -> Result<LoadResult, LoadError> {
    let problems = validate(order);
    if !problems.is_empty() {
        return Err(LoadError::Invalid(problems));
    }
    let targets =
        Target::all(order).map_err(|source| LoadError::Address { address: order.address.clone(), source })?;
    allow_connections(order.load.users()).map_err(LoadError::System)?;
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LoadError::System)?;
    // Whatever the users still do is cancelled when the runtime is dropped: a run ends when its window
    // does, and not when goose looks at its clock next.
    runtime.block_on(async {
        let shared = Arc::new(Shared::new(order, targets));
        let attack = attack(Arc::clone(&shared)).map_err(|error| LoadError::Goose(error.to_string()))?;
        let attack = pin!(attack.execute());
        tokio::select! {
            biased;
            reason = stop => Err(LoadError::Stopped(reason)),
            result = measure(&shared, on_event) => result,
            ended = attack => Err(match ended {
                // goose saw it first, and has told its users to go.
                Ok(_) if goose::is_killswitch_triggered() => LoadError::interrupted(),
                Ok(_) => LoadError::Goose("its users ended before the window did".to_owned()),
                Err(error) => LoadError::Goose(error.to_string()),
            }),
        }
    })
}

/// Watches the users through warm-up and window, and sums up.
async fn measure(shared: &Shared, mut on_event: impl FnMut(LoadEvent)) -> Result<LoadResult, LoadError> {
    let window = shared.window().await;
    wait_until(window.from).await?;
    let cpu_before = cpu_time();
    on_event(LoadEvent::Measuring);

    let mut course = Course { shared, window, last: window.from, intervals: Vec::new(), on_event };
    let step = interval(window.length());
    let mut next = window.from + step;
    // An interval shorter than half a step at the end would only be noise: it joins the last one.
    while next + step / 2 < window.until {
        wait_until(next).await?;
        course.tell();
        next += step;
    }
    wait_until(window.until).await?;
    let cpu = cpu_time().saturating_sub(cpu_before);
    course.tell();
    let awaited = course.intervals.len();

    // A request in flight is awaited to its true end. Only so a time-out that is longer than the window is seen, and
    // nobody has to guess how a request would have ended.
    if !shared.order.cut_off {
        loop {
            tokio::select! {
                () = shared.all_rest() => break,
                waited = wait_until(Instant::now() + step) => waited?,
            }
            course.tell();
        }
    }
    let mut unfinished = shared.in_flight(&window);
    if shared.order.cut_off {
        unfinished.cut_off = shared.in_flight_now();
    }
    let offered = match &shared.queue {
        None => Offered { scheduled: shared.sent.load(Relaxed), ..Offered::default() },
        Some(queue) => queue.offered(&window).await,
    };
    let mut intervals = course.intervals;
    // Nothing ends inside the window after it: what was told while waiting is a sign of life and no figure.
    intervals.truncate(awaited);
    let mut result =
        result(std::mem::take(&mut shared.recorder()), &window, offered, unfinished, cpu, intervals);
    result.bursts = std::mem::take(&mut *shared.bursts()).into_record();
    Ok(result)
}

/// Waits, and looks ten times a second whether somebody asked goose to stop.
async fn wait_until(moment: Instant) -> Result<(), LoadError> {
    while Instant::now() < moment {
        let look = Instant::now() + Duration::from_millis(100);
        tokio::time::sleep_until(moment.min(look).into()).await;
        if goose::is_killswitch_triggered() {
            return Err(LoadError::interrupted());
        }
    }
    Ok(())
}

/// Tells of one interval after another.
struct Course<'a, F> {
    shared: &'a Shared,
    window: Window,
    last: Instant,
    intervals: Vec<LoadInterval>,
    on_event: F,
}

impl<F: FnMut(LoadEvent)> Course<'_, F> {
    fn tell(&mut self) {
        let now = Instant::now();
        let length_ms = (now - self.last).as_secs_f64() * 1e3;
        let mut interval = self.shared.recorder().cut(self.window.at_ms(now), length_ms);
        interval.in_flight = self.shared.in_flight_now();
        self.last = now;
        self.intervals.push(interval.clone());
        (self.on_event)(LoadEvent::Progress(interval));
    }
}

fn result(
    mut recorder: Recorder,
    window: &Window,
    offered: Offered,
    mut unfinished: Unfinished,
    cpu: Duration,
    intervals: Vec<LoadInterval>,
) -> LoadResult {
    if let Some(first) = offered.first_dropped {
        let text = "due before the end of measuring, and until then every user waited for another answer";
        let failure = Failure::new(ErrorKind::Dropped, text);
        recorder.drop_arrivals(failure, offered.dropped, window.at_ms(first));
    }
    let (ok, failed, dropped) = (recorder.ok(), recorder.failed(), offered.dropped);
    let inside = recorder.inside();
    unfinished.clamped = recorder.clamped();
    let measured_s = window.length().as_secs_f64();
    LoadResult {
        measured_s,
        requests: RequestCounts { total: ok + failed + dropped, ok, failed, dropped },
        offered_rps: offered.scheduled as f64 / measured_s,
        goodput_rps: inside.ok as f64 / measured_s,
        throughput_rps: (inside.ok + inside.failed) as f64 / measured_s,
        latency_us: recorder.latencies(),
        phases_us: recorder.phases(),
        histograms: recorder.histograms(),
        errors: recorder.into_errors(),
        intervals,
        bursts: Vec::new(),
        unfinished,
        cpu_s: cpu.as_secs_f64(),
        cores: 1,
        memory_bytes: resident_bytes(),
        remarks: Vec::new(),
    }
}
