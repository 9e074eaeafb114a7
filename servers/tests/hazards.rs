//! The mistakes on show, made on purpose and seen from outside.

mod support;

use std::thread;
use std::time::{Duration, Instant};

use poollab_model::{ErrorKind, HumanDuration, Settings};
use poollab_servers::{hazards, supports};
use support::{Lab, Server, eventually};

fn small(size: u32) -> Settings {
    let acquire_timeout = Some(HumanDuration::from_millis(300));
    Settings { pool_size: Some(size), acquire_timeout, ..Settings::default() }
}

#[test]
fn a_hazard_that_nobody_provokes_answers_like_any_workload() {
    let Some(lab) = Lab::start() else { return };
    for strategy in ["deadpool", "bb8", "r2d2", "sqlx", "per-request"] {
        let server = Server::with_hazards(lab.socket(), strategy, small(2));
        for hazard in hazards() {
            let reply = server.send(hazard.method, &format!("/{}/3", hazard.id));
            assert!(reply.is_about(3), "{strategy} {}: {reply:?}", hazard.id);
        }
    }
}

/// Any page in a browser on the same machine could otherwise take a service's connections away.
#[test]
fn a_service_that_no_scenario_asked_to_serves_no_mistake() {
    let Some(lab) = Lab::start() else { return };
    let server = Server::start(lab.socket(), "deadpool", small(1));
    for hazard in hazards() {
        let problem = server.send(hazard.method, &format!("/{}/1?every=1", hazard.id)).problem();
        assert_eq!(problem.status, 404, "{}: {problem:?}", hazard.id);
        assert!(problem.detail.contains("there is no workload"), "{problem:?}");
    }
    assert!(server.get("/point-read/1").is_about(1), "its only connection is still there");
}

#[test]
fn hazards_are_in_no_list_of_what_is_compared() {
    let compared: Vec<_> = poollab_servers::workloads().into_iter().map(|info| info.id).collect();
    let hazards = hazards();
    assert_eq!(
        hazards.len(),
        poollab_servers::workloads::hazards::HAZARDS.len(),
        "one has an id that is none"
    );
    for hazard in hazards {
        assert!(!compared.contains(&hazard.id), "{}", hazard.id);
        let spec = poollab_model::WorkloadSpec::plain(hazard.id);
        assert_eq!(supports(&"deadpool".parse().unwrap(), &spec), Ok(()));
    }
}

#[test]
fn a_leaked_connection_never_comes_back() {
    let Some(lab) = Lab::start() else { return };
    for strategy in ["deadpool", "bb8", "r2d2", "sqlx"] {
        let server = Server::with_hazards(lab.socket(), strategy, small(2));
        for _ in 0..2 {
            assert!(server.get("/leak/1?every=1").is_about(1), "{strategy}: the caller notices nothing");
        }
        let problem = server.get("/point-read/1").problem();
        assert_eq!(problem.kind, Some(ErrorKind::PoolTimeout), "{strategy}: {problem:?}");
    }
}

#[test]
fn a_second_connection_is_really_taken_beside_the_first() {
    let Some(lab) = Lab::start() else { return };
    for strategy in ["deadpool", "bb8", "r2d2", "sqlx"] {
        let alone = Server::with_hazards(lab.socket(), strategy, small(1));
        let problem = alone.get("/nested-checkout/1").problem();
        assert_eq!(problem.kind, Some(ErrorKind::PoolTimeout), "{strategy}: {problem:?}");
        assert!(alone.get("/nested-checkout/1?connections=1").is_about(1), "{strategy}");
        assert!(alone.get("/point-read/1").is_about(1), "{strategy}: the first one came back");
    }
}

#[test]
fn a_blocked_worker_answers_nobody_and_a_blocking_thread_blocks_nobody() {
    let Some(lab) = Lab::start() else { return };
    let server = Server::with_hazards(lab.socket(), "deadpool", Settings { workers: 1, ..small(2) });
    let answered_during = |path: &str| {
        let busy = server.begin("GET", path, b"");
        thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        assert_eq!(server.get("/healthz").status, 200);
        let took = began.elapsed();
        assert!(support::read_reply(busy).is_about(1));
        took
    };
    assert!(answered_during("/blocking-call/1?think_ms=2000&on=worker") > Duration::from_millis(1_000));
    assert!(answered_during("/blocking-call/1?think_ms=2000&on=blocking") < Duration::from_millis(1_000));
}

#[test]
fn an_abandoned_transaction_poisons_the_next_borrower_unless_it_is_guarded() {
    let Some(lab) = Lab::start() else { return };
    let server = Server::with_hazards(lab.socket(), "deadpool", small(1));
    let abandon = |guard: &str| {
        let path = format!("/abandoned-transaction/1?think_ms=20000&guard={guard}");
        server.cancel("POST", &path, Duration::from_millis(500));
    };
    abandon("false");
    let mut seen = None;
    eventually("the connection is lent again", || {
        let reply = server.get("/point-read/1");
        seen = Some(reply.problem());
        seen.as_ref().and_then(|problem| problem.kind) != Some(ErrorKind::PoolTimeout)
    });
    assert_eq!(seen.and_then(|problem| problem.kind), Some(ErrorKind::TransactionAborted));

    let server = Server::with_hazards(lab.socket(), "deadpool", small(1));
    server.cancel("POST", "/abandoned-transaction/1?think_ms=20000&guard=true", Duration::from_millis(500));
    eventually("the next borrower gets an answer", || server.get("/point-read/1").is_about(1));
}

#[test]
fn a_parameter_of_a_hazard_that_is_wrong_is_refused_with_a_reason() {
    let Some(lab) = Lab::start() else { return };
    let server = Server::with_hazards(lab.socket(), "deadpool", Settings::default());
    for (path, reason) in [
        ("/leak/1?every=-1", "whole number"),
        ("/leak/1?often=1", "its parameters are every"),
        ("/nested-checkout/1?connections=3", "from 0 to 2"),
        ("/memory-hog/1?mb=100000", "from 0 to 64"),
        ("/blocking-call/1?on=fire", "blocking or worker"),
    ] {
        let problem = server.get(path).problem();
        assert_eq!(problem.status, 400, "{problem:?}");
        assert!(problem.detail.contains(reason), "{problem:?}");
    }
}

#[test]
fn a_service_that_can_not_fill_its_pool_says_so_and_ends() {
    let Some(lab) = Lab::start() else { return };
    let _taken = lab.occupy_all();
    for strategy in ["deadpool", "bb8", "r2d2", "sqlx"] {
        let order = poollab_model::wire::ServerOrder {
            strategy: strategy.parse().unwrap(),
            settings: Settings { min_idle: 2, ..small(2) },
            endpoint: lab.socket(),
            listen: "127.0.0.1:0".to_owned(),
            application_name: "test filling".to_owned(),
            count_trips: None,
            hazards: false,
        };
        let (mut child, mut lines) = support::spawn(&serde_json::to_string(&order).unwrap());
        let first = lines.next().unwrap().unwrap();
        assert!(first.contains("could not be opened"), "{strategy}: {first}");
        eventually("it ends", || child.try_wait().unwrap().is_some());
    }
}
