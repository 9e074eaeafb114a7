//! What works on this machine, what does not, and the remedy for each.

mod machine;
mod programs;

use std::path::Path;

use poollab_model::without_secrets;
use serde::Serialize;

/// How one check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// It works.
    Works,
    /// poollab works without it, and something else does not.
    Lacks,
    /// Without it nothing can be measured.
    Broken,
}

/// One check.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do; `None` where nothing has to be done.
    pub remedy: Option<String>,
}

impl Check {
    fn works(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, health: Health::Works, found: found.into(), remedy: None }
    }

    fn lacks(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, health: Health::Lacks, found: found.into(), remedy: Some(remedy.into()) }
    }

    fn broken(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, health: Health::Broken, found: found.into(), remedy: Some(remedy.into()) }
    }
}

/// Looks at everything, in the order in which it is told.
pub fn examine(pg_bin: Option<&Path>) -> Vec<Check> {
    let mut checks = programs::postgres(pg_bin);
    checks.push(machine::limits());
    checks.push(programs::pgbouncer());
    checks.push(programs::k6());
    checks.push(programs::docker());
    checks.extend([
        machine::cores(),
        machine::load(),
        machine::open_files(),
        machine::ports(),
        machine::clock(),
        machine::room(),
        machine::build(),
    ]);
    // What was typed for a folder may be a database's URL, and is told.
    for check in &mut checks {
        check.found = without_secrets(&check.found).into_owned();
    }
    checks
}

/// The checks as lines, each remedy below its check.
pub fn text(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let sign = match check.health {
            Health::Works => "ok",
            Health::Lacks => "--",
            Health::Broken => "!!",
        };
        text += &format!("{sign}  {:<width$}  {}\n", check.name, check.found);
        for (number, line) in check.remedy.iter().flat_map(|remedy| remedy.lines()).enumerate() {
            let arrow = if number == 0 { "→" } else { " " };
            text += &format!("    {:<width$}  {arrow} {}\n", "", line.trim());
        }
    }
    let count = |health| checks.iter().filter(|check| check.health == health).count();
    let (lacks, broken) = (count(Health::Lacks), count(Health::Broken));
    text += &match (broken, lacks) {
        (0, 0) => "\nReady to run. All optional features are available.\n".to_owned(),
        (0, 1) => "\nReady to run. 1 optional feature is unavailable (marked --).\n".to_owned(),
        (0, lacks) => format!("\nReady to run. {lacks} optional features are unavailable (marked --).\n"),
        (1, _) => "\nNot ready to run: 1 check failed (marked !!).\n".to_owned(),
        (broken, _) => format!("\nNot ready to run: {broken} checks failed (marked !!).\n"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_that_is_not_well_has_a_remedy() {
        for check in examine(Some(Path::new("/nowhere"))) {
            assert_eq!(check.remedy.is_some(), check.health != Health::Works, "{check:?}");
            assert!(!check.found.is_empty(), "{check:?}");
        }
    }

    #[test]
    fn one_is_counted_as_one() {
        let one = |health| [Check { name: "x", health, found: "y".into(), remedy: Some("z".into()) }];
        assert!(text(&one(Health::Lacks)).contains("1 optional feature is"));
        assert!(text(&one(Health::Broken)).contains("1 check failed"));
    }

    #[test]
    fn without_postgres_nothing_works_and_that_is_said() {
        let checks = examine(Some(Path::new("/nowhere")));
        assert_eq!(checks[0].health, Health::Broken);
        assert!(text(&checks).contains("Not ready to run"));
    }
}
