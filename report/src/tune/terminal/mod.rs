//! The answers in a terminal: copyable, no pager, no borders.

mod bars;
mod tables;

use poollab_analysis::figures;

use crate::text::{Paint, one_line, wrapped};

use super::{Tuned, TunedSeries, words};

/// Below this there is no chart that can be read.
const NARROWEST: usize = 60;

/// The widest; longer lines are hard to follow.
const WIDEST: usize = 100;

/// The answers for a terminal `width` columns wide. Texts are wrapped to it and bars made shorter; settings
/// to paste are never broken. `colour` asks for ANSI colours: the caller knows whether this is a terminal and
/// whether `NO_COLOR` is set.
pub fn terminal(tuned: &Tuned, width: usize, colour: bool) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let paint = Paint(colour);
    let mut out = wrapped("", &format!("poollab tune · {}", one_line(&tuned.source)), width);
    if tuned.series.is_empty() {
        out.push_str("\nno series: nothing was measured\n");
    }
    if tuned.series.len() > 1 {
        out.push_str(&tables::summary(tuned, paint));
    }
    for series in &tuned.series {
        out.push_str(&one(series, width, paint, tuned));
    }
    out
}

fn one(series: &TunedSeries, width: usize, paint: Paint, tuned: &Tuned) -> String {
    let mut out = format!("\n{}", paint.bold(&wrapped("", &one_line(&series.name), width)));
    let answer = wrapped("  ", &one_line(&series.text), width);
    out.push_str(&if series.recommended.is_some() { paint.green(&answer) } else { paint.yellow(&answer) });
    out.push_str(&paint.dim(&wrapped("  ", &evidence(series), width)));
    out.push_str(&bars::bars(series, width, paint));
    out.push_str(&tables::scorecard(series, width, paint));
    out.push_str(&capacity(series, paint));
    out.push_str(&settings(series, width, paint, tuned));
    if let Some(fleet) = &series.fleet {
        out.push_str(&heading("fleet", "", paint));
        let lines = wrapped("  ", &capital(&fleet.text), width);
        out.push_str(&if fleet.fits_deploying { lines } else { paint.yellow(&lines) });
    }
    if !series.answer.doubts.is_empty() {
        out.push_str(&heading("doubts", "", paint));
    }
    for doubt in &series.answer.doubts {
        out.push_str(&paint.yellow(&wrapped("  ? ", &one_line(doubt), width)));
    }
    out
}

/// What the answer rests on.
fn evidence(series: &TunedSeries) -> String {
    let mut facts = vec![format!("confidence: {}", words::confidence(series))];
    facts.extend(words::true_regret(series));
    if let Some(noise) = series.answer.noise {
        facts.push(format!("one measurement varies by {}", figures::percent(noise)));
    }
    facts.push(format!("{}: {}", words::spent(series), words::asked(series)));
    facts.join(" · ")
}

fn capacity(series: &TunedSeries, paint: Paint) -> String {
    let Some(estimate) = &series.capacity else { return String::new() };
    let facts = words::capacity(estimate);
    let widest = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let aside = format!("of a pool of {}, estimated with Erlang C and the asymptotic bounds", estimate.size);
    let mut out = heading("capacity", &aside, paint);
    for (name, value) in facts {
        out.push_str(&format!("  {name:widest$}  {value}\n"));
    }
    out
}

/// The tuned library's settings and PgBouncer's; of several series only where the library is known.
fn settings(series: &TunedSeries, width: usize, paint: Paint, tuned: &Tuned) -> String {
    if series.settings.is_empty() {
        return String::new();
    }
    let own = words::own_snippet(series);
    let pooler =
        series.settings.iter().find(|snippet| snippet.id == "pgbouncer").filter(|_| tuned.series.len() < 2);
    let mut shown: Vec<_> = own.into_iter().chain(pooler).collect();
    shown.dedup_by(|a, b| a.id == b.id);
    // A recorded sweep leaves no page.
    let page = if tuned.recorded { "" } else { " and in tune.html" };
    let all = format!("all {} with --json{page}", count(series.settings.len()));
    let mut out = heading("settings to paste", &all, paint);
    for snippet in shown {
        out.push_str(&format!("  {}\n", paint.bold(snippet.id)));
        for line in snippet.text.trim_end().lines() {
            out.push_str(&format!("    {line}\n"));
        }
        out.push_str(&paint.dim(&wrapped("  # ", snippet.remark, width)));
    }
    out
}

/// A heading of a part, with what has to be known of it.
fn heading(title: &str, aside: &str, paint: Paint) -> String {
    let aside =
        if aside.is_empty() { String::new() } else { format!("  {}", paint.dim(&format!("({aside})"))) };
    format!("\n{}{aside}\n", paint.bold(title))
}

fn count(number: usize) -> String {
    if number == 9 { "nine".to_owned() } else { number.to_string() }
}

/// A sentence begins with a capital.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
