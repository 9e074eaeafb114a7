//! Two runs side by side, as documents.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use poollab_analysis::diff::{Change, Design, Diff, Judgement, Row};
use poollab_analysis::figures;

use crate::rows::NOTHING as NONE;
use crate::text::Paint;

/// The comparison for a terminal.
pub fn terminal(diff: &Diff, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = format!("base {}\nrun  {}\n", diff.base, diff.run);
    for obstacle in &diff.obstacles {
        text.push_str(&paint.red(&format!("! not comparable: {obstacle}\n")));
    }
    for remark in &diff.remarks {
        text.push_str(&paint.yellow(&format!("? {remark}\n")));
    }
    for section in &diff.sections {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.add_row(head(&section.heading));
        section.rows.iter().for_each(|row| {
            table.add_row(short_cells(row));
        });
        for (index, column) in table.column_iter_mut().enumerate() {
            let left = matches!(index, 0 | 3 | 6);
            column.set_padding(if index == 0 { (0, 0) } else { (2, 0) });
            column.set_cell_alignment(if left { CellAlignment::Left } else { CellAlignment::Right });
        }
        text.push('\n');
        for (index, line) in table.lines().enumerate() {
            let line = format!("{}\n", line.trim_end());
            text.push_str(&match index.checked_sub(1).and_then(|row| section.rows.get(row)) {
                None => paint.bold(&line),
                Some(row) => match row.goodput.judgement {
                    Judgement::Better => paint.green(&line),
                    Judgement::Worse => paint.red(&line),
                    Judgement::NoDifference | Judgement::CannotTell => line,
                },
            });
        }
    }
    text.push('\n');
    text.push_str(&missing(diff).map(|line| format!("{line}\n")).collect::<String>());
    text.push_str(&format!("{}\n", verdict(diff)));
    text.push_str(&shown(diff).iter().map(|line| format!("{line}\n")).collect::<String>());
    if diff.rows().next().is_some() {
        let meaning = "=: too close to call. ±: 95% interval for all rows together. too few repeats: the interval reaches from \
                       less than half to more than twice.";
        text.push_str(&paint.dim(&format!("{meaning}\n")));
    }
    text
}

/// The comparison for a pull request or a job summary.
pub fn markdown(diff: &Diff) -> String {
    let mut text = format!(
        "# poollab: {} against {}\n\n**{}**\n",
        escape(&diff.run),
        escape(&diff.base),
        escape(&verdict(diff))
    );
    if !diff.obstacles.is_empty() {
        text.push_str("\n**Not comparable**, and compared because it was asked for:\n\n");
        diff.obstacles.iter().for_each(|o| text.push_str(&format!("- `!` {}\n", escape(&o.to_string()))));
    }
    if !diff.remarks.is_empty() {
        text.push_str("\nWhat else differs:\n\n");
        diff.remarks.iter().for_each(|remark| text.push_str(&format!("- `?` {}\n", escape(remark))));
    }
    for section in &diff.sections {
        text.push_str(&format!("\n## {}\n\n", escape(&section.heading)));
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        text.push_str(&line(&head("strategy")));
        text.push_str("| --- | ---: | ---: | --- | ---: | ---: | --- | ---: |\n");
        for row in &section.rows {
            text.push_str(&line(&cells(row).map(|cell| escape(&cell))));
        }
    }
    let missing: String = missing(diff).map(|line| format!("- {}\n", escape(&line))).collect();
    if !missing.is_empty() {
        text.push_str(&format!("\n{missing}"));
    }
    let shown = shown(diff);
    if !shown.is_empty() {
        text.push_str(&format!("\n{}\n", shown.join(" ")));
    }
    text.push_str("\n<sub>In brackets: the interval of the ratio, run over base.</sub>\n");
    text
}

/// All figures.
pub fn json(diff: &Diff) -> String {
    // Numbers and texts only: it can't fail.
    serde_json::to_string_pretty(diff).map(|text| text + "\n").unwrap_or_default()
}

fn head(first: &str) -> [String; 8] {
    [first, "goodput/s", "change", "", "p99 ms", "change", "", "failed"].map(str::to_owned)
}

fn cells(row: &Row) -> [String; 8] {
    let (before, after) = row.failed_share;
    let failed = match (row.failed.0, row.failed.1) {
        (0, 0) => NONE.to_owned(),
        _ => format!("{} → {}", figures::percent(before), figures::percent(after)),
    };
    [
        format!("  {}", row.label),
        pair(&row.goodput, figures::rate),
        by(&row.goodput),
        word(&row.goodput).to_owned(),
        pair(&row.p99, figures::ms),
        by(&row.p99),
        word(&row.p99).to_owned(),
        failed,
    ]
}

/// The same where there are 100 columns.
fn short_cells(row: &Row) -> [String; 8] {
    let mut cells = cells(row);
    for (place, change) in [(2, &row.goodput), (5, &row.p99)] {
        cells[place] = by_short(change);
        if says_nothing(change) {
            cells[place] = "too few repeats".to_owned();
            cells[place + 1] = String::new();
        } else if change.judgement == Judgement::NoDifference {
            cells[place + 1] = "=".to_owned();
        }
    }
    if let Some((before, after)) = cells[7].split_once(" → ")
        && before == after
    {
        cells[7] = after.to_owned();
    }
    cells
}

/// `−12 ±3%`.
fn by_short(change: &Change) -> String {
    let Some(by) = change.by() else { return NONE.to_owned() };
    if says_nothing(change) {
        return NONE.to_owned();
    }
    let number = |share: f64| figures::percent(share.abs()).trim_end_matches("%").to_owned();
    let sign = if by >= 0.0 { "+" } else { "−" };
    let around =
        change.interval.map_or_else(String::new, |(low, high)| format!(" ±{}", number((high - low) / 2.0)));
    format!("{sign}{}{around}%", number(by))
}

