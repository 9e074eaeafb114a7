//! Parameters that only hazards know.

use std::time::Duration;

use crate::workloads::MAX_THINK_MS;

/// The largest value that a backend may be asked to make, in MiB.
const MAX_MB: u32 = 64;

/// The most rows that Postgres may be asked to count, in thousands.
const MAX_WORK: u32 = 1_000;

/// What a request for a hazard carries besides `think_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// `every`: one request in so many makes the mistake; 0: none does.
    pub every: u32,
    /// `between_ms`: time between one checkout and the next.
    pub between: Duration,
    /// `connections`: how many a request takes at once, 1 or 2.
    pub connections: u32,
    /// `lock=late`: the work comes before the lock.
    pub lock_late: bool,
    /// `on=worker`: the worker itself waits.
    pub on_worker: bool,
    /// `for_ms`: how long to go on.
    pub go_on_for: Duration,
    /// `ms`: length of a statement, in milliseconds.
    pub statement_ms: i32,
    /// `work`: thousands of rows that Postgres counts.
    pub work: i32,
    /// `guard=true`: what was begun is ended when the request is dropped.
    pub guard: bool,
    /// `mb`: size of a value, in MiB.
    pub mb: u32,
}

impl Default for Parameters {
    /// Harmless: a request that names none of them makes no mistake that lasts.
    fn default() -> Self {
        Self {
            every: 0,
            between: Duration::ZERO,
            connections: 2,
            lock_late: false,
            on_worker: false,
            go_on_for: Duration::from_millis(10),
            statement_ms: 10,
            work: 0,
            guard: false,
            mb: 1,
        }
    }
}

impl Parameters {
    /// Takes one from a query string.
    ///
    /// # Errors
    /// Nobody knows it, or its value is none; in words.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "every" => self.every = number(name, value, 1_000_000)?,
            "between_ms" => self.between = millis(name, value)?,
            "connections" => self.connections = number(name, value, 2)?.max(1),
            "lock" => self.lock_late = one_of(name, value, ["early", "late"])?,
            "on" => self.on_worker = one_of(name, value, ["blocking", "worker"])?,
            "for_ms" => self.go_on_for = millis(name, value)?,
            "ms" => self.statement_ms = i32::try_from(number(name, value, MAX_THINK_MS)?).unwrap_or(i32::MAX),
            "work" => self.work = i32::try_from(number(name, value, MAX_WORK)?).unwrap_or(i32::MAX),
            "guard" => self.guard = one_of(name, value, ["false", "true"])?,
            "mb" => self.mb = number(name, value, MAX_MB)?,
            other => return Err(format!("{other} is not read by anything")),
        }
        Ok(())
    }
}

fn millis(name: &str, value: &str) -> Result<Duration, String> {
    number::<u64>(name, value, MAX_THINK_MS).map(Duration::from_millis)
}

fn number<T>(name: &str, value: &str, most: T) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    match value.parse::<T>() {
        Ok(number) if number <= most => Ok(number),
        _ => Err(format!("{name}={value} must be a whole number from 0 to {most}")),
    }
}

/// Whether it is the second of two words.
fn one_of(name: &str, value: &str, words: [&str; 2]) -> Result<bool, String> {
    match words.iter().position(|word| *word == value) {
        Some(at) => Ok(at == 1),
        None => Err(format!("{name}={value} must be {} or {}", words[0], words[1])),
    }
}
