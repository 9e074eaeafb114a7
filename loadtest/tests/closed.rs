//! A closed load: what counts, and what must not vanish.

mod support;

use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use poollab_model::wire::{Course, LoadEvent, LoadOrder, LoadStage};
use poollab_model::{ErrorKind, HumanDuration};
use support::{Reply, Service, closed, http, measured, measured_with_events, ms, right};

#[test]
fn what_was_answered_is_what_is_counted() {
    let service = Service::start(|asked| {
        std::thread::sleep(ms(5));
        right(asked)
    });
    let (result, events) = measured_with_events(&closed(service.address, 4)).unwrap();
    let seen = service.requests.load(SeqCst);
    assert!(result.requests.ok > 0);
    assert_eq!((result.requests.failed, result.requests.dropped), (0, 0));
    assert_eq!(result.requests.total, result.requests.ok);
    assert_eq!(seen, result.requests.ok, "those in flight at the end are awaited and counted, too");
    assert_eq!(result.offered_rps * result.measured_s, seen as f64);
    assert_eq!(result.latency_us.ok.unwrap().count, result.requests.ok);
    assert!(result.latency_us.ok.unwrap().min >= 4_995, "no answer can be faster than the service");

    let inside = result.intervals.iter().map(|interval| interval.ok).sum::<u64>();
    assert_eq!(inside + result.unfinished.in_flight, seen, "what was in flight ended after the window");
    assert_eq!(result.goodput_rps, inside as f64 / result.measured_s);
    assert!(matches!(events[0], LoadEvent::Measuring));
    assert_eq!(result.intervals.len(), 5, "the course ends with the window");
    assert!(events.len() > result.intervals.len(), "each of them was told, after the start of measuring");

    let phases = result.phases_us;
    assert_eq!(phases.query.unwrap().count, result.requests.ok);
    assert_eq!((phases.wait.unwrap().p50, phases.query.unwrap().p50), (250, 1_500));
    assert_eq!((phases.connect, phases.hold), (None, None));
    assert!(result.cpu_s > 0.0 && result.histograms.ok.is_some() && result.histograms.failed.is_none());
}

