//! What a pool of a measured size carries.

use super::{Bounds, Curve, ErlangC};

/// Share of requests that wait at the load at which a pool "starts to queue".
const STARTS_TO_QUEUE: f64 = 0.10;

/// The load that a pool carries, estimated from its goodput at saturation with [`ErlangC`]. It assumes
/// arrivals at random; users who wait for their answers queue less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    /// Connections.
    pub size: u32,
    /// The most it did, in requests a second.
    pub ceiling_per_s: f64,
    /// How long a request holds a connection when all are busy (Little: size / goodput), in seconds.
    pub held_s: f64,
    /// The asymptotic bounds of the whole curve.
    pub bounds: Bounds,
}

impl Capacity {
    /// Of a size on a measured curve; `None` when nothing succeeded there.
    pub fn of(curve: &Curve, size: u32) -> Option<Self> {
        let ceiling_per_s = curve.at(f64::from(size));
        let bounds = Bounds::of(curve)?;
        (size > 0 && ceiling_per_s > 0.0).then(|| Self {
            size,
            ceiling_per_s,
            held_s: f64::from(size) / ceiling_per_s,
            bounds,
        })
    }

    /// Arrivals a second at which one request in ten has to wait for a connection.
    pub fn starts_to_queue_at(&self) -> f64 {
        self.largest_rate(|queue| queue.waiting_probability() <= STARTS_TO_QUEUE)
    }

    /// Arrivals a second at which the share `q` of requests (0.99 for p99) no longer ends within `limit_s`.
    /// `unqueued_s` is that percentile of the latency without waiting for the pool. 0 when it is over the
    /// limit on its own.
    pub fn slo_breaks_at(&self, q: f64, limit_s: f64, unqueued_s: f64) -> f64 {
        // The percentile of a sum is at most about the sum of the percentiles: on the safe side.
        if unqueued_s >= limit_s {
            return 0.0;
        }
        self.largest_rate(|queue| queue.wait_percentile_s(q) + unqueued_s <= limit_s)
    }

    /// Users without think time at which a pool of this size has more of them than connections.
    pub fn closed_users_before_queueing(&self) -> u32 {
        self.size
    }

    /// The largest rate below the ceiling that `holds`; it must hold for small rates if for any.
    fn largest_rate(&self, holds: impl Fn(ErlangC) -> bool) -> f64 {
        let (mut low, mut high) = (0.0, self.ceiling_per_s);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            let queue = ErlangC { servers: self.size, rate_per_s: middle, held_s: self.held_s };
            if holds(queue) { low = middle } else { high = middle }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eight() -> Capacity {
        let curve = Curve::new([(1, 100.0), (8, 700.0), (16, 750.0)]).unwrap();
        Capacity::of(&curve, 8).unwrap()
    }

    #[test]
    fn a_pool_queues_before_its_ceiling() {
        let pool = eight();
        let rate = pool.starts_to_queue_at();
        assert!(rate > 0.0 && rate < pool.ceiling_per_s, "{rate}");
        let queue = ErlangC { servers: 8, rate_per_s: rate, held_s: pool.held_s };
        assert!((queue.waiting_probability() - STARTS_TO_QUEUE).abs() < 1e-6);
    }

    #[test]
    fn a_looser_slo_carries_more_and_an_impossible_one_nothing() {
        let pool = eight();
        let tight = pool.slo_breaks_at(0.99, 0.030, 0.020);
        let loose = pool.slo_breaks_at(0.99, 0.300, 0.020);
        assert!(0.0 < tight && tight < loose && loose < pool.ceiling_per_s);
        assert_eq!(pool.slo_breaks_at(0.99, 0.010, 0.020), 0.0);
    }

    #[test]
    fn a_size_at_which_nothing_succeeded_has_no_capacity() {
        assert_eq!(Capacity::of(&Curve::new([(1, 5.0), (2, 0.0)]).unwrap(), 2), None);
    }
}
