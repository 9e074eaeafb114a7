//! One HTTP/1.1 connection, kept from request to request.
//!
//! hyper hands out a connection as two halves: a sender, and a future that does the reading and writing
//! and is usually spawned as a task. Here the user that asks polls that future itself. That saves a task
//! switch on the way out and one on the way back, for every request.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::HeaderMap;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use poollab_model::ErrorKind;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::answer::{BAD_BYTES, GOOD_BYTES};
use crate::deadline::Deadline;
use crate::failures::Failure;
use crate::target::{NoBody, Target};

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The beginning of the body: all that is needed to judge it.
    pub body: Bytes,
}

/// Asks, over a connection that is opened when there is none and closed after a failure. Returns when the
/// last byte of the answer has come, or at the deadline.
///
/// A service may close a connection that it takes for idle at any time (RFC 9112, 9.5). That is no failure of a
/// request: one that never left is sent on a new connection, and a GET that left is sent again once, if not a byte
/// of its answer had come.
#[derive(Debug, Default)]
pub(crate) struct Client(Option<Wire>);

impl Client {
    pub async fn ask(
        &mut self,
        target: &Target,
        id: &str,
        deadline: &mut Deadline,
    ) -> Result<Answer, Box<Failure>> {
        let mut request = target.request(id);
        let mut repeated = false;
        loop {
            let (wire, reused) = match &mut self.0 {
                Some(wire) => (wire, true),
                none => (none.insert(Wire::open(target, deadline).await?), false),
            };
            match wire.exchange(request, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => {
                    // Closing it tells the service that nobody waits any more.
                    self.0 = None;
                    match trouble {
                        // The service had closed a connection that was idle, and nothing was sent.
                        Trouble::NotSent(unsent) if reused => request = *unsent,
                        Trouble::NoAnswer(_) if reused && !repeated && target.can_repeat() => {
                            repeated = true;
                            request = target.request(id);
                        }
                        Trouble::NotSent(_) => {
                            let text = "the service accepted the connection and closed it before the request";
                            return Err(Box::new(Failure::new(ErrorKind::HttpConnect, text)));
                        }
                        Trouble::NoAnswer(failure) | Trouble::Failed(failure) => return Err(failure),
                    }
                }
            }
        }
    }
}

/// Why there is no answer.
enum Trouble {
    /// Nothing of the request left; here it is again.
    NotSent(Box<Request<NoBody>>),
    /// The connection ended before the first byte of the answer. The service may have seen the request, or not.
    NoAnswer(Box<Failure>),
    /// It failed.
    Failed(Box<Failure>),
}

impl Trouble {
    fn timed_out() -> Self {
        Self::Failed(timed_out())
    }

    fn broken(error: &hyper::Error, answer_began: bool) -> Self {
        let failure = Failure::new(ErrorKind::HttpConnect, format!("no complete answer: {}", chain(error)));
        if answer_began { Self::Failed(Box::new(failure)) } else { Self::NoAnswer(Box::new(failure)) }
    }
}

fn timed_out() -> Box<Failure> {
    Box::new(Failure::new(ErrorKind::HttpTimeout, "no complete answer within the request time-out"))
}

/// An error with what lies beneath it: hyper's `Display` leaves that out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// A stream that notes that something was read: hyper's error does not tell an answer that broke off from one that
/// never began.
#[derive(Debug)]
struct Noted {
    stream: TcpStream,
    read: Arc<AtomicBool>,
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.read.store(true, Relaxed);
        }
        polled
    }
}

impl AsyncWrite for Noted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// An open connection.
#[derive(Debug)]
struct Wire {
    sender: http1::SendRequest<NoBody>,
    /// `None`: it has come to its end. It is dropped then, for only that hands back what it had not sent.
    driver: Option<http1::Connection<TokioIo<Noted>, NoBody>>,
    /// Whether something was read since the last request.
    read: Arc<AtomicBool>,
}

