//! Ctrl-C, SIGTERM and SIGHUP: once, the run ends in order and what is finished stays; twice, it ends at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::exit::INTERRUPTED;

/// Tells when somebody asked for the end.
#[derive(Clone)]
pub struct Stop(watch::Receiver<Option<&'static str>>);

impl Stop {
    /// Listens from now on. Must be called inside a runtime.
    pub fn listen() -> std::io::Result<Self> {
        let (sender, receiver) = watch::channel(None);
        let mut signals = Signals::catch()?;
        tokio::spawn(async move {
            let name = signals.next().await;
            // Nobody left to tell: the run has ended by itself.
            let _ = sender.send(Some(name));
            let name = signals.next().await;
            crate::output::say(&format!(
                "poollab: {name} again: ended at once, without a report. Finished trials are kept, and the database \
                 clears itself away"
            ));
            // Database, service and generator end when this process does: the system closes their lifelines.
            std::process::exit(INTERRUPTED.into());
        });
        Ok(Self(receiver))
    }

    /// Returns when somebody asked, with what they used.
    pub async fn asked(&mut self) -> &'static str {
        match self.0.wait_for(Option::is_some).await {
            Ok(name) => name.unwrap_or("a signal"),
            Err(_) => std::future::pending().await,
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "SIGHUP",
        }
    }
}
