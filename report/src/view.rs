//! The pages of `poollab view`: the shelf with the run in progress, and two runs side by side.

use maud::{DOCTYPE, Markup, PreEscaped, html as markup};
use poollab_analysis::diff::{Change, Diff, Judgement};
use poollab_analysis::figures;

const STYLE: &str = include_str!("html/style.css");
const OWN: &str = include_str!("html/view.css");
const SCRIPT: &str = include_str!("html/view.js");

/// Nothing from anywhere but the lab itself: its events, and its reports in frames.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                          connect-src 'self'; frame-src 'self'; form-action 'self'; img-src data:";

/// One run on the shelf.
#[derive(Debug, Clone)]
pub struct Line {
    /// The name of its folder.
    pub id: String,
    /// Strategies and workloads.
    pub what: String,
    /// `complete, 36 trials`.
    pub state: String,
    /// Who led.
    pub leader: String,
    /// Its size.
    pub size: String,
    /// Whether there is a report to be shown.
    pub readable: bool,
}

/// The list of runs, newest first, and the one in progress.
pub fn shelf(runs: &[Line]) -> String {
    page(
        "runs",
        &markup! {
            header { p.kicker { "poollab" } h1 { "Runs" } }
            main {
                section.comparison #live hidden {
                    h2 { "In progress: " a #live-id href="#" { } }
                    p #live-trial aria-live="polite" { }
                    dl.live {
                        @for (id, name) in [
                            ("rps", "answers/s"), ("failed", "failures"), ("p99", "p99 ms"),
                            ("pool", "pool (size / idle / waiting)"), ("backends", "backends"),
                        ] {
                            div { dt { (name) } dd id={ "live-" (id) } { "–" } svg id={ "line-" (id) } viewBox="0 0 200 40" role="img" aria-label={ (name) ", course of the trial" } preserveAspectRatio="none" { } }
                        }
                    }
                    ul #live-done { }
                }
                noscript { p { "Scripts are off: reload to see how far a run is." } }
                section.comparison {
                    @if runs.is_empty() {
                        p { "No runs yet. " code { "poollab run" } " makes one." }
                    } @else {
                        form action="/diff" {
                            div.scroll tabindex="0" role="region" aria-label="Runs" {
                                table {
                                    caption.aside-only { "Runs, newest first" }
                                    thead { tr {
                                        th.choose scope="col" { "base" } th.choose scope="col" { "run" }
                                        th.name scope="col" { "report" } th.name scope="col" { "what" }
                                        th.name scope="col" { "state" } th.name scope="col" { "leads" } th scope="col" { "size" }
                                    } }
                                    tbody {
                                        @for (number, run) in runs.iter().enumerate() { (row(number, run)) }
                                    }
                                }
                            }
                            p { button { "Compare the two" } " " label { input type="checkbox" name="anyway" value="1"; " although they differ" } }
                        }
                    }
                }
            }
            script { (PreEscaped(SCRIPT)) }
        },
    )
}

fn row(number: usize, run: &Line) -> Markup {
    let choose = |name: &str, chosen: bool| {
        markup! {
            td.choose { input type="radio" name=(name) value=(run.id) checked[chosen] disabled[!run.readable]
                 aria-label={ (name) " " (run.id) }; }
        }
    };
    markup! {
        tr {
            (choose("base", number == 1))
            (choose("run", number == 0))
            td.name { @if run.readable { a href={ "/run/" (run.id) } { (run.id) } } @else { (run.id) } }
            td.name.what { (run.what) } td.name { (run.state) } td.name { (run.leader) } td { (run.size) }
        }
    }
}