impl Wire {
    async fn open(target: &Target, deadline: &mut Deadline) -> Result<Self, Box<Failure>> {
        let mut connecting = pin!(TcpStream::connect(&*target.addresses));
        let connected = poll_fn(|cx| match connecting.as_mut().poll(cx) {
            Poll::Ready(connected) => Poll::Ready(Some(connected)),
            Poll::Pending if deadline.poll_passed(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let refused = |error: &dyn std::error::Error| {
            let text = format!("can't connect to {}: {}", target.name(), chain(error));
            Box::new(Failure::new(ErrorKind::HttpConnect, text))
        };
        let stream = connected.await.ok_or_else(timed_out)?.map_err(|error| refused(&error))?;
        stream.set_nodelay(true).map_err(|error| refused(&error))?;
        let read = Arc::new(AtomicBool::new(false));
        let stream = Noted { stream, read: Arc::clone(&read) };
        let (sender, driver) =
            http1::Builder::new().handshake(TokioIo::new(stream)).await.map_err(|error| refused(&error))?;
        Ok(Self { sender, driver: Some(driver), read })
    }

    /// Reads and writes what can be. Whoever waits for the other half finds there how it ended.
    fn drive(&mut self, cx: &mut Context<'_>) {
        if self.driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(cx).is_ready()) {
            self.driver = None;
        }
    }

    async fn exchange(
        &mut self,
        request: Request<NoBody>,
        deadline: &mut Deadline,
    ) -> Result<Answer, Trouble> {
        if !self.ready().await {
            return Err(Trouble::NotSent(Box::new(request)));
        }
        self.read.store(false, Relaxed);
        let mut answered = pin!(self.sender.try_send_request(request));
        let response = poll_fn(|cx| {
            self.drive(cx);
            match answered.as_mut().poll(cx) {
                Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
                Poll::Ready(Err(mut error)) => Poll::Ready(Err(match error.take_message() {
                    Some(unsent) => Trouble::NotSent(Box::new(unsent)),
                    None => Trouble::broken(error.error(), self.read.load(Relaxed)),
                })),
                Poll::Pending if deadline.poll_passed(cx) => Poll::Ready(Err(Trouble::timed_out())),
                Poll::Pending => Poll::Pending,
            }
        })
        .await?;
        let (head, body) = response.into_parts();
        let enough = if head.status == StatusCode::OK { GOOD_BYTES } else { BAD_BYTES };
        let body = self.read(body, enough, deadline).await?;
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    /// Waits until a request can be handed over; `false`: the connection is closed.
    async fn ready(&mut self) -> bool {
        if self.sender.is_ready() {
            return true;
        }
        poll_fn(|cx| {
            self.drive(cx);
            if self.driver.is_none() {
                Poll::Ready(false)
            } else {
                self.sender.poll_ready(cx).map(|ready| ready.is_ok())
            }
        })
        .await
    }

    /// Reads a body to its last byte and keeps at least the first `enough` of them.
    async fn read(
        &mut self,
        mut body: Incoming,
        enough: usize,
        deadline: &mut Deadline,
    ) -> Result<Bytes, Trouble> {
        let mut first = Bytes::new();
        let mut longer: Vec<u8> = Vec::new();
        while !body.is_end_stream() {
            let frame = poll_fn(|cx| {
                if let Poll::Ready(frame) = Pin::new(&mut body).poll_frame(cx) {
                    return Poll::Ready(Ok(frame));
                }
                self.drive(cx);
                match Pin::new(&mut body).poll_frame(cx) {
                    Poll::Ready(frame) => Poll::Ready(Ok(frame)),
                    Poll::Pending if deadline.poll_passed(cx) => Poll::Ready(Err(Trouble::timed_out())),
                    Poll::Pending => Poll::Pending,
                }
            });
            let data = match frame.await? {
                None => break,
                Some(Err(error)) => return Err(Trouble::broken(&error, true)),
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            };
            if first.is_empty() {
                first = data;
            } else if first.len().max(longer.len()) < enough {
                // Rare: the part that matters came in pieces.
                if longer.is_empty() {
                    longer.extend_from_slice(&first);
                }
                longer.extend_from_slice(&data);
            }
        }
        Ok(if longer.is_empty() { first } else { longer.into() })
    }
}
