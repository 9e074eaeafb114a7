//! `tune.json`: the answers as data.

use super::Tuned;

/// The answers as indented JSON, with a newline at its end. A figure that is not a number is `null`.
pub fn json(tuned: &Tuned) -> String {
    // Only a map with keys that are not strings, or a failing `Serialize`, can err; `Tuned` has neither.
    serde_json::to_string_pretty(tuned).unwrap_or_default() + "\n"
}
