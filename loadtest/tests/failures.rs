//! Every way in which a request can fail has its kind, and is told with its words.

mod support;

use std::net::TcpListener;
use std::sync::atomic::Ordering::SeqCst;

use poollab_loadtest::LoadError;
use poollab_model::wire::{LoadOrder, LoadResult};
use poollab_model::{ErrorKind, HumanDuration, Method};
use support::{
    Asked, Reply, Service, closed, http, measured, measured_with_events, ms, open, right, right_text,
};

/// All requests failed alike.
fn only_failure(result: &LoadResult) -> &poollab_model::ErrorRecord {
    assert_eq!(result.requests.ok, 0);
    assert!(result.requests.failed > 0);
    assert_eq!(result.errors.len(), 1, "{:?}", result.errors);
    assert_eq!(result.errors[0].count, result.requests.failed);
    &result.errors[0]
}

#[test]
fn a_problem_document_is_told_in_its_own_words() {
    let problem = r#"{"type":"/problems/slots-exhausted","title":"t","status":503,"detail":"d",
        "kind":"slots-exhausted","sqlstate":"53300","message":"FATAL: sorry, too many clients already"}"#;
    let service = Service::start(move |_| {
        std::thread::sleep(ms(2));
        Reply::Say(http("503 Service Unavailable", "content-type: application/problem+json\r\n", problem))
    });
    let result = measured(&closed(service.address, 2));
    let error = only_failure(&result);
    assert_eq!((error.kind, error.sqlstate.as_deref()), (ErrorKind::SlotsExhausted, Some("53300")));
    assert_eq!(error.message, "FATAL: sorry, too many clients already");
    assert!(error.first_at_ms < 400.0);
    assert_eq!(result.latency_us.ok, None);
}

