//! "Did you mean …?"

/// The names that resemble `typed`, best first, three at most.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    /// Below this similarity (Jaro-Winkler, 0 to 1) a suggestion confuses more than it helps.
    const ALIKE: f64 = 0.7;
    let mut scored: Vec<(f64, &str)> = names
        .into_iter()
        .map(|name| {
            let alike = if name.contains(typed) || typed.contains(name) { 0.99 } else { 0.0 };
            (strsim::jaro_winkler(typed, name).max(alike), name)
        })
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

/// The sentence for an unknown name.
pub fn unknown<'a>(what: &str, typed: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let near = nearest(typed, names.clone());
    if near.is_empty() {
        let all: Vec<&str> = names.into_iter().collect();
        format!("unknown {what} {typed:?}. Available: {}", all.join(", "))
    } else {
        format!("unknown {what} {typed:?}. Did you mean {}?", near.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["deadpool", "bb8", "r2d2", "per-request"];

    #[test]
    fn a_typing_error_finds_its_name() {
        assert_eq!(nearest("deedpool", NAMES)[0], "deadpool");
        assert_eq!(nearest("perrequest", NAMES)[0], "per-request");
    }

    #[test]
    fn nonsense_gets_the_whole_list_instead_of_a_guess() {
        let text = unknown("strategy", "zzzz", NAMES);
        assert!(text.contains("Available: deadpool, bb8"), "{text}");
    }
}
