//! Every strategy × every workload × every hazard, against a real Postgres. The registries are read, so a
//! new line in one of them is tested without a change here. Each hazard has a database of its own.

mod support;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use poollab_model::{
    Acquisition, ErrorKind, HotRowMethod, HumanDuration, Method, Settings, StatementMode, StrategyInfo,
    WorkloadInfo, WorkloadSpec,
};
use poollab_servers::{request_path, strategies, supports, workloads};
use support::{Lab, Reply, Server, eventually};

/// A small pool, and time-outs that do not end a test on a slow machine.
fn small() -> Settings {
    Settings { pool_size: Some(2), blocking_threads: 8, ..Settings::default() }
}

/// A workload as it can be asked: plainly, and with each of its parameters.
fn variants(workload: &WorkloadInfo) -> Vec<WorkloadSpec> {
    let plain = WorkloadSpec::plain(workload.id.clone());
    let mut all = vec![
        WorkloadSpec { think_ms: Some(2), ..plain.clone() },
        WorkloadSpec { think_ms: Some(2), release_early: true, ..plain.clone() },
    ];
    all.extend(HotRowMethod::ALL.map(|method| WorkloadSpec { method: Some(method), ..plain.clone() }));
    // A workload knows some of them; those that it does not know are refused for that.
    all.retain(|spec| poollab_servers::workloads::problems(spec).is_empty());
    all.push(plain);
    all
}

fn ask(server: &Server, spec: &WorkloadSpec, id: u64) -> Reply {
    let (method, path, _) = request_path(spec);
    server.send(method, &path.replace("{id}", &id.to_string()))
}

fn supported(strategy: &StrategyInfo) -> impl Iterator<Item = (WorkloadInfo, WorkloadSpec)> + '_ {
    workloads()
        .into_iter()
        .flat_map(|workload| variants(&workload).into_iter().map(move |spec| (workload.clone(), spec)))
        .filter(|(_, spec)| supports(&strategy.id, spec).is_ok())
}

#[test]
fn every_answer_is_about_the_row_that_was_asked_for() {
    let Some(lab) = Lab::start() else { return };
    for strategy in strategies() {
        let server = Server::start(lab.socket(), strategy.id.as_str(), small());
        for workload in workloads() {
            for spec in variants(&workload) {
                if let Err(why) = supports(&strategy.id, &spec) {
                    let reply = ask(&server, &spec, 1);
                    assert_eq!(reply.problem().kind, Some(ErrorKind::Unsupported), "{spec}: {reply:?}");
                    assert!(why.contains("transaction"), "{why}");
                    continue;
                }
                for id in [1, workload.ids.div_ceil(2), workload.ids] {
                    let reply = ask(&server, &spec, id);
                    assert!(reply.is_about(id), "{} {spec} {id}: {reply:?}", strategy.id);
                    assert!(reply.phase("query") > 0.0, "{} {spec}: {reply:?}", strategy.id);
                }
            }
        }
    }
}

#[test]
fn concurrent_requests_get_their_own_rows() {
    let Some(lab) = Lab::start() else { return };
    for strategy in strategies() {
        let server = Server::start(lab.socket(), strategy.id.as_str(), small());
        for (workload, spec) in supported(&strategy) {
            let shown_mistake =
                !strategy.isolates_transactions && poollab_servers::workloads::needs_transaction(&spec);
            if shown_mistake {
                continue;
            }
            thread::scope(|scope| {
                for first in 1..=4 {
                    let (server, workload, spec, strategy) = (&server, &workload, &spec, &strategy);
                    scope.spawn(move || {
                        for step in 0..2 {
                            let id = (first * 997 + step * 31) % workload.ids + 1;
                            let reply = ask(server, spec, id);
                            assert!(reply.is_about(id), "{} {spec} {id}: {reply:?}", strategy.id);
                        }
                    });
                }
            });
        }
    }
}

