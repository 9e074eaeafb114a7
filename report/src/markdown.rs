//! `report.md`: for a pull request or a wiki.

use poollab_analysis::{Analysis, Group, Section, figures};
use poollab_model::{Quantiles, Report, Severity};

use crate::facts;
use crate::rows::{Column, NOTHING, columns, mark};

/// The report as GitHub-flavoured Markdown.
pub fn markdown(analysis: &Analysis) -> String {
    let Analysis { report, sections, .. } = analysis;
    let mut text = format!("# poollab run {}\n\n", escape(&report.run.id));
    text.push_str(&bottom_line(&report.verdict.bottom_line));
    text.push_str(&format!("{}\n", escape(&facts::conditions(report).join(" · "))));
    if let Some(reference) = &report.ceiling {
        text.push_str(&format!("\nReference: {}\n", escape(&facts::reference(reference))));
    }
    for (severity, heading) in [
        (Severity::Problem, "What failed"),
        (Severity::Doubt, "What to doubt"),
        (Severity::Note, "What was found"),
    ] {
        findings(&mut text, report, severity, heading, sections.len() > 1);
    }
    let columns = columns(sections);
    sections.iter().for_each(|section| tables(&mut text, section, &columns));
    text.push_str(&crate::k6::markdown(&report.k6, escape));
    text.push_str(&legend(&columns));
    environment(&mut text, report);
    text
}

/// The answer in bold, what it rests on below.
fn bottom_line(lines: &[String]) -> String {
    let Some((answer, rest)) = lines.split_first() else { return String::new() };
    let rest: String = rest.iter().map(|line| format!("- {}\n", escape(line))).collect();
    let blank = if rest.is_empty() { "" } else { "\n" };
    format!("**{}**\n\n{rest}{blank}", escape(answer))
}

fn findings(text: &mut String, report: &Report, severity: Severity, heading: &str, several: bool) {
    let of_it: Vec<_> = report.findings.iter().filter(|finding| finding.severity == severity).collect();
    if of_it.is_empty() {
        return;
    }
    text.push_str(&format!("\n## {heading}\n\n"));
    for finding in of_it {
        let about = finding.workload.as_deref().filter(|_| several);
        let about = about.map(|about| format!("**{}**: ", escape(about))).unwrap_or_default();
        text.push_str(&format!("- `{}` {about}{}\n", mark(severity), escape(&finding.text)));
    }
}

fn tables(text: &mut String, section: &Section, columns: &[&Column]) {
    text.push_str(&format!("\n## {}\n\n", escape(&section.heading)));
    let names: Vec<String> = std::iter::once("strategy".to_owned())
        .chain(columns.iter().map(|column| column.name.to_owned()))
        .chain(["main failure".to_owned()])
        .collect();
    row(text, &names);
    let rule: Vec<String> = (0..names.len())
        .map(|index| if index == 0 || index + 1 == names.len() { "---" } else { "---:" }.to_owned())
        .collect();
    row(text, &rule);
    for group in &section.groups {
        let mut cells = vec![escape(&group.label)];
        cells.extend(columns.iter().map(|column| escape(&(column.cell)(group))));
        cells.push(group.main_error().map_or(NOTHING.to_owned(), |error| escape(&error)));
        row(text, &cells);
    }
    percentiles(text, section);
}

/// The percentile table of `ab`, in milliseconds; failures apart from successes.
fn percentiles(text: &mut String, section: &Section) {
    let timed: Vec<(&Group, &str, Quantiles)> = section
        .groups
        .iter()
        .flat_map(|group| [(group, "ok", group.latency_ok), (group, "failed", group.latency_failed)])
        .filter_map(|(group, which, latency)| Some((group, which, latency?)))
        .collect();
    let Some((_, _, first)) = timed.first() else { return };
    text.push_str("\n<details><summary>Latency by percentile, ms</summary>\n\n");
    let mut head = vec!["strategy".to_owned(), "outcome".to_owned()];
    head.extend(first.table().iter().map(|(percent, _)| format!("{percent}%")));
    row(text, &head);
    row(
        text,
        &(0..head.len()).map(|index| if index < 2 { "---" } else { "---:" }.to_owned()).collect::<Vec<_>>(),
    );
    for (group, which, latency) in &timed {
        let mut cells = vec![escape(&group.label), (*which).to_owned()];
        cells.extend(latency.table().iter().map(|(_, us)| figures::ms(*us as f64)));
        row(text, &cells);
    }
    text.push_str("\n</details>\n");
}

fn legend(columns: &[&Column]) -> String {
    let meanings: Vec<String> =
        columns.iter().map(|column| format!("**{}** {}", column.name, column.meaning)).collect();
    format!("\n<sub>{}. A dash: there is no such figure.</sub>\n", meanings.join(" · "))
}

fn environment(text: &mut String, report: &Report) {
    let (environment, machine) = (&report.environment, &report.environment.machine);
    text.push_str("\n## Environment\n\n");
    let mut facts = vec![
        format!(
            "poollab {}, {} build",
            environment.poollab,
            if environment.optimised_build { "optimised" } else { "debug" }
        ),
        environment.postgres.clone(),
        format!("service to database: {}", environment.database_link),
        format!("{}, {} cores, {} {}", machine.cpu, machine.cores, machine.os, machine.kernel),
    ];
    facts.extend(environment.components.iter().map(|part| format!("{} {}", part.name, part.version)));
    facts.iter().for_each(|fact| text.push_str(&format!("- {}\n", escape(fact))));
    text.push_str(&format!(
        "\nSeed {}. To repeat this run: `{}`\n",
        report.run.seed,
        facts::repeat_command(report).replace('`', "'")
    ));
}

fn row(text: &mut String, cells: &[String]) {
    text.push_str(&format!("| {} |\n", cells.join(" | ")));
}

/// Texts from outside must neither break a table nor become markup, a mention or a link.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '@' => safe.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '|' | '[' | ']' | '#' | '~' => safe.extend(['\\', c]),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}
