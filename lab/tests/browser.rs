//! Reports and the live page in a real browser. Without Chromium these tests skip and say so; with `CI` set they
//! fail instead.

#[path = "common/browser.rs"]
mod chromium;
mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use common::Scene;

const LONG: Duration = Duration::from_secs(120);

#[test]
fn a_report_opens_from_disk_without_a_complaint_or_a_request_and_its_charts_and_tables_work() {
    let Some(mut browser) = chromium::browser() else { return };
    let scene = Scene::new();
    scene
        .poollab(
            "run --strategy per-request,deadpool,naive --workload point-read,hold --users 32 --max-connections 12 \
             --pool-size 4 --duration 800ms --warmup 200ms --repeats 2 --quiet",
        )
        .timeout(LONG)
        .assert()
        .success();
    let page = scene.runs().remove(0).join("report.html");
    let address = format!("file://{}", page.display());
    browser.open(&address);
    assert_eq!(browser.requests, [address], "a report needs no network");

    let charts = browser.ask("document.querySelectorAll('svg.chart').length").as_u64().expect("a number");
    assert!(charts >= 8, "{charts} charts for two workloads");
    let empty = browser.ask(
        "[...document.querySelectorAll('svg.chart')].filter(svg => {
           const box = svg.getBoundingClientRect();
           return box.width < 100 || box.height < 20 || svg.querySelectorAll('rect,path,polyline,polygon,text').length < 3;
         }).map(svg => svg.getAttribute('aria-label'))",
    );
    assert_eq!(empty, serde_json::json!([]), "charts without anything in them");
    assert_eq!(browser.ask("document.body.textContent.includes('could not be drawn')"), false);
    assert_eq!(
        browser
            .ask("[...document.querySelectorAll('svg.chart')].every(svg => svg.getAttribute('aria-label'))"),
        true
    );
    assert_eq!(browser.ask("document.body.textContent.includes('slots-exhausted')"), true);

    // Sorting by a column of figures: largest first, then smallest.
    let sorted = "(() => {
        const table = document.querySelector('table.sortable');
        const column = [...table.tHead.rows[0].cells].findIndex(cell => cell.textContent.includes('goodput'));
        const button = table.tHead.rows[0].cells[column].querySelector('button');
        const keys = () => [...table.tBodies[0].rows].map(row => Number(row.cells[column].dataset.key));
        button.click(); const first = keys();
        button.click(); const second = keys();
        const falls = list => list.every((value, i) => i === 0 || value <= list[i - 1]);
        return first.length === 3 && falls(first) !== falls(second) && falls([...second].reverse()) !== falls(second);
    })()";
    assert_eq!(browser.ask(sorted), true, "a click on a heading sorts, a second one the other way round");

    // Hiding a series takes it out of its chart.
    let hidden = "(() => {
        const box = document.querySelector('figure input[type=checkbox]');
        const shown = () => [...document.querySelectorAll('svg.chart *')].filter(e => getComputedStyle(e).opacity > .5).length;
        const before = shown(); box.click(); const without = shown(); box.click();
        return without < before && shown() === before;
    })()";
    assert_eq!(browser.ask(hidden), true, "a series can be hidden and shown again");

    for (width, scheme) in [(400, "light"), (400, "dark"), (1_400, "light"), (1_400, "dark")] {
        browser.dress(width, scheme);
        let wide = browser.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert!(wide.as_i64() <= Some(1), "the page scrolls sideways by {wide} at {width}");
        assert_eq!(browser.ask(UNREADABLE), serde_json::json!([]), "texts of charts at {width}");
        browser.picture(&chromium::pictures().join(format!("report-{width}-{scheme}.png")));
    }
    let sheets = browser.sheets();
    assert!((2..=6).contains(&sheets), "{sheets} sheets of paper for two small comparisons");
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
}

/// Texts of charts that lie over each other, or reach beyond the card that their chart stands in.
const UNREADABLE: &str = "(() => {
    const found = [];
    for (const svg of document.querySelectorAll('svg.chart')) {
        const card = svg.closest('section').getBoundingClientRect();
        const texts = [...svg.querySelectorAll('text')].map(text => [text.textContent.trim(), text.getBoundingClientRect()]);
        for (const [index, [words, box]] of texts.entries()) {
            if (box.right > card.right || box.left < card.left) found.push(`${words} is cut off`);
            for (const [others, other] of texts.slice(index + 1)) {
                const wide = Math.min(box.right, other.right) - Math.max(box.left, other.left);
                const high = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
                if (wide > 2 && high > 4) found.push(`${words} and ${others}`);
            }
        }
    }
    return found;
})()";

