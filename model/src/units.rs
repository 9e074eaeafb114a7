//! Durations and byte sizes as people write them: `500ms`, `256MiB`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that is not a duration or a size; says what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitError(String);

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnitError {}

/// A duration, written `500ms`, `2s`, `1m 30s`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct HumanDuration(pub Duration);

impl HumanDuration {
    /// So many milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(Duration::from_millis(ms))
    }

    /// So many seconds.
    pub const fn from_secs(s: u64) -> Self {
        Self(Duration::from_secs(s))
    }

    /// As people read it, beside figures: `500 ms`, `1.5 s`, `90 s`. Exact, for it was chosen and not measured; the text
    /// that can be read back is the one of `Display`.
    pub fn told(self) -> String {
        let (value, unit) = if self.0 >= Duration::from_secs(1) {
            (self.0.as_secs_f64(), "s")
        } else {
            (self.0.as_secs_f64() * 1e3, "ms")
        };
        let text = format!("{value:.3}");
        format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
    }

    /// As a number of seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0.as_secs_f64()
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&humantime::format_duration(self.0).to_string())
    }
}

impl FromStr for HumanDuration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        humantime::parse_duration(text.trim()).map(Self).map_err(|why| {
            UnitError(format!("{text:?} is not a duration ({why}); write for example 500ms, 2s or 1m"))
        })
    }
}

impl TryFrom<String> for HumanDuration {
    type Error = UnitError;

    fn try_from(text: String) -> Result<Self, UnitError> {
        text.parse()
    }
}

impl From<HumanDuration> for String {
    fn from(duration: HumanDuration) -> String {
        duration.to_string()
    }
}

impl From<HumanDuration> for Duration {
    fn from(duration: HumanDuration) -> Duration {
        duration.0
    }
}

/// A number of bytes, written `256MiB`, `1GiB`, `64MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ByteSize(pub u64);

/// Largest unit first, so that `Display` finds the one that divides evenly.
const BINARY_UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
const DECIMAL_UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];

impl ByteSize {
    /// So many mebibytes.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, size) in BINARY_UNITS {
            if self.0 >= size && self.0.is_multiple_of(size) {
                return f.pad(&format!("{}{unit}", self.0 / size));
            }
        }
        f.pad(&format!("{}B", self.0))
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let refuse = || {
            UnitError(format!(
                "{text:?} is not a size; write a whole number with a unit, for example 256MiB or 1GiB"
            ))
        };
        let trimmed = text.trim();
        let digits = trimmed.len() - trimmed.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = trimmed.split_at(digits);
        let number: u64 = number.parse().map_err(|_| refuse())?;
        let unit = unit.trim();
        let factor = if unit.eq_ignore_ascii_case("b") {
            1
        } else {
            BINARY_UNITS
                .iter()
                .chain(&DECIMAL_UNITS)
                .find(|(name, _)| name.eq_ignore_ascii_case(unit))
                .map(|(_, size)| *size)
                .ok_or_else(refuse)?
        };
        number.checked_mul(factor).map(Self).ok_or_else(refuse)
    }
}

impl TryFrom<String> for ByteSize {
    type Error = UnitError;

    fn try_from(text: String) -> Result<Self, UnitError> {
        text.parse()
    }
}

impl From<ByteSize> for String {
    fn from(size: ByteSize) -> String {
        size.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_survives_the_way_through_text() {
        for bytes in [0, 1, 1023, 1024, 256 << 20, (1 << 30) + 1] {
            let size = ByteSize(bytes);
            assert_eq!(size.to_string().parse::<ByteSize>(), Ok(size));
        }
    }

    #[test]
    fn a_size_without_a_unit_or_beyond_64_bits_is_refused() {
        for text in ["256", "", "MiB", "-1MiB", "1.5GiB", "99999999999GiB", "5 parsecs"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_chosen_duration_is_told_exactly_and_with_one_unit() {
        let told =
            [0, 500, 1_500, 2_000, 10_000, 90_000, 1_234].map(|ms| HumanDuration::from_millis(ms).told());
        assert_eq!(told, ["0 ms", "500 ms", "1.5 s", "2 s", "10 s", "90 s", "1.234 s"]);
        assert_eq!(HumanDuration(Duration::from_micros(250)).told(), "0.25 ms");
    }

    #[test]
    fn a_duration_survives_the_way_through_text() {
        for ms in [1, 500, 2_000, 90_000] {
            let duration = HumanDuration::from_millis(ms);
            assert_eq!(duration.to_string().parse::<HumanDuration>(), Ok(duration));
        }
        assert!("2".parse::<HumanDuration>().is_err());
        assert!("-2s".parse::<HumanDuration>().is_err());
    }
}