#[test]
fn transactions_on_a_shared_client_run_into_each_other_and_say_so() {
    let Some(lab) = Lab::start() else { return };
    let showing = strategies().into_iter().filter(|s| !s.isolates_transactions && !s.refuses_transactions);
    for strategy in showing {
        let server = Server::start(lab.socket(), strategy.id.as_str(), small());
        assert!(server.get("/hold/1").is_about(1), "alone it goes well");
        let replies: Vec<Reply> = thread::scope(|scope| {
            let asked: Vec<_> = (1..=8)
                .map(|id| (id, &server))
                .map(|(id, server)| scope.spawn(move || server.get(&format!("/hold/{id}?think_ms=300"))))
                .collect();
            asked.into_iter().map(|reply| reply.join().expect("an answer")).collect()
        });
        let failed: Vec<_> = replies.iter().filter(|reply| reply.status != 200).map(Reply::problem).collect();
        assert!(!failed.is_empty(), "{replies:?}");
        for problem in &failed {
            let known = ["25001", "25P01", "25P02"];
            assert!(problem.sqlstate.as_deref().is_some_and(|state| known.contains(&state)), "{problem:?}");
        }
        assert!(server.get("/hold/1").is_about(1), "alone again it goes well again");
    }
}

#[test]
fn every_statement_mode_health_check_and_tls_give_the_same_answers() {
    let Some(lab) = Lab::start() else { return };
    for strategy in strategies() {
        for (statements, health_check, tls) in [
            (StatementMode::Unnamed, true, false),
            (StatementMode::EachTime, false, true),
            (StatementMode::Cached, true, true),
        ] {
            let settings = Settings { statements, health_check, tls, min_idle: 1, ..small() };
            let server = Server::start(lab.tcp(), strategy.id.as_str(), settings);
            for (_, spec) in supported(&strategy) {
                let reply = ask(&server, &spec, 2);
                assert!(reply.is_about(2), "{} {statements:?} {spec}: {reply:?}", strategy.id);
            }
            let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                             WHERE application_name = $1";
            let all: Option<bool> =
                lab.admin().query_one(encrypted, &[&server.name]).expect("pg_stat_ssl can be read").get(0);
            assert!(all.is_none_or(|all| all == tls), "{} tls {tls}: {all:?}", strategy.id);
        }
    }
}

/// What a request holds its connection for decides its throughput. Where the timer differs, the strategy with the better
/// one "wins" by it: r2d2, whose threads sleep, by 25% at 5 ms.
#[test]
fn no_strategy_holds_longer_than_another_because_of_its_timer() {
    let Some(lab) = Lab::start() else { return };
    const THINK_MS: f64 = 5.0;
    const ROUNDS: usize = 60;
    let hold = WorkloadSpec {
        think_ms: Some(THINK_MS as u64),
        ..WorkloadSpec::plain("hold".parse().expect("an id"))
    };
    let mut servers: Vec<_> = strategies()
        .into_iter()
        .filter(|strategy| supports(&strategy.id, &hold).is_ok())
        .map(|strategy| (Server::start(lab.socket(), strategy.id.as_str(), small()), Vec::new()))
        .collect();
    // One after another and again, so that all of them meet the same neighbours.
    for _ in 0..ROUNDS {
        for (server, beyond) in &mut servers {
            let reply = ask(server, &hold, 3);
            assert!(reply.is_about(3), "{}: {reply:?}", server.name);
            beyond.push(reply.phase("hold") - THINK_MS);
        }
    }
    // Neighbours only ever add, to whichever request they meet, so the quickest tenth is the timer's own. A coarse timer
    // adds to all: tokio's alone is 1.2 ms late where the others are 0.14.
    let own: Vec<(f64, &str)> = servers
        .iter_mut()
        .map(|(server, beyond)| {
            beyond.sort_by(f64::total_cmp);
            (beyond[ROUNDS / 10], server.name.as_str())
        })
        .collect();
    let least = own.iter().map(|(beyond, _)| *beyond).fold(f64::INFINITY, f64::min);
    let most = own.iter().map(|(beyond, _)| *beyond).fold(0.0, f64::max);
    assert!(least >= 0.0, "nobody may give back before its time: {own:?}");
    assert!(most - least <= 0.3, "hold − think in ms: {own:?}");
}

