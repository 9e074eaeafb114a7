//! What the generator says, held against the log of the service that it loaded. `scripts/measure-generator` holds other
//! generators against the same log.

#[path = "support/logged.rs"]
mod logged;

use std::future::pending;

use logged::{Logged, Row, Seen, row};
use poollab_loadtest::run;
use poollab_model::ErrorKind;
use poollab_model::wire::LoadResult;

/// Carries a row out and holds against the log what is true of each: what was answered is what succeeded, and goodput is
/// what was answered in the window.
fn checked(name: &str) -> (Row, LoadResult, Seen) {
    let row = row(name);
    let service = Logged::start(row.scene);
    let result = run(&row.order(service.address), pending(), |_| ()).unwrap();
    let seen = service.seen(row.duration);
    let requests = result.requests;
    assert_eq!(requests.ok, seen.answered, "{requests:?} {:?}", result.errors);
    assert_eq!(requests.total, requests.ok + requests.failed + requests.dropped);
    let inside = result.goodput_rps * result.measured_s;
    // The windows of both begin within a moment of each other; what ends in it may lie on either side.
    let apart = (inside - seen.inside as f64).abs();
    assert!(apart <= 0.05 * seen.inside as f64 + 2.0, "{inside} of {}", seen.inside);
    (row, result, seen)
}

#[test]
fn a_closed_load_is_what_the_service_saw() {
    let (_, result, seen) = checked("closed");
    assert_eq!((result.requests.total, result.requests.failed), (seen.arrived, 0), "{:?}", result.errors);
}

#[test]
fn an_open_load_is_what_the_service_saw() {
    let (row, result, seen) = checked("open");
    // The arrivals at 5 ms, 10 ms … before the end of the window, which is not inside.
    assert_eq!((result.requests.total, result.requests.failed), (row.asked(&seen) - 1, 0));
}

#[test]
fn a_stall_is_as_long_for_the_generator_as_for_the_service() {
    let (_, result, seen) = checked("stall of 1 s");
    assert_eq!(result.requests.failed, 0, "{:?}", result.errors);
    // Due before it was read, and answered before the client has the last byte: never shorter than the service held it.
    let p90 = result.latency_us.ok.unwrap().p90 as f64;
    assert!(p90 >= 0.95 * seen.held(0.9).as_micros() as f64, "{p90} {:?}", seen.held(0.9));
}

#[test]
fn an_outage_costs_the_requests_of_its_time_and_not_one_for_each_connection() {
    let (row, result, seen) = checked("outage of 0.3 s");
    let requests = result.requests;
    assert_eq!(requests.dropped, 0, "{:?}", result.errors);
    assert_eq!(requests.failed, row.asked(&seen) - 1 - seen.answered);
    // 100/s for the time that the service was away: 30. 100 connections had been opened by then, and each of them used
    // to cost one more. What was on its way, or late on a busy machine, stays below half of that.
    let away = (100.0 * seen.down.as_secs_f64()).ceil() as u64;
    assert!(requests.failed > 0 && requests.failed <= away + 50, "{} of {away}", requests.failed);
    assert!(result.errors.iter().all(|error| error.kind == ErrorKind::HttpConnect), "{:?}", result.errors);
}

#[test]
fn an_overload_has_the_goodput_of_the_service_and_a_backlog() {
    let (row, result, seen) = checked("overload");
    assert_eq!((result.requests.failed, result.requests.dropped), (0, 0), "{:?}", result.errors);
    // The service gives out 95 turns a second and no more.
    assert!(result.goodput_rps <= 96.0, "{}", result.goodput_rps);
    let waiting = row.asked(&seen) - 1 - seen.inside;
    assert!(result.unfinished.in_flight.abs_diff(waiting) <= waiting / 20, "{:?}", result.unfinished);
}

#[test]
fn a_service_that_closes_after_each_answer_has_no_failures_announced_or_not() {
    for name in ["closes, announced", "closes, unannounced"] {
        let (_, result, _) = checked(name);
        assert_eq!(result.requests.failed, 0, "{name}: {:?}", result.errors);
        assert!(result.requests.ok > 0);
    }
}

#[test]
fn users_that_are_stuck_are_failures_one_each() {
    let (_, result, seen) = checked("63 of 64 users stuck");
    assert_eq!(result.requests.failed, 63, "{:?}", result.requests);
    assert_eq!(result.requests.total, seen.arrived);
    assert_eq!(result.unfinished.users_without_answer, 63);
    assert_eq!((result.errors[0].kind, result.errors[0].count), (ErrorKind::HttpTimeout, 63));
}
