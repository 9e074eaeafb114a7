//! The catalogue by symptom, as a person looks for it.

use poollab_scenarios::{SCENARIOS, Scenario, by_symptom, find, nearest_ids};

use super::words::wrap;
use crate::exit::Failure;

/// All scenarios under the headings by which people look for them.
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
    out + "Watch one:  poollab reproduce ID.   From an error message:  poollab explain \"ERROR TEXT\"\n"
}

/// The scenarios of these names.
///
/// # Errors
/// All names that are none, each with the nearest ones.
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
        format!("there is no scenario {id:?}; poollab reproduce --list names them all")
    } else {
        format!("there is no scenario {id:?}; did you mean {}?", near.join(" or "))
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
