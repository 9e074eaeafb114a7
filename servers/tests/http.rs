//! What the service answers to requests that are the caller's fault, and to orders that are wrong.

mod support;

use poollab_model::wire::{ServerEvent, ServerOrder};
use poollab_model::{Endpoint, Host, Method, Settings};
use support::{ByHand, Lab, Server, spawn};

#[test]
fn a_request_that_is_wrong_is_refused_with_a_reason() {
    let Some(lab) = Lab::start() else { return };
    let server = Server::start(lab.socket(), "deadpool", Settings::default());
    for (method, path, status, reason) in [
        ("GET", "/point-read/seven", 400, "\"seven\" is not a number"),
        ("GET", "/point-read/", 400, "\"\" is not a number"),
        ("GET", "/point-read/1.5", 400, "not a number"),
        ("GET", "/point-read/+1", 400, "not a number"),
        ("GET", "/point-read/%31", 400, "not a number"),
        ("GET", "/point-read/1;DROP%20TABLE%20x", 400, "not a number"),
        ("GET", "/point-read/-1", 400, "negative"),
        ("GET", "/point-read/0", 404, "1 to 100000"),
        ("GET", "/point-read/100001", 404, "1 to 100000"),
        ("GET", "/point-read/2147483648", 404, "1 to 100000"),
        ("GET", "/point-read/99999999999999999999999999", 404, "1 to 100000"),
        ("GET", "/read-process/99902", 404, "1 to 99901"),
        ("POST", "/hot-row/11", 404, "1 to 10"),
        ("GET", "/point-read/1?think_ms=5", 400, "it has no parameters"),
        ("GET", "/hold/1?think=5", 400, "think_ms, release_early"),
        ("GET", "/hold/1?think_ms=60001", 400, "from 0 to 60000"),
        ("GET", "/hold/1?think_ms=-1", 400, "from 0 to 60000"),
        ("GET", "/hold/1?think_ms=1&think_ms=2", 400, "twice"),
        ("GET", "/hold/1?release_early=maybe", 400, "true or false"),
        ("POST", "/hot-row/1?method=hopeful", 400, "pessimistic, optimistic, atomic"),
        ("GET", "/no-such/1", 404, "point-read, read-process"),
        ("GET", "/point-read", 404, "nothing at /point-read"),
        ("GET", "/point-read/1/2", 404, "nothing at"),
        ("GET", "//", 404, "there is no workload"),
        ("POST", "/point-read/1", 405, "GET"),
        ("GET", "/write-tx/1", 405, "POST"),
        ("DELETE", "/write-tx/1", 405, "POST"),
        ("HEAD", "/nothing", 404, ""),
        ("HEAD", "/write-tx/1", 405, ""),
        ("POST", "/healthz", 405, "GET"),
    ] {
        let reply = server.raw(method, path, b"");
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        if method == "HEAD" {
            continue;
        }
        let problem = reply.problem();
        assert!(problem.detail.contains(reason), "{method} {path}: {problem:?}");
        assert_eq!(problem.kind, None, "the caller's fault has no kind: {problem:?}");
        assert_eq!(reply.head.contains("allow: "), status == 405, "{reply:?}");
    }
    assert!(server.get("/point-read/1").is_about(1), "nothing of that broke it");
}

/// Monitors and `curl -I` ask so; 405 is taken for a service that is down.
#[test]
fn head_is_answered_as_get_without_the_body() {
    let Some(lab) = Lab::start() else { return };
    let server = Server::start(lab.socket(), "deadpool", Settings::default());
    for path in ["/", "/healthz", "/readyz", "/metrics", "/identity", "/point-read/1"] {
        let (head, get) = (server.raw("HEAD", path, b""), server.get(path));
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}: {head:?}");
        let of = |reply: &support::Reply| {
            reply.head.lines().find(|line| line.starts_with("content-type: ")).map(str::to_owned)
        };
        assert_eq!(of(&head), of(&get), "{path}");
    }
}