/// Two runs side by side: what differs, and both reports. `None`: they are not comparable, and only shown.
pub fn pair(diff: &Diff, compared: bool) -> String {
    page(
        "comparison",
        &markup! {
            header {
                p.kicker { a href="/" { "all runs" } }
                h1 { "Two runs" } p.muted { (diff.run) " against " (diff.base) }
            }
            main.wide {
                section.comparison {
                    @for obstacle in &diff.obstacles {
                        p.doubt { strong { "Not comparable: " } (obstacle.to_string()) }
                    }
                    @for remark in &diff.remarks { p.muted { (remark) } }
                    @if compared { (differences(diff)) } @else {
                        p { "They are shown and not compared. "
                            a href={ "/diff?base=" (diff.base) "&run=" (diff.run) "&anyway=1" } { "Compare them anyway" } }
                    }
                    @for missing in &diff.only_base { p.muted { "only in base: " (missing) } }
                    @for missing in &diff.only_run { p.muted { "only in run: " (missing) } }
                }
                div.pair {
                    @for (name, id) in [("base", &diff.base), ("run", &diff.run)] {
                        figure {
                            figcaption { (name) ": " a href={ "/run/" (id) } { (id) } }
                            iframe src={ "/run/" (id) } title={ "report of " (name) } { }
                        }
                    }
                }
            }
        },
    )
}

fn differences(diff: &Diff) -> Markup {
    markup! {
        @for section in &diff.sections {
            h2 { (section.heading) }
            div.scroll tabindex="0" role="region" aria-label={ "Differences on " (section.heading) } {
                table {
                    caption.aside-only { "Differences on " (section.heading) }
                    thead { tr {
                        th.name scope="col" { "strategy" }
                        th scope="col" { "goodput/s" } th scope="col" { "change" } th.name scope="col" { "verdict" }
                        th scope="col" { "p99 ms" } th scope="col" { "change" } th.name scope="col" { "verdict" }
                        th scope="col" { "failed" }
                    } }
                    tbody {
                        @for row in &section.rows {
                            tr {
                                th.name scope="row" { (row.label) }
                                (change(&row.goodput, figures::rate))
                                (change(&row.p99, figures::ms))
                                td { (figures::percent(row.failed_share.0)) " → " (figures::percent(row.failed_share.1)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn change(change: &Change, say: fn(f64) -> String) -> Markup {
    let one = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), say);
    let by = change.by().map_or_else(
        || "–".to_owned(),
        |by| format!("{}{}", if by >= 0.0 { "+" } else { "−" }, figures::percent(by.abs())),
    );
    let interval = change.interval.map(|(low, high)| format!("ratio {low:.3} to {high:.3}"));
    let word = match change.judgement {
        Judgement::Better => "better",
        Judgement::Worse => "worse",
        Judgement::NoDifference => "no difference",
        Judgement::CannotTell => "not enough data",
    };
    markup! {
        td { (one(change.base)) " → " (one(change.run)) }
        td title=[interval] { (by) }
        td.name class=(word.split(' ').next().unwrap_or_default()) { (word) }
    }
}

fn page(title: &str, body: &Markup) -> String {
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "poollab · " (title) }
                style { (PreEscaped(STYLE)) (PreEscaped(OWN)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use poollab_analysis::diff::diff;
    use poollab_analysis::fixtures;

    use super::*;

    #[test]
    fn a_name_can_not_become_markup() {
        let run = Line {
            id: "<script>alert(1)</script>".to_owned(),
            what: "\" onclick=x".to_owned(),
            state: "complete".to_owned(),
            leader: String::new(),
            size: String::new(),
            readable: true,
        };
        let page = shelf(&[run]);
        assert!(!page.contains("<script>alert"), "{page}");
    }

    #[test]
    fn what_is_not_comparable_says_so_and_shows_no_verdict() {
        let base = fixtures::run_of(3).report();
        let mut run = base.clone();
        run.environment.machine.cores += 1;
        let found = diff(&base.into(), &run.into());
        assert!(!pair(&found, false).contains("no difference"));
        assert!(
            pair(&found, true).contains("no difference") && pair(&found, true).contains("Not comparable")
        );
    }
}
