//! What the suites share: a Postgres of their own, the service as a process, and an HTTP client that can
//! also leave in the middle.
#![allow(dead_code, reason = "each suite uses its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use poollab_db::pgbouncer::Program;
use poollab_db::{Cluster, connect};
use poollab_model::wire::{GuardOrder, PoolerOrder, RoundTrips, ServerEvent, ServerOrder, ServerRequest};
use poollab_model::{Endpoint, Limits, Method, PoolCounts, Problem, Route, Settings};
use postgres::NoTls;

/// A database of a test's own.
pub struct Lab {
    cluster: Cluster,
}

impl Lab {
    /// Starts one, without limits of CPU and memory. `None` where this machine has no Postgres: the test
    /// is then skipped, but never on CI.
    pub fn start() -> Option<Self> {
        Self::start_with(Vec::new())
    }

    /// One with a PgBouncer on each route that has one. `None` also where there is no PgBouncer.
    pub fn with_poolers(pool_size: u32) -> Option<Self> {
        if let Err(why) = Program::find() {
            assert!(std::env::var_os("CI").is_none(), "CI must have a PgBouncer: {why}");
            eprintln!("SKIPPED, not passed: {why}");
            return None;
        }
        let pooler = |route| PoolerOrder {
            route,
            pool_size,
            max_clients: 200,
            max_prepared_statements: None,
            settings: Vec::new(),
        };
        Self::start_with([Route::PgbouncerTransaction, Route::PgbouncerSession].map(pooler).to_vec())
    }

    /// The service's way in by this route.
    pub fn route(&self, route: Route) -> Endpoint {
        let pooler = self.cluster.ready().poolers.iter().find(|pooler| pooler.route == route);
        pooler.map_or_else(|| self.socket(), |pooler| pooler.app_socket.clone())
    }

    fn start_with(poolers: Vec<PoolerOrder>) -> Option<Self> {
        let limits = Limits { cpus: None, memory: None, ..Limits::default() };
        match Cluster::start(&GuardOrder { limits, poolers, ..GuardOrder::default() }) {
            Ok(cluster) => Some(Self { cluster }),
            Err(why) if std::env::var_os("CI").is_none() => {
                eprintln!("SKIPPED, not passed: no Postgres could be started here: {why}");
                None
            }
            Err(why) => panic!("CI must have a Postgres: {why}"),
        }
    }

    pub fn socket(&self) -> Endpoint {
        self.cluster.ready().app_socket.clone()
    }

    pub fn tcp(&self) -> Endpoint {
        self.cluster.ready().app_tcp.clone()
    }

    /// A superuser's connection, or why there is none.
    pub fn try_admin(&self) -> Result<postgres::Client, postgres::Error> {
        postgres::Config::from(connect::config(&self.cluster.ready().admin, "conformance")).connect(NoTls)
    }

    pub fn admin(&self) -> postgres::Client {
        self.try_admin().expect("a superuser gets in")
    }

    /// An ordinary role's connection.
    pub fn occupy(&self) -> Result<postgres::Client, postgres::Error> {
        postgres::Config::from(connect::config(&self.socket(), "occupier")).connect(NoTls)
    }

    /// Takes all slots that ordinary roles can have.
    pub fn occupy_all(&self) -> Vec<postgres::Client> {
        let all: Vec<_> = std::iter::from_fn(|| self.occupy().ok()).take(100).collect();
        assert!(all.len() < 100, "the slots have no end");
        all
    }

    /// Connections of one service.
    pub fn backends(&self, name: &str) -> i64 {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
        self.admin().query_one(sql, &[&name]).expect("pg_stat_activity can be read").get(0)
    }
}

/// A service under test.
pub struct Server {
    child: Child,
    pub address: String,
    pub settings: Settings,
    pub round_trips: Option<RoundTrips>,
    pub name: String,
    pool: Arc<Mutex<Option<(PoolCounts, u64)>>>,
    answers: Mutex<mpsc::Receiver<ServerEvent>>,
}

impl Server {
    pub fn start(endpoint: Endpoint, strategy: &str, settings: Settings) -> Self {
        Self::ordered(endpoint, strategy, settings, |_| ())
    }

    /// One that also serves the mistakes on show.
    pub fn with_hazards(endpoint: Endpoint, strategy: &str, settings: Settings) -> Self {
        Self::ordered(endpoint, strategy, settings, |order| order.hazards = true)
    }

