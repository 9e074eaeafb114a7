//! The phases of a request, from the standard `Server-Timing` header.
//!
//! It is read for every successful request, so it works on bytes and allocates nothing. What it can't
//! read it skips: a service that sends other metrics, or none, is measured all the same.

/// Microseconds in each phase; `None` for one that the service did not name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PhaseTimes {
    /// Waiting for the pool, a lock or a blocking thread.
    pub wait: Option<u64>,
    /// Connecting.
    pub connect: Option<u64>,
    /// Statements.
    pub query: Option<u64>,
    /// Connection checked out, no statement running.
    pub hold: Option<u64>,
}

impl PhaseTimes {
    /// Adds the phases of one header value: `wait;dur=0.123, query;dur=1.5;desc="…"`, in milliseconds.
    /// A phase that is named more than once is summed.
    pub(crate) fn add(&mut self, header: &[u8]) {
        for metric in header.split(|byte| *byte == b',') {
            let mut parts = metric.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let phase = match parts.next() {
                Some(b"wait") => &mut self.wait,
                Some(b"connect") => &mut self.connect,
                Some(b"query") => &mut self.query,
                Some(b"hold") => &mut self.hold,
                _ => continue,
            };
            let duration = parts.find_map(|part| part.strip_prefix(b"dur=")).and_then(microseconds);
            if let Some(us) = duration {
                *phase = Some(phase.unwrap_or(0).saturating_add(us));
            }
        }
    }
}

/// Microseconds from decimal milliseconds, rounded to the nearest.
fn microseconds(text: &[u8]) -> Option<u64> {
    let text = text.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(text);
    let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let (whole, fraction) = text.split_at(point);
    let fraction = fraction.get(1..).unwrap_or(&[]);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let mut us = 0_u64;
    for byte in whole {
        us = us.checked_mul(10)?.checked_add(digit(*byte)?)?;
    }
    let mut tenths = us.checked_mul(10_000)?;
    let mut unit = 1_000;
    for byte in fraction {
        tenths = tenths.checked_add(digit(*byte)? * unit)?;
        unit /= 10;
    }
    Some(tenths.checked_add(5)? / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> PhaseTimes {
        let mut phases = PhaseTimes::default();
        phases.add(header.as_bytes());
        phases
    }

    #[test]
    fn milliseconds_become_microseconds() {
        let phases = read("wait;dur=0.123, connect;dur=12, query;dur=1.5,hold;dur=0");
        let expected =
            PhaseTimes { wait: Some(123), connect: Some(12_000), query: Some(1_500), hold: Some(0) };
        assert_eq!(phases, expected);
    }

    #[test]
    fn a_fraction_of_a_microsecond_is_rounded_and_not_cut() {
        assert_eq!(read("wait;dur=0.0004").wait, Some(0));
        assert_eq!(read("wait;dur=0.0005").wait, Some(1));
        assert_eq!(read("wait;dur=1.9999").wait, Some(2_000));
        assert_eq!(read("wait;dur=0.12345678901234567890").wait, Some(123));
    }

    #[test]
    fn a_phase_named_twice_is_summed() {
        assert_eq!(read("query;dur=1, query;dur=2.5").query, Some(3_500));
    }

    #[test]
    fn other_parameters_and_metrics_are_passed_over() {
        let phases = read(r#" cache;dur=9 , wait ; desc="pool" ; dur="0.2" , miss, query;dur=1"#);
        assert_eq!(phases, PhaseTimes { wait: Some(200), query: Some(1_000), ..PhaseTimes::default() });
    }

    #[test]
    fn what_is_not_a_number_is_not_a_phase() {
        for odd in [
            "",
            ",",
            ";",
            "wait",
            "wait;",
            "wait;dur",
            "wait;dur=",
            "wait;dur=.",
            "wait;dur=-1",
            "wait;dur=1e3",
            "wait;dur=NaN",
            "wait;dur=1.2.3",
            "wait;dur=99999999999999999999999",
            "wait;dur=\"",
            "wait;dur=\"\"",
            ";;;,,,dur=1",
        ] {
            assert_eq!(read(odd), PhaseTimes::default(), "{odd:?}");
        }
        let mut phases = PhaseTimes::default();
        phases.add(&[0xff, b';', b'd', 0, b',', b'w']);
        assert_eq!(phases, PhaseTimes::default());
    }
}
