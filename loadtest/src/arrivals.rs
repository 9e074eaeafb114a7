//! The schedule of an open load: one for all users, each takes the next arrival, waits for it and sends.

use std::time::{Duration, Instant};

use poollab_model::Arrivals;
use rand::SeedableRng;
use rand_distr::{Distribution, Exp1};
use rand_pcg::Pcg64Mcg;
use tokio::sync::Mutex;

use crate::window::Window;

/// The moments of arrivals, counted from the first request of a run. Endless; the same seed gives the same
/// moments in every version, which is why its generator is a named one.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    spacing: Arrivals,
    rate_per_s: f64,
    generator: Pcg64Mcg,
    arrived: u64,
    last_s: f64,
}

impl Schedule {
    pub fn new(spacing: Arrivals, rate_per_s: f64, seed: u64) -> Self {
        Self { spacing, rate_per_s, generator: Pcg64Mcg::seed_from_u64(seed), arrived: 0, last_s: 0.0 }
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.arrived += 1;
        self.last_s = match self.spacing {
            Arrivals::Poisson => {
                let gap: f64 = Exp1.sample(&mut self.generator);
                self.last_s + gap / self.rate_per_s
            }
            // From the count and not from the last one: rounding must not add up.
            Arrivals::Constant => self.arrived as f64 / self.rate_per_s,
        };
        Duration::try_from_secs_f64(self.last_s).ok()
    }
}

/// How the arrivals of the window were met.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Offered {
    /// Scheduled.
    pub scheduled: u64,
    /// Of those, never sent.
    pub dropped: u64,
    /// When the first of those was due.
    pub first_dropped: Option<Instant>,
}

/// A schedule that users share.
#[derive(Debug)]
pub(crate) struct Queue(Mutex<Head>);

#[derive(Debug)]
struct Head {
    schedule: std::iter::Peekable<Schedule>,
    taken: u64,
}

impl Queue {
    pub fn new(schedule: Schedule) -> Self {
        Self(Mutex::new(Head { schedule: schedule.peekable(), taken: 0 }))
    }

    /// Waits for the next arrival and takes it; `None` when there is none left inside the window, or the
    /// caller is only free after its end. One that was free before takes what was due, even if the machine
    /// stood still just then: `dropped` must mean that all users were busy. The users queue for the lock in
    /// order, and only the first one sleeps: one timer serves any number of users.
    pub async fn next(&self, window: &Window) -> Option<Instant> {
        if Instant::now() >= window.until {
            return None;
        }
        let mut head = self.0.lock().await;
        let offset = head.schedule.peek()?;
        let moment = window.start + *offset;
        if moment >= window.until {
            return None;
        }
        head.schedule.next();
        head.taken += u64::from(window.contains(moment));
        poollab_alarm::sleep_until(moment).await;
        Some(moment)
    }

    /// Counts what was offered. To be asked after the window: what is left of it then was never sent.
    pub async fn offered(&self, window: &Window) -> Offered {
        let mut head = self.0.lock().await;
        let mut offered = Offered { scheduled: head.taken, ..Offered::default() };
        while let Some(offset) = head.schedule.next_if(|offset| window.start + *offset < window.until) {
            let moment = window.start + offset;
            if window.contains(moment) {
                offered.scheduled += 1;
                offered.dropped += 1;
                offered.first_dropped.get_or_insert(moment);
            }
        }
        offered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(spacing: Arrivals, seed: u64) -> Vec<f64> {
        Schedule::new(spacing, 1_000.0, seed).take(20_000).map(|moment| moment.as_secs_f64()).collect()
    }

    #[test]
    fn equal_gaps_do_not_drift() {
        let moments = seconds(Arrivals::Constant, 1);
        assert_eq!(moments[0], 0.001);
        assert_eq!(moments[19_999], 20.0);
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread_of_independent_callers() {
        let moments = seconds(Arrivals::Poisson, 7);
        let gaps: Vec<f64> = moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // Five standard errors at 20,000 arrivals; an exponential gap deviates by as much as its mean.
        assert!((mean * 1_000.0 - 1.0).abs() < 0.036, "mean gap {mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.06, "deviation {}", variance.sqrt());
        assert!(gaps.iter().all(|gap| *gap >= 0.0));
    }

    #[test]
    fn a_seed_gives_the_same_arrivals_again() {
        assert_eq!(seconds(Arrivals::Poisson, 42), seconds(Arrivals::Poisson, 42));
        assert_ne!(seconds(Arrivals::Poisson, 42), seconds(Arrivals::Poisson, 43));
    }
}
