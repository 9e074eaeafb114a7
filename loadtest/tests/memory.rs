//! Recording is constant in memory. A binary of its own, so that nothing else moves its resident memory.

use std::time::Duration;

use poollab_loadtest::{Failure, PhaseTimes, Recorder};
use poollab_model::ErrorKind;

fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

fn record(recorder: &mut Recorder, numbers: std::ops::Range<u64>) {
    for n in numbers {
        // From 1 µs to a quarter of an hour, so that every part of a histogram is touched.
        let latency = Duration::from_micros(1_u64 << (n % 30)) + Duration::from_micros(n % 1_000);
        let at_ms = n as f64 / 100.0;
        if n % 50 == 0 {
            let failure = Failure {
                kind: ErrorKind::Http,
                sqlstate: None,
                message: format!("a text of its own in each, number {n}"),
                cause: None,
            };
            recorder.record(latency, Err(Box::new(failure)), at_ms);
        } else {
            let phases =
                PhaseTimes { wait: Some(n % 5_000), query: Some(n % 77_777), ..PhaseTimes::default() };
            recorder.record(latency, Ok(phases), at_ms);
        }
        if n % 10_000 == 0 {
            recorder.cut(at_ms, 100.0);
        }
    }
}

#[test]
fn ten_million_requests_take_no_more_memory_than_one_million() {
    let mut recorder = Recorder::new();
    record(&mut recorder, 0..1_000_000);
    let Some(after_one) = resident_kib() else {
        eprintln!("there is no /proc here: the test says nothing");
        return;
    };
    record(&mut recorder, 1_000_000..10_000_000);
    let after_ten = resident_kib().unwrap();
    assert_eq!(recorder.ok() + recorder.failed(), 10_000_000);
    assert!(after_ten <= after_one + 512, "{after_one} KiB after a million, {after_ten} KiB after ten");
}
