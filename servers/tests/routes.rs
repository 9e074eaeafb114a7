//! Every strategy through a real PgBouncer, in both of its modes.

mod support;

use std::thread;

use poollab_db::pgbouncer::Program;
use poollab_model::{ErrorKind, Method, Route, Settings, StatementMode};
use poollab_servers::strategies;
use support::{Lab, Reply, Server};

const POOLED: [Route; 2] = [Route::PgbouncerTransaction, Route::PgbouncerSession];

fn settings(statements: StatementMode) -> Settings {
    Settings { pool_size: Some(4), blocking_threads: 8, statements, ..Settings::default() }
}

fn answers(server: &Server, each: u64) -> Vec<(u64, Reply)> {
    asked(server, each, Method::Get, "/point-read")
}

/// Answers to requests of eight callers at once, each with the id that it asked for.
fn asked(server: &Server, each: u64, method: Method, path: &str) -> Vec<(u64, Reply)> {
    thread::scope(|scope| {
        let caller = |caller: u64| {
            scope.spawn(move || {
                let ids = (1..=each).map(|n| caller * 1_000 + n);
                ids.map(|id| (id, server.send(method, &format!("{path}/{id}")))).collect::<Vec<_>>()
            })
        };
        let callers: Vec<_> = (0..8).map(caller).collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("a caller")).collect()
    })
}

#[test]
fn unnamed_statements_pass_every_route_with_every_strategy() {
    let Some(lab) = Lab::with_poolers(4) else { return };
    for route in POOLED {
        for strategy in strategies() {
            let unnamed = settings(StatementMode::Unnamed);
            let server = Server::start(lab.route(route), strategy.id.as_str(), unnamed);
            for id in [1, 7, 100_000] {
                let reply = server.get(&format!("/point-read/{id}"));
                assert!(reply.is_about(id), "{route} {}: {id}: {reply:?}", strategy.id);
            }
            // sqlx sends even an unnamed statement in two steps, between which transaction mode may change
            // the server connection: see below.
            if strategy.id == "sqlx" && route == Route::PgbouncerTransaction {
                continue;
            }
            for (id, reply) in answers(&server, 3) {
                assert!(reply.is_about(id), "{route} {}: {id}: {reply:?}", strategy.id);
            }
        }
    }
}

#[test]
fn sqlx_needs_a_transaction_around_its_statements_in_transaction_mode() {
    let Some(lab) = Lab::with_poolers(4) else { return };
    let endpoint = lab.route(Route::PgbouncerTransaction);
    let server = Server::start(endpoint, "sqlx", settings(StatementMode::Unnamed));
    for (id, reply) in answers(&server, 5) {
        let lost = || reply.problem().kind == Some(ErrorKind::PreparedStatement);
        assert!(reply.is_about(id) || lost(), "{id}: {reply:?}");
    }
    for (id, reply) in asked(&server, 5, Method::Post, "/write-tx") {
        assert!(reply.is_about(id), "{id}: {reply:?}");
    }
}

#[test]
fn named_statements_get_lost_in_transaction_mode_and_not_in_session_mode() {
    let Some(lab) = Lab::with_poolers(3) else { return };
    if Program::find().expect("found before").tracks_prepared_statements() {
        eprintln!("SKIPPED, not passed: this PgBouncer carries named statements over");
        return;
    }
    for strategy in ["deadpool", "bb8", "r2d2", "sqlx"] {
        let small = Settings { pool_size: Some(3), ..settings(StatementMode::Cached) };
        let session = Server::start(lab.route(Route::PgbouncerSession), strategy, small);
        for (id, reply) in answers(&session, 5) {
            assert!(reply.is_about(id), "{strategy} {id}: {reply:?}");
        }
        drop(session);
        let server =
            Server::start(lab.route(Route::PgbouncerTransaction), strategy, settings(StatementMode::Cached));
        let lost = (0..20).find_map(|_| {
            let failed = answers(&server, 10).into_iter().find(|(id, reply)| !reply.is_about(*id));
            failed.map(|(_, reply)| reply.problem())
        });
        let problem = lost.unwrap_or_else(|| panic!("{strategy}: no statement was lost"));
        assert_eq!(problem.kind, Some(ErrorKind::PreparedStatement), "{strategy}: {problem:?}");
    }
}

#[test]
fn a_time_out_of_statements_does_not_keep_anybody_from_getting_through() {
    let Some(lab) = Lab::with_poolers(2) else { return };
    let limit = "1s".parse().ok();
    for strategy in ["deadpool", "sqlx"] {
        let limited = Settings { statement_timeout: limit, ..settings(StatementMode::Unnamed) };
        let server = Server::start(lab.route(Route::PgbouncerTransaction), strategy, limited);
        assert!(server.get("/point-read/7").is_about(7), "{strategy}");
    }
}
