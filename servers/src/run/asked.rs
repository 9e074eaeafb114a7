//! What is asked of a service that runs: another size, or its end.

use std::io::{self, BufRead};
use std::thread;

use poollab_model::wire::ServerRequest;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::output::Output;

/// Listens to the lab and to signals.
pub(super) struct Asked {
    lab: Option<mpsc::UnboundedReceiver<ServerRequest>>,
    terminate: Signal,
    interrupt: Signal,
    output: Output,
}

impl Asked {
    pub fn listen(output: Output) -> io::Result<Self> {
        let lab = match output {
            Output::Person => None,
            Output::Lab => {
                let (tell, told) = mpsc::unbounded_channel();
                // A thread, because tokio's own reader of standard input can't be given up.
                thread::Builder::new().name("stdin".to_owned()).spawn(move || {
                    // The lifeline: it ends when the lab does, however that ends, and `tell` with it.
                    for line in io::stdin().lock().lines().map_while(Result::ok) {
                        match serde_json::from_str(&line) {
                            Ok(request) => drop(tell.send(request)),
                            Err(why) => output.warn(&format!("invalid request ({why}): {line}")),
                        }
                    }
                })?;
                Some(told)
            }
        };
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { lab, terminate, interrupt, output })
    }

    /// The next request; `None`: it is to end.
    pub async fn next(&mut self) -> Option<ServerRequest> {
        let lab = async {
            match &mut self.lab {
                Some(requests) => requests.recv().await,
                None => std::future::pending().await,
            }
        };
        let interrupt = async {
            while self.interrupt.recv().await.is_some() {
                // Ctrl-C reaches the whole group: the lab decides when its children end.
                if self.output == Output::Person {
                    return;
                }
            }
            std::future::pending().await
        };
        tokio::select! {
            request = lab => request,
            () = interrupt => None,
            _ = self.terminate.recv() => None,
        }
    }
}
