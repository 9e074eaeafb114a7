//! `report.json`: the report by its schema.

use poollab_model::Report;

/// The report as indented JSON, with a newline at its end.
pub fn json(report: &Report) -> String {
    // Only a map with keys that are not strings, or a failing `Serialize`, can err; the model has neither.
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}
