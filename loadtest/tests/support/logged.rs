//! A service that logs what it saw, and the rows of the cross-check: what a generator says is held against the log.
#![allow(dead_code, reason = "the tests and the example use their own parts")]

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use poollab_model::wire::LoadOrder;
use poollab_model::{Arrivals, HumanDuration, Load, Method};

/// What an answer takes where nothing else is said.
const WORK: Duration = Duration::from_millis(10);
/// A thread for each of a thousand connections needs little.
const STACK: usize = 128 * 1024;

/// What the service does. Moments count from its first request.
#[derive(Debug, Clone, Copy)]
pub enum Scene {
    /// Answers after 10 ms.
    Steady,
    /// Answers nothing for a while.
    Stall { at: Duration, length: Duration },
    /// Closes every connection and refuses new ones for a while.
    Outage { at: Duration, length: Duration },
    /// Answers one request after another, no more than so many a second.
    AtMost { per_s: f64 },
    /// Closes a connection after each answer, and says so in the answer or does not.
    Closes { announced: bool },
    /// Answers on one connection only, the first one that asks.
    OneServed,
}

/// One row: a service and a load.
#[derive(Debug, Clone)]
pub struct Row {
    pub name: &'static str,
    pub scene: Scene,
    pub load: Load,
    pub duration: Duration,
    pub timeout: Duration,
}

impl Row {
    /// poollab's order for it.
    pub fn order(&self, address: SocketAddr) -> LoadOrder {
        LoadOrder {
            address: address.to_string(),
            method: Method::Get,
            path: "/read/{id}".into(),
            ids: 1_000,
            load: self.load.clone(),
            warmup: HumanDuration::from_millis(0),
            duration: HumanDuration(self.duration),
            request_timeout: HumanDuration(self.timeout),
            seed: 1,
            cut_off: false,
            course: None,
        }
    }

    /// Requests that were to be answered: for an open load all that were scheduled, else those that came.
    pub fn asked(&self, seen: &Seen) -> u64 {
        match self.load {
            Load::Open { rate_per_s, .. } => (rate_per_s * self.duration.as_secs_f64()).round() as u64,
            Load::Closed { .. } => seen.arrived,
        }
    }
}

/// The rows of the cross-check.
pub fn rows() -> Vec<Row> {
    let s = Duration::from_secs;
    let ms = Duration::from_millis;
    let open = |rate_per_s, users| Load::Open { rate_per_s, arrivals: Arrivals::Constant, users };
    let row = |name, scene, load| Row { name, scene, load, duration: s(3), timeout: s(5) };
    vec![
        row("closed", Scene::Steady, Load::Closed { users: 16 }),
        row("open", Scene::Steady, open(200.0, 64)),
        row("stall of 1 s", Scene::Stall { at: s(1), length: s(1) }, open(200.0, 400)),
        row("outage of 0.3 s", Scene::Outage { at: s(1), length: ms(300) }, open(100.0, 256)),
        // 95 × 3 s of 900 are answered in the window, the last one after 9.5 s.
        Row { timeout: s(30), ..row("overload", Scene::AtMost { per_s: 95.0 }, open(300.0, 1_000)) },
        row("closes, announced", Scene::Closes { announced: true }, Load::Closed { users: 16 }),
        row("closes, unannounced", Scene::Closes { announced: false }, Load::Closed { users: 16 }),
        row("63 of 64 users stuck", Scene::OneServed, Load::Closed { users: 64 }),
    ]
}

/// The row of this name.
pub fn row(name: &str) -> Row {
    rows().into_iter().find(|row| row.name == name).expect("a row of the cross-check")
}

/// What the service saw.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Requests that it read.
    pub arrived: u64,
    /// Requests that it answered.
    pub answered: u64,
    /// Of those, how many within so long after the first request as was asked about.
    pub inside: u64,
    /// How long it refused connections.
    pub down: Duration,
    /// How long it held each request, sorted.
    held: Vec<Duration>,
}

impl Seen {
    /// How long it held requests, by quantile.
    pub fn held(&self, quantile: f64) -> Duration {
        let last = self.held.len().saturating_sub(1);
        self.held.get((last as f64 * quantile).round() as usize).copied().unwrap_or_default()
    }
}

