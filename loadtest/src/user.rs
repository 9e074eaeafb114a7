//! What a user does in one turn: one request of a closed load, or one arrival of an open one.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use poollab_model::wire::LoadOrder;
use poollab_model::{ErrorKind, Load, Unfinished};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;
use tokio::sync::Notify;

use crate::answer::judge;
use crate::arrivals::{Queue, Schedule};
use crate::bursts::Bursts;
use crate::connection::Client;
use crate::course::{Duty, burst_of, duty, service_of};
use crate::deadline::Deadline;
use crate::recorder::{Outcome, Recorder};
use crate::target::Target;
use crate::window::Window;

/// How long a user of a closed load waits after it could not reach the service. Without this, refusals,
/// which cost nothing, would be counted by the ten thousand and take the CPU from a service that starts.
const AFTER_NO_CONNECTION: Duration = Duration::from_millis(10);

/// What the users of a run share. They all live on one thread, so its locks are never contended; they are
/// there because goose's users must be able to move between threads.
#[derive(Debug)]
pub(crate) struct Shared {
    pub order: LoadOrder,
    pub recorder: Mutex<Recorder>,
    bursts: Mutex<Bursts>,
    /// The schedule of an open load.
    pub queue: Option<Queue>,
    /// Requests that were sent inside the window.
    pub sent: AtomicU64,
    /// One for each service.
    targets: Vec<Target>,
    seats: Vec<Seat>,
    window: OnceLock<Window>,
    opened: Notify,
    resting: AtomicUsize,
    all_rest: Notify,
}

/// The place of one user.
#[derive(Debug)]
struct Seat {
    /// The user, between its turns.
    user: Mutex<Option<Box<User>>>,
    /// When its request was sent, in nanoseconds from the start of the run and one more; 0: it has none.
    sent_at: AtomicU64,
    /// Whether a request of its has ended inside the window.
    answered: AtomicBool,
    /// When the request was sent that was in flight at the end of the window and has ended since, as above.
    ended_late: AtomicU64,
}

impl Shared {
    /// Prepares the users of a validated order.
    pub fn new(order: &LoadOrder, targets: Vec<Target>) -> Self {
        let queue = match &order.load {
            Load::Closed { .. } => None,
            Load::Open { rate_per_s, arrivals, .. } => {
                Some(Queue::new(Schedule::new(*arrivals, *rate_per_s, order.seed)))
            }
        };
        let seat = |n| Seat {
            user: Mutex::new(Some(Box::new(User::new(order, n)))),
            sent_at: AtomicU64::new(0),
            answered: AtomicBool::new(false),
            ended_late: AtomicU64::new(0),
        };
        Self {
            recorder: Mutex::new(Recorder::new()),
            bursts: Mutex::default(),
            queue,
            sent: AtomicU64::new(0),
            targets,
            seats: (0..order.load.users()).map(seat).collect(),
            window: OnceLock::new(),
            opened: Notify::new(),
            resting: AtomicUsize::new(0),
            all_rest: Notify::new(),
            order: order.clone(),
        }
    }

    /// One turn of the user in a seat. When there is nothing left to do the user rests, and the turn never
    /// ends: goose would only start the next one.
    pub async fn turn(&self, seat: usize) {
        let window = *self.window.get_or_init(|| {
            self.opened.notify_one();
            Window::opening(Instant::now(), &self.order)
        });
        let Some(seat) = self.seats.get(seat) else { return self.rest().await };
        let Some(mut user) = lock(&seat.user).take() else { return self.rest().await };
        let goes_on = match &self.queue {
            None => user.ask_again(self, seat, &window).await,
            Some(queue) => user.take_arrival(self, seat, queue, &window).await,
        };
        *lock(&seat.user) = Some(user);
        if !goes_on {
            self.rest().await;
        }
    }

    /// The moments of the run, as soon as its first user has started.
    pub async fn window(&self) -> Window {
        loop {
            if let Some(window) = self.window.get() {
                return *window;
            }
            self.opened.notified().await;
        }
    }

    /// Waits until every user rests.
    pub async fn all_rest(&self) {
        while self.resting.load(Relaxed) < self.seats.len() {
            self.all_rest.notified().await;
        }
    }

    /// What was in flight when the window ended, whenever it is asked after that: what has ended since was, too.
    pub fn in_flight(&self, window: &Window) -> Unfinished {
        let mut found = Unfinished::default();
        for seat in &self.seats {
            let sent_at = [&seat.ended_late, &seat.sent_at].map(|at| at.load(Relaxed));
            let sent_at = sent_at
                .into_iter()
                .filter(|at| *at > 0)
                .map(|at| window.start + Duration::from_nanos(at - 1));
            let Some(sent) = sent_at.min().filter(|sent| *sent < window.until) else { continue };
            let age = u64::try_from((window.until - sent).as_micros()).unwrap_or(u64::MAX);
            found.in_flight += 1;
            found.oldest_us = found.oldest_us.max(Some(age));
            found.users_without_answer += u64::from(!seat.answered.load(Relaxed));
        }
        found
    }

    /// Requests that are in flight now.
    pub fn in_flight_now(&self) -> u64 {
        self.seats.iter().filter(|seat| seat.sent_at.load(Relaxed) > 0).count() as u64
    }

