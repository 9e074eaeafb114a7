//! Tables: the summary of several series, the scorecard of models.

use poollab_analysis::figures;
use poollab_analysis::sizing::ModelCard;

use crate::text::{Paint, columns, one_line, wrapped};
use crate::tune::words::{self, NOTHING};
use crate::tune::{Tuned, TunedSeries};

/// A name that would push a table beyond its width loses its end.
const WIDEST_NAME: usize = 24;

/// One line for each series.
pub fn summary(tuned: &Tuned, paint: Paint) -> String {
    let mut rows =
        vec![["series", "take", "plateau", "confidence", "gives up", "measured"].map(str::to_owned).to_vec()];
    rows.extend(tuned.series.iter().map(|series| {
        vec![
            clipped(&one_line(&series.name)),
            series.recommended.map_or_else(|| NOTHING.to_owned(), |size| size.to_string()),
            words::plateau(series.plateau),
            words::sureness(series),
            words::share(series.regret),
            series.asked.len().to_string(),
        ]
    }));
    let mut out = "\n".to_owned();
    let last = std::iter::once("").chain(tuned.series.iter().map(|series| words::verdict(series.verdict)));
    for (number, (line, verdict)) in columns(rows).iter().zip(last).enumerate() {
        let line = format!("{line}   {verdict}");
        out.push_str(&if number == 0 { paint.bold(line.trim_end()) } else { line });
        out.push('\n');
    }
    out
}

/// What each model predicts, and what believing it costs.
pub fn scorecard(series: &TunedSeries, width: usize, paint: Paint) -> String {
    if series.models.is_empty() {
        return String::new();
    }
    let mut out = super::heading("models", words::judged_on(series), paint);
    let head = ["model", "predicts", "connections", "loses"].map(str::to_owned).to_vec();
    let mut rows = vec![head];
    if let Some(size) = series.recommended {
        let cost = words::share(series.regret);
        rows.push(vec![
            "measured: the recommended size".to_owned(),
            size.to_string(),
            NOTHING.to_owned(),
            cost,
        ]);
    }
    let measured = rows.len() - 1;
    rows.extend(series.models.iter().map(|card| {
        vec![
            card.title.to_owned(),
            card.predicted.map_or_else(|| NOTHING.to_owned(), |size| figures::whole(size.into())),
            words::extra(card),
            words::share(card.regret),
        ]
    }));
    for (number, line) in columns(rows).into_iter().enumerate() {
        if number == 0 {
            out.push_str(&paint.dim(&line));
            out.push('\n');
        } else if number <= measured {
            out.push_str(&paint.bold(&line));
            out.push('\n');
        } else {
            out.push_str(&line);
            out.push('\n');
            out.push_str(&paint.dim(&below(&series.models[number - 1 - measured], width)));
        }
    }
    out
}

/// The parameters of a fit and what has to be known with a prediction.
fn below(card: &ModelCard, width: usize) -> String {
    let mut out = String::new();
    if card.name == "usl" && !card.parameters.is_empty() {
        let fitted = words::fitted(card);
        let more = if card.intervals.is_empty() { "" } else { "  (95% intervals)" };
        out.push_str(&wrapped("      ", &format!("{}{more}", fitted.join(" · ")), width));
    }
    if !card.note.is_empty() {
        out.push_str(&wrapped("      ╰ ", &card.note, width));
    }
    out
}

fn clipped(name: &str) -> String {
    if name.chars().count() <= WIDEST_NAME {
        return name.to_owned();
    }
    name.chars().take(WIDEST_NAME - 1).chain(['…']).collect()
}
