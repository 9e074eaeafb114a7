//! The load generator on its own.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use poollab_model::wire::{LoadEvent, LoadOrder};
use poollab_model::{printable, without_secrets};

use crate::conducted::terminated;
use crate::run::run;
use crate::summary::summary;

/// Carries an order out, tells on standard error how it goes, and prints what was measured on standard
/// output: a summary for people, or with `json` the whole [`LoadResult`](poollab_model::wire::LoadResult).
///
/// Exit codes are 0 for a result (failed requests are a result), 2 for an invalid order, 3 when the system
/// can't or no request succeeded, 130 when it was interrupted.
pub fn standalone(order: &LoadOrder, json: bool) -> ExitCode {
    let mut progress = Progress::new(order);
    let result = run(order, terminated(), |event| progress.tell(&event));
    progress.end();
    let result = match result {
        Ok(result) => result,
        Err(error) => {
            say(&format!("{error}\n"));
            return error.exit_code();
        }
    };
    let text = if json {
        match serde_json::to_string_pretty(&result) {
            Ok(text) => text + "\n",
            Err(error) => {
                say(&format!("the result can't be written as JSON: {error}\n"));
                return ExitCode::from(3);
            }
        }
    } else {
        summary(order, &result)
    };
    match std::io::stdout().write_all(printable(&text).as_bytes()) {
        // Nobody may take a service that answers nothing for one that was measured.
        Ok(()) if result.requests.ok == 0 => ExitCode::from(3),
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("the result can't be written: {error}\n"));
            ExitCode::from(3)
        }
    }
}

/// Standard error. A load does not end because nobody can hear it (a closed pipe, a full disk).
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(printable(&without_secrets(text)).as_bytes());
}

/// One line on standard error: rewritten in a terminal, else a new one every second.
struct Progress {
    rewrites: bool,
    told: Option<Instant>,
    /// When measuring ends, in milliseconds from its start.
    end_ms: f64,
    ok: u64,
    failed: u64,
}

impl Progress {
    fn new(order: &LoadOrder) -> Self {
        say(&format!(
            "{} on http://{}{}, {} after {} of warm-up\n",
            order.load, order.address, order.path, order.duration, order.warmup
        ));
        Self {
            rewrites: std::io::stderr().is_terminal(),
            told: None,
            end_ms: order.duration.as_secs_f64() * 1e3,
            ok: 0,
            failed: 0,
        }
    }

    fn tell(&mut self, event: &LoadEvent) {
        let LoadEvent::Progress(interval) = event else { return };
        self.ok += interval.ok;
        self.failed += interval.failed;
        let often_enough = self.told.is_some_and(|told| told.elapsed() < Duration::from_secs(1));
        if !self.rewrites && often_enough {
            return;
        }
        self.told = Some(Instant::now());
        let second = interval.at_ms / 1e3;
        let line = if interval.at_ms > self.end_ms + interval.length_ms / 2.0 {
            format!("{second:5.1} s  waiting for the last answers ({} in flight)", interval.in_flight)
        } else {
            let rps = (interval.ok + interval.failed) as f64 / (interval.length_ms / 1e3);
            format!("{second:5.1} s  {rps:7.0} answers/s  {} ok  {} failed", self.ok, self.failed)
        };
        if self.rewrites {
            // Its return is ours, and the line holds figures only.
            let _ = write!(std::io::stderr(), "\r{line:<60}");
        } else {
            say(&format!("{line}\n"));
        }
    }

    fn end(&self) {
        if self.rewrites && self.told.is_some() {
            say("\n");
        }
    }
}