/// Round trips say why one strategy is faster than another; sqlx's ping on release is seen nowhere else.
#[test]
fn round_trips_are_told_as_they_go_over_the_wire_and_counting_leaves_nothing_behind() {
    let Some(lab) = Lab::start() else { return };
    // Log-in with SCRAM: name, proof, and what it is answered with.
    const LOG_IN: f64 = 3.0;
    let counted = |strategy: &StrategyInfo, spec: &WorkloadSpec, settings: Settings| {
        let server = Server::ordered(lab.tcp(), strategy.id.as_str(), settings, |order| {
            order.count_trips = Some(spec.clone());
        });
        assert!(lab.backends(&server.name) == 0, "{} {spec}: nothing of it is left", strategy.id);
        eventually("it tells of its pool", || server.pool().is_some());
        assert_eq!(server.pool().map(|(counts, opened)| (counts.size, opened)), Some((0, 0)), "{spec}");
        server.round_trips.map(|trips| (trips.per_request, trips.connecting))
    };
    let spec = |id: &str| WorkloadSpec::plain(id.parse().expect("an id"));
    for strategy in strategies() {
        for spec in [spec("point-read"), spec("hold"), spec("write-tx")] {
            let statements = poollab_servers::statements(&spec).len() as f64;
            // BEGIN and COMMIT are one each.
            let transaction = poollab_servers::workloads::needs_transaction(&spec);
            let asked = statements + if transaction { 2.0 } else { 0.0 };
            let expected = match strategy.id.as_str() {
                "pipelined" if transaction => None,
                // It prepares all its statements each time.
                "per-request" | "per-request-sync" => Some((LOG_IN + asked + statements, LOG_IN)),
                "sqlx" => Some((asked + 1.0, 0.0)),
                _ => Some((asked, 0.0)),
            };
            assert_eq!(counted(&strategy, &spec, small()), expected, "{} {spec}", strategy.id);
        }
    }
    for (id, statements, health_check, expected) in [
        ("deadpool", StatementMode::Cached, true, 2.0),
        ("sqlx", StatementMode::Cached, true, 3.0),
        ("deadpool", StatementMode::Unnamed, false, 1.0),
        // Parse and bind are a trip each, and the ping.
        ("sqlx", StatementMode::Unnamed, false, 3.0),
        ("deadpool", StatementMode::EachTime, false, 3.0),
    ] {
        let strategy = strategies().into_iter().find(|info| info.id.as_str() == id).expect("it is there");
        let settings = Settings { statements, health_check, ..small() };
        let trips = counted(&strategy, &spec("point-read"), settings);
        assert_eq!(trips, Some((expected, 0.0)), "{id} {statements:?} {health_check}");
    }
    let encrypted = Server::ordered(lab.tcp(), "deadpool", Settings { tls: true, ..small() }, |order| {
        order.count_trips = Some(spec("point-read"));
    });
    assert_eq!(encrypted.round_trips, None, "nothing can be read there");
}

#[test]
fn a_pool_that_is_lent_out_says_pool_timeout() {
    let Some(lab) = Lab::start() else { return };
    for strategy in strategies() {
        if !matches!(strategy.acquisition, Acquisition::Pooled | Acquisition::SharedLocked) {
            continue;
        }
        let acquire_timeout = Some(HumanDuration::from_secs(1));
        let settings = Settings { pool_size: Some(1), acquire_timeout, ..small() };
        let server = Server::start(lab.socket(), strategy.id.as_str(), settings);
        eventually("it has its connection", || server.get("/point-read/1").is_about(1));
        thread::scope(|scope| {
            let holder = scope.spawn(|| server.get("/hold/1?think_ms=2500"));
            thread::sleep(Duration::from_millis(300));
            let reply = server.get("/point-read/2");
            let problem = reply.problem();
            assert_eq!(problem.kind, Some(ErrorKind::PoolTimeout), "{}: {problem:?}", strategy.id);
            assert_eq!(problem.cause, None, "{}: nothing was refused", strategy.id);
            assert!(reply.status == 503 && reply.head.contains("retry-after: "), "{reply:?}");
            assert!(reply.phase("wait") >= 900.0, "{}: {reply:?}", strategy.id);
            assert!(holder.join().expect("an answer").is_about(1), "{}", strategy.id);
        });
        assert!(server.get("/point-read/2").is_about(2), "{}", strategy.id);
    }
}

