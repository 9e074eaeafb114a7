//! Figures as people read them, the same in findings and in every document.

/// A count or a rate with thousands separated: `9,310`, `68`, `6.8`, `0.42`, `≈0`. Two significant digits
/// below 10, none of them invented above.
pub fn rate(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "–".to_owned()
    } else if size >= 9.95 || value == 0.0 {
        thousands(value.round() as i64)
    } else if size >= 0.995 {
        format!("{value:.1}")
    } else if size < 0.005 {
        "≈0".to_owned()
    } else {
        format!("{value:.2}")
    }
}

/// A whole number with thousands separated.
pub fn whole(value: u64) -> String {
    thousands(i64::try_from(value).unwrap_or(i64::MAX))
}

/// Microseconds as milliseconds, without the unit: `6.1`, `610`, `1,400`, `0.42`.
pub fn ms(micros: f64) -> String {
    rate(micros / 1_000.0)
}

/// Microseconds with the unit that suits them: `420 µs`, `6.1 ms`, `1.4 s`.
pub fn time(micros: f64) -> String {
    if micros >= 999_500.0 {
        format!("{} s", rate(micros / 1_000_000.0))
    } else if micros >= 995.0 {
        format!("{} ms", rate(micros / 1_000.0))
    } else {
        format!("{} µs", rate(micros))
    }
}

/// A share of 1 as per cent: `31%`, `2.4%`, `<0.1%`, `0%`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if !value.is_finite() {
        "–".to_owned()
    } else if value == 0.0 {
        "0%".to_owned()
    } else if value.abs() < 0.1 {
        "<0.1%".to_owned()
    } else if value.abs() < 9.95 && (value - value.round()).abs() >= 0.05 {
        format!("{value:.1}%")
    } else {
        format!("{}%", thousands(value.round() as i64))
    }
}

/// How many times as much: `110`, `1.24`.
pub fn times(ratio: f64) -> String {
    if ratio >= 9.95 { rate(ratio) } else { format!("{ratio:.2}") }
}

/// Bytes in binary units: `212 MiB`.
pub fn bytes(value: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    UNITS.iter().find(|(_, size)| value >= *size).map_or_else(
        || format!("{value} B"),
        |(unit, size)| format!("{} {unit}", rate(value as f64 / *size as f64)),
    )
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [head @ .., last] => {
            let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", head.join(", "), last.as_ref())
        }
    }
}

/// `one, singular` or `n, plural`.
pub fn plural(count: u64, singular: &str, plural: &str) -> String {
    if count == 1 { format!("1 {singular}") } else { format!("{} {plural}", whole(count)) }
}

fn thousands(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_in_the_design() {
        assert_eq!([9310.4, 68.2, 6.04, 0.0].map(rate), ["9,310", "68", "6.0", "0"]);
        assert_eq!([6_100.0, 610_000.0, 1_400_000.0].map(ms), ["6.1", "610", "1,400"]);
        assert_eq!([0.31, 0.024, 0.0, 0.0004, 1.13].map(percent), ["31%", "2.4%", "0%", "<0.1%", "113%"]);
        assert_eq!([420.0, 6_100.0, 1_400_000.0].map(time), ["420 µs", "6.1 ms", "1.4 s"]);
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(bytes(256 << 20), "256 MiB");
    }

    #[test]
    fn a_figure_that_is_not_a_number_is_a_dash() {
        assert_eq!([f64::NAN, f64::INFINITY].map(rate), ["–", "–"]);
        assert_eq!(percent(f64::NAN), "–");
    }
}
