//! Finds known texts in one pass.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::Hit;
use crate::texts::{self, ErrorText, Find};

/// Pieces of one text stand at most this far from each other, in bytes: a log in JSON may be one line of
/// megabytes, and what is far apart in it does not belong together.
const NEAR: usize = 400;

/// So much of a line is quoted.
const EXCERPT_CHARS: usize = 200;

/// An SQLSTATE of digits only is one if one of these stands closely before it.
const SAYS_SQLSTATE: [&str; 9] =
    ["sqlstate", "code", "state", "fatal", "error", "exception", "fehler", "erreur", "warning"];

/// So closely, in bytes.
const BEFORE_SQLSTATE: usize = 40;

static FINDER: LazyLock<Finder> = LazyLock::new(Finder::new);

/// All known texts in this one, whose first line has this number, in no order that matters.
pub fn find(text: &str, first_line: u64) -> Vec<Hit> {
    FINDER.find(text, first_line)
}

struct Finder {
    texts: Vec<&'static ErrorText>,
    /// For each pattern of the automaton: the texts that it is a piece of, and which piece.
    uses: Vec<Vec<(usize, usize)>>,
    automaton: Option<AhoCorasick>,
}

/// How far one text has been found on the current line.
#[derive(Clone, Copy, Default)]
struct Progress {
    pieces: usize,
    begin: usize,
    end: usize,
    line: u64,
}

impl Finder {
    fn new() -> Self {
        let texts: Vec<&'static ErrorText> = texts::all().collect();
        let mut patterns: Vec<&'static str> = Vec::new();
        let mut places: HashMap<&'static str, usize> = HashMap::new();
        let mut uses: Vec<Vec<(usize, usize)>> = Vec::new();
        for (text, error) in texts.iter().enumerate() {
            for (piece, pattern) in pieces(error).iter().enumerate() {
                let place = *places.entry(pattern).or_insert_with(|| {
                    patterns.push(pattern);
                    uses.push(Vec::new());
                    patterns.len() - 1
                });
                uses[place].push((text, piece));
            }
        }
        // It fails only beyond limits (2³¹ patterns) that a static table can't reach; a test builds it.
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&patterns).ok();
        Self { texts, uses, automaton }
    }

    fn find(&self, text: &str, first_line: u64) -> Vec<Hit> {
        let mut found: HashMap<usize, Hit> = HashMap::new();
        self.find_in(text, first_line, &mut found);
        let mut hits: Vec<(usize, Hit)> = found.into_iter().collect();
        hits.sort_by_key(|(text, _)| *text);
        hits.into_iter().map(|(_, hit)| hit).collect()
    }

    fn find_in(&self, part: &str, first_line: u64, found: &mut HashMap<usize, Hit>) {
        let bytes = part.as_bytes();
        let newlines =
            |from: usize, to: usize| bytes[from..to].iter().filter(|b| **b == b'\n').count() as u64;
        let mut progress = vec![Progress::default(); self.texts.len()];
        let (mut line, mut counted_to) = (first_line, 0);
        let matches = self.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(part));
        for hit in matches {
            line += newlines(counted_to, hit.end());
            counted_to = hit.end();
            for &(text, piece) in &self.uses[hit.pattern().as_usize()] {
                let error = self.texts[text];
                if matches!(error.find, Find::Sqlstate(_)) && !is_sqlstate(part, hit.start(), hit.end()) {
                    continue;
                }
                let so_far = &mut progress[text];
                let goes_on = so_far.pieces > 0 && so_far.line == line && hit.start() - so_far.begin <= NEAR;
                // The first piece again, before any second one: the later one is nearer to what follows.
                let begins = piece == 0 && (!goes_on || so_far.pieces == 1);
                if begins {
                    *so_far = Progress { pieces: 1, begin: hit.start(), end: hit.end(), line };
                } else if goes_on && piece == so_far.pieces && hit.start() >= so_far.end {
                    so_far.pieces += 1;
                    so_far.end = hit.end();
                } else {
                    continue;
                }
                if so_far.pieces == pieces(error).len() {
                    let begin = so_far.begin;
                    *so_far = Progress::default();
                    found.entry(text).and_modify(|known| known.count += 1).or_insert_with(|| Hit {
                        error,
                        line,
                        excerpt: excerpt(part, begin),
                        count: 1,
                    });
                }
            }
        }
    }
}

