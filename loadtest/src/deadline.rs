//! A time-out for one request after another.

use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use tokio::time::Sleep;

/// A timer that is set anew for each request and touches tokio's timer wheel only when it fires: with a
/// constant time-out the next deadline is always later than the timer, which then looks again.
#[derive(Debug)]
pub(crate) struct Deadline {
    timer: Pin<Box<Sleep>>,
    at: Instant,
}

impl Deadline {
    /// Must be called inside a tokio runtime.
    pub fn new(at: Instant) -> Self {
        Self { timer: Box::pin(tokio::time::sleep_until(at.into())), at }
    }

    /// Moves the deadline.
    pub fn set(&mut self, at: Instant) {
        self.at = at;
        if self.timer.deadline() > at.into() {
            self.timer.as_mut().reset(at.into());
        }
    }

    /// Whether it has passed; if not, the task is woken when it does.
    pub fn poll_passed(&mut self, cx: &mut Context<'_>) -> bool {
        while self.timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= self.at {
                return true;
            }
            self.timer.as_mut().reset(self.at.into());
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_deadline_that_was_moved_does_not_pass_at_its_old_moment() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let begin = Instant::now();
            for (first_ms, then_ms) in [(5, 40), (10_000, 20)] {
                let mut deadline = Deadline::new(begin + Duration::from_millis(first_ms));
                let at = Instant::now() + Duration::from_millis(then_ms);
                deadline.set(at);
                poll_fn(|cx| if deadline.poll_passed(cx) { Poll::Ready(()) } else { Poll::Pending }).await;
                assert!(Instant::now() >= at);
                assert!(begin.elapsed() < Duration::from_secs(8));
            }
        });
    }
}