#[test]
fn without_a_free_slot_the_true_cause_is_told() {
    let Some(lab) = Lab::start() else { return };
    let occupied = lab.occupy_all();
    let mut servers = Vec::new();
    for strategy in strategies() {
        let acquire_timeout = Some(HumanDuration::from_millis(700));
        let settings = Settings { acquire_timeout, ..small() };
        let server = Server::start(lab.socket(), strategy.id.as_str(), settings);
        let problem = server.get("/point-read/1").problem();
        let beneath = match (problem.kind, &problem.cause) {
            (Some(ErrorKind::PoolTimeout), Some(cause)) => (cause.kind, cause.sqlstate.clone()),
            (Some(kind), _) => (kind, problem.sqlstate.clone()),
            (None, _) => panic!("{}: no kind: {problem:?}", strategy.id),
        };
        assert_eq!(
            beneath,
            (ErrorKind::SlotsExhausted, Some("53300".into())),
            "{}: {problem:?}",
            strategy.id
        );
        servers.push(server);
    }
    drop(occupied);
    for server in servers {
        // A pool that tries again in the background needs a moment.
        eventually("it recovers", || server.get("/point-read/1").is_about(1));
    }
}

#[test]
fn a_cancelled_request_gives_its_slot_back() {
    let Some(lab) = Lab::start() else { return };
    for strategy in strategies() {
        let settings = Settings { pool_size: Some(1), ..small() };
        let server = Server::start(lab.socket(), strategy.id.as_str(), settings);
        for (workload, spec) in supported(&strategy) {
            // Locked rows make every workload last as long as the test likes.
            let mut admin = lab.admin();
            let mut lock = admin.transaction().expect("BEGIN");
            lock.batch_execute(LOCK).expect("the tables are locked");
            let (method, path, _) = request_path(&spec);
            let method = if method == Method::Get { "GET" } else { "POST" };
            for _ in 0..3 {
                server.cancel(method, &path.replace("{id}", "1"), Duration::from_millis(30));
            }
            lock.rollback().expect("ROLLBACK");
            let id = workload.ids;
            let reply = ask(&server, &spec, id);
            assert!(reply.is_about(id), "{} {spec}: {reply:?}", strategy.id);
        }
        eventually("all transactions have ended and nobody waits", || {
            let open =
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'";
            let open: i64 = lab.admin().query_one(open, &[&server.name]).expect("it can be read").get(0);
            open == 0 && server.pool().is_some_and(|(counts, _)| counts.waiting == 0)
        });
    }
}

const LOCK: &str = "LOCK TABLE poollab.accounts, poollab.counters IN ACCESS EXCLUSIVE MODE";

#[test]
fn a_statement_that_times_out_leaves_a_usable_connection() {
    let Some(lab) = Lab::start() else { return };
    for strategy in strategies() {
        let statement_timeout = Some(HumanDuration::from_millis(80));
        let settings = Settings { pool_size: Some(1), statement_timeout, ..small() };
        let server = Server::start(lab.socket(), strategy.id.as_str(), settings);
        for (_, spec) in supported(&strategy) {
            let mut admin = lab.admin();
            let mut lock = admin.transaction().expect("BEGIN");
            lock.batch_execute(LOCK).expect("the tables are locked");
            let problem = ask(&server, &spec, 1).problem();
            assert_eq!(
                problem.kind,
                Some(ErrorKind::StatementTimeout),
                "{} {spec}: {problem:?}",
                strategy.id
            );
            assert_eq!(problem.sqlstate.as_deref(), Some("57014"), "{problem:?}");
            lock.rollback().expect("ROLLBACK");
            let reply = ask(&server, &spec, 2);
            assert!(reply.is_about(2), "{} {spec}: {reply:?}", strategy.id);
        }
    }
}

