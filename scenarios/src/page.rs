//! The catalogue as a Markdown page.

use std::fmt::Write as _;

use crate::catalogue;
use crate::scenario::Scenario;

/// The whole catalogue in Markdown, by symptom.
pub fn catalogue_page() -> String {
    let mut page = String::from(HEAD);
    for (group, scenarios) in catalogue::by_symptom() {
        push(&mut page, format_args!("\n**{}**\n\n", group.title()));
        for scenario in scenarios {
            push(&mut page, format_args!("- [`{0}`](#{0}): {1}\n", scenario.id, scenario.title));
        }
    }
    for (group, scenarios) in catalogue::by_symptom() {
        push(&mut page, format_args!("\n## {}\n", group.title()));
        for scenario in scenarios {
            entry(&mut page, scenario);
        }
    }
    page
}

const HEAD: &str = "\
<!-- Generated: cargo run -p poollab-scenarios --example page > docs/failures.md -->

# Known connection failures

`poollab reproduce ID` runs each of these failures on your machine, then its fix under the same load. If you have an error
message, `poollab explain \"ERROR TEXT\"` finds the failure.

Run the queries with `psql` on the affected database, and those for PgBouncer's console with `psql -p 6432 pgbouncer`.
";

fn entry(page: &mut String, scenario: &Scenario) {
    push(page, format_args!("\n### {}\n\n**{}.**\n\n", scenario.id, capitalised(scenario.title)));
    push(page, format_args!("Symptom: {}\n\n{}\n\n", scenario.symptom, scenario.reason));
    push(page, format_args!("How to recognise it: {}\n\n", scenario.tell));

    push(page, format_args!("Where to look:\n\n"));
    for look in scenario.look {
        let language = if look.with == "pgbouncer" { "sql" } else { look.with };
        let place = if look.with == "pgbouncer" { "-- in PgBouncer's console\n" } else { "" };
        push(page, format_args!("```{language}\n{place}{}\n```\n\n{}.\n\n", look.run, capitalised(look.see)));
    }

    push(page, format_args!("Fix:\n\n"));
    for cure in scenario.cure {
        let of = if cure.of.is_empty() { String::new() } else { format!("**{}**: ", cure.of) };
        push(page, format_args!("- {of}{}\n", cure.change));
    }

    push(page, format_args!("\nReproduce it with `{}`:\n\n", scenario.command()));
    push(page, format_args!("| | load | expected result |\n| --- | --- | --- |\n"));
    push(page, format_args!("| broken | {} | {} |\n", scenario.broken.says, scenario.proof.symptom));
    push(page, format_args!("| fixed | {} | {} |\n", scenario.cured.says, scenario.proof.cure));
    for line in scenario.server_log {
        push(page, format_args!("\nIn the log of {}: `{}`\n", line.log, line.pieces.join(" … ").trim()));
    }
    let related: Vec<String> = scenario.related.iter().map(|id| format!("[`{id}`](#{id})")).collect();
    push(page, format_args!("\nSee also: {}\n", related.join(", ")));
}

fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    let _ = page.write_fmt(text);
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
