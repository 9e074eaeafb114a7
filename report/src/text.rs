//! Lines and their colours.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

/// Text wrapped to a width, its later lines under the first.
pub fn wrapped(lead: &str, text: &str, width: usize) -> String {
    let indent = lead.chars().count();
    let room = width.saturating_sub(indent).max(1);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let long = line.chars().count() + 1 + word.chars().count() > room;
        if !line.is_empty() && long {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    let start = |number| if number == 0 { lead.to_owned() } else { " ".repeat(indent) };
    lines.iter().enumerate().map(|(number, line)| format!("{}{line}\n", start(number))).collect()
}

/// Names from files may hold line breaks and control characters; a terminal must not obey them.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Columns below each other: the first at the left, figures at the right.
pub fn columns(rows: Vec<Vec<String>>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for row in rows {
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding(if index == 0 { (2, 0) } else { (3, 0) });
        column.set_cell_alignment(if index == 0 { CellAlignment::Left } else { CellAlignment::Right });
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// ANSI colours, or none.
#[derive(Clone, Copy)]
pub struct Paint(pub bool);

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        if !self.0 || text.is_empty() {
            return text.to_owned();
        }
        // Line by line, so that each one survives being copied or cut alone.
        let coloured = |line: &str| format!("\u{1b}[{code}m{line}\u{1b}[0m");
        let lines: Vec<String> = text.trim_end_matches('\n').split('\n').map(coloured).collect();
        lines.join("\n") + if text.ends_with('\n') { "\n" } else { "" }
    }

    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    pub fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_wrapped_under_its_own_beginning() {
        assert_eq!(wrapped("? ", "one two  three", 9), "? one two\n  three\n");
        assert_eq!(wrapped("  ", "", 9), "  \n");
        assert_eq!(wrapped("", "unbreakable word", 4), "unbreakable\nword\n");
    }
}
