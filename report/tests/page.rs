//! The page: its structure, and what must never be in it.

use poollab_analysis::{Analysis, fixtures};
use poollab_model::{Burst, BurstRequest, ErrorKind, PoolerCounts, Severity};
use poollab_report::html;

/// Tags whose texts are the page's outline.
const OUTLINE: [&str; 7] = ["h1", "h2", "h3", "figcaption", "summary", "legend", "th scope=\"row\""];

fn outline(page: &str) -> String {
    let mut lines = Vec::new();
    let body = &page[page.find("<body>").unwrap()..];
    for part in body.split('<').skip(1) {
        for tag in OUTLINE {
            if part.starts_with(tag) && part[tag.len()..].starts_with(['>', ' ']) {
                let name = tag.split(' ').next().unwrap();
                let start = body[..].as_ptr() as usize;
                let from = part.as_ptr() as usize - start;
                let end = body[from..].find(&format!("</{name}>")).unwrap();
                lines.push(format!("{name}: {}", words(&body[from - 1..from + end])));
            }
        }
    }
    lines.join("\n")
}

/// What is left when tags are taken out.
fn words(markup: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in markup.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between each beginning and the next end.
fn between<'a>(page: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    page.split(begin).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0)).collect()
}

fn hostile() -> Analysis {
    let evil = "</script></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&";
    let mut run = fixtures::main_run();
    for trial in &mut run.trials {
        for error in &mut trial.errors {
            error.message = evil.to_owned();
            error.sqlstate = Some(evil.to_owned());
        }
        trial.remarks = vec![evil.to_owned()];
    }
    run.environment.postgres = evil.to_owned();
    run.environment.machine.cpu = evil.to_owned();
    run.environment.unobserved = vec![evil.to_owned()];
    run.run.id = evil.to_owned();
    run.run.error = Some(evil.to_owned());
    run.run.skipped[0].reason = evil.to_owned();
    run.analysis()
}

#[test]
fn the_page_has_the_structure_that_was_agreed() {
    insta::assert_snapshot!(outline(&html(&fixtures::main_run().analysis())));
}

