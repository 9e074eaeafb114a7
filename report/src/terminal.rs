//! The table in a terminal: copyable, no pager, no borders.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use poollab_analysis::{Analysis, Group, Paragraph, Section, figures};
use poollab_model::Severity;

use crate::facts;
use crate::rows::{Column, columns, mark};
use crate::text::{Paint, one_line, wrapped};

/// Below this there is no table that can be read.
const NARROWEST: usize = 40;

/// The report for a terminal `width` columns wide: texts are wrapped to it, and the tables leave out the columns that
/// have no room. `colour` asks for ANSI colours: the caller knows whether this is a terminal and whether `NO_COLOR`
/// is set.
pub fn terminal(analysis: &Analysis, width: usize, colour: bool) -> String {
    let width = width.clamp(NARROWEST, 120);
    let paint = Paint(colour);
    let Analysis { report, sections, digest } = analysis;

    let mut text = bottom_line(&report.verdict.bottom_line, width, paint);
    text.push_str(&wrapped("", &one_line(&facts::conditions(report).join(" · ")), width));
    if let Some(reference) = &report.ceiling {
        let reference = format!("reference: {}", facts::reference_short(reference));
        text.push_str(&paint.dim(&wrapped("", &reference, width)));
    }
    text.push_str(&tables(sections, width, paint));
    if sections.is_empty() {
        text.push_str("\nno trial has finished\n");
    }
    if !report.findings.is_empty() {
        text.push_str(&format!("\n{}\n", paint.bold("findings")));
    }
    for Paragraph { finding, also } in &digest.paragraphs {
        let about = finding.workload.as_deref().filter(|_| sections.len() > 1);
        let about = about.map(|about| format!("{about}: ")).unwrap_or_default();
        let also =
            if also.is_empty() { String::new() } else { format!(" Also true for {}.", figures::list(also)) };
        let sign = format!("  {} ", mark(finding.severity));
        let lines = wrapped(&sign, &one_line(&format!("{about}{}{also}", finding.text)), width);
        text.push_str(&coloured(paint, finding.severity, &lines));
    }
    if digest.more > 0 {
        text.push_str(&paint.dim(&format!("  {} more in the report\n", digest.more)));
    }
    text.push_str(&crate::k6::terminal(&report.k6));
    text
}

/// The answer comes first, and stands out.
fn bottom_line(lines: &[String], width: usize, paint: Paint) -> String {
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        let lines = wrapped("", &one_line(line), width);
        text.push_str(&if place == 0 { paint.bold(&lines) } else { lines });
    }
    text + "\n"
}

/// All sections in one table, so that their columns stand below each other. What a narrow terminal has no room for goes.
fn tables(sections: &[Section], width: usize, paint: Paint) -> String {
    let mut columns: Vec<&Column> = columns(sections);
    loop {
        let mut table = table(sections, &columns);
        let fits = |table: &Table| table.lines().all(|line| line.trim_end().chars().count() <= width);
        if !fits(&table) {
            set_gaps(&mut table, 1);
        }
        let spare = columns.iter().map(|column| column.spare).max().filter(|spare| *spare > 0);
        match spare {
            Some(spare) if !fits(&table) => {
                // The last one of the least important.
                if let Some(place) = columns.iter().rposition(|column| column.spare == spare) {
                    columns.remove(place);
                }
            }
            _ => return printed(&table, sections, paint),
        }
    }
}

fn table(sections: &[Section], columns: &[&Column]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for section in sections {
        let names = columns.iter().map(|column| column.name.to_owned());
        table.add_row(std::iter::once(clipped(&section.heading)).chain(names).collect::<Vec<_>>());
        for group in &section.groups {
            let cells = columns.iter().map(|column| (column.cell)(group));
            table.add_row(
                std::iter::once(clipped(&format!("  {}", group.label))).chain(cells).collect::<Vec<_>>(),
            );
        }
    }
    set_gaps(&mut table, 2);
    table
}

/// The lines of the table; below a row its failures.
fn printed(table: &Table, sections: &[Section], paint: Paint) -> String {
    let rows =
        sections.iter().flat_map(|section| std::iter::once(None).chain(section.groups.iter().map(Some)));
    let mut text = String::new();
    for (line, row) in table.lines().zip(rows) {
        let line = line.trim_end();
        match row {
            None => text.push_str(&format!("\n{}\n", paint.bold(line))),
            Some(group) => {
                text.push_str(line);
                text.push('\n');
                if let Some(error) = Group::main_error(group) {
                    text.push_str(&paint.red(&format!("      ╰ {}\n", one_line(&error))));
                }
            }
        }
    }
    text
}

/// Blanks between columns; figures stand at the right.
fn set_gaps(table: &mut Table, gap: u16) {
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding(if index == 0 { (0, 0) } else { (gap, 0) });
        column.set_cell_alignment(if index == 0 { CellAlignment::Left } else { CellAlignment::Right });
    }
}

/// A name that would push the table beyond its width loses its end.
fn clipped(name: &str) -> String {
    const WIDEST: usize = 24;
    if name.chars().count() <= WIDEST {
        return name.to_owned();
    }
    name.chars().take(WIDEST - 1).chain(['…']).collect()
}

/// In the colour of how bad it is.
fn coloured(paint: Paint, severity: Severity, text: &str) -> String {
    match severity {
        Severity::Problem => paint.red(text),
        Severity::Doubt => paint.yellow(text),
        Severity::Note => text.to_owned(),
    }
}