#[test]
fn ids_reach_from_one_to_the_last() {
    let seen = std::sync::Arc::new(Mutex::new([0_u64; 12]));
    let ids = std::sync::Arc::clone(&seen);
    let service = Service::start(move |asked| {
        ids.lock().unwrap()[asked.id as usize] += 1;
        right(asked)
    });
    measured(&LoadOrder { ids: 10, ..closed(service.address, 2) });
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0], seen[11]), (0, 0));
    assert!(seen[1..=10].iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn what_fails_while_warming_up_is_not_counted() {
    let begin = Mutex::new(None);
    let service = Service::start(move |asked| {
        let begin = *begin.lock().unwrap().get_or_insert_with(Instant::now);
        std::thread::sleep(ms(5));
        if begin.elapsed() < ms(200) { Reply::Say(http("500 Bad", "", "")) } else { right(asked) }
    });
    let order = LoadOrder { warmup: HumanDuration::from_millis(600), ..closed(service.address, 2) };
    let result = measured(&order);
    assert_eq!(result.requests.failed, 0, "{:?}", result.errors);
    assert!(result.requests.ok > 0);
}

#[test]
fn a_slow_answer_that_was_asked_for_while_warming_up_keeps_its_true_latency() {
    let service = Service::start(|asked| {
        std::thread::sleep(ms(400));
        right(asked)
    });
    let order = LoadOrder { warmup: HumanDuration::from_millis(200), ..closed(service.address, 3) };
    let result = measured(&order);
    assert!(result.requests.ok >= 3);
    assert!(result.latency_us.ok.unwrap().min >= 399_000, "{:?}", result.latency_us.ok);
}

#[test]
fn a_service_that_never_answers_gives_time_outs_and_sees_its_clients_hang_up() {
    let service = Service::start(|_| Reply::Never);
    let order = LoadOrder { request_timeout: HumanDuration::from_millis(150), ..closed(service.address, 3) };
    let result = measured(&order);
    assert!(result.requests.failed >= 3, "{:?}", result.requests);
    assert_eq!(result.requests.ok, 0);
    assert_eq!(result.errors.len(), 1);
    assert_eq!(
        (result.errors[0].kind, result.errors[0].count),
        (ErrorKind::HttpTimeout, result.requests.failed)
    );
    assert!(result.latency_us.failed.unwrap().min >= 149_000);
    assert!(service.hang_ups.load(SeqCst) >= result.requests.failed);
}

#[test]
fn a_time_out_longer_than_the_window_is_observed_all_the_same() {
    let service = Service::start(|_| Reply::Never);
    let order =
        LoadOrder { request_timeout: HumanDuration::from_millis(1_200), ..closed(service.address, 3) };
    let result = measured(&order);
    assert_eq!((result.requests.ok, result.requests.failed, result.requests.total), (0, 3, 3));
    assert_eq!((result.unfinished.in_flight, result.unfinished.users_without_answer), (3, 3));
    assert!(result.unfinished.oldest_us.unwrap() >= 400_000);
    assert_eq!((result.errors[0].kind, result.errors[0].count), (ErrorKind::HttpTimeout, 3));
    assert!(result.latency_us.failed.unwrap().min >= 1_199_000, "they were given all of their time");
    assert_eq!(result.throughput_rps, 0.0, "none of them ended inside the window");
}

#[test]
fn most_users_stuck_is_never_no_failure() {
    let service = Service::start(|asked| if asked.connection < 7 { Reply::Never } else { right(asked) });
    let order = LoadOrder { request_timeout: HumanDuration::from_millis(900), ..closed(service.address, 8) };
    let result = measured(&order);
    assert!(result.requests.ok > 0);
    assert_eq!((result.requests.failed, result.unfinished.users_without_answer), (7, 7));
    assert!(result.unfinished.oldest_us.unwrap() >= 400_000);
    assert!(result.latency_us.failed.unwrap().max >= 899_000);
}

#[test]
fn a_freeze_at_the_end_shows_in_the_slowest_answer() {
    let begin = Mutex::new(None);
    let service = Service::start(move |asked| {
        let begin = *begin.lock().unwrap().get_or_insert_with(Instant::now);
        // Frozen from the middle of the window until long after it.
        if begin.elapsed() > ms(250) {
            std::thread::sleep(ms(1_300).saturating_sub(begin.elapsed()));
        }
        right(asked)
    });
    let result = measured(&closed(service.address, 4));
    assert_eq!((result.requests.failed, result.unfinished.in_flight), (0, 4), "{:?}", result.errors);
    // Sent before 0.3 s or so, and answered at 1.3 s: what was in flight counts with all of its time.
    assert!(result.latency_us.ok.unwrap().max >= 700_000, "{:?}", result.latency_us.ok);
}

#[test]
fn what_is_cut_off_is_told_and_is_no_time_out() {
    let service = Service::start(|_| Reply::Never);
    let begin = Instant::now();
    let result = measured(&LoadOrder { cut_off: true, ..closed(service.address, 3) });
    assert!(begin.elapsed() < ms(8_000), "the window ends the run, and not the time-out");
    assert_eq!(
        (result.requests.total, result.errors.len()),
        (0, 0),
        "nobody knows how they would have ended"
    );
    let unfinished = result.unfinished;
    assert_eq!((unfinished.in_flight, unfinished.cut_off, unfinished.users_without_answer), (3, 3, 3));
    assert!(unfinished.oldest_us.unwrap() >= 400_000);
}

#[test]
fn a_burst_tells_each_of_its_requests_and_a_steady_load_none() {
    let service = Service::start(|asked| {
        std::thread::sleep(ms(20));
        if asked.before == 0 { Reply::Say(http("500 Internal Server Error", "", "no")) } else { right(asked) }
    });
    let steady = LoadStage { at: HumanDuration::from_millis(0), users: 1, once: false };
    let burst = LoadStage { at: HumanDuration::from_millis(200), users: 6, once: true };
    let only = |stages| Some(Course { stages, ..Course::default() });
    let order = closed(service.address, 6);
    let result = measured(&LoadOrder { course: only(vec![burst.clone()]), ..order.clone() });
    assert_eq!(result.requests.total, 6);
    let [told] = result.bursts.as_slice() else { panic!("{:?}", result.bursts) };
    assert_eq!((told.at_ms, told.sent, told.left_out), (200.0, 6, 0));
    let orders: Vec<u32> = told.requests.iter().map(|request| request.order).collect();
    assert_eq!(orders, [1, 2, 3, 4, 5, 6]);
    for request in &told.requests {
        assert!(request.ended_us >= request.latency_us && request.latency_us >= 19_995, "{request:?}");
    }
    let failed: Vec<_> = told.requests.iter().filter_map(|request| request.error).collect();
    assert_eq!(failed, [ErrorKind::Http], "the one that the service saw first");

    assert!(measured(&order).bursts.is_empty());
    let both = measured(&LoadOrder { course: only(vec![steady, burst]), ..order });
    assert_eq!(
        both.bursts.iter().map(|burst| burst.sent).collect::<Vec<_>>(),
        [6],
        "the steady stage is none"
    );
}