/// A service that runs until its process ends.
pub struct Logged {
    pub address: SocketAddr,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    first: OnceLock<Instant>,
    arrived: AtomicU64,
    /// When each answer was written, and how long its request was held.
    answers: Mutex<Vec<(Instant, Duration)>>,
    connections: Mutex<Vec<TcpStream>>,
    free_at: Mutex<Option<Instant>>,
    served: OnceLock<u64>,
    down: Mutex<Duration>,
}

impl Logged {
    pub fn start(scene: Scene) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let log = Arc::new(Log::default());
        let own = Arc::clone(&log);
        thread::spawn(move || accept(listener, address, scene, &own));
        Self { address, log }
    }

    /// What it saw so far.
    pub fn seen(&self, within: Duration) -> Seen {
        let answers = self.log.answers.lock().expect("the log");
        let until = self.log.first.get().map(|first| *first + within);
        let mut held: Vec<Duration> = answers.iter().map(|(_, held)| *held).collect();
        held.sort();
        Seen {
            arrived: self.log.arrived.load(SeqCst),
            answered: answers.len() as u64,
            inside: answers.iter().filter(|(at, _)| Some(*at) < until).count() as u64,
            down: *self.log.down.lock().expect("the log"),
            held,
        }
    }
}

fn accept(mut listener: TcpListener, address: SocketAddr, scene: Scene, log: &Arc<Log>) {
    let mut outage = match scene {
        Scene::Outage { at, length } => Some((at, length)),
        _ => None,
    };
    listener.set_nonblocking(true).expect("a listener that can be asked");
    for number in 0.. {
        let stream = loop {
            if let (Some(first), Some((at, length))) = (log.first.get(), outage)
                && first.elapsed() >= at
            {
                outage = None;
                let begin = Instant::now();
                drop(listener);
                for stream in log.connections.lock().expect("the log").drain(..) {
                    let _ = stream.shutdown(Shutdown::Both);
                }
                thread::sleep(length);
                listener = again(address);
                listener.set_nonblocking(true).expect("a listener that can be asked");
                *log.down.lock().expect("the log") = begin.elapsed();
            }
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(_) => thread::sleep(Duration::from_micros(500)),
            }
        };
        // What is accepted inherits nothing here on Linux; elsewhere it may.
        stream.set_nonblocking(false).expect("a stream that waits");
        if matches!(scene, Scene::Outage { .. }) {
            log.connections.lock().expect("the log").push(stream.try_clone().expect("a second handle"));
        }
        let log = Arc::clone(log);
        let thread = thread::Builder::new().stack_size(STACK);
        // A client that went away is what some rows are about.
        thread.spawn(move || drop(serve(stream, number, scene, &log))).expect("a thread");
    }
}

/// The same port, which somebody may hold for a moment.
fn again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

fn serve(mut stream: TcpStream, number: u64, scene: Scene, log: &Log) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let came = Instant::now();
        let since = came.duration_since(*log.first.get_or_init(|| came));
        log.arrived.fetch_add(1, SeqCst);
        match scene {
            Scene::Stall { at, length } if (at..at + length).contains(&since) => {
                thread::sleep(at + length - since);
            }
            Scene::AtMost { per_s } => {
                let turn = {
                    let mut free_at = log.free_at.lock().expect("the log");
                    let turn = free_at.map_or(came, |at| at.max(came)) + Duration::from_secs_f64(1.0 / per_s);
                    *free_at.insert(turn)
                };
                thread::sleep(turn.saturating_duration_since(Instant::now()));
            }
            Scene::OneServed if *log.served.get_or_init(|| number) != number => {
                // Until the client hangs up.
                return reader.read_line(&mut first).map(drop);
            }
            _ => thread::sleep(WORK),
        }
        let id = first.split(' ').nth(1).unwrap_or_default().trim_start_matches("/read/").to_owned();
        let body = format!(r#"{{"id":{id},"v":1}}"#);
        let closes =
            if matches!(scene, Scene::Closes { announced: true }) { "connection: close\r\n" } else { "" };
        let text = format!("HTTP/1.1 200 OK\r\n{closes}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes())?;
        log.answers.lock().expect("the log").push((Instant::now(), came.elapsed()));
        if matches!(scene, Scene::Closes { .. }) {
            return Ok(());
        }
    }
}