#[test]
fn after_a_restart_of_postgres_each_old_connection_costs_one_failure_at_most() {
    let Some(lab) = Lab::start() else { return };
    for strategy in strategies() {
        let settings = small();
        let connections = if strategy.acquisition.has_size() { settings.pool_size.unwrap_or(1) } else { 1 };
        let server = Server::start(lab.socket(), strategy.id.as_str(), settings);
        thread::scope(|scope| {
            for id in 1..=4 {
                let server = &server;
                scope.spawn(move || server.get(&format!("/read-process/{id}")));
            }
        });
        crash(&lab);
        let replies: Vec<_> = (0..connections + 3).map(|_| server.get("/point-read/1")).collect();
        let failed: Vec<_> = replies.iter().filter(|reply| !reply.is_about(1)).collect();
        assert!(failed.len() <= connections as usize, "{}: {failed:?}", strategy.id);
        for reply in &failed {
            assert_eq!(reply.problem().kind, Some(ErrorKind::ConnectionLost), "{}: {reply:?}", strategy.id);
        }
        assert!(replies.last().is_some_and(|reply| reply.is_about(1)), "{}", strategy.id);
    }
}

/// Kills a backend of our own: Postgres then ends all of them, recovers and starts again. Returns when
/// ordinary clients get in.
fn crash(lab: &Lab) {
    let mut admin = lab.admin();
    let pid: i32 = admin.query_one("SELECT pg_backend_pid()", &[]).expect("a pid").get(0);
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
    assert!(killed.success());
    eventually("the killed backend is noticed", || admin.simple_query("SELECT 1").is_err());
    eventually("Postgres is back", || lab.occupy().is_ok());
}

#[test]
fn while_postgres_is_away_the_kind_says_so() {
    let Some(lab) = Lab::start() else { return };
    let nowhere = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        poollab_model::Endpoint { port: free.local_addr().expect("an address").port(), ..lab.tcp() }
    };
    for strategy in strategies() {
        // The lab's check at the start would end it: so by the service's own way in, in this process.
        let acquire_timeout = Some(HumanDuration::from_millis(500));
        let settings = Settings { acquire_timeout, ..small() };
        let fault = in_process::point_read(&strategy, nowhere.clone(), settings);
        let kind = fault.cause.as_ref().map_or(fault.kind, |cause| cause.kind);
        assert_eq!(kind, ErrorKind::ConnectRefused, "{}: {fault:?}", strategy.id);
    }
}

mod in_process {
    use poollab_model::{Endpoint, Settings, StrategyInfo};
    use poollab_servers::fault::Fault;
    use poollab_servers::service::Service;
    use poollab_servers::strategies::{Context, Open, find};
    use poollab_servers::workloads;

    /// Asks a strategy that has been closed.
    pub fn after_its_close(strategy: &StrategyInfo, endpoint: Endpoint, settings: Settings) -> Fault {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let entry = find(strategy.id.as_str()).expect("it is in the registry");
        let Open::Threads(open) = entry.open else { panic!("{} has no threads", strategy.id) };
        let context = Context::new(endpoint, "closed".into(), settings).expect("no TLS, no trouble");
        let job = runtime.spawn_blocking(move || {
            let strategy = open(&context)?;
            drop(strategy.acquire()?);
            strategy.close();
            strategy.acquire().map(drop)
        });
        runtime.block_on(job).expect("it does not panic").expect_err("it is closed")
    }

    /// Asks for a row that can't be had.
    pub fn point_read(strategy: &StrategyInfo, endpoint: Endpoint, settings: Settings) -> Fault {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let entry = find(strategy.id.as_str()).expect("it is in the registry");
            let context = Context::new(endpoint, "test".into(), settings).expect("no TLS, no trouble");
            let service = Service::open(entry, context).await.expect("it opens without a database");
            let workload = workloads::find("point-read").expect("it is in the registry");
            let (result, _) = service.serve(workload, workloads::Ask::plain(1)).await;
            let left = service.stop(std::time::Duration::from_secs(5)).await;
            assert!(left.is_empty(), "{left:?}");
            result.expect_err("there is no database")
        })
    }
}

