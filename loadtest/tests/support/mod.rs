//! A scripted service: a thread for each connection, and an answer for each request.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use poollab_loadtest::{LoadError, run};
use poollab_model::wire::{LoadEvent, LoadOrder, LoadResult};
use poollab_model::{Arrivals, HumanDuration, Load, Method};

/// A request, as far as a script looks at it.
pub struct Asked {
    /// How many the service had seen before, over all connections.
    pub before: u64,
    /// How many connections there were before this one.
    pub connection: u64,
    /// How many came before it on its connection.
    pub nth: u64,
    /// The id in its path.
    pub id: u64,
}

/// What the service does about it.
pub enum Reply {
    /// Sends these bytes.
    Say(String),
    /// Sends these bytes and closes the connection.
    SayAndClose(String),
    /// Closes the connection without an answer.
    Close,
    /// Nothing, until the client hangs up.
    Never,
}

pub struct Service {
    pub address: SocketAddr,
    pub requests: Arc<AtomicU64>,
    pub hang_ups: Arc<AtomicU64>,
}

impl Service {
    pub fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            hang_ups: Arc::default(),
        };
        let script = Arc::new(script);
        let (requests, hang_ups) = (Arc::clone(&service.requests), Arc::clone(&service.hang_ups));
        std::thread::spawn(move || {
            for (connection, stream) in (0..).zip(listener.incoming()) {
                let (script, requests, hang_ups) = (script.clone(), requests.clone(), hang_ups.clone());
                std::thread::spawn(move || {
                    // An error is a client that went away, which is what many tests are about.
                    let _ = serve(stream.unwrap(), connection, &*script, &requests, &hang_ups);
                });
            }
        });
        service
    }
}

fn serve(
    mut stream: TcpStream,
    connection: u64,
    script: &dyn Fn(&Asked) -> Reply,
    requests: &AtomicU64,
    hang_ups: &AtomicU64,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    for nth in 0.. {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let path = first.split(' ').nth(1).unwrap_or_default();
        let id = path.trim_start_matches("/read/").parse().unwrap_or(0);
        let asked = Asked { before: requests.fetch_add(1, SeqCst), connection, nth, id };
        match script(&asked) {
            Reply::Say(text) => stream.write_all(text.as_bytes())?,
            Reply::SayAndClose(text) => return stream.write_all(text.as_bytes()),
            Reply::Close => return Ok(()),
            Reply::Never => {
                let ended = reader.read_line(&mut first);
                hang_ups.fetch_add(1, SeqCst);
                return ended.map(|_| ());
            }
        }
    }
    Ok(())
}

/// The bytes of an answer.
pub fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// The right answer.
pub fn right(asked: &Asked) -> Reply {
    Reply::Say(right_text(asked))
}

pub fn right_text(asked: &Asked) -> String {
    http(
        "200 OK",
        "server-timing: wait;dur=0.25, query;dur=1.5\r\n",
        &format!(r#"{{"id":{},"v":1}}"#, asked.id),
    )
}

pub const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// An order for a closed load of that many users: half a second without a warm-up.
pub fn closed(address: SocketAddr, users: u32) -> LoadOrder {
    LoadOrder {
        address: address.to_string(),
        method: Method::Get,
        path: "/read/{id}".into(),
        ids: 1_000,
        load: Load::Closed { users },
        warmup: HumanDuration::from_millis(0),
        duration: HumanDuration::from_millis(500),
        request_timeout: HumanDuration::from_secs(10),
        seed: 1,
        cut_off: false,
        course: None,
    }
}

/// An order for an open load with equal gaps.
pub fn open(address: SocketAddr, rate_per_s: f64, users: u32, duration: Duration) -> LoadOrder {
    LoadOrder {
        load: Load::Open { rate_per_s, arrivals: Arrivals::Constant, users },
        duration: HumanDuration(duration),
        ..closed(address, users)
    }
}

/// Carries an order out to its end.
pub fn measured(order: &LoadOrder) -> LoadResult {
    measured_with_events(order).unwrap().0
}

pub fn measured_with_events(order: &LoadOrder) -> Result<(LoadResult, Vec<LoadEvent>), LoadError> {
    let mut events = Vec::new();
    let result = run(order, std::future::pending(), |event| events.push(event))?;
    Ok((result, events))
}
