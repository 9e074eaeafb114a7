//! From a histogram to the figures of a report, and to text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
use poollab_model::Quantiles;

/// The summary of a histogram of microseconds; `None` where nothing was recorded.
pub fn quantiles(histogram: &Histogram<u64>) -> Option<Quantiles> {
    if histogram.is_empty() {
        return None;
    }
    let at = |quantile| histogram.value_at_quantile(quantile);
    Some(Quantiles {
        count: histogram.len(),
        min: histogram.min(),
        mean: histogram.mean(),
        p50: at(0.50),
        p66: at(0.66),
        p75: at(0.75),
        p80: at(0.80),
        p90: at(0.90),
        p95: at(0.95),
        p98: at(0.98),
        p99: at(0.99),
        p99_9: at(0.999),
        max: histogram.max(),
    })
}

/// The full distribution in HdrHistogram's V2 + DEFLATE encoding, base64; `None` where nothing was
/// recorded.
pub(crate) fn encoded(histogram: &Histogram<u64>) -> Option<String> {
    if histogram.is_empty() {
        return None;
    }
    let mut bytes = Vec::new();
    match V2DeflateSerializer::new().serialize(histogram, &mut bytes) {
        Ok(_) => Some(STANDARD.encode(bytes)),
        Err(error) => {
            tracing::warn!("a histogram could not be encoded and is left out: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::Deserializer;

    use super::*;

    #[test]
    fn nothing_recorded_is_not_zero_microseconds() {
        let empty = Histogram::new_with_bounds(1, 1_000_000, 3).unwrap();
        assert_eq!(quantiles(&empty), None);
        assert_eq!(encoded(&empty), None);
    }

    #[test]
    fn quantiles_are_those_of_the_values_within_three_digits() {
        let mut histogram = Histogram::new_with_bounds(1, 1_000_000_000, 3).unwrap();
        for value in 1..=100_000_u64 {
            histogram.record(value).unwrap();
        }
        let q = quantiles(&histogram).unwrap();
        assert_eq!(q.count, 100_000);
        for (percent, value) in q.table() {
            let exact = percent * 1_000.0;
            assert!((value as f64 - exact).abs() <= exact / 1_000.0 + 1.0, "{percent} %: {value}");
        }
        assert_eq!(q.min, 1);
    }

    #[test]
    fn a_distribution_survives_the_way_through_text() {
        let mut histogram = Histogram::new_with_bounds(1, 1_000_000_000, 3).unwrap();
        for value in [0, 1, 17, 950, 1_000_000] {
            histogram.record(value).unwrap();
        }
        let bytes = STANDARD.decode(encoded(&histogram).unwrap()).unwrap();
        let back: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        assert_eq!(quantiles(&back), quantiles(&histogram));
    }
}
