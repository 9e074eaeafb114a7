//! The generator as a child process of the lab.

use std::io::{BufRead as _, Read as _, Write as _};
use std::process::ExitCode;
use std::sync::mpsc;

use poollab_model::Driver;
use poollab_model::wire::{LoadEvent, LoadOrder};
use tokio::sync::oneshot;

use crate::k6;
use crate::run::{LoadError, run};

/// Reads one [`LoadOrder`] as a line of JSON from standard input, carries it out, and writes one
/// [`LoadEvent`] a line to standard output: `Measuring`, then `Progress`, then `Done` or `Failed`.
///
/// Standard input is the lifeline: when it ends the run is given up at once, and so it is on SIGTERM. Exit
/// codes are 0 for a result, 2 for an invalid order, 3 when the system can't, 130 when it was stopped.
pub fn conducted() -> ExitCode {
    conduct(Driver::Goose)
}

/// The same with k6 in the place of goose. k6 is a child of this process and ends with it.
pub fn conducted_by_k6() -> ExitCode {
    conduct(Driver::K6)
}

fn conduct(driver: Driver) -> ExitCode {
    let mut line = String::new();
    let order: LoadOrder = match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) => {
            return refuse(
                "standard input ended before the order came; send one LoadOrder as a line of JSON",
            );
        }
        Err(error) => return refuse(&format!("the order can't be read from standard input: {error}")),
        Ok(_) => match serde_json::from_str(&line) {
            Ok(order) => order,
            Err(error) => {
                return refuse(&format!("the first line of standard input is not a LoadOrder: {error}"));
            }
        },
    };

    let (end_of_lifeline, lifeline) = oneshot::channel();
    let (events, to_write) = mpsc::channel::<LoadEvent>();
    // A thread of its own: a reader that is slow must not hold the users up.
    let writer = std::thread::spawn(move || {
        // When nobody reads any more the lifeline ends too; there is nothing more to do here.
        to_write.into_iter().try_for_each(|event| {
            let line = serde_json::to_string(&event)?;
            // Not locked for longer: a library that prints must not wait for the end of the run.
            writeln!(std::io::stdout(), "{line}")
        })
    });
    std::thread::spawn(move || {
        // Nothing more is said on it: reading returns when it ends.
        let _ = std::io::copy(&mut std::io::stdin().lock().by_ref(), &mut std::io::sink());
        let _ = end_of_lifeline.send(());
    });

    let stop = async {
        tokio::select! {
            _ = lifeline => "standard input has ended".to_owned(),
            reason = terminated() => reason,
        }
    };
    let tell = |event| {
        let _ = events.send(event);
    };
    let result = match driver {
        Driver::Goose => run(&order, stop, tell),
        Driver::K6 => k6::run(&order, stop, tell),
    };
    let (last, code) = match result {
        Ok(result) => (LoadEvent::Done(Box::new(result)), ExitCode::SUCCESS),
        Err(error) => {
            tracing::error!("{error}");
            (LoadEvent::Failed { message: error.to_string() }, error.exit_code())
        }
    };
    let _ = events.send(last);
    drop(events);
    match writer.join() {
        Ok(Ok(())) => code,
        // Without its last line a result is lost.
        _ if code == ExitCode::SUCCESS => ExitCode::from(3),
        _ => code,
    }
}

/// Resolves on SIGTERM.
pub(crate) async fn terminated() -> String {
    #[cfg(unix)]
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::warn!("SIGTERM can't be caught and will end the process as it does by default: {error}");
            std::future::pending::<()>().await;
        }
    }
    #[cfg(not(unix))]
    std::future::pending::<()>().await;
    "terminated".to_owned()
}

fn refuse(problem: &str) -> ExitCode {
    let event = LoadEvent::Failed { message: problem.to_owned() };
    tracing::error!("{problem}");
    if let Ok(line) = serde_json::to_string(&event) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
    ExitCode::from(2)
}

impl LoadError {
    /// The exit code that says what kind of error it is.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Invalid(_) => ExitCode::from(2),
            Self::Address { .. } | Self::System(_) | Self::K6(_) | Self::Goose(_) => ExitCode::from(3),
            Self::Stopped(_) => ExitCode::from(130),
        }
    }
}
