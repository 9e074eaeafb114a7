//! Failures of repeats, counted together.

use poollab_model::ErrorRecord;

/// Adds up failures that are alike, most frequent first.
pub fn merge_errors<'a>(records: impl IntoIterator<Item = &'a ErrorRecord>) -> Vec<ErrorRecord> {
    let mut merged: Vec<ErrorRecord> = Vec::new();
    for record in records {
        let alike = |known: &&mut ErrorRecord| {
            known.kind == record.kind
                && known.sqlstate == record.sqlstate
                && known.message == record.message
                && known.cause == record.cause
        };
        match merged.iter_mut().find(alike) {
            Some(known) => {
                known.count = known.count.saturating_add(record.count);
                known.first_at_ms = known.first_at_ms.min(record.first_at_ms);
            }
            None => merged.push(record.clone()),
        }
    }
    merged.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.kind.cmp(&b.kind)));
    merged
}
