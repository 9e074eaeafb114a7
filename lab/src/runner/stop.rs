//! Ctrl-C and SIGTERM: the run ends in order, what is finished stays.

use tokio::sync::watch;

/// Tells when somebody asked for the end.
#[derive(Clone)]
pub struct Stop(watch::Receiver<Option<&'static str>>);

impl Stop {
    /// Listens from now on. Must be called inside a runtime.
    pub fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (sender, receiver) = watch::channel(None);
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = interrupt.recv() => "Ctrl-C",
                _ = terminate.recv() => "SIGTERM",
                _ = hangup.recv() => "SIGHUP",
            };
            // Nobody left to tell: the run has ended by itself.
            let _ = sender.send(Some(name));
            // The signals stay caught, so that an impatient second one does not break the tidying up.
            std::future::pending::<()>().await;
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
