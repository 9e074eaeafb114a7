//! What is kept of a burst besides its histogram: each of its requests, in the order of sending. A histogram says
//! how long requests took; only this says whom the queue served first.

use std::collections::BTreeMap;
use std::time::Duration;

use poollab_model::{Burst, BurstRequest, ErrorKind};

/// The most requests that the bursts of a run keep together. Those sent first are kept: to leave out those that
/// end last would make the picture better than the burst was.
const MOST: u32 = 5_000;

/// The bursts of a run, by the number of their stage.
#[derive(Debug, Default)]
pub(crate) struct Bursts {
    kept: u32,
    stages: BTreeMap<usize, Burst>,
}

/// The place of a request in its burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    stage: usize,
    order: u32,
}

impl Bursts {
    /// Counts a request as sent in a burst that was due so long after the start of measuring. `None`: its end
    /// need not be told.
    pub fn send(&mut self, stage: usize, due_ms: f64) -> Option<Place> {
        let burst = self.stages.entry(stage).or_insert_with(|| Burst { at_ms: due_ms, ..Burst::default() });
        burst.sent += 1;
        if self.kept == MOST {
            burst.left_out += 1;
            return None;
        }
        self.kept += 1;
        Some(Place { stage, order: burst.sent })
    }

    /// Keeps how a request ended, and how long after its burst was due.
    pub fn end(&mut self, place: Place, since_due: Duration, latency: Duration, error: Option<ErrorKind>) {
        let Some(burst) = self.stages.get_mut(&place.stage) else { return };
        let (ended_us, latency_us) = (microseconds(since_due), microseconds(latency));
        burst.requests.push(BurstRequest { order: place.order, ended_us, latency_us, error });
    }

    /// All bursts in the order of time, and their requests in the order of sending.
    pub fn into_record(self) -> Vec<Burst> {
        let mut bursts: Vec<Burst> = self.stages.into_values().collect();
        for burst in &mut bursts {
            burst.requests.sort_by_key(|request| request.order);
        }
        bursts
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_request_keeps_the_number_of_its_sending_whenever_it_ends() {
        let mut bursts = Bursts::default();
        let places: Vec<Place> = (0..3).filter_map(|_| bursts.send(0, 300.0)).collect();
        bursts.end(places[2], MS, MS, None);
        bursts.end(places[0], 9 * MS, 8 * MS, Some(ErrorKind::PoolTimeout));
        let record = bursts.into_record();
        let [burst] = record.as_slice() else { panic!("{record:?}") };
        assert_eq!((burst.at_ms, burst.sent, burst.left_out, burst.unfinished()), (300.0, 3, 0, 1));
        let ended: Vec<_> =
            burst.requests.iter().map(|one| (one.order, one.ended_us, one.latency_us, one.error)).collect();
        assert_eq!(ended, [(1, 9_000, 8_000, Some(ErrorKind::PoolTimeout)), (3, 1_000, 1_000, None)]);
    }

    #[test]
    fn what_does_not_fit_is_counted_and_the_first_ones_stay() {
        let mut bursts = Bursts::default();
        for (stage, requests) in [(0, MOST - 10), (2, 30)] {
            for _ in 0..requests {
                if let Some(place) = bursts.send(stage, 0.0) {
                    bursts.end(place, MS, MS, None);
                }
            }
        }
        let record = bursts.into_record();
        let counts: Vec<_> = record.iter().map(|one| (one.sent, one.requests.len(), one.left_out)).collect();
        assert_eq!(counts, [(MOST - 10, MOST as usize - 10, 0), (30, 10, 20)]);
        assert!(record.iter().all(|burst| burst.unfinished() == 0), "left out is not unfinished");
    }
}
