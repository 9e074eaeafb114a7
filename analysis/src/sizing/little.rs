//! Little's law: L = λ · W (J. D. C. Little, *Operations Research* 9, 1961).

/// Connections in use on average when `rate_per_s` requests a second hold one for `held_s` seconds each.
///
/// It is an average and leaves no room for two requests that come at once: a pool of exactly this size is
/// busy all the time, and its queue grows without end.
pub fn connections_in_use(rate_per_s: f64, held_s: f64) -> f64 {
    (rate_per_s * held_s).max(0.0)
}

/// The smallest pool that can hold that many.
pub fn pool_size(rate_per_s: f64, held_s: f64) -> u32 {
    let size = connections_in_use(rate_per_s, held_s);
    // A measured product of exactly 8 must not become 9 by rounding.
    (size - 1e-9).ceil().clamp(1.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_requests_of_eight_milliseconds_hold_eight_connections() {
        assert_eq!(pool_size(1_000.0, 0.008), 8);
        assert_eq!(pool_size(1_001.0, 0.008), 9);
        assert_eq!(pool_size(0.0, 1.0), 1);
        assert_eq!(pool_size(f64::NAN, 1.0), 1);
    }
}
