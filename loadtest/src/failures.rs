//! Failures, grouped by what they say.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use poollab_model::{Cause, ErrorKind, ErrorRecord};

/// Different failures that are told apart. A service that puts something new into every message must not
/// make the generator's memory grow; what comes after these is counted by kind.
const GROUPS: usize = 100;

/// Characters of a message that are kept.
const MESSAGE: usize = 600;

/// One failed request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Its kind.
    pub kind: ErrorKind,
    /// SQLSTATE, where the service named one.
    pub sqlstate: Option<String>,
    /// The original text.
    pub message: String,
    /// What lay beneath.
    pub cause: Option<Cause>,
}

impl Failure {
    /// One that has a kind and a text only.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, sqlstate: None, message: message.into(), cause: None }
    }
}

#[derive(Debug)]
struct Seen {
    count: u64,
    first_at_ms: f64,
}

/// All failures of a run, in bounded memory.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    groups: HashMap<Failure, Seen>,
}

impl Failures {
    /// Counts `times` failures that were alike.
    pub fn add(&mut self, mut failure: Failure, times: u64, at_ms: f64) {
        shorten(&mut failure.message);
        if let Some(cause) = &mut failure.cause {
            shorten(&mut cause.message);
        }
        if self.groups.len() >= GROUPS && !self.groups.contains_key(&failure) {
            let message = format!("other texts (only the first {GROUPS} different failures are told apart)");
            failure = Failure::new(failure.kind, message);
        }
        match self.groups.entry(failure) {
            Entry::Occupied(mut entry) => entry.get_mut().count += times,
            Entry::Vacant(entry) => {
                entry.insert(Seen { count: times, first_at_ms: at_ms });
            }
        }
    }

    /// The most frequent first; among equals the earlier one.
    pub fn into_records(self) -> Vec<ErrorRecord> {
        let mut records: Vec<_> =
            self.groups
                .into_iter()
                .map(|(Failure { kind, sqlstate, message, cause }, Seen { count, first_at_ms })| {
                    ErrorRecord { kind, sqlstate, message, cause, count, first_at_ms }
                })
                .collect();
        records.sort_by(|a, b| b.count.cmp(&a.count).then(a.first_at_ms.total_cmp(&b.first_at_ms)));
        records
    }
}

fn shorten(text: &mut String) {
    if let Some((at, _)) = text.char_indices().nth(MESSAGE) {
        text.truncate(at);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_text_in_every_failure_does_not_grow_the_memory() {
        let mut failures = Failures::default();
        for n in 0..10_000 {
            failures.add(Failure::new(ErrorKind::Http, format!("request {n} failed")), 1, f64::from(n));
        }
        failures.add(Failure::new(ErrorKind::Query, "x".repeat(1 << 20)), 1, 0.0);
        let records = failures.into_records();
        assert_eq!(records.len(), GROUPS + 2, "one more for each kind");
        assert_eq!(records.iter().map(|record| record.count).sum::<u64>(), 10_001);
        assert_eq!(records[0].count, 10_000 - GROUPS as u64);
        assert!(records.iter().all(|record| record.message.chars().count() <= MESSAGE + 1));
    }

    #[test]
    fn what_differs_only_in_its_cause_is_told_apart() {
        let timeout = Failure::new(ErrorKind::PoolTimeout, "timed out");
        let slots = Cause {
            kind: ErrorKind::SlotsExhausted,
            sqlstate: Some("53300".into()),
            message: "sorry, too many clients already".into(),
        };
        let mut failures = Failures::default();
        failures.add(timeout.clone(), 1, 5.0);
        failures.add(Failure { cause: Some(slots.clone()), ..timeout.clone() }, 1, 6.0);
        failures.add(Failure { cause: Some(slots.clone()), ..timeout }, 1, 7.0);
        let records = failures.into_records();
        assert_eq!(records.len(), 2);
        assert_eq!((records[0].count, records[0].first_at_ms), (2, 6.0));
        assert_eq!(records[0].cause, Some(slots));
    }
}
