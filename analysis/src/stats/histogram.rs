//! The distributions of repeats as one distribution.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use poollab_model::Quantiles;

/// A recorded distribution of latencies, in microseconds.
pub type Latency = Histogram<u64>;

/// A text that is not a histogram.
#[derive(Debug, thiserror::Error)]
pub enum HistogramError {
    /// It is not even base64.
    #[error("the recorded histogram is not base64 ({0}): the line of trials.jsonl is damaged")]
    Base64(#[from] base64::DecodeError),
    /// It is not HdrHistogram's V2 or V2 + DEFLATE encoding.
    #[error("the recorded histogram can't be decoded ({0:?}): the line of trials.jsonl is damaged")]
    Encoding(hdrhistogram::serialization::DeserializeError),
    /// It doesn't fit in the sum.
    #[error("the recorded histograms can't be added ({0})")]
    Addition(#[from] hdrhistogram::errors::AdditionError),
}

/// Reads one histogram as a trial keeps it: base64 of HdrHistogram's V2 + DEFLATE encoding.
pub fn decode(text: &str) -> Result<Latency, HistogramError> {
    let bytes = STANDARD.decode(text.trim())?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(HistogramError::Encoding)
}

/// Adds histograms. Percentiles can't be averaged, but counts can be added: the result is what one
/// recorder would have seen. `None` when there is none.
pub fn merge<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Option<Latency>, HistogramError> {
    let mut sum: Option<Latency> = None;
    for text in texts {
        let next = decode(text)?;
        match &mut sum {
            None => {
                // The first one may have been bounded; what follows must still fit.
                let mut first = next;
                first.auto(true);
                sum = Some(first);
            }
            Some(sum) => sum.add(&next)?,
        }
    }
    Ok(sum)
}

/// The figures of a distribution; `None` when nothing was recorded.
pub fn quantiles(latency: &Latency) -> Option<Quantiles> {
    let at = |percent: f64| latency.value_at_percentile(percent);
    (!latency.is_empty()).then(|| Quantiles {
        count: latency.len(),
        min: latency.min(),
        mean: latency.mean(),
        p50: at(50.0),
        p66: at(66.0),
        p75: at(75.0),
        p80: at(80.0),
        p90: at(90.0),
        p95: at(95.0),
        p98: at(98.0),
        p99: at(99.0),
        p99_9: at(99.9),
        max: latency.max(),
    })
}

/// Points for a plot of latency by percentile: how many nines (0 is the smallest value, 1 is the 90th
/// percentile, 2 the 99th …) and microseconds. It ends where one more step would rest on less than one
/// request.
pub fn curve(latency: &Latency, steps_per_nine: u32) -> Vec<(f64, u64)> {
    if latency.is_empty() || steps_per_nine == 0 {
        return Vec::new();
    }
    let last = (latency.len() as f64).log10();
    let steps = (last * f64::from(steps_per_nine)).floor() as u32;
    let nines = (0..=steps).map(|step| f64::from(step) / f64::from(steps_per_nine));
    nines.chain([last]).map(|n| (n, latency.value_at_quantile(1.0 - 10_f64.powf(-n)))).collect()
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
    use proptest::prelude::*;

    use super::*;

    fn recorded(values: &[u64]) -> Latency {
        let mut histogram = Latency::new(3).unwrap();
        values.iter().for_each(|value| histogram.record(*value).unwrap());
        histogram
    }

    fn encoded(histogram: &Latency) -> String {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(histogram, &mut bytes).unwrap();
        STANDARD.encode(bytes)
    }

    #[test]
    fn nothing_recorded_is_not_zero_latency() {
        assert_eq!(quantiles(&recorded(&[])), None);
        assert!(merge([]).unwrap().is_none());
        assert!(curve(&recorded(&[]), 10).is_empty());
    }

    #[test]
    fn a_damaged_histogram_is_an_error_and_no_panic() {
        for text in ["", "not base64!", "AAAA", "HISTFAAAABx4nJNpmSzMwMDAxQABzFCaEUoz2X+AMIKZAEARAtM="] {
            let _ = decode(text);
        }
        assert!(decode("AAAA").is_err());
        assert!(matches!(decode("**"), Err(HistogramError::Base64(_))));
    }

    #[test]
    fn a_histogram_with_a_lower_bound_takes_the_slower_repeat_in() {
        let mut narrow = Latency::new_with_bounds(1, 1_000, 3).unwrap();
        narrow.record(500).unwrap();
        let merged = merge([encoded(&narrow).as_str(), &encoded(&recorded(&[5_000_000]))]).unwrap().unwrap();
        assert_eq!(merged.len(), 2);
        assert!(merged.max() >= 5_000_000);
    }

    proptest! {
        #[test]
        fn merging_is_recording_in_one(
            a in prop::collection::vec(1_u64..60_000_000, 1..200),
            b in prop::collection::vec(1_u64..60_000_000, 1..200),
        ) {
            let merged = merge([encoded(&recorded(&a)).as_str(), &encoded(&recorded(&b))]).unwrap().unwrap();
            let one = recorded(&[a, b].concat());
            prop_assert_eq!(quantiles(&merged).unwrap(), quantiles(&one).unwrap());
        }

        #[test]
        fn the_curve_never_falls(values in prop::collection::vec(1_u64..60_000_000, 1..300)) {
            let points = curve(&recorded(&values), 10);
            prop_assert!(points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1));
        }
    }
}
