//! Round trips of a request, counted on the wire.
//!
//! Before the service opens its pool, the same strategy is opened once more with one connection whose way leads
//! through this process: a forwarder on the loopback that reads the protocol's frames. After two requests that connect
//! and prepare, a few more show what each costs from then on. It is closed before the service begins: it takes no slot
//! of the load's, and is not on a request's path.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use poollab_model::wire::RoundTrips;
use poollab_model::{Endpoint, Host, Settings, WorkloadSpec};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;

use crate::service::Service;
use crate::strategies::{Context, Entry};
use crate::workloads::{self, Ask};

/// Requests that connect and prepare.
const FIRST: usize = 2;
/// Requests that are counted; the middle one is taken, as a connection may be replaced meanwhile.
const COUNTED: usize = 5;
/// A database at a tenth of a core needs a second for a few logins.
const LIMIT: Duration = Duration::from_secs(8);
const CLOSING: Duration = Duration::from_secs(2);

/// Counts. `None`: TLS hides them, the strategy refuses the workload, or the database does not answer well now.
pub async fn count(entry: &'static Entry, like: &Context, spec: &WorkloadSpec) -> Option<RoundTrips> {
    if like.settings.tls {
        return None;
    }
    let tap = Tap::open(like.endpoint.clone()).await.ok()?;
    let settings = Settings { pool_size: Some(1), min_idle: 0, blocking_threads: 1, ..like.settings.clone() };
    let context = Context::new(tap.endpoint.clone(), like.application_name.clone(), settings).ok()?;
    let counted = match Service::open(entry, context).await {
        Ok(service) => {
            let counted = tokio::time::timeout(LIMIT, ask(&service, &tap, spec)).await.ok().flatten();
            service.stop(CLOSING).await;
            counted
        }
        Err(why) => {
            tracing::debug!("round trips are not counted: {why}");
            None
        }
    };
    tap.close().await;
    counted
}

async fn ask(service: &Arc<Service>, tap: &Tap, spec: &WorkloadSpec) -> Option<RoundTrips> {
    let workload = workloads::find(spec.id.as_str())?;
    let ask = Ask { think: Duration::ZERO, ..Ask::from_spec(spec) };
    let mut before = (0, 0);
    let mut each = Vec::with_capacity(COUNTED);
    for request in 0..FIRST + COUNTED {
        if let (Err(why), _) = service.serve(workload, ask.clone()).await {
            tracing::debug!("round trips are not counted: {why}");
            return None;
        }
        let now = settled(service, &tap.seen).await;
        if request >= FIRST {
            each.push((now.0 - before.0, now.1 - before.1));
        }
        before = now;
    }
    each.sort_unstable();
    let (all, connecting) = each.get(COUNTED / 2)?;
    Some(RoundTrips { per_request: f64::from(*all), connecting: f64::from(*connecting) })
}

/// The counts when all is quiet: after its answer a request may still cost something (sqlx pings a connection that is
/// given back, a driver closes a statement).
async fn settled(service: &Service, seen: &Seen) -> (u32, u32) {
    let mut before = None;
    loop {
        let counts = service.counts();
        let now = (seen.trips.load(Relaxed), seen.connecting.load(Relaxed));
        let quiet = counts.idle == counts.size && seen.unanswered.load(Relaxed) == 0;
        if quiet && before == Some(now) {
            return now;
        }
        before = quiet.then_some(now);
        poollab_alarm::sleep(Duration::from_millis(3)).await;
    }
}

/// What went over all connections.
#[derive(Default)]
struct Seen {
    /// Times that the server answered and waited for the client again.
    trips: AtomicU32,
    /// Of those, before a connection was ready.
    connecting: AtomicU32,
    /// Connections on which the client was last to speak.
    unanswered: AtomicI64,
}

/// The forwarder.
struct Tap {
    endpoint: Endpoint,
    seen: Arc<Seen>,
    accepting: tokio::task::JoinHandle<()>,
    end: tokio::sync::oneshot::Sender<()>,
}

impl Tap {
    async fn open(to: Endpoint) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let here = listener.local_addr()?;
        let endpoint = Endpoint { host: Host::Tcp(here.ip().to_string()), port: here.port(), ..to.clone() };
        let seen = Arc::<Seen>::default();
        let (end, mut ended) = tokio::sync::oneshot::channel();
        let counts = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((client, _)) => drop(connections.spawn(forward(client, to.clone(), Arc::clone(&counts)))),
                        Err(_) => break,
                    },
                    _ = &mut ended => break,
                }
            }
            drop(listener);
            // Until the server has closed its side: it does so after it has given the slot back.
            while connections.join_next().await.is_some() {}
        });
        Ok(Self { endpoint, seen, accepting, end })
    }

    async fn close(mut self) {
        let _ = self.end.send(());
        if tokio::time::timeout(CLOSING, &mut self.accepting).await.is_err() {
            self.accepting.abort();
        }
    }
}