/// Presses Tab until the keyboard is on such an element, which has to show it.
fn go_to(browser: &mut chromium::Browser, what: &str) {
    for _ in 0..80 {
        browser.press("Tab");
        if browser.ask(&format!("document.activeElement.matches('{what}')")) == true {
            let outline = browser.ask("getComputedStyle(document.activeElement).outlineStyle");
            assert_ne!(outline, "none", "{what} does not show that the keyboard is on it");
            return;
        }
    }
    panic!("the keyboard never gets to {what}");
}

#[test]
fn whoever_has_only_a_keyboard_sorts_a_table_hides_a_line_and_sees_the_focus() {
    let Some(mut browser) = chromium::browser() else { return };
    let scene = Scene::new();
    scene
        .poollab(
            "run --strategy deadpool,naive --workload point-read --users 4 --duration 300ms --warmup 100ms --repeats 1 \
             --no-ceiling --quiet",
        )
        .timeout(LONG)
        .assert()
        .success();
    browser.dress(1_400, "light");
    browser.open(&format!("file://{}", scene.runs().remove(0).join("report.html").display()));

    go_to(&mut browser, ".scroll");
    go_to(&mut browser, "th button");
    browser.press("Enter");
    let sorted = "document.activeElement.closest('th').getAttribute('aria-sort')";
    assert_eq!(browser.ask(sorted), "ascending", "names start at A");
    browser.press("Enter");
    assert_eq!(browser.ask(sorted), "descending");

    go_to(&mut browser, "figure input[type=checkbox]");
    let faint = "(() => {
        const box = document.activeElement;
        const line = box.closest('figure').querySelector(`.chart .s${box.dataset.series}`);
        return Number(getComputedStyle(line).opacity) < .5;
    })()";
    assert_eq!(browser.ask(faint), false);
    browser.press("Space");
    assert_eq!(browser.ask(faint), true, "its line is hidden");
    browser.press("Space");
    assert_eq!(browser.ask(faint), false, "and shown again");
}

#[test]
fn the_shelf_shows_runs_two_side_by_side_and_the_one_in_progress_live() {
    let Some(mut browser) = chromium::browser() else { return };
    let scene = Scene::new();
    let words = "run --strategy deadpool --workload point-read --users 8 --no-ceiling --quiet --warmup 100ms";
    for _ in 0..2 {
        scene.poollab(&format!("{words} --duration 300ms --repeats 2")).timeout(LONG).assert().success();
        std::thread::sleep(Duration::from_millis(1_100));
    }
    let mut view = scene.process("view --port 0").stdout(Stdio::piped()).spawn().expect("the page is served");
    let mut address = String::new();
    BufReader::new(view.stdout.take().expect("its words")).read_line(&mut address).expect("its address");
    let address = address.trim().to_owned();

    browser.dress(1_400, "light");
    browser.open(&address);
    assert_eq!(browser.ask("document.querySelectorAll('tbody tr').length"), 2);
    browser.ask("document.querySelector('form button').click()");
    browser.wait_for("location.pathname === '/diff' && document.readyState === 'complete'");
    assert_eq!(browser.ask("document.querySelectorAll('iframe').length"), 2);
    browser.wait_for("document.body.textContent.includes('deadpool')");
    browser.picture(&chromium::pictures().join("view-pair.png"));

    browser.open(&address);
    assert_eq!(browser.ask("document.getElementById('live').hidden"), true, "nothing runs");
    let mut run = scene
        .process(&format!("{words} --duration 4s --repeats 1"))
        .stdout(Stdio::null())
        .spawn()
        .expect("a run");
    browser.wait_for("!document.getElementById('live').hidden");
    browser.wait_for("document.getElementById('live-trial').textContent.includes('trial 1 of 1')");
    browser.wait_for("Number(document.getElementById('live-rps').textContent.replaceAll(',', '')) > 0");
    browser.wait_for("document.querySelector('#line-rps polyline')?.points.numberOfItems > 5");
    browser.wait_for("/^8 . \\d+ . \\d+$/.test(document.getElementById('live-pool').textContent)");
    browser.picture(&chromium::pictures().join("view-live.png"));
    // Its end is told too: the page comes back with one run more.
    browser.wait_for("document.querySelectorAll('tbody tr').length === 3");
    browser.wait_for("document.getElementById('live').hidden");
    assert!(run.wait().expect("its end").success());

    let foreign: Vec<&String> = browser.requests.iter().filter(|url| !url.starts_with(&address)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
    view.kill().expect("it ends");
    view.wait().expect("its end");
}
