//! What the service says of itself, and to whom.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use poollab_model::wire::{RoundTrips, ServerEvent};
use poollab_model::{Settings, printable, without_secrets};

use crate::service::Service;
use crate::strategies::Entry;

/// How often the lab hears of the connections.
const BEAT: Duration = Duration::from_millis(100);

/// Where messages go: events to the lab on standard output, text to a person on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Lab,
    Person,
}

impl Output {
    pub fn ready(self, entry: &Entry, address: &str, service: &Service, round_trips: Option<RoundTrips>) {
        match self {
            Self::Lab => emit(&ServerEvent::Ready {
                address: address.to_owned(),
                settings: Box::new(service.settings()),
                round_trips,
            }),
            Self::Person => {
                let size = service.settings().pool_size.map(|size| format!(" with {size} connections"));
                let size = size.unwrap_or_default();
                say(&format!("poollab server: {}{size} at http://{address}/", entry.id));
                say(&format!("  it connects {}", entry.connects));
            }
        }
    }

    /// Only the lab asks for another size.
    pub fn resized(self, settings: Option<Settings>) {
        emit(&match settings {
            Some(settings) => ServerEvent::Resized { settings: Box::new(settings) },
            None => ServerEvent::NotResized,
        });
    }

    pub fn warn(self, what: &str) {
        say(&format!("poollab server: {what}"));
    }

    pub fn failed(self, code: u8, message: String) -> ExitCode {
        match self {
            Self::Lab => emit(&ServerEvent::Failed { message }),
            Self::Person => say(&format!("poollab server: {message}")),
        }
        ExitCode::from(code)
    }
}

/// Standard error. A service does not end because nobody can hear it (a closed pipe, a full disk).
fn say(text: &str) {
    let line = format!("{}\n", printable(&without_secrets(text)));
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// A lab that has gone hears nothing; its end is noticed on standard input.
fn emit(event: &ServerEvent) {
    if let Ok(line) = serde_json::to_string(event) {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

/// Reports the state of the connections from a thread that no request can block.
pub(super) struct Heartbeat {
    end: mpsc::Sender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Heartbeat {
    pub fn start(output: Output, service: Arc<Service>) -> Self {
        let (end, ended) = mpsc::channel();
        let heartbeat = move || {
            while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                let opened = service.meter.connections_opened();
                emit(&ServerEvent::Pool { counts: service.counts(), opened });
            }
        };
        let thread = match output {
            Output::Lab => thread::Builder::new().name("heartbeat".to_owned()).spawn(heartbeat).ok(),
            Output::Person => None,
        };
        Self { end, thread }
    }

    pub fn stop(self) {
        // One that has ended already can't be told.
        let _ = self.end.send(());
        if let Some(thread) = self.thread {
            let _ = thread.join();
        }
    }
}
