//! The list of scenarios, by symptom.

use poollab_scenarios::{SCENARIOS, Scenario, by_symptom, find, nearest_ids};

use super::words::wrap;
use crate::exit::Failure;

/// All scenarios, grouped by symptom.
pub fn catalogue(width: usize) -> String {
    let longest = SCENARIOS.iter().map(|scenario| scenario.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (group, scenarios) in by_symptom() {
        out += &format!("{}\n", group.title());
        for scenario in scenarios {
            let indent = " ".repeat(longest + 4);
            let text = wrap(scenario.title, &indent, width);
            out += &format!("  {:<longest$}  {}", scenario.id, text.trim_start());
        }
        out.push('\n');
    }
    out + "Run one:  poollab reproduce ID.   Find one by its error message:  poollab explain \"ERROR TEXT\"\n"
}

/// The scenarios of these names.
///
/// # Errors
/// All unknown names, each with similar ones.
pub fn named(ids: &[String]) -> Result<Vec<&'static Scenario>, Failure> {
    let mut problems = Vec::new();
    let mut scenarios: Vec<&'static Scenario> = Vec::new();
    for id in ids {
        match find(id) {
            Some(scenario) if scenarios.iter().any(|known| known.id == scenario.id) => {}
            Some(scenario) => scenarios.push(scenario),
            None => problems.push(unknown(id)),
        }
    }
    if problems.is_empty() { Ok(scenarios) } else { Err(Failure::Usage(problems)) }
}

fn unknown(id: &str) -> String {
    let near = nearest_ids(id);
    if near.is_empty() {
        format!("unknown scenario {id:?}. poollab reproduce --list shows all scenarios")
    } else {
        format!("unknown scenario {id:?}. Did you mean {}?", near.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_answered_with_the_nearest_name() {
        let Err(failure) = named(&["too-many-client".to_owned(), "leak".to_owned()]) else { panic!() };
        assert!(failure.text().contains("too-many-clients"), "{failure:?}");
    }

    #[test]
    fn the_list_has_every_scenario_once() {
        let text = catalogue(100);
        for scenario in SCENARIOS {
            assert_eq!(text.matches(&format!("  {} ", scenario.id)).count(), 1, "{}", scenario.id);
        }
    }
}
