//! What k6's scripts measured by themselves: a table of its own, because neither its clock nor its conditions are
//! those of the trials.

use comfy_table::presets::NOTHING as NO_LINES;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use maud::{Markup, html};
use poollab_analysis::figures;
use poollab_model::{K6Document, K6Status, K6Trial};

use crate::rows::NOTHING;

const COLUMNS: [&str; 10] = [
    "trial",
    "strategy",
    "work and load",
    "goodput/s",
    "offered/s",
    "failed",
    "dropped",
    "p50 ms",
    "p99 ms",
    "main failure",
];
/// The first of them that holds figures, and how many do.
const FIGURES: std::ops::Range<usize> = 3..9;

/// What stands above a document's table.
pub fn heading(document: &K6Document) -> String {
    format!("k6 · {}", document.script)
}

/// What must be known about its figures.
pub fn conditions(document: &K6Document) -> String {
    let version =
        document.k6_version.as_deref().map_or_else(String::new, |version| format!("k6 {version}, "));
    let status = match document.status {
        K6Status::Passed => "all its thresholds held",
        K6Status::Failed => "a threshold of it did not hold",
        K6Status::Refused => "it refused its target and measured nothing",
    };
    format!(
        "{version}finished {}; {status}. Measured apart from the trials of this run, once each; latency counts from the \
         {}.",
        document.finished_at, document.latency_from
    )
}

fn cells(trial: &K6Trial) -> [String; COLUMNS.len()] {
    let share = |n: u64| {
        let share = n as f64 / trial.requests.total.max(1) as f64;
        if n == 0 { NOTHING.to_owned() } else { figures::percent(share) }
    };
    let ms = |us: Option<u64>| us.map_or_else(|| NOTHING.to_owned(), |us| figures::ms(us as f64));
    let ok = trial.latency_us.ok;
    let main = trial.errors.first().map_or_else(
        || NOTHING.to_owned(),
        |error| {
            let state = error.sqlstate.as_deref().map(|state| format!(" {state}")).unwrap_or_default();
            format!("{}{state} × {}", error.kind, figures::whole(error.count))
        },
    );
    [
        trial.name.clone(),
        trial.strategy.clone(),
        format!("{}, {}", trial.workload, trial.load),
        figures::rate(trial.goodput_rps),
        figures::rate(trial.offered_rps),
        share(trial.requests.failed + trial.requests.unfinished),
        share(trial.requests.dropped),
        ms(ok.map(|q| q.p50)),
        ms(ok.map(|q| q.p99)),
        main,
    ]
}

/// For a terminal.
pub fn terminal(documents: &[K6Document]) -> String {
    let mut text = String::new();
    for document in documents {
        text.push_str(&format!("\n{}\n{}\n", heading(document), conditions(document)));
        let mut table = Table::new();
        table.load_style(NO_LINES).set_content_arrangement(ContentArrangement::Disabled);
        table.add_row(COLUMNS);
        for trial in &document.trials {
            table.add_row(cells(trial));
        }
        for index in FIGURES {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.lines().for_each(|line| text.push_str(&format!("{}\n", line.trim_end())));
    }
    // Texts from a file must not command a terminal.
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

/// For Markdown. `escape` makes a text harmless there.
pub fn markdown(documents: &[K6Document], escape: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for document in documents {
        text.push_str(&format!(
            "\n## {}\n\n{}\n\n",
            escape(&heading(document)),
            escape(&conditions(document))
        ));
        text.push_str(&format!("| {} |\n", COLUMNS.join(" | ")));
        let rule: Vec<&str> =
            (0..COLUMNS.len()).map(|index| if FIGURES.contains(&index) { "---:" } else { "---" }).collect();
        text.push_str(&format!("| {} |\n", rule.join(" | ")));
        for trial in &document.trials {
            let row: Vec<String> = cells(trial).iter().map(|cell| escape(cell)).collect();
            text.push_str(&format!("| {} |\n", row.join(" | ")));
        }
    }
    text
}

/// For the page.
pub fn sections(documents: &[K6Document]) -> Markup {
    html! {
        @for document in documents {
            section.comparison {
                h2 { (heading(document)) }
                p.muted { (conditions(document)) }
                div.scroll tabindex="0" role="region" aria-label=(heading(document)) {
                    table {
                        caption.aside-only { (heading(document)) }
                        thead {
                            tr {
                                @for (index, name) in COLUMNS.iter().enumerate() {
                                    th.text[!FIGURES.contains(&index)] scope="col" { (name) }
                                }
                            }
                        }
                        tbody {
                            @for trial in &document.trials {
                                tr {
                                    @for (index, cell) in cells(trial).iter().enumerate() {
                                        @if index == 0 { th scope="row" { (cell) } }
                                        @else { td.text[!FIGURES.contains(&index)] { (cell) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str) -> K6Document {
        let name = serde_json::to_string(name).unwrap();
        let text = format!(
            r#"{{"format":"poollab-k6","schema_version":1,"k6_version":"1.1.0","script":"compare",
            "finished_at":"2026-11-21T01:25:09Z","status":"failed","latency_from":"send","trials":[{{"name":{name},
            "url":"http://127.0.0.1:1","strategy":"deadpool","workload":{{"id":"hold","think_ms":5}},
            "load":{{"model":"closed","users":64}},"measured_s":2.0,
            "requests":{{"total":100,"ok":90,"failed":10,"dropped":0,"unfinished":0}},
            "offered_rps":50.0,"throughput_rps":50.0,"goodput_rps":45.0,"latency_us":{{"ok":null,"failed":null}},
            "errors":[{{"kind":"pool-timeout","sqlstate":null,"message":"m","cause":null,"count":10}}]}}]}}"#
        );
        K6Document::read(&text).unwrap()
    }

    #[test]
    fn figures_that_are_not_there_are_dashes_and_failures_have_their_kind() {
        let text = terminal(&[document("one")]);
        assert!(text.contains("pool-timeout × 10") && text.contains("hold 5 ms, 64 users"), "{text}");
        assert!(text.contains("10%") && text.contains('–') && text.contains("did not hold"), "{text}");
    }

    #[test]
    fn a_name_from_a_file_becomes_neither_markup_nor_a_command() {
        let evil = document("<script>\u{1b}[2J");
        assert!(!sections(std::slice::from_ref(&evil)).into_string().contains("<script>"));
        assert!(!terminal(&[evil]).contains('\u{1b}'));
    }
}
