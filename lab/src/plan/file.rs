//! PLAN.toml.

use std::path::Path;

use crate::input;
use poollab_model::{HIDDEN, Plan, without_secrets};

/// Reads a plan; the problem names file, line and what was expected.
pub fn read(path: &Path) -> Result<Plan, String> {
    let text = input::text(path, input::PLAN).map_err(|why| {
        format!("cannot load the plan: {why}. Give the plan.toml of an earlier run, or none")
    })?;
    parse(&text).map_err(|problem| format!("{}{problem}", path.display()))
}

/// The keys of a file, to tell where a value came from.
pub fn table(path: &Path) -> Result<toml::Table, String> {
    let text = input::text(path, input::PLAN)?;
    text.parse().map_err(|why: toml::de::Error| why.to_string())
}

fn parse(text: &str) -> Result<Plan, String> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map_or_else(String::new, |span| {
            let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
            let source = text.lines().nth(line - 1).unwrap_or_default().trim();
            format!(" line {line} ({})", without_value(source))
        });
        format!("{place}: {}", without_secrets(error.message()))
    })
}

/// A line about a database may hold a password, in whatever form: its value is not repeated.
fn without_value(line: &str) -> String {
    let lower = line.to_lowercase();
    let doubtful = ["url", "database", "kind", "pass", "@", "://"].iter().any(|word| lower.contains(word));
    match line.split_once('=') {
        Some((key, _)) if doubtful => format!("{} = {HIDDEN}", key.trim()),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_plan_names_its_line_and_what_was_expected() {
        let problem = parse("seed = 1\nduration = 2\n").unwrap_err();
        assert!(problem.contains("line 2"), "{problem}");
        assert!(problem.contains("string"), "{problem}");

        let problem = parse("seed = 1\n\n[limits]\ncpu = 0.5\n").unwrap_err();
        assert!(problem.contains("line 4") && problem.contains("cpus"), "{problem}");
    }

    #[test]
    fn an_empty_plan_is_the_default_plan() {
        assert_eq!(parse(""), Ok(Plan::default()));
    }
}
