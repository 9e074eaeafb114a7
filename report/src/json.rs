//! `report.json`: the report by its schema.

use poollab_analysis::Analysis;

/// The report as indented JSON, with a newline at its end.
pub fn json(analysis: &Analysis) -> String {
    // Only a map with keys that are not strings, or a failing `Serialize`, can err; the model has neither.
    serde_json::to_string_pretty(&analysis.report).unwrap_or_default() + "\n"
}