/// Without this a failover, a new DNS answer or a growing backend is never left behind.
#[test]
fn a_connection_past_its_lifetime_is_replaced_and_no_request_notices() {
    let Some(lab) = Lab::start() else { return };
    let lifetime = Some(HumanDuration::from_millis(300));
    let opened_under = |strategy: &StrategyInfo, max_lifetime, patience: Duration| -> u64 {
        let settings = Settings { max_lifetime, pool_size: Some(1), ..small() };
        let server = Server::start(lab.socket(), strategy.id.as_str(), settings);
        assert_eq!(server.settings.max_lifetime, max_lifetime, "{}", strategy.id);
        let began = Instant::now();
        let opened = || server.pool().map_or(0, |(_, opened)| opened);
        while began.elapsed() < patience && opened() < 2 {
            let reply = server.get("/point-read/1");
            assert!(reply.is_about(1), "{}: {reply:?}", strategy.id);
            thread::sleep(Duration::from_millis(20));
        }
        opened()
    };
    let pools = strategies().into_iter().filter(|info| info.acquisition == Acquisition::Pooled);
    thread::scope(|scope| {
        for strategy in pools {
            scope.spawn(move || {
                assert!(opened_under(&strategy, None, Duration::from_secs(1)) <= 1, "{}", strategy.id);
                // r2d2 looks at ages every 30 s.
                let opened = opened_under(&strategy, lifetime, Duration::from_secs(90));
                assert!(opened >= 2, "{} opened {opened}", strategy.id);
            });
        }
    });
}

#[test]
fn a_running_pool_takes_another_size_or_says_that_it_can_not() {
    let Some(lab) = Lab::start() else { return };
    let mut can = Vec::new();
    for strategy in strategies() {
        let mut server = Server::start(lab.socket(), strategy.id.as_str(), small());
        let hold = WorkloadSpec {
            think_ms: Some(300),
            release_early: strategy.refuses_transactions,
            ..WorkloadSpec::plain("hold".parse().expect("an id"))
        };
        let path = request_path(&hold).1.replace("{id}", "5");
        let Some(settings) = server.resize(6) else {
            assert!(server.get(&path).is_about(5), "{} still serves", strategy.id);
            continue;
        };
        assert_eq!(settings.pool_size, Some(6));
        let held: Vec<_> = (0..6).map(|_| server.begin("GET", &path, b"")).collect();
        eventually("six connections are lent at once", || lab.backends(&server.name) == 6);
        for stream in held {
            assert!(support::read_reply(stream).is_about(5), "{}", strategy.id);
        }
        assert!(server.get("/metrics").body.contains("db_client_connection_max{"), "{}", strategy.id);
        assert_eq!(server.resize(1).and_then(|settings| settings.pool_size), Some(1));
        eventually("what is too much is closed", || lab.backends(&server.name) <= 1);
        assert!(server.get(&path).is_about(5), "{} still serves", strategy.id);
        can.push(strategy.id.to_string());
        drop(server);

        // Places that were never filled have to go as well: only one of six is, and then two are left.
        let settings = Settings { pool_size: Some(6), ..small() };
        let mut server = Server::start(lab.socket(), strategy.id.as_str(), settings);
        assert!(server.get(&path).is_about(5), "{}", strategy.id);
        if server.resize(2).is_some() {
            let asked: Vec<_> = (0..6).map(|_| server.begin("GET", &path, b"")).collect();
            let mut most = 0;
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(800) {
                most = most.max(lab.backends(&server.name));
            }
            asked.into_iter().for_each(|stream| assert!(support::read_reply(stream).is_about(5)));
            assert!(most <= 2, "{} lent {most} of 2", strategy.id);
        }
    }
    assert!(can.contains(&"deadpool".to_owned()), "{can:?}");
}