/// As `query` it would look like a broken statement, and a health check that stays green keeps the old password.
#[test]
fn a_refused_password_is_told_as_such_and_the_health_check_knows() {
    let Some(lab) = Lab::start() else { return };
    let endpoint = Endpoint { password: Some(poollab_model::Secret::new("wrong")), ..lab.tcp() };
    for strategy in ["deadpool", "bb8", "r2d2", "sqlx", "per-request", "naive-locked"] {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut wrong = ServerOrder { endpoint: endpoint.clone(), ..order(&free) };
        wrong.strategy = strategy.parse().unwrap();
        wrong.settings.acquire_timeout = Some(poollab_model::HumanDuration::from_millis(700));
        let mut server = ByHand::start(&wrong);
        let said = server.until("it connects");
        assert!(said.contains("Check user and password"), "{said}");
        // Known from the start, and still after a request.
        for path in ["/healthz", "/point-read/1", "/healthz"] {
            let problem = server.get(path).problem();
            let (kind, state) = match problem.cause {
                Some(cause) => (Some(cause.kind), cause.sqlstate),
                None => (problem.kind, problem.sqlstate),
            };
            assert_eq!(kind, Some(poollab_model::ErrorKind::AuthenticationFailed), "{strategy} {path}");
            assert_eq!(state.as_deref(), Some("28P01"), "{strategy} {path}");
        }
        server.interrupt();
    }
}

