//! From a pasted error to a scenario.

mod finder;
mod nearest;
mod rank;

use serde::Serialize;

use crate::scenario::Scenario;
use crate::texts::ErrorText;

pub use nearest::Nearest;

/// Of a longer text the first and the last half of this are read: the beginning says what failed, the end
/// of a stack trace says why.
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
    /// [`Scenario::tell`] says what does.
    pub candidates: Vec<Candidate>,
    /// Everything that was recognised, nearest to the true cause first; also what did not decide.
    pub hits: Vec<Hit>,
    /// Bytes in the middle of a very long text that were not read.
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
    /// Bytes in the middle of a very long text that were not read.
    pub unread_bytes: usize,
}

/// What an error message means: which scenario it is, or that it is not known. The text may be a line, a
/// stack trace or megabytes of log; it takes time in proportion to its length.
pub fn explain(text: &str) -> Explanation {
    let (head, tail, unread_bytes) = halves(text, READ_AT_MOST);
    let hits = finder::find(&[head, tail]);
    if hits.is_empty() {
        return Explanation::Unknown(Unknown { nearest: nearest::nearest(head), unread_bytes });
    }
    let (hits, candidates) = rank::rank(hits);
    Explanation::Known(Known { candidates, hits, unread_bytes })
}

/// The beginning and the end of a text, and how much between them is left out.
fn halves(text: &str, at_most: usize) -> (&str, &str, usize) {
    if text.len() <= at_most {
        return (text, "", 0);
    }
    let (head_end, tail_begin) =
        (text.floor_char_boundary(at_most / 2), text.ceil_char_boundary(text.len() - at_most / 2));
    (&text[..head_end], &text[tail_begin..], tail_begin - head_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_a_long_text_does_not_cut_a_letter() {
        let text = "ü".repeat(100);
        for at_most in 2..40 {
            let (head, tail, left_out) = halves(&text, at_most);
            assert_eq!(head.len() + tail.len() + left_out, text.len());
        }
    }
}
