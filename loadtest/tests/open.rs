//! An open load: the schedule rules, whatever the service does.

mod support;

use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use poollab_model::wire::LoadOrder;
use poollab_model::{Arrivals, ErrorKind, HumanDuration, Load};
use support::{Asked, Reply, Service, measured, ms, open, right};

#[test]
fn the_rate_that_was_asked_for_is_delivered() {
    let service = Service::start(right);
    let result = measured(&open(service.address, 400.0, 16, ms(1_000)));
    assert_eq!(result.requests.total, 399, "the moments in the first second, the end not among them");
    assert_eq!(result.offered_rps, 399.0);
    assert_eq!(result.requests.failed, 0, "{:?}", result.errors);
    // A machine that stands still at the very end may drop some.
    assert!(result.requests.ok >= 300, "{:?}", result.requests);
    assert_eq!(service.requests.load(SeqCst), result.requests.ok);
}

#[test]
fn a_seed_offers_the_same_poisson_arrivals_again() {
    let service = Service::start(right);
    let totals = [7, 7, 8].map(|seed| {
        let load = Load::Open { rate_per_s: 700.0, arrivals: Arrivals::Poisson, users: 8 };
        let result = measured(&LoadOrder { load, seed, ..open(service.address, 1.0, 1, ms(500)) });
        assert_eq!(
            result.requests.total,
            result.requests.ok + result.requests.failed + result.requests.dropped
        );
        result.requests.total
    });
    assert_eq!(totals[0], totals[1]);
    assert_ne!(totals[0], totals[2]);
    assert!((250..450).contains(&totals[0]), "{totals:?}");
}

#[test]
fn only_what_was_scheduled_inside_the_window_counts() {
    let service = Service::start(right);
    let order = open(service.address, 200.0, 8, ms(500));
    let result = measured(&LoadOrder { warmup: HumanDuration::from_millis(300), ..order });
    assert_eq!(result.requests.total, 100);
    assert!(service.requests.load(SeqCst) >= result.requests.ok + 40);
}

#[test]
fn a_stall_makes_everybody_late_and_not_only_those_in_flight() {
    let begin = Mutex::new(None);
    let service = Service::start(move |asked| {
        let begin = *begin.lock().unwrap().get_or_insert_with(Instant::now);
        let since = begin.elapsed();
        if (ms(300)..ms(800)).contains(&since) {
            std::thread::sleep(ms(800) - since);
        }
        right(asked)
    });
    // Two connections: counted from the sending, two of a thousand requests would be slow.
    let result = measured(&open(service.address, 700.0, 2, ms(1_500)));
    let ok = result.latency_us.ok.unwrap();
    assert!(ok.count > 500, "{:?}", result.requests);
    assert!(ok.p99 >= 350_000, "p99 {}", ok.p99);
    assert!(ok.p90 >= 150_000, "p90 {}", ok.p90);
}

#[test]
fn what_could_never_be_sent_is_dropped_and_not_forgotten() {
    let service = Service::start(|asked| {
        std::thread::sleep(ms(200));
        right(asked)
    });
    let result = measured(&open(service.address, 100.0, 1, ms(1_000)));
    let requests = result.requests;
    assert_eq!(requests.total, 99);
    assert!((1..=6).contains(&requests.ok) && requests.dropped == 99 - requests.ok, "{requests:?}");
    assert_eq!((result.errors[0].kind, result.errors[0].count), (ErrorKind::Dropped, requests.dropped));
    assert!(result.errors[0].first_at_ms > 0.0);
    assert_eq!(result.latency_us.failed, None, "a request that was not sent has no latency");
}

#[test]
fn those_in_flight_at_the_end_are_waited_for() {
    let service = Service::start(|asked| {
        std::thread::sleep(ms(700));
        right(asked)
    });
    let result = measured(&open(service.address, 40.0, 30, ms(500)));
    assert_eq!((result.requests.failed, result.requests.total), (0, 19), "{:?}", result.requests);
    // None had been answered when the window ended.
    assert!(result.requests.ok >= 12, "{:?}", result.requests);
    assert!((12..=result.requests.ok).contains(&result.unfinished.in_flight), "{:?}", result.unfinished);
    assert_eq!(
        result.intervals.iter().map(|interval| interval.ok).sum::<u64>(),
        0,
        "none ended in the window"
    );
    assert_eq!(result.goodput_rps, 0.0, "an answer after the window is no goodput of it");
}

#[test]
fn those_that_are_never_answered_end_as_time_outs() {
    let service = Service::start(|_| Reply::Never);
    let order = open(service.address, 40.0, 30, ms(500));
    let result = measured(&LoadOrder { request_timeout: HumanDuration::from_millis(300), ..order });
    assert_eq!((result.requests.ok, result.requests.total), (0, 19), "{:?}", result.requests);
    assert!(result.requests.failed >= 12, "{:?}", result.requests);
    assert_eq!(result.errors[0].kind, ErrorKind::HttpTimeout);
}

/// Serves at most one request in so long, whatever comes.
fn one_in(gap: Duration) -> impl Fn(&Asked) -> Reply {
    let free_at = Mutex::new(Instant::now());
    move |asked| {
        let turn = {
            let mut free_at = free_at.lock().unwrap();
            *free_at = (*free_at).max(Instant::now()) + gap;
            *free_at
        };
        std::thread::sleep(turn.saturating_duration_since(Instant::now()));
        right(asked)
    }
}

#[test]
fn goodput_of_an_overload_is_what_came_and_not_what_was_asked_for() {
    // 50 answers a second at most: no more than 50 in the second of measuring, of the 300 that are due in it.
    let service = Service::start(one_in(ms(20)));
    let order = open(service.address, 300.0, 400, ms(1_000));
    let result = measured(&LoadOrder { request_timeout: HumanDuration::from_secs(60), ..order });
    assert_eq!(
        (result.requests.ok, result.requests.failed),
        (result.requests.total, 0),
        "{:?}",
        result.errors
    );
    assert!(result.goodput_rps <= 51.0, "{}", result.goodput_rps);
    assert!(result.unfinished.in_flight >= 200, "{:?}", result.unfinished);
    assert!(
        result.latency_us.ok.unwrap().max >= 3_000_000,
        "latency runs from the scheduled moment all the same"
    );

    // What was due while warming up is answered while measuring: that is goodput, too.
    let service = Service::start(one_in(ms(20)));
    let order = open(service.address, 300.0, 64, ms(1_000));
    let result = measured(&LoadOrder { warmup: HumanDuration::from_millis(700), ..order });
    assert!(result.goodput_rps > 0.0 && result.goodput_rps <= 51.0, "{}", result.goodput_rps);
    let told: u64 = result.intervals.iter().map(|interval| interval.ok).sum();
    assert_eq!(result.goodput_rps, told as f64 / result.measured_s, "the course of time and its sum are one");
}