#[test]
fn a_stop_lets_requests_end_and_leaves_no_backend() {
    let Some(lab) = Lab::start() else { return };
    for (index, strategy) in strategies().into_iter().enumerate() {
        let server = Server::start(lab.socket(), strategy.id.as_str(), small());
        let hold = WorkloadSpec {
            think_ms: Some(600),
            release_early: strategy.refuses_transactions,
            ..WorkloadSpec::plain("hold".parse().expect("an id"))
        };
        let path = request_path(&hold).1.replace("{id}", "5");
        let name = server.name.clone();
        let in_flight = server.begin("GET", &path, b"");
        let idle = server.begin("GET", "/point-read/1", b"");
        thread::sleep(Duration::from_millis(200));
        let began = Instant::now();
        let code = if index % 2 == 0 { server.terminate() } else { server.end_of_input() };
        assert_eq!(code, Some(0), "{}", strategy.id);
        assert!(began.elapsed() < Duration::from_secs(5), "{}: {:?}", strategy.id, began.elapsed());
        for (stream, id) in [(in_flight, 5), (idle, 1)] {
            let reply = support::read_reply(stream);
            assert!(reply.is_about(id), "{}: {reply:?}", strategy.id);
        }
        eventually("no backend is left", || lab.backends(&name) == 0);
    }
}

/// What keeps a connection has no use for one after its close: nobody would close it again.
#[test]
fn a_strategy_on_threads_that_keeps_connections_opens_none_after_its_close() {
    let Some(lab) = Lab::start() else { return };
    let keeps = |info: &StrategyInfo| info.blocking && info.acquisition != Acquisition::PerRequest;
    for strategy in strategies().into_iter().filter(keeps) {
        let fault = in_process::after_its_close(&strategy, lab.socket(), small());
        assert_eq!(fault.kind, ErrorKind::ConnectionLost, "{}: {fault:?}", strategy.id);
        eventually("no backend is left", || lab.backends("closed") == 0);
    }
}

/// Their callers gone, jobs that wait for a thread or a lock still run. One that connected again after the close left a
/// synchronous client behind, whose drop inside the runtime ended naive-locked with 101.
#[test]
fn jobs_that_outlive_their_callers_do_not_connect_again_after_the_close() {
    let Some(lab) = Lab::start() else { return };
    for strategy in strategies().into_iter().filter(|strategy| strategy.blocking) {
        for (threads, requests) in [(2, 8), (3, 8), (16, 8), (2, 40)] {
            let settings = Settings { blocking_threads: threads, ..small() };
            let server = Server::start(lab.socket(), strategy.id.as_str(), settings);
            assert!(server.get("/point-read/1").is_about(1));
            let name = server.name.clone();
            // A locked table holds the first jobs, and the others behind them, until the service is being stopped.
            let mut admin = lab.admin();
            let mut lock = admin.transaction().expect("BEGIN");
            lock.batch_execute(LOCK).expect("the tables are locked");
            let asked: Vec<_> = (0..requests).map(|_| server.begin("GET", "/point-read/1", b"")).collect();
            thread::sleep(Duration::from_millis(150));
            drop(asked);
            thread::sleep(Duration::from_millis(100));
            let code = thread::scope(|scope| {
                let stopped = scope.spawn(|| server.terminate());
                thread::sleep(Duration::from_millis(150));
                lock.rollback().expect("ROLLBACK");
                stopped.join().expect("it ends")
            });
            assert_eq!(code, Some(0), "{} with {threads} threads", strategy.id);
            eventually("no backend is left", || lab.backends(&name) == 0);
        }
    }
}

#[test]
fn several_workers_share_one_pool() {
    let Some(lab) = Lab::start() else { return };
    for strategy in strategies().into_iter().filter(|strategy| strategy.acquisition.has_size()) {
        let server = Server::start(lab.socket(), strategy.id.as_str(), Settings { workers: 3, ..small() });
        thread::scope(|scope| {
            for id in 1..=12 {
                let server = &server;
                scope.spawn(move || {
                    let reply = server.get(&format!("/hold/{id}?think_ms=50&release_early=true"));
                    assert!(reply.is_about(id), "{reply:?}");
                });
            }
        });
        eventually("it tells of its connections", || server.pool().is_some_and(|(_, opened)| opened > 0));
        let size = i64::from(server.settings.pool_size.unwrap_or(0));
        assert!((1..=size).contains(&lab.backends(&server.name)), "{}", strategy.id);
        assert_eq!(server.terminate(), Some(0), "{}", strategy.id);
    }
}
