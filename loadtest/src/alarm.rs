//! Waking at a scheduled moment.
//!
//! tokio's timers count whole milliseconds and round up, so a request that is due would start half a
//! millisecond late on average and a whole one at worst: more than many an answer takes. On Linux a
//! `timerfd` wakes the runtime through the same `epoll` within some 50 µs, without spinning. Elsewhere
//! tokio's timer has to do, and its lateness counts as latency like any other.

use std::io;
use std::time::Instant;

#[cfg(target_os = "linux")]
pub(crate) use precise::Alarm;

#[cfg(not(target_os = "linux"))]
pub(crate) use coarse::Alarm;

#[cfg(target_os = "linux")]
mod precise {
    use std::os::fd::OwnedFd;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    use super::*;

    /// One timer, for one waiter at a time.
    #[derive(Debug)]
    pub(crate) struct Alarm(AsyncFd<OwnedFd>);

    impl Alarm {
        /// Must be called inside a tokio runtime.
        pub fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(
                deprecated,
                reason = "its successor is an unsafe fn, for types that don't own what they register; OwnedFd does"
            )]
            let registered = AsyncFd::new(timer)?;
            Ok(Self(registered))
        }

        /// Returns at the moment or after it, never before.
        pub async fn wait_until(&mut self, moment: Instant) -> io::Result<()> {
            loop {
                let left = moment.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok(());
                }
                let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
                let value = Timespec {
                    tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                    tv_nsec: left.subsec_nanos().into(),
                };
                // Setting a timer also forgets its last expiry, so there is nothing to read from it.
                timerfd_settime(
                    self.0.get_ref(),
                    TimerfdTimerFlags::empty(),
                    &Itimerspec { it_interval: zero, it_value: value },
                )?;
                self.0.readable().await?.clear_ready();
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod coarse {
    use super::*;

    /// tokio's timer.
    #[derive(Debug)]
    pub(crate) struct Alarm;

    impl Alarm {
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// Returns at the moment or after it, never before.
        pub async fn wait_until(&mut self, moment: Instant) -> io::Result<()> {
            tokio::time::sleep_until(moment.into()).await;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_never_rings_before_its_moment_and_rings_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut alarm = Alarm::new().unwrap();
            for micros in [0, 1, 50, 300, 5_000, 20_000] {
                let moment = Instant::now() + Duration::from_micros(micros);
                alarm.wait_until(moment).await.unwrap();
                assert!(Instant::now() >= moment);
            }
        });
    }
}
