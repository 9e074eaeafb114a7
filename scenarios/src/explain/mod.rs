//! From a pasted error to a scenario.

mod finder;
mod nearest;
mod rank;

use serde::Serialize;

use crate::scenario::Scenario;
use crate::texts::ErrorText;

pub use nearest::Nearest;

/// Of a longer text the end is read: in a log that is the newest.
const READ_AT_MOST: usize = 16 << 20;

/// What a text means.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Explanation {
    /// It has texts in it that are known.
    Known(Known),
    /// It has none. What resembles it by its words is no answer and must not be told as one.
    Unknown(Unknown),
}

/// Scenarios that a text points to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Known {
    /// The scenarios, likeliest first. More than one: the text alone does not tell, and
    /// [`Scenario::tell`] says what does. None: what decided is a matter of configuration, and the notes of the hits
    /// say what to do.
    pub candidates: Vec<Candidate>,
    /// Everything that was recognised, nearest to the true cause first; also what did not decide.
    pub hits: Vec<Hit>,
    /// Bytes at the beginning of a very long text that were not read.
    pub unread_bytes: usize,
}

/// A scenario that a text points to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// Which of the hits point to it, as places in [`Known::hits`].
    pub because: Vec<usize>,
    /// Why, where it takes more than one text to see it.
    pub reasoning: Option<&'static str>,
}

/// A known error text that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// The text.
    pub error: &'static ErrorText,
    /// The line on which it stands first, from 1.
    pub line: u64,
    /// That line, or the part of it round the text.
    pub excerpt: String,
    /// How often it was found.
    pub count: u64,
}

/// A text without anything known in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unknown {
    /// Known texts that share words with it, most first; may be empty.
    pub nearest: Vec<Nearest>,
    /// Bytes at the beginning of a very long text that were not read.
    pub unread_bytes: usize,
}

/// What an error message means: which scenario it is, or that it is not known. The text may be a line, a
/// stack trace or megabytes of log; it takes time in proportion to its length.
pub fn explain(text: &str) -> Explanation {
    explain_end(text, Before::default())
}

/// What stood in a log before the part that is at hand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Before {
    /// Its bytes.
    pub bytes: usize,
    /// Its line feeds.
    pub lines: u64,
}

/// The same for the end of a log whose beginning was not kept.
pub fn explain_end(text: &str, before: Before) -> Explanation {
    let (unread, text) = newest(text, READ_AT_MOST);
    let unread_bytes = before.bytes + unread.len();
    let lines = before.lines + unread.bytes().filter(|byte| *byte == b'\n').count() as u64;
    let hits = finder::find(text, lines + 1);
    if hits.is_empty() {
        return Explanation::Unknown(Unknown { nearest: nearest::nearest(text), unread_bytes });
    }
    let (hits, candidates) = rank::rank(hits);
    Explanation::Known(Known { candidates, hits, unread_bytes })
}

/// What of a text is left out, and its end.
fn newest(text: &str, at_most: usize) -> (&str, &str) {
    text.split_at(text.ceil_char_boundary(text.len().saturating_sub(at_most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_a_long_text_does_not_cut_a_letter() {
        let text = "ü".repeat(100);
        for at_most in 2..40 {
            let (left_out, end) = newest(&text, at_most);
            assert!(end.len() <= at_most && left_out.len() + end.len() == text.len());
        }
    }
}