    /// The recorder.
    pub fn recorder(&self) -> MutexGuard<'_, Recorder> {
        lock(&self.recorder)
    }

    /// What is kept of bursts.
    pub fn bursts(&self) -> MutexGuard<'_, Bursts> {
        lock(&self.bursts)
    }

    async fn rest(&self) {
        self.resting.fetch_add(1, Relaxed);
        self.all_rest.notify_one();
        std::future::pending::<()>().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seat {
    /// Counts what has ended: by when, and not by when it was sent or due.
    fn ended(
        &self,
        shared: &Shared,
        window: &Window,
        sent: Instant,
        ended: Instant,
        latency: Duration,
        outcome: &Outcome,
    ) {
        if window.contains(ended) {
            self.answered.store(true, Relaxed);
            shared.recorder().ended(latency, outcome.as_ref().err().map(|failure| failure.kind));
        } else if ended >= window.until && sent < window.until {
            self.ended_late.store(window.mark(sent), Relaxed);
        }
    }
}

/// One user: a connection, a time-out, and ids of its own.
#[derive(Debug)]
struct User {
    client: Client,
    deadline: Option<Deadline>,
    generator: Pcg64Mcg,
    id: String,
    number: u32,
    /// The stage of its last request.
    asked_in: Option<usize>,
}

impl User {
    fn new(order: &LoadOrder, number: u32) -> Self {
        // Far apart, so that no two users draw the same ids; 0 is the schedule's.
        let seed = order.seed.wrapping_add(u64::from(number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        Self {
            client: Client::default(),
            deadline: None,
            generator: Pcg64Mcg::seed_from_u64(seed),
            id: String::new(),
            number,
            asked_in: None,
        }
    }

    /// A closed load: sends, and counts what ends inside the window or was in flight when it ended. `false`: the
    /// window has ended.
    async fn ask_again(&mut self, shared: &Shared, seat: &Seat, window: &Window) -> bool {
        let mut burst = None;
        if let Some(course) = &shared.order.course {
            match duty(course, self.number, self.asked_in, window.start.elapsed()) {
                Duty::Ask(stage) => {
                    self.asked_in = Some(stage);
                    burst = burst_of(course, stage).map(|due| (stage, window.start + due));
                }
                Duty::WaitUntil(moment) => {
                    tokio::time::sleep_until((window.start + moment).min(window.until).into()).await;
                    return true;
                }
                Duty::Rest => return false,
            }
        }
        let sent = Instant::now();
        if sent >= window.until {
            return false;
        }
        let place =
            burst.and_then(|(stage, due)| Some((shared.bursts().send(stage, window.at_ms(due))?, due)));
        let (outcome, ended) = self.ask(shared, seat, window, sent).await;
        let unreachable = matches!(&outcome, Err(failure) if failure.kind == ErrorKind::HttpConnect);
        if ended >= window.from {
            seat.ended(shared, window, sent, ended, ended - sent, &outcome);
            if let Some((place, due)) = place {
                let error = outcome.as_ref().err().map(|failure| failure.kind);
                shared.bursts().end(place, ended.saturating_duration_since(due), ended - sent, error);
            }
            shared.recorder().record(ended - sent, outcome, window.at_ms(ended));
        }
        if unreachable {
            tokio::time::sleep(AFTER_NO_CONNECTION).await;
        }
        true
    }

    /// An open load: waits for the next arrival and sends. Its latency counts by its scheduled moment, and goodput by
    /// when it ended. `false`: there is none left.
    async fn take_arrival(&mut self, shared: &Shared, seat: &Seat, queue: &Queue, window: &Window) -> bool {
        let Some(due) = queue.next(window).await else { return false };
        let sent = Instant::now();
        let (outcome, ended) = self.ask(shared, seat, window, sent).await;
        let latency = ended.saturating_duration_since(due);
        seat.ended(shared, window, sent, ended, latency, &outcome);
        if window.contains(due) {
            shared.recorder().record(latency, outcome, window.at_ms(ended));
        }
        true
    }

    /// One request, from sending to its last byte.
    async fn ask(
        &mut self,
        shared: &Shared,
        seat: &Seat,
        window: &Window,
        sent: Instant,
    ) -> (Outcome, Instant) {
        let id = self.generator.random_range(1..=shared.order.ids);
        self.id.clear();
        let _ = write!(self.id, "{id}");
        let gives_up = sent + shared.order.request_timeout.0;
        let deadline = self.deadline.get_or_insert_with(|| Deadline::new(gives_up));
        deadline.set(gives_up);

        seat.sent_at.store(window.mark(sent), Relaxed);
        if window.contains(sent) {
            shared.sent.fetch_add(1, Relaxed);
        }
        let Some(target) = shared.targets.get(service_of(self.number, shared.targets.len())) else {
            unreachable!("an order has at least one service")
        };
        let answer = self.client.ask(target, &self.id, deadline).await;
        let ended = Instant::now();
        seat.sent_at.store(0, Relaxed);

        let asked_for = target.names_id.then_some(self.id.as_str());
        let outcome =
            answer.and_then(|answer| judge(answer.status, &answer.headers, &answer.body, asked_for));
        (outcome, ended)
    }
}
