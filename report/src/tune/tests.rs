//! The documents of a search: how they read, and what must never be in them.
//!
//! The figures come from the real search on simulated systems: when the search learns to ask better, these
//! snapshots are to be looked at again.

use poollab_analysis::tune::Level;
use poollab_analysis::tune::chart::ChartPoint;

use super::{Tuned, canned, html, json, terminal};

const WIDTH: usize = 100;

fn all() -> [(&'static str, Tuned); 6] {
    [
        ("plateau", canned::plateau()),
        ("any size", canned::any_size()),
        ("too close", canned::too_close()),
        ("cannot tell", canned::cannot_tell()),
        ("slo unmet", canned::slo_unmet()),
        ("several", canned::several()),
    ]
}

#[test]
fn a_plateau_reads_as_it_was_agreed() {
    insta::assert_snapshot!(terminal(&canned::plateau(), WIDTH, false));
}

#[test]
fn any_size_reads_as_it_was_agreed() {
    insta::assert_snapshot!(terminal(&canned::any_size(), WIDTH, false));
}

#[test]
fn what_is_too_close_to_rank_reads_as_it_was_agreed() {
    insta::assert_snapshot!(terminal(&canned::too_close(), WIDTH, false));
}

#[test]
fn what_cannot_be_told_reads_as_it_was_agreed() {
    insta::assert_snapshot!(terminal(&canned::cannot_tell(), WIDTH, false));
}

#[test]
fn an_objective_that_is_not_met_reads_as_it_was_agreed() {
    insta::assert_snapshot!(terminal(&canned::slo_unmet(), WIDTH, false));
}

#[test]
fn several_series_read_as_it_was_agreed() {
    insta::assert_snapshot!(terminal(&canned::several(), WIDTH, false));
}

#[test]
fn the_page_has_the_structure_that_was_agreed() {
    insta::assert_snapshot!(outline(&html(&canned::plateau())));
}

#[test]
fn the_page_of_what_cannot_be_told_promises_no_size() {
    let page = html(&canned::cannot_tell());
    insta::assert_snapshot!(outline(&page));
    assert!(
        !page.contains("take ") && !page.contains("Settings to paste"),
        "nothing to take, nothing to paste"
    );
}

#[test]
fn the_objective_is_drawn_with_the_latencies_and_a_record_promises_no_page() {
    let tuned = canned::plateau();
    assert_eq!((tuned.slo.as_deref(), tuned.slo_limit_ms), (Some("p99<60ms"), Some(60.0)));
    let page = html(&tuned);
    assert!(
        page.contains(">p99&lt;60ms</text>") || page.contains("\np99&lt;60ms\n</text>"),
        "no name at the line"
    );
    assert!(page.contains("the objective is p99&lt;60ms"), "and none for a screen reader");
    assert!(!html(&canned::any_size()).contains("the objective is"), "there was none");
    assert!(terminal(&tuned, WIDTH, false).contains("tune.html"));
    assert!(!terminal(&canned::several(), WIDTH, false).contains("tune.html"));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for (name, tuned) in all() {
        let text = terminal(&tuned, WIDTH, false);
        let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= WIDTH, "{name}: {widest}");
    }
}

