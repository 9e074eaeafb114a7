//! Results go to standard output, everything else to standard error. Nothing else in this program prints.
//!
//! Much of what is printed was written by others (an error of Postgres, the name of a file, what was typed), so it is
//! made fit to be shown here: no terminal obeys it, and no password is in what goes to standard error.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use poollab_model::{printable, without_secrets};

/// Prints a result. A reader that has seen enough (`| head`) is no failure.
pub fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(printable(text).as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(why) => {
            say(&format!("poollab: can't write to standard output: {why}"));
            ExitCode::from(3)
        }
    }
}

/// Tells something on standard error. Where nobody can hear it (a closed pipe, a full disk) it is dropped: what is
/// being done matters more.
pub fn say(text: &str) {
    let line = format!("{text}\n");
    let _ = io::stderr().lock().write_all(told(&line).as_bytes());
}

/// Without passwords, and without what a terminal would obey.
pub fn told(text: &str) -> String {
    printable(&without_secrets(text)).into_owned()
}

/// Standard error for log lines; each is written with one call.
pub struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().lock().write_all(told(&String::from_utf8_lossy(line)).as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether results may be coloured: on a terminal, unless `NO_COLOR` is set to anything.
pub fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Columns of the terminal; the table is made to fit 100 of them where there is no terminal.
pub fn width() -> usize {
    const WITHOUT_TERMINAL: usize = 100;
    if !io::stdout().is_terminal() {
        return WITHOUT_TERMINAL;
    }
    terminal_size::terminal_size().map_or(WITHOUT_TERMINAL, |(width, _)| usize::from(width.0).clamp(60, 160))
}
