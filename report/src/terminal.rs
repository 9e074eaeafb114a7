//! The table in a terminal: copyable, no pager, no borders.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use poollab_analysis::{Group, Section, compare, figures};
use poollab_model::{Report, Severity};

use crate::digest::{Paragraph, digest};
use crate::facts;
use crate::rows::{COLUMNS, mark};
use crate::text::{Paint, one_line, wrapped};

/// Below this there is no table that can be read.
const NARROWEST: usize = 40;

/// The report for a terminal `width` columns wide. Texts are wrapped to it; the tables take 100 columns.
/// `colour` asks for ANSI colours: the caller knows whether this is a terminal and whether `NO_COLOR`
/// is set.
pub fn terminal(report: &Report, width: usize, colour: bool) -> String {
    let width = width.clamp(NARROWEST, 120);
    let paint = Paint(colour);
    let sections = compare(&report.trials, report.ceiling.as_ref());

    let mut text = wrapped("", &facts::conditions(report).join(" · "), width);
    if let Some(ceiling) = &report.ceiling {
        text.push_str(&paint.dim(&wrapped(
            "",
            &format!("ceiling: {}", facts::ceiling_short(ceiling)),
            width,
        )));
    }
    text.push_str(&tables(&sections, width, paint));
    if sections.is_empty() {
        text.push_str("\nno trial has finished\n");
    }
    if !report.findings.is_empty() {
        text.push_str(&format!("\n{}\n", paint.bold("findings")));
    }
    let (paragraphs, more) = digest(&report.findings);
    for Paragraph { finding, also } in paragraphs {
        let about = finding.workload.as_deref().filter(|_| sections.len() > 1);
        let about = about.map(|about| format!("{about}: ")).unwrap_or_default();
        let also =
            if also.is_empty() { String::new() } else { format!(" Likewise {}.", figures::list(&also)) };
        let sign = format!("  {} ", mark(finding.severity));
        let lines = wrapped(&sign, &format!("{about}{}{also}", one_line(&finding.text)), width);
        text.push_str(&coloured(paint, finding.severity, &lines));
    }
    if more > 0 {
        text.push_str(&paint.dim(&format!("  {more} more in the report\n")));
    }
    text.push_str(&crate::k6::terminal(&report.k6));
    text
}

/// All sections in one table, so that their columns stand below each other.
fn tables(sections: &[Section], width: usize, paint: Paint) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    // What follows each line of the table: nothing, or the failures of that row.
    let mut after: Vec<Line<'_>> = Vec::new();
    for section in sections {
        let names = COLUMNS.iter().map(|column| column.name.to_owned());
        table.add_row(std::iter::once(clipped(&section.heading)).chain(names).collect::<Vec<_>>());
        after.push(Line::Heading);
        for group in &section.groups {
            let cells = COLUMNS.iter().map(|column| (column.cell)(group));
            table.add_row(
                std::iter::once(clipped(&format!("  {}", group.label))).chain(cells).collect::<Vec<_>>(),
            );
            after.push(Line::Row(group));
        }
    }
    set_gaps(&mut table, 2);
    if table.lines().any(|line| line.trim_end().chars().count() > width) {
        set_gaps(&mut table, 1);
    }
    let mut text = String::new();
    for (line, kind) in table.lines().zip(after) {
        let line = line.trim_end();
        match kind {
            Line::Heading => text.push_str(&format!("\n{}\n", paint.bold(line))),
            Line::Row(group) => {
                text.push_str(line);
                text.push('\n');
                if let Some(error) = group.main_error() {
                    text.push_str(&paint.red(&format!("      ╰ {error}\n")));
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

enum Line<'a> {
    Heading,
    Row(&'a Group),
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
