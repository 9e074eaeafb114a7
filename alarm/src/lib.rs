//! Sleeping without tokio's grain of one millisecond.
//!
//! tokio's timers count whole milliseconds and round up: a task that sleeps for 5 ms wakes after 6.1, where a thread
//! wakes after 5.1. What a service holds a connection for would then depend on its strategy, and a request of the
//! generator would start late. On Linux one `timerfd` for each thread wakes the runtime through the same `epoll`
//! within some 50 µs, without spinning. Elsewhere, and where no file descriptor is left, tokio's timer has to do: then
//! the extra millisecond shows in the figures like any other.

use std::time::{Duration, Instant};

/// Sleeps; needs a tokio runtime.
pub async fn sleep(time: Duration) {
    sleep_until(Instant::now() + time).await;
}

/// Returns at the moment or after it, never before.
pub async fn sleep_until(moment: Instant) {
    if moment <= Instant::now() {
        return;
    }
    #[cfg(target_os = "linux")]
    if let Some(sleep) = precise::Sleep::until(moment) {
        return sleep.await;
    }
    tokio::time::sleep_until(moment.into()).await;
}

#[cfg(target_os = "linux")]
mod precise {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::pin::Pin;
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
    use std::task::{Context, Poll, Waker};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;
    use tokio::runtime::{Handle, Id};

    use super::*;

    thread_local! {
        /// The timer of this thread, and the runtime that drives it: a test may have one runtime after another.
        static OURS: RefCell<Option<(Id, Weak<Timer>)>> = const { RefCell::new(None) };
    }

    /// Sleepers in the order of their moments; the number tells those of one moment apart.
    type Sleepers = BTreeMap<(Instant, u64), Waker>;

    /// One timer for any number of sleepers. A task of its own wakes them.
    struct Timer {
        descriptor: AsyncFd<OwnedFd>,
        sleepers: Mutex<(Sleepers, u64)>,
    }

    impl Timer {
        /// The one of this thread and runtime. `None`: the system gives no descriptor.
        fn ours() -> Option<Arc<Self>> {
            let runtime = Handle::current();
            let id = runtime.id();
            OURS.with_borrow_mut(|ours| {
                if let Some((of, timer)) = ours
                    && *of == id
                    && let Some(timer) = timer.upgrade()
                {
                    return Some(timer);
                }
                let timer = Arc::new(Self::new().ok()?);
                runtime.spawn(Arc::clone(&timer).drive());
                *ours = Some((id, Arc::downgrade(&timer)));
                Some(timer)
            })
        }

        fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(
                deprecated,
                reason = "its successor is an unsafe fn, for types that don't own what they register; OwnedFd does"
            )]
            let descriptor = AsyncFd::new(timer)?;
            Ok(Self { descriptor, sleepers: Mutex::default() })
        }

        /// Wakes whoever is due, until the runtime ends.
        async fn drive(self: Arc<Self>) {
            while let Ok(mut rung) = self.descriptor.readable().await {
                rung.clear_ready();
                self.ring();
            }
        }

        fn ring(&self) {
            let mut sleepers = self.lock();
            let now = Instant::now();
            let mut due = Vec::new();
            while let Some(first) = sleepers.0.first_entry() {
                let (moment, _) = *first.key();
                if moment > now {
                    self.set(moment);
                    break;
                }
                due.push(first.remove());
            }
            drop(sleepers);
            due.into_iter().for_each(Waker::wake);
        }

        /// Rings at this moment instead of the one set before. That also forgets an expiry that nobody has read: who
        /// sets it has looked through the sleepers, or is the first of them.
        fn set(&self, moment: Instant) {
            let left = moment.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            let value = Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            };
            let spec = Itimerspec { it_interval: zero, it_value: value };
            // It fails for a descriptor that is none or a time that is none: this is neither.
            let _ = timerfd_settime(self.descriptor.get_ref(), TimerfdTimerFlags::empty(), &spec);
        }

        fn lock(&self) -> MutexGuard<'_, (Sleepers, u64)> {
            self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// Waits for a moment. Dropped before, it leaves nothing behind.
    pub(super) struct Sleep {
        timer: Arc<Timer>,
        place: (Instant, u64),
    }

    impl Sleep {
        pub fn until(moment: Instant) -> Option<Self> {
            let timer = Timer::ours()?;
            let number = {
                let mut sleepers = timer.lock();
                sleepers.1 += 1;
                sleepers.1
            };
            Some(Self { timer, place: (moment, number) })
        }
    }

    impl Future for Sleep {
        type Output = ();

        fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            if self.place.0 <= Instant::now() {
                return Poll::Ready(());
            }
            let mut sleepers = self.timer.lock();
            sleepers.0.insert(self.place, context.waker().clone());
            if sleepers.0.first_key_value().is_some_and(|(first, _)| *first == self.place) {
                self.timer.set(self.place.0);
            }
            Poll::Pending
        }
    }

    impl Drop for Sleep {
        fn drop(&mut self) {
            self.timer.lock().0.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn it_never_rings_before_its_moment_and_rings_again_on_the_next_runtime() {
        for _ in 0..2 {
            block_on(async {
                for micros in [0, 1, 50, 300, 5_000, 20_000] {
                    let moment = Instant::now() + Duration::from_micros(micros);
                    sleep_until(moment).await;
                    assert!(Instant::now() >= moment);
                }
            });
        }
    }

    /// A timer that forgets a sleeper leaves a request and its connection hanging.
    #[test]
    fn every_one_of_many_sleepers_is_woken_also_when_an_earlier_one_comes_later_or_leaves() {
        block_on(async {
            let mut asleep = Vec::new();
            for round in 0..40_u64 {
                for micros in [9_000 - 200 * round, 700, 700, 3_000 + round] {
                    asleep.push(tokio::spawn(async move {
                        let moment = Instant::now() + Duration::from_micros(micros);
                        sleep_until(moment).await;
                        Instant::now() >= moment
                    }));
                }
                let left = tokio::spawn(sleep(Duration::from_micros(650)));
                tokio::task::yield_now().await;
                left.abort();
            }
            for sleeper in asleep {
                let woken = tokio::time::timeout(Duration::from_secs(60), sleeper).await;
                assert!(woken.expect("it is woken").expect("it ends"));
            }
        });
    }

    #[test]
    fn a_runtime_with_several_threads_wakes_its_sleepers() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
        runtime.block_on(async {
            let asleep: Vec<_> =
                (0..60).map(|n| tokio::spawn(sleep(Duration::from_micros(n * 100)))).collect();
            for sleeper in asleep {
                tokio::time::timeout(Duration::from_secs(60), sleeper).await.expect("woken").unwrap();
            }
        });
    }
}