    /// One whose order is completed by the test.
    pub fn ordered(
        endpoint: Endpoint,
        strategy: &str,
        settings: Settings,
        complete: impl FnOnce(&mut ServerOrder),
    ) -> Self {
        let name = format!("test {strategy}");
        let mut order = ServerOrder {
            strategy: strategy.parse().expect("an id"),
            settings,
            endpoint,
            listen: "127.0.0.1:0".into(),
            application_name: name.clone(),
            count_trips: None,
            hazards: false,
        };
        complete(&mut order);
        let (mut child, mut lines) = spawn(&serde_json::to_string(&order).expect("JSON"));
        let first = lines.next().expect("it says something").expect("readable");
        let event = serde_json::from_str(&first).expect("an event");
        let ServerEvent::Ready { address, settings, round_trips } = event else {
            let _ = child.kill();
            panic!("{strategy} is not ready: {first}");
        };
        let pool = Arc::new(Mutex::new(None));
        let latest = Arc::clone(&pool);
        let (tell, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                match serde_json::from_str(&line) {
                    Ok(ServerEvent::Pool { counts, opened }) => {
                        *latest.lock().unwrap() = Some((counts, opened))
                    }
                    Ok(answer) => drop(tell.send(answer)),
                    Err(why) => panic!("{why}: {line}"),
                }
            }
        });
        Self { child, address, settings: *settings, round_trips, name, pool, answers: Mutex::new(answers) }
    }

    /// Asks for another size; gives the settings in force then, or `None`: its library can't.
    pub fn resize(&mut self, pool_size: u32) -> Option<Settings> {
        let line = serde_json::to_string(&ServerRequest::Resize { pool_size }).expect("JSON");
        writeln!(self.child.stdin.as_mut().expect("its input"), "{line}").expect("it listens");
        let answer = self.answers.lock().unwrap().recv_timeout(Duration::from_secs(10));
        match answer.expect("an answer") {
            ServerEvent::Resized { settings } => Some(*settings),
            ServerEvent::NotResized => None,
            other => panic!("{other:?}"),
        }
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send(Method::Get, path)
    }

    pub fn send(&self, method: Method, path: &str) -> Reply {
        let method = if method == Method::Get { "GET" } else { "POST" };
        self.raw(method, path, b"")
    }

    pub fn raw(&self, method: &str, path: &str, body: &[u8]) -> Reply {
        read_reply(self.begin(method, path, body))
    }

    /// Sends a request and does not wait for the answer.
    pub fn begin(&self, method: &str, path: &str, body: &[u8]) -> TcpStream {
        begin(&self.address, method, path, body)
    }

    /// Sends a request and leaves after `patience`.
    pub fn cancel(&self, method: &str, path: &str, patience: Duration) {
        let stream = self.begin(method, path, b"");
        thread::sleep(patience);
        stream.shutdown(Shutdown::Both).expect("the connection ends");
    }

    /// The latest that it told of its connections.
    pub fn pool(&self) -> Option<(PoolCounts, u64)> {
        *self.pool.lock().unwrap()
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id")
    }

    /// Ends it by SIGTERM, and says its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let killed = Command::new("kill").arg(self.pid().to_string()).status().expect("kill runs");
        assert!(killed.success());
        self.child.wait().expect("it ends").code()
    }

    /// Ends it by closing its standard input, and says its exit code.
    pub fn end_of_input(mut self) -> Option<i32> {
        drop(self.child.stdin.take());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Lines = std::io::Lines<BufReader<std::process::ChildStdout>>;

/// Starts the service with this line on standard input, which stays open.
pub fn spawn(line: &str) -> (Child, Lines) {
    let mut child = Command::new(program())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example `conducted` was built with the tests");
    let stdin = child.stdin.as_mut().expect("a pipe");
    writeln!(stdin, "{line}").expect("it reads");
    let stdout = child.stdout.take().expect("a pipe");
    (child, BufReader::new(stdout).lines())
}

/// `cargo test` builds examples beside the tests; `cargo test --test NAME` alone uses the last one built.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("deps is in the profile's folder");
    profile.join("examples").join("conducted")
}

/// Sends a request on a connection of its own.
fn begin(address: &str, method: &str, path: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the service listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the head is sent");
    // A service that refuses a long body may stop reading it.
    let _ = stream.write_all(body);
    stream
}

/// Reads an answer to its end.
pub fn read_reply(mut stream: TcpStream) -> Reply {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    Reply::parse(&text)
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("not HTTP: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// Whether it is a success about this id.
    pub fn is_about(&self, id: u64) -> bool {
        self.status == 200 && self.body.starts_with(&format!("{{\"id\":{id},"))
    }

    pub fn problem(&self) -> Problem {
        assert!(self.head.contains("content-type: application/problem+json"), "{self:?}");
        let problem: Problem =
            serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {self:?}"));
        assert_eq!(problem.status, self.status, "{self:?}");
        problem
    }

    /// A phase of the Server-Timing header, in milliseconds.
    pub fn phase(&self, name: &str) -> f64 {
        let from = self.head.find(&format!("{name};dur=")).unwrap_or_else(|| panic!("no {name}: {self:?}"));
        let figure = &self.head[from + name.len() + ";dur=".len()..];
        let end = figure.find([',', '\r', '\n']).unwrap_or(figure.len());
        figure[..end].parse().expect("a number")
    }
}

/// Waits until something holds, for at most ten seconds.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < until, "never: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A service that a person started, at the address of its order.
pub struct ByHand {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    address: String,
}

impl ByHand {
    pub fn start(order: &ServerOrder) -> Self {
        let mut child = Command::new(program())
            .arg("by-hand")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the example `conducted` was built with the tests");
        let line = serde_json::to_string(order).expect("JSON");
        let mut stdin = child.stdin.take().expect("a pipe");
        writeln!(stdin, "{line}").expect("it reads");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, stderr, address: order.listen.clone() }
    }

    /// What it says until a line with this in it.
    pub fn until(&mut self, word: &str) -> String {
        let mut said = String::new();
        loop {
            let from = said.len();
            let read = self.stderr.read_line(&mut said).expect("readable");
            assert!(read > 0, "it ended and said: {said}");
            // Not the line that tells what it will do: the one that tells what it does.
            if said[from..].trim_start().starts_with(word) {
                return said;
            }
        }
    }

    pub fn get(&self, path: &str) -> Reply {
        read_reply(begin(&self.address, "GET", path, b""))
    }

    /// Ends it as Ctrl-C does, and says what else it said.
    pub fn interrupt(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).expect("readable");
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0), "{said}");
        said
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