#[test]
fn a_hostile_error_message_stays_text() {
    let page = html(&hostile());
    assert!(!page.contains("<script>alert") && !page.contains("<img"));
    assert_eq!(page.matches("<script").count(), 1, "only our own");
    assert_eq!(page.matches("</style>").count(), 1);
    assert!(page.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn the_page_needs_no_network() {
    let page = html(&fixtures::main_run().analysis());
    assert!(page.contains("default-src 'none'"));
    for loading in ["http://", "https://", "src=", "@import", "<link", "fetch(", "url(http"] {
        assert!(!page.contains(loading), "{loading}");
    }
}

#[test]
fn an_ordinary_run_makes_a_page_below_two_megabytes() {
    let page = html(&fixtures::run_of(3).analysis());
    assert!(page.len() < 2_000_000, "{}", page.len());
}

#[test]
fn every_problem_and_doubt_is_on_the_first_screen() {
    let report = fixtures::main_run().analysis();
    let page = html(&report);
    let first =
        words(&page[page.find("<header>").unwrap()..page.find("<main>").unwrap()]).replace('\u{a0}', " ");
    for finding in report.report.findings.iter().filter(|finding| finding.severity != Severity::Note) {
        let start: String = finding.text.chars().take(40).collect();
        assert!(first.contains(&start), "{start}");
    }
    assert!(first.contains("9 strategies on point-read and hold 5 ms"));
    let answer = &report.verdict().bottom_line[0].replace('\u{a0}', " ");
    assert!(first.contains(answer) && first.find(answer) < first.find("Workload by workload"), "{first}");
}

#[test]
fn every_chart_is_drawn_and_says_in_words_what_it_shows() {
    let page = html(&fixtures::main_run().analysis());
    assert_eq!(page.matches("class=\"chart\"").count(), page.matches("role=\"img\" aria-label=").count());
    // Five for each workload, and the course of each of the 17 rows.
    assert_eq!(page.matches("class=\"chart\"").count(), 2 * 5 + 17);
}

#[test]
fn what_was_not_measured_is_not_drawn_as_zero() {
    let mut run = fixtures::main_run();
    for trial in &mut run.trials {
        fixtures::fail_everything(trial);
        trial.timeline.iter_mut().for_each(|point| {
            point.backends = None;
            point.pool = None;
            point.throttled_ms = None;
        });
    }
    let page = html(&run.analysis());
    let page = &page[..page.find("<script>").unwrap()];
    assert!(page.contains("Nobody") && page.contains("no success") && page.contains("not observed"));
    assert!(!page.contains("NaN") && !page.contains("Latency of successes"));
}

#[test]
fn a_pooler_has_its_lane_where_there_is_one_and_nowhere_else() {
    let mut run = fixtures::main_run();
    assert!(!html(&run.analysis()).contains("PgBouncer"), "no trial of it had one");
    let pooler = PoolerCounts {
        clients_active: 8,
        clients_waiting: 24,
        servers_active: 6,
        servers_idle: 1,
        maxwait_us: 41_000,
        transactions: Some(700),
    };
    for trial in run.trials.iter_mut().filter(|trial| trial.strategy.as_str() == "deadpool") {
        trial.timeline[3].pooler = Some(pooler);
    }
    let page = html(&run.analysis());
    assert_eq!(page.matches(">PgBouncer servers</text>").count(), 2, "of deadpool, on two workloads");
    for told in [
        "PgBouncer 8 clients, 24 more waiting, 7 servers, 1 of them idle",
        "longest wait at PgBouncer 41 ms",
        "700 transactions through PgBouncer",
        "PgBouncer servers with clients waiting, up to 41 ms",
    ] {
        assert!(page.contains(told), "{told}");
    }
}

#[test]
fn a_moment_that_nobody_looked_at_is_not_drawn_as_zero() {
    let mut run = fixtures::main_run();
    let body = |page: String| page[page.find("<main>").unwrap()..].to_owned();
    assert!(!body(html(&run.analysis())).contains("f-unseen"));
    run.trials[0].timeline[5].pool = None;
    run.trials[0].timeline[6].pool = None;
    let page = body(html(&run.analysis()));
    // The stretch is in the chart of that trial, and explained in the section's legend.
    assert_eq!(page.matches("class=\"area f-unseen\"").count(), 2 + 1);
    assert_eq!(page.matches("</svg>not observed</li>").count(), 1);
}

#[test]
fn a_burst_is_told_request_by_request_with_what_it_can_not_tell() {
    let mut run = fixtures::main_run();
    assert!(!html(&run.analysis()).contains("Request by request"), "no load of it has a burst");
    let end = |order, ended_us, error| BurstRequest { order, ended_us, latency_us: 1_000, error };
    let failed = Some(ErrorKind::SlotsExhausted);
    let requests = vec![end(1, 120_000, None), end(2, 480_000, None), end(4, 9_000, failed)];
    let burst = Burst { at_ms: 300.0, sent: 12, requests, left_out: 5 };
    for trial in run.trials.iter_mut().filter(|trial| trial.strategy.as_str() == "per-request") {
        trial.bursts = vec![burst.clone()];
    }
    let page = html(&run.analysis());
    let part = &page[page.find("Request by request").unwrap()..page.find("The course of a trial").unwrap()];
    let says = words(part);
    for told in [
        "12 requests at once, 300 ms after the start. The last 5 were not kept one by one.",
        "ok2120120480",
        "slots-exhausted19.09.09.0",
        "not ended while measuring4–––",
        "request 4 slots-exhausted after 9.0 ms",
    ] {
        assert!(says.contains(told), "{told} is not in {says}");
    }
    // In the chart and in the legend; two discs in the chart are one element of two parts.
    let marks = |class: &str| -> Vec<usize> {
        let drawn = between(part, &format!("<path class=\"{class}\" d=\""), "\"");
        drawn.iter().map(|data| data.matches('M').count()).collect()
    };
    assert_eq!(marks("mark f-ok"), [1, 2]);
    assert_eq!(marks("mark strokes f-failed0"), [1, 1]);
}

#[test]
fn the_thirteenth_line_is_told_from_the_first_by_more_than_its_colour() {
    let mut run = fixtures::main_run();
    let model = run.trials[0].clone();
    run.trials.truncate(0);
    for size in 1..=26 {
        let mut trial = model.clone();
        trial.pool_size = Some(size);
        trial.settings.pool_size = Some(size);
        trial.id = format!("deadpool-{size}");
        run.trials.push(trial);
    }
    let page = html(&run.analysis());
    for series in 0..26 {
        assert!(page.contains(&format!("data-series=\"{series}\"")), "{series} can be hidden");
        assert!(page.contains(&format!(".chart .s{series}{{opacity")), "and something hides it");
    }
    // The group of a series in a chart has its line and the disc at its end; in the legend a piece of its line.
    let marks = |series| -> Vec<usize> {
        let groups = between(&page, &format!("<g class=\"s{series}\">"), "</g>");
        groups.iter().map(|group| group.matches("class=\"mark\"").count()).collect()
    };
    assert_eq!((marks(0), marks(11)), (vec![1, 0], vec![1, 0]), "its colour and dash are its own");
    assert_eq!((marks(12), marks(25)), (vec![2, 1], vec![2, 1]), "further ones have marks");
}

#[test]
fn a_run_without_trials_still_has_a_page() {
    let mut run = fixtures::main_run();
    run.trials.clear();
    assert!(html(&run.analysis()).contains("no trial has finished"));
}