fn pieces(error: &'static ErrorText) -> &'static [&'static str] {
    match &error.find {
        Find::Words(pieces) => pieces,
        Find::Sqlstate(code) => std::slice::from_ref(code),
    }
}

/// Whether what stands there is an SQLSTATE and not part of a word, a number or a time.
fn is_sqlstate(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    // Rust prints `SqlState(E53300)`.
    let start = if text[..start].ends_with("(E") { start - 1 } else { start };
    let alone = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at)).is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'.' && *b != b'_')
    };
    // A full stop may end a sentence after it.
    let ends = alone(Some(end)) || (bytes.get(end) == Some(&b'.') && alone(Some(end + 1)));
    if !alone(start.checked_sub(1)) || !ends {
        return false;
    }
    if text[start..end].bytes().any(|b| b.is_ascii_alphabetic() && b != b'E') {
        return true;
    }
    let from = text.ceil_char_boundary(start.saturating_sub(BEFORE_SQLSTATE));
    let before = text[from..start].rsplit('\n').next().unwrap_or_default().to_ascii_lowercase();
    // Severities in other alphabets (ВАЖНО, 致命错误) stand right before the state and its colon.
    let foreign = !before.is_ascii() && bytes.get(end) == Some(&b':');
    foreign || SAYS_SQLSTATE.iter().any(|word| before.contains(word))
}

/// The line at `at`, or as much of it as is worth quoting.
fn excerpt(text: &str, at: usize) -> String {
    let line_begin = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    // A short run-up, so that severity and time stay in the quotation.
    let begin = text.ceil_char_boundary(line_begin.max(at.saturating_sub(EXCERPT_CHARS / 3)));
    let line = text[begin..].lines().next().unwrap_or_default().trim();
    let mut short: String = line.chars().take(EXCERPT_CHARS).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    if begin > line_begin {
        short.insert(0, '…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        find(text, 1).into_iter().map(|hit| hit.error.shown()).collect()
    }

    #[test]
    fn the_table_makes_an_automaton() {
        assert!(FINDER.automaton.is_some());
    }

    #[test]
    fn a_number_that_looks_like_a_state_is_not_one() {
        for text in [
            "request 53300 took 12 ms",
            "error after 1653300 bytes",
            "port 57014 opened",
            "at line 25001.5",
            "id=a53300b error",
            "0.08006 s",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_state_is_found_in_every_spelling() {
        for text in [
            "(SQLSTATE 53300)",
            "SQLSTATE[53300]",
            "code: '53300'",
            "FATAL:  53300: xyz",
            "SqlState(E53300)",
            "ВАЖНО:  53300: xyz",
            "{\"sqlState\":\"53300\"}",
            "Server SQLState: 53300.",
        ] {
            assert_eq!(found(text), ["SQLSTATE 53300"], "{text}");
        }
    }

    #[test]
    fn pieces_on_different_lines_or_far_apart_are_not_one_text() {
        assert_eq!(found("prepared statement \"s0\"\n\" already exists").len(), 0);
        let far = format!("prepared statement \"{}\" already exists", "x".repeat(500));
        assert_eq!(found(&far).len(), 0);
        assert_eq!(found("prepared statement \"s0\" already exists").len(), 1);
    }

    #[test]
    fn lines_are_counted_from_the_first_that_is_at_hand() {
        let hits = find("c\nTimed out in bb8\n", 3);
        assert_eq!((hits[0].line, hits[0].excerpt.as_str()), (4, "Timed out in bb8"));
    }
}