#[test]
fn without_colours_there_is_no_escape_and_with_them_no_other_text() {
    for (name, tuned) in all() {
        let plain = terminal(&tuned, WIDTH, false);
        assert!(!plain.contains('\u{1b}'), "{name}");
        let mut coloured = terminal(&tuned, WIDTH, true);
        for code in ["0", "1", "2", "32", "33"] {
            coloured = coloured.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(coloured, plain, "{name}");
    }
}

#[test]
fn the_recommended_size_is_marked_by_more_than_a_colour() {
    for (name, tuned) in all() {
        let takes = terminal(&tuned, WIDTH, false).matches("◀ take this").count();
        assert_eq!(
            takes,
            tuned.series.iter().filter(|series| series.recommended.is_some()).count(),
            "{name}"
        );
    }
}

#[test]
fn a_hostile_name_stays_text_in_every_document() {
    let evil = "</script></style><img src=x onerror=alert(1)>\"'&\u{1b}[31m\nline";
    let mut tuned = canned::several();
    tuned.source = evil.to_owned();
    for series in &mut tuned.series {
        series.name = evil.to_owned();
        series.answer.doubts = vec![evil.to_owned()];
    }
    let page = html(&tuned);
    assert!(!page.contains("<img"));
    assert_eq!((page.matches("<script").count(), page.matches("</style>").count()), (1, 1), "only our own");
    let text = terminal(&tuned, WIDTH, false);
    assert!(!text.contains('\u{1b}') && !text.contains("\nline"), "{text}");
}

#[test]
fn the_page_needs_no_network() {
    for (name, tuned) in all() {
        let page = html(&tuned);
        assert!(page.contains("default-src 'none'"));
        for loading in ["http://", "https://", "src=", "@import", "<link", "fetch(", "url(http"] {
            assert!(!page.contains(loading), "{name}: {loading}");
        }
    }
}

#[test]
fn every_pattern_that_a_chart_asks_for_is_on_the_page() {
    let page = html(&canned::plateau());
    for used in page.split("url(#").skip(1) {
        let id = used.split(')').next().unwrap();
        assert!(page.contains(&format!("pattern id=\"{id}\"")), "{id}");
    }
}

#[test]
fn every_chart_is_told_to_a_screen_reader() {
    let page = html(&canned::several());
    let charts = page.matches("<svg class=\"chart\"").count();
    assert!(charts >= 4);
    assert_eq!(charts, page.matches("role=\"img\" aria-label=\"").count());
    for series in canned::several().series {
        let (plateau, size) = (series.plateau.unwrap(), series.recommended.unwrap());
        let says = format!("; plateau {}–{}; Recommended: {size} connections\"", plateau.low, plateau.high);
        assert!(page.contains(&says), "the label says the answer: {says}");
    }
}

#[test]
fn the_data_have_the_names_that_were_agreed() {
    let data: serde_json::Value = serde_json::from_str(&json(&canned::several())).unwrap();
    let series = &data["series"][0];
    for name in ["name", "asked", "plateau", "recommended", "regret", "confidence", "models"] {
        assert!(!series[name].is_null(), "{name}");
    }
    assert!(series["plateau"]["low"].is_u64() && series["plateau"]["high"].is_u64());
    let usl = series["models"].as_array().unwrap().iter().find(|card| card["name"] == "usl").unwrap();
    assert!(usl["predicted"].is_u64() && usl["regret"].is_f64());
    assert!(usl["parameters"]["sigma"].is_f64() && usl["intervals"]["sigma"].is_array());
}

#[test]
fn a_record_of_a_hundred_thousand_sizes_makes_documents_that_open() {
    let mut tuned = canned::several();
    let series = &mut tuned.series[0];
    let point = series.chart.points[0];
    let level = series.answer.levels[0].clone();
    series.chart.points = (1..=100_000).map(|size| ChartPoint { size, ..point }).collect();
    series.answer.levels = (1..=2_000).map(|size| Level { size, ..level.clone() }).collect();
    series.asked = (1..=2_000).collect();
    assert!(html(&tuned).len() < 1 << 20, "{}", html(&tuned).len());
    let text = terminal(&tuned, WIDTH, false);
    assert!(text.lines().count() < 400 && text.contains("⋮"), "{}", text.lines().count());
}

#[test]
fn figures_that_are_none_leave_dashes_and_nobody_panics() {
    let mut tuned = canned::plateau();
    let series = &mut tuned.series[0];
    for level in &mut series.answer.levels {
        level.goodput = f64::NAN;
        level.low = Some(f64::NEG_INFINITY);
        level.latency_ms.p99 = Some(f64::NAN);
    }
    for point in &mut series.chart.points {
        point.goodput = 0.0;
        point.p50_ms = Some(0.0);
        point.p99_ms = None;
    }
    let one = canned::any_size();
    let mut single = one.clone();
    single.series[0].chart.points.truncate(1);
    single.series[0].answer.levels.truncate(1);
    let mut empty = one.clone();
    empty.series[0].chart.points.clear();
    empty.series[0].answer.levels.clear();
    empty.series[0].models.clear();
    for tuned in [tuned, single, empty, Tuned::new("nothing", Vec::new())] {
        let page = html(&tuned);
        let shown = &page[..page.find("<script").unwrap()];
        assert!(!shown.contains("NaN") && !shown.contains(">inf"), "a figure that is none");
        assert!(!terminal(&tuned, 0, true).contains("NaN"));
        assert!(serde_json::from_str::<serde_json::Value>(&json(&tuned)).is_ok());
    }
}

/// Headings, captions and first cells: what a person sees when scrolling through.
fn outline(page: &str) -> String {
    const TAGS: [&str; 8] = ["h1", "h2", "h3", "h4", "figcaption", "summary", "dt", "th scope=\"row\""];
    let mut lines = Vec::new();
    for (at, _) in page.match_indices('<') {
        for tag in TAGS {
            let rest = &page[at + 1..];
            if rest.starts_with(tag) && rest[tag.len()..].starts_with(['>', ' ']) {
                let name = tag.split(' ').next().unwrap();
                let end = rest.find(&format!("</{name}>")).unwrap();
                lines.push(format!("{name}: {}", words(&page[at..at + 1 + end])));
            }
        }
    }
    lines.join("\n")
}

/// What is left when tags are taken out.
fn words(markup: &str) -> String {
    let mut inside = false;
    let text: String = markup
        .chars()
        .map(|c| {
            inside = c == '<' || (inside && c != '>');
            if inside || c == '>' { ' ' } else { c }
        })
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