fn pair(change: &Change, say: fn(f64) -> String) -> String {
    let one = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), say);
    format!("{} → {}", one(change.base), one(change.run))
}

/// Whether the interval is so wide that its centre says nothing: it reaches from less than half to more than twice.
fn says_nothing(change: &Change) -> bool {
    change.judgement == Judgement::NoDifference
        && change.interval.is_some_and(|(low, high)| low < 0.5 && high > 2.0)
}

/// `−12% [0.85 to 0.91]`.
fn by(change: &Change) -> String {
    let Some(by) = change.by().filter(|_| !says_nothing(change)) else { return NONE.to_owned() };
    let sign = if by >= 0.0 { "+" } else { "−" };
    let interval =
        change.interval.map_or_else(String::new, |(low, high)| format!(" [{low:.2} to {high:.2}]"));
    format!("{sign}{}{interval}", figures::percent(by.abs()))
}

fn word(change: &Change) -> &'static str {
    match change.judgement {
        Judgement::Better => "better",
        Judgement::Worse => "WORSE",
        Judgement::NoDifference if says_nothing(change) => "too few repeats to compare",
        Judgement::NoDifference => "no difference",
        Judgement::CannotTell => "not enough data",
    }
}

fn missing(diff: &Diff) -> impl Iterator<Item = String> + '_ {
    let of = |names: &[String], id: &str| {
        (!names.is_empty()).then(|| format!("only in {id}: {}", figures::list(names)))
    };
    [of(&diff.only_base, &diff.base), of(&diff.only_run, &diff.run)].into_iter().flatten()
}

fn verdict(diff: &Diff) -> String {
    let count = |wanted: Judgement| -> Vec<String> {
        diff.rows()
            .filter(|(_, row)| row.goodput.judgement == wanted || row.p99.judgement == wanted)
            .map(|(heading, row)| format!("{} on {heading}", row.label))
            .collect()
    };
    let (worse, better, unknown) =
        (count(Judgement::Worse), count(Judgement::Better), count(Judgement::CannotTell));
    let mut parts = Vec::new();
    if diff.rows().next().is_none() {
        return "nothing could be compared".to_owned();
    }
    if !worse.is_empty() {
        parts.push(format!("worse: {}", figures::list(&worse)));
    }
    if !better.is_empty() {
        parts.push(format!("better: {}", figures::list(&better)));
    }
    if parts.is_empty() && unknown.is_empty() {
        parts.push("no difference beyond the noise".to_owned());
    }
    if !unknown.is_empty() {
        parts.push(format!("not enough data to compare {} (use --repeats 3)", figures::list(&unknown)));
    }
    parts.join("; ")
}

/// What could have been seen at all: who reads "no difference" has to know how large one may hide.
fn shown(diff: &Diff) -> Vec<String> {
    let Some(smallest) = diff.smallest_change.map(figures::percent) else { return Vec::new() };
    let hint = match diff.design {
        Design::Alternate => "Use more pairs of runs to see smaller ones.",
        Design::Single | Design::Apart => {
            "To see smaller ones, make several runs of each alternately and give them as two folders."
        }
    };
    vec![
        format!("The smallest change of goodput that these runs can show is about {smallest}."),
        hint.to_owned(),
    ]
}

fn escape(text: &str) -> String {
    crate::markdown::escape(text)
}

#[cfg(test)]
mod tests {
    use poollab_analysis::diff::diff;
    use poollab_analysis::fixtures;

    use super::*;

    fn example() -> Diff {
        let base = fixtures::run_of(3);
        let mut run = base.clone();
        run.run.id = "2026-11-22T10-15-00Z-compare".to_owned();
        run.environment.machine.kernel = "6.1".to_owned();
        run.trials.retain(|trial| trial.strategy != "sqlx");
        for trial in run.trials.iter_mut().filter(|trial| trial.strategy == "deadpool") {
            fixtures::set_goodput(trial, trial.goodput_rps * 0.8);
        }
        diff(&base.report().into(), &run.report().into())
    }

    #[test]
    fn a_comparison_reads_as_it_was_agreed() {
        insta::assert_snapshot!(terminal(&example(), false));
    }

    #[test]
    fn a_comparison_fits_in_100_columns() {
        let text = terminal(&example(), false);
        let widest =
            text.lines().filter(|line| line.starts_with("  ")).map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{text}");
    }

    #[test]
    fn the_word_stands_in_the_markdown_too_and_not_only_a_colour() {
        let text = markdown(&example());
        assert!(text.contains("| WORSE |") && text.contains("| no difference |"), "{text}");
        assert!(text.contains("only in 2026-11-21T10-15-00Z-compare: sqlx ×8 on point-read"));
    }

    #[test]
    fn an_interval_of_twelve_times_the_change_is_no_figure() {
        let change = Change {
            base: Some(100.0),
            run: Some(103.0),
            ratio: Some(1.03),
            interval: Some((0.04, 24.0)),
            judgement: Judgement::NoDifference,
        };
        assert_eq!((by(&change).as_str(), word(&change)), (NONE, "too few repeats to compare"));
        assert_eq!(by_short(&change), NONE);
        let narrow = Change { interval: Some((0.9, 1.2)), ..change };
        assert_eq!(by_short(&narrow), "+3 ±15%");
    }

    #[test]
    fn the_json_can_be_read_back() {
        let value: serde_json::Value = serde_json::from_str(&json(&example())).unwrap();
        assert_eq!(value["sections"][0]["rows"][0]["goodput"]["judgement"], "no-difference");
    }
}
