//! How long a load may be silent. Only what the load says counts: the service's beats go on while a generator is
//! stopped, and must not push the deadline.

use std::time::{Duration, Instant};

use poollab_model::Driver;
use poollab_model::wire::{LoadEvent, LoadOrder};

/// Silence beyond what the order allows: a machine that gives a process no time for so long measures nothing.
const GRACE: Duration = Duration::from_secs(15);

/// When a load is given up.
#[derive(Debug)]
pub struct Patience {
    /// The longest pause between two signs of life while measuring.
    pause: Duration,
    /// The next sign of life is due.
    next: Instant,
    /// The result is due.
    end: Instant,
}

impl Patience {
    /// From the start of a generator on.
    pub fn new(order: &LoadOrder, driver: Driver) -> Self {
        let now = Instant::now();
        let until_the_last_answer = order.duration.0 + order.request_timeout.0;
        let pause = match driver {
            // Ten times a second, and in long runs less often: `interval` in the generator's `window`.
            Driver::Goose => Duration::from_millis(100).max(order.duration.0 / 10_000),
            // It says when measuring starts, and then nothing.
            Driver::K6 => until_the_last_answer,
        };
        let measuring = now + order.warmup.0 + GRACE;
        Self { pause: pause + GRACE, next: measuring, end: measuring + until_the_last_answer }
    }

    /// Something was heard.
    pub fn heard(&mut self, at: Instant, event: &LoadEvent) {
        if matches!(event, LoadEvent::Measuring | LoadEvent::Progress(_)) {
            self.next = at + self.pause;
        }
    }

    /// When it is given up if nothing is heard.
    pub fn deadline(&self) -> Instant {
        self.next.min(self.end)
    }

    /// Why a trial has no result then.
    pub fn why(&self) -> String {
        if self.next <= self.end {
            format!(
                "the load generator said nothing for {} s: it was stopped, or the machine gave it no time. What it \
                 measured until then is not a result. Look at what else runs on this machine, then repeat the run",
                self.pause.as_secs().min(GRACE.as_secs())
            )
        } else {
            format!(
                "the load generator had no result {} s after it was due. Look at what else runs on this machine, then \
                 repeat the run",
                GRACE.as_secs()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use poollab_model::{HumanDuration, Load, Method};

    use super::*;

    fn order() -> LoadOrder {
        LoadOrder {
            address: "127.0.0.1:1".into(),
            method: Method::Get,
            path: "/point-read/{id}".into(),
            ids: 1,
            load: Load::Closed { users: 1 },
            warmup: HumanDuration::from_secs(2),
            duration: HumanDuration::from_secs(3_600),
            request_timeout: HumanDuration::from_secs(10),
            seed: 1,
            cut_off: false,
            course: None,
        }
    }

    #[test]
    fn a_long_trial_is_not_awaited_to_its_end_when_its_generator_falls_silent() {
        let mut patience = Patience::new(&order(), Driver::Goose);
        let at = Instant::now() + Duration::from_secs(60);
        patience.heard(at, &LoadEvent::Measuring);
        assert!(patience.deadline() <= at + Duration::from_secs(16));
        let k6 = Patience::new(&order(), Driver::K6);
        assert!(k6.deadline() <= Instant::now() + Duration::from_secs(17), "the warm-up is short");
    }

    #[test]
    fn signs_of_life_do_not_put_the_end_off() {
        let mut patience = Patience::new(&order(), Driver::Goose);
        let end = patience.end;
        patience.heard(end + Duration::from_secs(9), &LoadEvent::Measuring);
        assert_eq!(patience.deadline(), end);
        assert!(patience.why().contains("no result"), "{}", patience.why());
    }
}