#[test]
fn another_requests_answer_is_not_a_success() {
    let service =
        Service::start(|asked| Reply::Say(http("200 OK", "", &format!(r#"{{"id":{}}}"#, asked.id + 1))));
    let result = measured(&closed(service.address, 2));
    assert_eq!(only_failure(&result).kind, ErrorKind::WrongAnswer);
    assert_eq!(result.phases_us.query, None, "phases are those of successes");
}

#[test]
fn an_answer_that_breaks_off_is_a_lost_connection() {
    let service = Service::start(|asked| {
        let whole = right_text(asked);
        Reply::SayAndClose(whole[..whole.len() - 3].to_owned())
    });
    let result = measured(&closed(service.address, 2));
    assert_eq!(only_failure(&result).kind, ErrorKind::HttpConnect);
}

#[test]
fn an_answer_whose_body_never_ends_is_a_time_out() {
    let service = Service::start(|asked| {
        let whole = right_text(asked);
        if asked.before > 100 { Reply::Never } else { Reply::Say(whole[..whole.len() - 3].to_owned()) }
    });
    let order = LoadOrder { request_timeout: HumanDuration::from_millis(100), ..closed(service.address, 2) };
    assert_eq!(only_failure(&measured(&order)).kind, ErrorKind::HttpTimeout);
}

#[test]
fn nonsense_instead_of_http_is_a_failure_and_no_crash() {
    for nonsense in [
        "\0\u{1}\u{2}nonsense\r\n\r\n",
        "HTTP/1.1 999999 x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    ] {
        let service = Service::start(|_| Reply::SayAndClose(nonsense.to_owned()));
        let result = measured(&closed(service.address, 1));
        assert_eq!(only_failure(&result).kind, ErrorKind::HttpConnect, "{nonsense:?}");
    }
}

#[test]
fn a_port_where_nobody_listens_is_refused_and_not_hammered() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let result = measured(&closed(address, 2));
    assert_eq!(only_failure(&result).kind, ErrorKind::HttpConnect);
    assert!(result.requests.failed <= 2 * 51, "10 ms lie between two attempts: {:?}", result.requests);
}

#[test]
fn a_service_that_closes_after_each_answer_is_not_one_that_fails() {
    let service = Service::start(|asked| {
        let body = format!(r#"{{"id":{}}}"#, asked.id);
        Reply::SayAndClose(http("200 OK", "connection: close\r\n", &body))
    });
    let result = measured(&closed(service.address, 2));
    assert!(result.requests.ok > 2);
    assert_eq!(result.requests.failed, 0, "{:?}", result.errors);
}

#[test]
fn a_connection_closed_while_idle_does_not_make_the_next_request_hang() {
    let unannounced = |asked: &Asked| Reply::SayAndClose(right_text(asked));
    let service = Service::start(unannounced);
    // 25 requests a second on two connections: each one is idle for a while, and closed all of that time.
    let result = measured(&open(service.address, 25.0, 2, ms(1_000)));
    assert_eq!((result.requests.ok, result.requests.failed), (24, 0), "{:?}", result.errors);
    assert_eq!(service.requests.load(SeqCst), 24, "a request that was never sent is sent once");

    // As fast as can be: the next request is often on its way when the connection closes.
    let service = Service::start(unannounced);
    let result = measured(&closed(service.address, 2));
    assert!(result.requests.ok > 2);
    assert_eq!(result.requests.failed, 0, "{:?}", result.errors);
}

#[test]
fn a_get_that_a_closing_connection_swallowed_is_sent_again_once_and_a_post_is_not() {
    let swallow = |asked: &Asked| if asked.nth == 0 { right(asked) } else { Reply::Close };
    let service = Service::start(swallow);
    let result = measured(&closed(service.address, 2));
    assert!(result.requests.ok > 2);
    assert_eq!(result.requests.failed, 0, "{:?}", result.errors);
    assert!(service.requests.load(SeqCst) > result.requests.ok, "it saw some of them twice");

    let service = Service::start(swallow);
    let result = measured(&LoadOrder { method: Method::Post, ..closed(service.address, 2) });
    let (ok, failed) = (result.requests.ok, result.requests.failed);
    assert!(ok > 0 && failed > 0 && ok.abs_diff(failed) <= 2, "{:?}", result.requests);
    assert_eq!(result.errors[0].kind, ErrorKind::HttpConnect);
    assert_eq!(service.requests.load(SeqCst), ok + failed, "what may have been done is not done again");

    let service = Service::start(|_| Reply::Close);
    let result = measured(&closed(service.address, 2));
    assert_eq!(only_failure(&result).kind, ErrorKind::HttpConnect, "a new connection is no reason to repeat");
    assert_eq!(service.requests.load(SeqCst), result.requests.failed);

    let begun = |asked: &Asked| {
        if asked.nth == 0 { right(asked) } else { Reply::SayAndClose("HTTP/1.1 200 OK\r\n".to_owned()) }
    };
    let service = Service::start(begun);
    let result = measured(&closed(service.address, 2));
    assert!(result.requests.failed > 0, "an answer that began is not asked for again");
    assert_eq!(service.requests.load(SeqCst), result.requests.total);
}

#[test]
fn a_body_in_pieces_is_read_to_its_last_byte() {
    let service = Service::start(|asked| {
        let id = asked.id;
        let body: String = [r#"{"id""#, ":", &format!("{id}"), ",", r#""v":1}"#]
            .iter()
            .map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len()))
            .collect();
        Reply::Say(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}0\r\n\r\n"))
    });
    let result = measured(&closed(service.address, 2));
    assert!(result.requests.ok > 2);
    assert_eq!(result.requests.failed, 0, "{:?}", result.errors);
}

#[test]
fn an_invalid_order_starts_nothing_and_names_every_problem() {
    let service = Service::start(right);
    let order = LoadOrder { ids: 0, path: "x".into(), ..closed(service.address, 0) };
    let Err(LoadError::Invalid(problems)) = measured_with_events(&order) else { panic!("it ran") };
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert_eq!(service.requests.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[test]
fn a_host_that_does_not_exist_is_an_error_and_not_a_result() {
    let order =
        LoadOrder { address: "poollab.invalid:80".into(), ..closed("127.0.0.1:1".parse().unwrap(), 1) };
    let error = measured_with_events(&order).unwrap_err();
    assert!(matches!(error, LoadError::Address { .. }), "{error}");
}
