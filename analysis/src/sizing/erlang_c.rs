//! Erlang C: the queue M/M/c (A. K. Erlang, 1917; L. Kleinrock, *Queueing Systems* I, 1975).
//!
//! Requests arrive at random (Poisson), hold a connection for an exponentially distributed time and wait in
//! one queue. Real hold times vary less than that, so the waits are on the safe side; a hold time that grows
//! with the number of busy connections is on the other side, and this model knows nothing of it.

/// `servers` connections under a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErlangC {
    /// Connections of the pool.
    pub servers: u32,
    /// Requests a second.
    pub rate_per_s: f64,
    /// How long a request holds its connection on average, in seconds.
    pub held_s: f64,
}

impl ErlangC {
    /// Offered load in erlangs: connections busy on average if there were enough of them.
    pub fn offered(&self) -> f64 {
        (self.rate_per_s * self.held_s).max(0.0)
    }

    /// Share of the connections that is busy; 1 or more means that the queue grows without end.
    pub fn utilisation(&self) -> f64 {
        self.offered() / f64::from(self.servers)
    }

    /// The probability that a request has to wait. 1 at or beyond full utilisation.
    pub fn waiting_probability(&self) -> f64 {
        let (offered, rho) = (self.offered(), self.utilisation());
        if rho.is_nan() || rho >= 1.0 {
            return 1.0;
        }
        // Erlang B by its recursion, which neither overflows nor cancels as the sum of powers does.
        let mut blocked = 1.0;
        for servers in 1..=self.servers {
            blocked = offered * blocked / (f64::from(servers) + offered * blocked);
        }
        blocked / (1.0 - rho * (1.0 - blocked))
    }

    /// Mean wait of all requests, in seconds; infinite at or beyond full utilisation.
    pub fn mean_wait_s(&self) -> f64 {
        self.waiting_probability() / self.relief_per_s()
    }

    /// The wait that a share `q` (0 to 1) of the requests does not exceed, in seconds.
    pub fn wait_percentile_s(&self, q: f64) -> f64 {
        let waiting = self.waiting_probability();
        if 1.0 - q >= waiting {
            return 0.0;
        }
        (waiting / (1.0 - q)).ln() / self.relief_per_s()
    }

    /// The smallest pool in which at most `share` of the requests wait; `None` if no pool up to `largest`
    /// does it.
    pub fn servers_for(rate_per_s: f64, held_s: f64, share: f64, largest: u32) -> Option<u32> {
        let waits = |servers| ErlangC { servers, rate_per_s, held_s }.waiting_probability();
        if largest == 0 || waits(largest) > share {
            return None;
        }
        // The probability falls with every connection more, so the edge can be bisected.
        let (mut low, mut high) = (0, largest);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if waits(middle) <= share { high = middle } else { low = middle }
        }
        Some(high)
    }

    /// How much faster the pool works off its queue than the queue grows, per second.
    fn relief_per_s(&self) -> f64 {
        (f64::from(self.servers) / self.held_s - self.rate_per_s).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_server_is_the_queue_m_m_1() {
        let queue = ErlangC { servers: 1, rate_per_s: 0.8, held_s: 1.0 };
        assert!((queue.waiting_probability() - 0.8).abs() < 1e-12);
        assert!((queue.mean_wait_s() - 4.0).abs() < 1e-9);
    }

    #[test]
    fn textbook_figures_of_a_call_centre() {
        // 20 erlangs on 24 agents: 29.81 % wait (standard tables).
        let queue = ErlangC { servers: 24, rate_per_s: 20.0, held_s: 1.0 };
        assert!((queue.waiting_probability() - 0.298).abs() < 1e-3, "{}", queue.waiting_probability());
    }

    #[test]
    fn a_saturated_pool_waits_for_ever() {
        let queue = ErlangC { servers: 4, rate_per_s: 4.0, held_s: 1.0 };
        assert_eq!(queue.waiting_probability(), 1.0);
        assert_eq!(queue.mean_wait_s(), f64::INFINITY);
        assert_eq!(queue.wait_percentile_s(0.99), f64::INFINITY);
    }

    #[test]
    fn the_smallest_pool_is_found_or_there_is_none() {
        let size = ErlangC::servers_for(1_000.0, 0.008, 0.1, 100).unwrap();
        let waits = |servers| ErlangC { servers, rate_per_s: 1_000.0, held_s: 0.008 }.waiting_probability();
        assert!(waits(size) <= 0.1 && waits(size - 1) > 0.1, "{size}");
        assert_eq!(ErlangC::servers_for(1_000.0, 0.008, 0.1, 8), None);
    }

    proptest! {
        #[test]
        fn another_connection_never_makes_anybody_wait_longer(servers in 1_u32..200, rho in 0.01..0.99) {
            let rate = rho * f64::from(servers);
            let now = ErlangC { servers, rate_per_s: rate, held_s: 1.0 };
            let more = ErlangC { servers: servers + 1, ..now };
            prop_assert!(more.waiting_probability() <= now.waiting_probability());
            prop_assert!(more.mean_wait_s() <= now.mean_wait_s());
            prop_assert!((0.0..=1.0).contains(&now.waiting_probability()));
        }
    }
}