#[test]
fn a_body_is_read_and_one_that_is_wrong_or_too_long_is_refused() {
    let Some(lab) = Lab::start() else { return };
    let server = Server::start(lab.socket(), "deadpool", Settings::default());
    let before = server.raw("POST", "/write-tx/9", br#"{"delta": 0}"#);
    assert!(before.body.contains(r#""balance":0,"delta":0"#), "{before:?}");
    let after = server.raw("POST", "/write-tx/9", br#"{"delta": -42}"#);
    assert!(after.body.contains(r#""balance":-42,"delta":-42"#), "{after:?}");
    let long = vec![b' '; 100_000];
    let cases: [(&str, &[u8], u16, &str); 6] = [
        ("/write-tx/1", &long, 413, "longer than 1024"),
        ("/write-tx/1", b"delta=1", 400, "{\"delta\":42}"),
        ("/write-tx/1", br#"{"delta": 5001}"#, 400, "from -5000 to 5000"),
        ("/write-tx/1", br#"{"delta": 1, "aid": 7}"#, 400, "unknown field"),
        ("/write-tx/1", &[0xff, 0xfe], 400, "not as expected"),
        ("/hot-row/1", b"{}", 400, "takes no body"),
    ];
    for (path, body, status, reason) in cases {
        let problem = server.raw("POST", path, body).problem();
        assert_eq!(problem.status, status, "{path}: {problem:?}");
        assert!(problem.detail.contains(reason), "{path}: {problem:?}");
    }
}

#[test]
fn pages_tell_what_runs_and_what_can_be_asked() {
    let Some(lab) = Lab::start() else { return };
    let settings = Settings { pool_size: Some(3), ..Settings::default() };
    let server = Server::start(lab.socket(), "bb8", settings);
    let index = server.get("/");
    assert!(index.body.contains("strategy bb8 with 3 connections"), "{index:?}");
    for workload in poollab_servers::workloads() {
        assert!(index.body.contains(&format!("/{}/{{id}}", workload.id)), "{index:?}");
    }
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(lab.backends(&server.name), 0, "none of that takes a connection");

    assert_eq!(server.send(Method::Get, "/point-read/1").status, 200);
    let metrics = server.get("/metrics").body;
    for line in [
        "db_client_connection_count{db_client_connection_pool_name=\"bb8\",db_client_connection_state=\"idle\"}",
        "db_client_connection_max{db_client_connection_pool_name=\"bb8\"} 3",
        "db_client_connection_pending_requests{db_client_connection_pool_name=\"bb8\"} 0",
        "db_client_connection_timeouts_total{db_client_connection_pool_name=\"bb8\"} 0",
        "db_client_connection_create_time_seconds_count{db_client_connection_pool_name=\"bb8\"}",
        "db_client_connection_wait_time_seconds_count{db_client_connection_pool_name=\"bb8\"} 1",
        "db_client_connection_use_time_seconds_count{db_client_connection_pool_name=\"bb8\"} 1",
        "poollab_requests_total{db_client_connection_pool_name=\"bb8\",outcome=\"ok\"} 1",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line} is missing: {metrics}");
    }
    let identity: serde_json::Value = serde_json::from_str(&server.get("/identity").body).unwrap();
    assert_eq!(identity["strategy"]["id"], "bb8");
    assert_eq!(identity["settings"]["pool_size"], 3);
    let components = poollab_servers::components();
    assert_eq!(identity["components"], serde_json::to_value(&components).unwrap());
    assert!(components.iter().all(|c| c.version.starts_with(|first: char| first.is_ascii_digit())));
}

#[test]
fn the_defaults_of_the_libraries_are_reported_as_they_are() {
    let Some(lab) = Lab::start() else { return };
    let asked = || Settings {
        defaults: poollab_model::DefaultsPolicy::Library,
        pool_size: None,
        ..Settings::default()
    };
    let seconds = |s| Some(poollab_model::HumanDuration::from_secs(s));
    let of = |strategy| Server::start(lab.socket(), strategy, asked()).settings.clone();
    let deadpool = of("deadpool");
    assert!(deadpool.acquire_timeout.is_none() && !deadpool.health_check && deadpool.max_lifetime.is_none());
    let bb8 = of("bb8");
    assert_eq!((bb8.pool_size, bb8.acquire_timeout, bb8.health_check), (Some(10), seconds(30), true));
    assert_eq!(bb8.max_lifetime, seconds(1800));
    let r2d2 = of("r2d2");
    assert_eq!((r2d2.pool_size, r2d2.min_idle, r2d2.health_check), (Some(10), 10, true));
    let sqlx = of("sqlx");
    assert_eq!((sqlx.pool_size, sqlx.acquire_timeout, sqlx.health_check), (Some(10), seconds(30), true));
    let explicit = Settings { pool_size: Some(3), ..asked() };
    for strategy in ["deadpool", "bb8", "r2d2", "sqlx", "pipelined"] {
        let server = Server::start(lab.socket(), strategy, explicit.clone());
        assert_eq!(server.settings.pool_size, Some(3), "{strategy}");
    }
}

fn order(listen: &str) -> ServerOrder {
    ServerOrder {
        strategy: "deadpool".parse().unwrap(),
        settings: Settings::default(),
        endpoint: Endpoint {
            host: Host::Tcp("127.0.0.1".into()),
            port: 1,
            user: "nobody".into(),
            password: None,
            dbname: "none".into(),
            root_certificate: None,
            verification: poollab_model::Verification::default(),
        },
        listen: listen.into(),
        application_name: "test".into(),
        count_trips: None,
        hazards: false,
    }
}

fn refused(line: &str) -> (String, Option<i32>) {
    let (mut child, mut lines) = spawn(line);
    let said = lines.next().expect("it says why").unwrap();
    let ServerEvent::Failed { message } = serde_json::from_str(&said).unwrap() else { panic!("{said}") };
    (message, child.wait().unwrap().code())
}

#[test]
fn a_wrong_order_ends_with_2_and_all_problems() {
    let mut wrong = order("here");
    wrong.strategy = "best".parse().unwrap();
    wrong.settings.pool_size = Some(0);
    let (message, code) = refused(&serde_json::to_string(&wrong).unwrap());
    assert_eq!(code, Some(2));
    for word in ["best", "deadpool", "here", "pool_size"] {
        assert!(message.contains(word), "{word}: {message}");
    }
    assert_eq!(refused("{\"strategy\": 1}").1, Some(2));
    assert_eq!(refused("").1, Some(2));
}

#[test]
fn an_environment_that_cannot_ends_with_3_and_advice() {
    let (message, code) = refused(&serde_json::to_string(&order("127.0.0.1:0")).unwrap());
    assert_eq!(code, Some(3));
    assert!(message.contains("refused") && message.contains("Start Postgres"), "{message}");

    let Some(lab) = Lab::start() else { return };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let busy = ServerOrder { endpoint: lab.socket(), ..order(&listen) };
    let (message, code) = refused(&serde_json::to_string(&busy).unwrap());
    assert_eq!(code, Some(3));
    assert!(message.contains("another program listens there"), "{message}");

    let nobody = Endpoint { password: Some(poollab_model::Secret::new("wrong")), ..lab.tcp() };
    let stranger = ServerOrder { endpoint: nobody, ..order("127.0.0.1:0") };
    let (message, code) = refused(&serde_json::to_string(&stranger).unwrap());
    assert_eq!(code, Some(3));
    assert!(message.contains("Check user and password"), "{message}");
}

#[test]
fn by_hand_a_service_starts_before_its_database_and_says_so() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for strategy in ["deadpool", "r2d2", "naive"] {
        let mut early = order(&free);
        early.strategy = strategy.parse().unwrap();
        early.settings.acquire_timeout = Some(poollab_model::HumanDuration::from_millis(300));
        let mut server = ByHand::start(&early);
        let mut said = server.until("it connects");
        assert!(said.contains("starting all the same"), "{said}");
        let problem = server.get("/point-read/1").problem();
        let kind = problem.cause.as_ref().map_or(problem.kind, |cause| Some(cause.kind));
        assert_eq!(kind, Some(poollab_model::ErrorKind::ConnectRefused), "{problem:?}");
        assert_eq!(server.get("/healthz").status, 200);
        assert_eq!(server.get("/readyz").status, 503);
        said.push_str(&server.interrupt());
        assert!(!said.contains("panicked"), "{said}");
    }
}
