//! What every page owes to those who can't see it, can't point at it, or see no difference between its colours.

mod contrast;

use poollab_analysis::diff::diff;
use poollab_analysis::{Analysis, fixtures};
use poollab_model::{Burst, BurstRequest, ErrorKind};

use crate::tune::canned;
use crate::{html, tune, view};

/// A run with everything that a report can show.
fn everything() -> Analysis {
    let mut run = fixtures::main_run();
    for trial in &mut run.trials {
        let refused = trial.requests.failed > 0;
        let requests = (1..=40).map(|order| BurstRequest {
            order,
            ended_us: u64::from(order) * 1_500,
            latency_us: 900,
            error: (refused && order % 3 == 0).then_some(ErrorKind::SlotsExhausted),
        });
        trial.bursts = vec![Burst { at_ms: 300.0, sent: 50, requests: requests.collect(), left_out: 4 }];
    }
    run.analysis()
}

/// Every kind of page, with its name.
fn pages() -> Vec<(&'static str, String)> {
    let analysis = everything();
    let report = &analysis.report;
    let line = view::Line {
        id: report.run.id.clone(),
        what: "deadpool".to_owned(),
        state: "complete".to_owned(),
        leader: "deadpool".to_owned(),
        size: "1 MB".to_owned(),
        readable: true,
    };
    vec![
        ("report", html(&analysis)),
        ("tune", tune::html(&canned::plateau())),
        ("tune of several", tune::html(&canned::several())),
        ("shelf", view::shelf(&[line])),
        ("pair", view::pair(&diff(&report.clone().into(), &report.clone().into()), true)),
    ]
}

/// The elements of a kind: the attributes of each, and its content up to the end of the first one within.
fn elements<'a>(page: &'a str, tag: &str) -> Vec<(&'a str, &'a str)> {
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    page.match_indices(&open)
        .filter_map(|(at, _)| {
            let rest = &page[at + open.len()..];
            let (attributes, content) = rest.split_once('>').filter(|_| rest.starts_with([' ', '>']))?;
            Some((attributes, content.split_once(&close).map_or("", |(content, _)| content)))
        })
        .collect()
}

#[test]
fn every_picture_says_what_it_shows_or_is_nothing_to_be_read() {
    for (name, page) in pages() {
        let pictures = elements(&page, "svg");
        assert!(name == "pair" || !pictures.is_empty(), "{name}");
        for (attributes, _) in pictures {
            let named = attributes.contains("role=\"img\"") && attributes.contains("aria-label=\"");
            assert!(named || attributes.contains("aria-hidden=\"true\""), "{name}: <svg{attributes}>");
            assert!(!attributes.contains("aria-label=\"\""), "{name}: <svg{attributes}>");
        }
    }
}

#[test]
fn what_a_picture_is_drawn_with_is_in_the_style_sheet() {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
    for (name, page) in pages() {
        let style = elements(&page, "style").remove(0).1;
        let known = |class: &str| {
            style.match_indices(&format!(".{class}")).any(|(at, rule)| ends(&style[at + rule.len()..]))
        };
        for (attributes, content) in elements(&page, "svg") {
            for classes in [attributes, content].into_iter().flat_map(|part| part.split("class=\"").skip(1)) {
                let classes = classes.split('"').next().unwrap_or_default();
                assert!(!classes.is_empty(), "{name}");
                for class in classes.split(' ') {
                    assert!(
                        known(class),
                        "{name}: nothing says how {class:?} of {classes:?} looks: it would be black"
                    );
                }
            }
        }
        for asked in page.split("url(#").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(page.contains(&format!("id=\"{asked}\"")), "{name}: there is no pattern {asked}");
        }
    }
}

#[test]
fn every_table_has_a_caption_and_every_heading_belongs_to_something_and_is_not_empty() {
    for (name, page) in pages() {
        for (attributes, content) in elements(&page, "table") {
            assert!(content.starts_with("<caption"), "{name}: <table{attributes}>{content:.80}");
        }
        for (attributes, content) in elements(&page, "th") {
            assert!(attributes.contains("scope=\""), "{name}: <th{attributes}>{content}");
            assert!(!content.trim().is_empty(), "{name}: an empty heading becomes a button without a name");
        }
    }
}

#[test]
fn what_scrolls_can_be_reached_by_the_keyboard_and_has_a_name() {
    for (name, page) in pages() {
        for (attributes, _) in elements(&page, "div") {
            if attributes.contains("class=\"scroll\"") {
                for needed in ["tabindex=\"0\"", "role=\"region\"", "aria-label=\""] {
                    assert!(attributes.contains(needed), "{name}: <div{attributes}>");
                }
            }
        }
    }
}

#[test]
fn every_control_has_a_name() {
    for (name, page) in pages() {
        for (attributes, content) in elements(&page, "button") {
            assert!(!content.trim().is_empty(), "{name}: <button{attributes}>");
        }
        for (at, _) in page.match_indices("<input") {
            let attributes = page[at..].split_once('>').map_or("", |(attributes, _)| attributes);
            let before = &page[..at];
            let in_label = before.rfind("<label").unwrap_or(0) > before.rfind("</label").unwrap_or(0);
            assert!(in_label || attributes.contains("aria-label=\""), "{name}: {attributes}");
        }
    }
}

#[test]
fn headings_go_down_one_step_at_a_time() {
    for (name, page) in pages() {
        let body = page.split_once("<body>").map_or("", |(_, body)| body);
        let levels =
            body.match_indices("<h").filter_map(|(at, _)| body[at + 2..].chars().next()?.to_digit(10));
        let levels: Vec<u32> = levels.collect();
        assert_eq!(levels.first(), Some(&1), "{name}");
        for pair in levels.windows(2) {
            assert!(pair[1] <= pair[0] + 1, "{name}: h{} after h{}", pair[1], pair[0]);
        }
    }
}