async fn forward(client: TcpStream, to: Endpoint, seen: Arc<Seen>) -> io::Result<()> {
    client.set_nodelay(true)?;
    match &to.host {
        Host::Tcp(host) => {
            let server = TcpStream::connect((host.as_str(), to.port)).await?;
            server.set_nodelay(true)?;
            between(client, server, &seen).await
        }
        Host::Socket(folder) => {
            let path = folder.join(format!(".s.PGSQL.{}", to.port));
            between(client, UnixStream::connect(path).await?, &seen).await
        }
    }
}

async fn between(
    client: TcpStream,
    server: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Seen,
) -> io::Result<()> {
    let (mut from_client, mut to_client) = split(client);
    let (mut from_server, mut to_server) = split(server);
    let turn = Turn { seen, asked: AtomicBool::new(false) };
    let asking = async {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let read = from_client.read(&mut buffer).await?;
            if read == 0 {
                break;
            }
            turn.ask();
            to_server.write_all(&buffer[..read]).await?;
        }
        to_server.shutdown().await?;
        // The other direction ends it.
        std::future::pending::<io::Result<()>>().await
    };
    let answering = async {
        let mut frames = Frames::default();
        let mut buffer = vec![0; 16 << 10];
        loop {
            let read = from_server.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            for _ in 0..frames.eat(&buffer[..read], seen) {
                turn.answer();
            }
            to_client.write_all(&buffer[..read]).await?;
        }
    };
    tokio::select! {
        result = asking => result,
        result = answering => result,
    }
}

/// Whose turn it is to speak on one connection.
struct Turn<'a> {
    seen: &'a Seen,
    asked: AtomicBool,
}

impl Turn<'_> {
    fn ask(&self) {
        if !self.asked.swap(true, Relaxed) {
            self.seen.unanswered.fetch_add(1, Relaxed);
        }
    }

    fn answer(&self) {
        if self.asked.swap(false, Relaxed) {
            self.seen.unanswered.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.answer();
    }
}

/// The server's messages, cut out of its bytes: a letter, four bytes of length that count themselves, the rest.
#[derive(Default)]
struct Frames {
    /// Letter, length, and the first four bytes of what follows.
    head: Vec<u8>,
    /// What is still to come of a message whose length is known.
    left: usize,
    ready: bool,
}

impl Frames {
    /// Counts the messages that make it the client's turn, and gives their number.
    fn eat(&mut self, bytes: &[u8], seen: &Seen) -> u32 {
        let mut turns = 0;
        for byte in bytes {
            if self.head.len() < 9 {
                self.head.push(*byte);
            }
            if let ([_, a, b, c, d], 0) = (self.head.as_slice(), self.left) {
                self.left = (u32::from_be_bytes([*a, *b, *c, *d]) as usize).saturating_sub(4);
            } else if self.left > 0 {
                self.left -= 1;
            } else {
                continue;
            }
            if self.left == 0 {
                turns += u32::from(self.is_clients_turn(seen));
                self.head.clear();
            }
        }
        turns
    }

    fn is_clients_turn(&mut self, seen: &Seen) -> bool {
        let turn = match self.head.as_slice() {
            // ReadyForQuery.
            [b'Z', ..] => true,
            // A question of the log-in: all but "you are in" and the last word of SCRAM.
            [b'R', _, _, _, _, 0, 0, 0, step] => !matches!(step, 0 | 12),
            _ => false,
        };
        if turn {
            seen.trips.fetch_add(1, Relaxed);
            if !self.ready {
                seen.connecting.fetch_add(1, Relaxed);
            }
            self.ready |= self.head.first() == Some(&b'Z');
        }
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(letter: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[letter], &length[..], body].concat()
    }

    /// Login with SCRAM, then two statements; cut anywhere, as sockets do.
    #[test]
    fn turns_are_the_same_however_the_bytes_are_cut() {
        let all = [
            message(b'R', &[0, 0, 0, 10, b'S', 0, 0]),
            message(b'R', &[0, 0, 0, 11, b'r', b'=']),
            message(b'R', &[0, 0, 0, 12, b'v', b'=']),
            message(b'R', &[0, 0, 0, 0]),
            message(b'S', b"TimeZone\0UTC\0"),
            message(b'Z', b"I"),
            message(b'1', b""),
            message(b'D', b"Z\0\0\0\x05Z\0\0\0\x05"),
            message(b'Z', b"I"),
            message(b'N', b"R\0\0\0\x08\0\0\0\x03"),
            message(b'Z', b"T"),
        ]
        .concat();
        for size in [1, 2, 3, 5, 7, 64, all.len()] {
            let (seen, mut frames) = (Seen::default(), Frames::default());
            let turns: u32 = all.chunks(size).map(|bytes| frames.eat(bytes, &seen)).sum();
            let counted = (seen.trips.load(Relaxed), seen.connecting.load(Relaxed));
            assert_eq!((turns, counted), (5, (5, 3)), "in pieces of {size}");
        }
    }
}
