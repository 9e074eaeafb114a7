//! Known texts that share words with an unknown one.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::texts::{self, ErrorText, Find};

/// So much of a text is compared: an error is short, and a log that holds none says nothing by its words.
const COMPARED: usize = 64 << 10;

/// At least this share of a known text's words, by weight, must be there.
const SHARED_AT_LEAST: f64 = 0.34;

/// How many are listed.
const LISTED: usize = 3;

/// A known text that resembles an unknown one. A resemblance, and no answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nearest {
    /// The known text.
    pub error: &'static ErrorText,
    /// The share of its words that are in the unknown one, rare words counting more, 0 to 1.
    pub shared: f64,
}

/// The known texts that share most words with `text`, three at most.
pub fn nearest(text: &str) -> Vec<Nearest> {
    let words: HashSet<String> = words(&text[..text.floor_char_boundary(COMPARED)]).collect();
    let known: Vec<(&'static ErrorText, HashSet<String>)> = texts::all()
        .filter_map(|error| match error.find {
            Find::Words(pieces) => Some((error, self::words(&pieces.join(" ")).collect())),
            Find::Sqlstate(_) => None,
        })
        .collect();
    let mut frequency: HashMap<&str, f64> = HashMap::new();
    for word in known.iter().flat_map(|(_, words)| words) {
        *frequency.entry(word).or_default() += 1.0;
    }
    let weight = |word: &String| (known.len() as f64 / frequency.get(word.as_str()).unwrap_or(&1.0)).ln();
    let mut scored: Vec<Nearest> = known
        .iter()
        .filter_map(|(error, of_known)| {
            let common: Vec<&String> = of_known.intersection(&words).collect();
            let all: f64 = of_known.iter().map(weight).sum();
            let shared = common.iter().map(|word| weight(word)).sum::<f64>() / all;
            // One word in common is a coincidence.
            (common.len() >= 2 && shared >= SHARED_AT_LEAST).then_some(Nearest { error, shared })
        })
        .collect();
    scored.sort_by(|a, b| b.shared.total_cmp(&a.shared));
    scored.truncate(LISTED);
    scored
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 3).map(str::to_lowercase)
}
