//! What the guard process does (`poollab db guard`).

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use poollab_model::wire::{ContainerOrder, GuardEvent, GuardOrder, GuardRequest};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::{OrderLine, detached};
use crate::Cluster;
use crate::container::{Container, IMAGE};
use crate::error::{DbError, Doing};

/// The environment can't; the same number as the command line's.
const EXIT_ENVIRONMENT: u8 = 3;
const EXIT_USAGE: u8 = 2;

/// How often the guard looks whether the server still runs.
const LOOK: Duration = Duration::from_millis(200);

/// Reads one [`GuardOrder`](poollab_model::wire::GuardOrder) from standard input, starts the cluster, tells
/// [`GuardEvent`]s on standard output, waits until standard input ends or SIGTERM comes, and clears away.
pub fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(guard()),
        Err(why) => Err(why).doing(|| "starting the guard".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&GuardEvent::Failed { message: error.to_string() });
            ExitCode::from(if error.is_usage() { EXIT_USAGE } else { EXIT_ENVIRONMENT })
        }
    }
}

async fn guard() -> Result<(), DbError> {
    // First of all: from here on no signal ends the guard before it has cleared away.
    let mut signals = Signals::catch().doing(|| "catching signals".into())?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).doing(|| "reading the order".into())?;
    let OrderLine { order, detached } = serde_json::from_str(&line)
        .map_err(|why| DbError::Usage(format!("the guard's order can't be read: {why}")))?;

    // Held to the end: its lock says that this guard lives.
    let state = detached.as_deref().map(detached::StateFile::create).transpose()?;
    let lifeline = if state.is_some() { None } else { Some(lifeline()) };

    if let Some(container) = &order.container {
        return in_container(&order, container, lifeline, &mut signals).await;
    }
    crate::cluster::death::die_with_us();
    // Blocking this thread is right: there is nothing else to do, and signals and lifeline are kept.
    let mut cluster = Cluster::start(&order)?;
    if let Some(state) = &state {
        state.write(cluster.ready())?;
    }
    tell(&GuardEvent::Ready(Box::new(cluster.ready().clone())));
    let ended = watch(&mut cluster, lifeline, &mut signals).await;
    let cleared = cluster.stop();
    ended.and(cleared)
}

async fn in_container(
    order: &GuardOrder,
    asked: &ContainerOrder,
    mut lifeline: Option<mpsc::UnboundedReceiver<GuardRequest>>,
    signals: &mut Signals,
) -> Result<(), DbError> {
    let container = Container::start(order, asked.image.as_deref().unwrap_or(IMAGE)).await?;
    tell(&GuardEvent::Ready(Box::new(container.ready().clone())));
    let ended = loop {
        let asked = async {
            match &mut lifeline {
                Some(requests) => requests.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            request = asked => break match request {
                None => Ok(()),
                Some(GuardRequest::Answer) => {
                    tell(&GuardEvent::Alive);
                    continue;
                }
                Some(GuardRequest::Restart { .. }) => Err(DbError::Start("a database in a container is not restarted; use embedded".into())),
            },
            () = signals.ending() => break Ok(()),
            // The engine is asked less often than a child of ours: each look costs it something.
            () = tokio::time::sleep(LOOK * 5) => if let Some(why) = container.failure().await {
                break Err(DbError::Start(why));
            },
        }
    };
    let removed = container.remove().await;
    ended.and(removed)
}

/// Until it is time to end; an error when the server ended by itself.
async fn watch(
    cluster: &mut Cluster,
    mut lifeline: Option<mpsc::UnboundedReceiver<GuardRequest>>,
    signals: &mut Signals,
) -> Result<(), DbError> {
    loop {
        let asked = async {
            match &mut lifeline {
                Some(requests) => requests.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            request = asked => match request {
                // However the thread at the other end ended, the lifeline is cut.
                None => return Ok(()),
                Some(GuardRequest::Answer) => tell(&GuardEvent::Alive),
                Some(GuardRequest::Restart { down }) => {
                    cluster.restart(down.0)?;
                    tell(&GuardEvent::Restarted { pid: cluster.ready().pid });
                }
            },
            () = signals.ending() => return Ok(()),
            () = tokio::time::sleep(LOOK) => if let Some(why) = cluster.failure() {
                return Err(DbError::Start(why));
            },
        }
    }
}

/// What is asked on standard input; it ends when that does. A thread, because tokio's own reader of standard
/// input can't be given up.
fn lifeline() -> mpsc::UnboundedReceiver<GuardRequest> {
    let (tell, asked) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                Ok(request) => drop(tell.send(request)),
                Err(why) => tracing::warn!("the guard was asked what it does not understand: {why}: {line}"),
            }
        }
    });
    asked
}

struct Signals {
    terminate: Signal,
    hangup: Signal,
    /// Caught and never looked at: a Ctrl-C reaches every process of the terminal, and the lab decides.
    _interrupt: Signal,
    _quit: Signal,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            _interrupt: signal(SignalKind::interrupt())?,
            _quit: signal(SignalKind::quit())?,
        })
    }

    async fn ending(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// A lab that does not listen any more is no reason to stop clearing away.
fn tell(event: &GuardEvent) {
    if let Ok(mut line) = serde_json::to_vec(event) {
        line.push(b'\n');
        let mut out = io::stdout().lock();
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}
