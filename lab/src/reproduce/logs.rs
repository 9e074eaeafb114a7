//! What the servers write in their own logs while a case runs.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use poollab_scenarios::{Case, Expect, Log, LogEvidence, LogLine, Scenario};
use serde::Serialize;

/// Lines of a kind that are kept; the others are counted.
const KEPT: usize = 3;

/// More than this is not read: a server that writes so much in seconds says the same again and again.
const READ_AT_MOST: u64 = 64 << 20;

/// A log, from some moment on.
pub struct Tail {
    path: PathBuf,
    from: u64,
}

impl Tail {
    /// From now on.
    pub fn from_here(path: &Path) -> Self {
        let from = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        Self { path: path.to_owned(), from }
    }

    fn read(&self) -> std::io::Result<String> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.from))?;
        let mut bytes = Vec::new();
        file.take(READ_AT_MOST).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Lines that a server wrote, and how often.
#[derive(Debug, Clone, Serialize)]
pub struct Quoted {
    /// Whose log.
    pub log: Log,
    /// The first ones.
    pub lines: Vec<String>,
    /// How many there were of the kind.
    pub count: usize,
}

/// The lines that matter to a case, and the same as evidence.
pub fn quote(scenario: &Scenario, case: &Case, logs: &[(Log, Tail)]) -> (Vec<Quoted>, LogEvidence) {
    let mut wanted: Vec<LogLine> = scenario.server_log.to_vec();
    let logged = |expect: &Expect| match expect {
        Expect::Logged { line } => Some(*line),
        _ => None,
    };
    for line in case.expects.iter().filter_map(logged) {
        if !wanted.contains(&line) {
            wanted.push(line);
        }
    }
    let mut quoted = Vec::new();
    let mut evidence = Vec::new();
    let mut unread = Vec::new();
    for (log, tail) in logs {
        let text = match tail.read() {
            Ok(text) => text,
            Err(why) => {
                unread.push(format!("cannot read the log of {log} at {}: {why}", tail.path.display()));
                continue;
            }
        };
        for line in wanted.iter().filter(|line| line.log == *log) {
            let found: Vec<&str> = text.lines().filter(|written| line.is_in(written)).collect();
            if found.is_empty() {
                continue;
            }
            let lines: Vec<String> =
                found.iter().take(KEPT).map(|line| (*line).trim_end().to_owned()).collect();
            evidence.extend(lines.iter().cloned());
            quoted.push(Quoted { log: *log, lines, count: found.len() });
        }
    }
    let evidence =
        if unread.is_empty() { LogEvidence::Read(evidence) } else { LogEvidence::Unread(unread.join("; ")) };
    (quoted, evidence)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_was_written_before_the_case_is_no_evidence() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "2026 FATAL:  remaining connection slots are reserved for superusers").unwrap();
        let logs = [(Log::Postgres, Tail::from_here(file.path()))];
        let scenario = poollab_scenarios::find("reserved-slots").unwrap();
        let case = &scenario.broken.cases[0];
        assert!(quote(scenario, case, &logs).0.is_empty());
        writeln!(file, "2026 FATAL:  remaining connection slots are reserved for superusers, again").unwrap();
        let (quoted, evidence) = quote(scenario, case, &logs);
        assert_eq!(quoted[0].count, 1);
        assert!(matches!(evidence, LogEvidence::Read(lines) if lines[0].contains("again")));
    }

    #[test]
    fn a_log_that_can_not_be_read_is_not_an_empty_one() {
        let logs = [(Log::Postgres, Tail { path: "/nonexistent/log".into(), from: 0 })];
        let scenario = poollab_scenarios::find("reserved-slots").unwrap();
        let (_, evidence) = quote(scenario, &scenario.broken.cases[0], &logs);
        assert!(matches!(evidence, LogEvidence::Unread(_)));
    }
}
