//! Line wrapping for the terminal.

/// Breaks a paragraph into lines of at most `width` columns that begin with `indent`. A word that is longer
/// than a line stays whole: a query must stay in one piece to be copied.
pub fn wrap(text: &str, indent: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        }
        if column == 0 {
            out.push_str(indent);
            column = indent.chars().count();
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

/// A paragraph with its title in a column on the left.
pub fn titled(title: &str, text: &str, width: usize) -> String {
    const COLUMN: usize = 8;
    let body = wrap(text, &" ".repeat(COLUMN), width);
    let gap = " ".repeat(COLUMN.saturating_sub(title.chars().count()).max(1));
    format!("{title}{gap}{}", body.trim_start())
}

/// The first letter in upper case.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_asked_unless_a_word_is() {
        let text = wrap("one two three four a-word-that-is-much-longer-than-a-line five", "  ", 12);
        for line in text.lines() {
            assert!(line.len() <= 12 || !line.trim().contains(' '), "{line:?}");
        }
        assert_eq!(text.split_whitespace().count(), 6);
    }
}
