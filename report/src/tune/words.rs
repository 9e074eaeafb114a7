//! What the terminal and the page say in the same words.

use poollab_analysis::figures;
use poollab_analysis::sizing::snippets::Snippet;
use poollab_analysis::sizing::{ModelCard, Usl};
use poollab_analysis::tune::{LatencyMs, Level, Plateau, Verdict};

use super::{CapacityEstimate, TunedSeries};

/// What can't be said is a dash.
pub const NOTHING: &str = "–";

/// The answer in a few words: `Recommended: 12 connections`.
pub fn headline(series: &TunedSeries) -> String {
    match (series.recommended, series.verdict) {
        (Some(size), _) => {
            format!("Recommended: {}", figures::plural(size.into(), "connection", "connections"))
        }
        (None, Verdict::SloUnmet) => "No size meets the objective".to_owned(),
        (None, _) => "Not enough data to recommend a size".to_owned(),
    }
}

/// The kind of answer, beside a size.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Plateau => "a plateau",
        Verdict::AnySize => "any size will do",
        Verdict::StillRising => "still rising",
        Verdict::TooClose => "too close to rank",
        Verdict::SloMet => "objective met",
        Verdict::SloUnmet => "objective not met",
        Verdict::CannotTell => "not enough data",
    }
}

/// How sure the search is: of a live one what the size may lose, of a record in words and per cent.
pub fn confidence(series: &TunedSeries) -> String {
    let Some(share) = series.confidence.filter(|_| series.recommended.is_some()) else {
        return match series.recommended {
            Some(_) => "unknown: the data has neither repeats nor an error column".to_owned(),
            None => "none, because nothing is recommended".to_owned(),
        };
    };
    if series.verdict == Verdict::SloMet {
        return match series.answer.reason {
            Some(_) => "the objective is within the noise of the measurements".to_owned(),
            None => "the objective is met by more than the noise".to_owned(),
        };
    }
    if let Some(at_most) = series.gives_up_at_most {
        return format!("{:.0}% that it gives up at most {}", 100.0 * share, figures::percent(at_most));
    }
    let words = match share {
        share if share >= 0.99 => "practically certain",
        share if share >= 0.95 => "very sure",
        share if share >= 0.8 => "fairly sure",
        share if share >= 0.5 => "more likely than not",
        _ => "not sure",
    };
    format!("{words} ({})", sureness(series))
}

/// The confidence as per cent; a bootstrap of a few measurements is never as sure as 100% sounds.
pub fn sureness(series: &TunedSeries) -> String {
    match series.confidence.filter(|_| series.recommended.is_some()) {
        None => NOTHING.to_owned(),
        Some(share) if share >= 0.995 => ">99%".to_owned(),
        Some(share) => figures::percent(share),
    }
}

/// `12–40`, `12`, or a dash.
pub fn plateau(plateau: Option<Plateau>) -> String {
    match plateau {
        Some(Plateau { low, high }) if low == high => low.to_string(),
        Some(Plateau { low, high }) => format!("{low}–{high}"),
        None => NOTHING.to_owned(),
    }
}

/// What the recommended size gives up of a record's best, which a live search can only estimate.
pub fn true_regret(series: &TunedSeries) -> Option<String> {
    let regret = series.regret.filter(|_| series.regret != series.answer.loss)?;
    Some(format!("gives up {} of the best on record", figures::percent(regret)))
}

/// Whether a size lies in the plateau; where none can be told, none does.
pub fn inside(series: &TunedSeries, level: &Level) -> bool {
    series.plateau.is_some_and(|plateau| (plateau.low..=plateau.high).contains(&level.size))
}

/// What the costs of the models are judged on.
pub fn judged_on(series: &TunedSeries) -> &'static str {
    match series.verdict {
        Verdict::CannotTell => "the figures are too noisy to judge them",
        _ => "what you would lose by following each model",
    }
}

/// What was spent: `170 measurements of 9 sizes in 24 rounds`.
pub fn spent(series: &TunedSeries) -> String {
    let mut sizes = series.asked.clone();
    sizes.sort_unstable();
    sizes.dedup();
    format!(
        "{} of {}{}",
        figures::plural(series.asked.len() as u64, "measurement", "measurements"),
        figures::plural(sizes.len() as u64, "size", "sizes"),
        match series.answer.rounds {
            0 => String::new(),
            rounds => format!(" in {}", figures::plural(rounds.into(), "round", "rounds")),
        }
    )
}

/// The sizes that were asked for, in the order in which each came first; of very many the first ones.
pub fn asked(series: &TunedSeries) -> String {
    const MOST: usize = 60;
    let mut seen = std::collections::HashSet::new();
    let sizes: Vec<u32> = series.asked.iter().copied().filter(|size| seen.insert(*size)).collect();
    let first: Vec<String> = sizes.iter().take(MOST).map(u32::to_string).collect();
    let more = sizes.len().saturating_sub(MOST);
    let end = if more > 0 { format!(" and {more} more") } else { String::new() };
    first.join(", ") + &end
}

/// Half of the 95 % interval as a share of the goodput.
pub fn half_interval(level: &Level) -> Option<f64> {
    let (low, high) = level.low.zip(level.high)?;
    (level.goodput > 0.0).then(|| (high - low) / 2.0 / level.goodput)
}

/// A figure in milliseconds, without the unit.
pub fn ms(value: Option<f64>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), figures::rate)
}

/// A share, or a dash for none.
pub fn share(value: Option<f64>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), figures::percent)
}

/// Failures as per cent; none is a dash, as in the reports of runs.
pub fn failed(level: &Level) -> String {
    share(level.failed_share.filter(|share| *share > 0.0))
}

/// Connections more or fewer than the recommended size: `+8`, `−4`, `the same`.
pub fn extra(card: &ModelCard) -> String {
    match card.extra_connections {
        None => NOTHING.to_owned(),
        Some(0) => "the same".to_owned(),
        Some(more) if more > 0 => format!("+{}", figures::whole(more.unsigned_abs())),
        Some(fewer) => format!("−{}", figures::whole(fewer.unsigned_abs())),
    }
}

/// The fitted law of a series, if it was fitted.
pub fn usl(series: &TunedSeries) -> Option<Usl> {
    let parameters = &series.models.iter().find(|card| card.name == "usl")?.parameters;
    let of = |name| parameters.get(name).copied();
    Some(Usl { lambda: of("lambda")?, sigma: of("sigma")?, kappa: of("kappa")? })
}

/// The parameters of a fitted law with their 95 % intervals: `σ 0.052 [0.041, 0.063]`.
pub fn fitted(card: &ModelCard) -> Vec<String> {
    [("sigma", "σ"), ("kappa", "κ"), ("n_star", "N*"), ("lambda", "λ"), ("r_squared", "R²")]
        .into_iter()
        .filter_map(|(name, symbol)| {
            let value = card.parameters.get(name)?;
            let within =
                card.intervals.get(name).map(|[low, high]| format!(" [{}, {}]", digits(*low), digits(*high)));
            Some(format!("{symbol} {}{}", digits(*value), within.unwrap_or_default()))
        })
        .collect()
}

/// Three significant digits, small figures in scientific notation: `0.0521`, `1.2e-4`, `4,310`.
fn digits(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if size < 1e-3 {
        format!("{value:.1e}")
    } else if size < 0.1 {
        format!("{value:.4}")
    } else if size < 1.0 {
        format!("{value:.3}")
    } else if size < 100.0 {
        format!("{value:.1}")
    } else {
        figures::rate(value)
    }
}

/// The estimate of capacity, name and value.
pub fn capacity(estimate: &CapacityEstimate) -> Vec<(&'static str, String)> {
    let rate = |per_s| format!("{}/s", figures::rate(per_s));
    let mut facts = vec![
        ("carries at most", rate(estimate.ceiling_per_s)),
        (
            "starts to queue at",
            format!("{} arriving at random: one in ten waits", rate(estimate.starts_to_queue_at)),
        ),
    ];
    if let Some(breaks) = estimate.slo_breaks_at {
        let text =
            if breaks > 0.0 { rate(breaks) } else { "any load: it is broken without a queue".to_owned() };
        facts.push(("objective breaks at", text));
    }
    facts.extend([
        ("holds a connection", format!("{} when all are busy", figures::time(estimate.held_ms * 1e3))),
        ("service demand", format!("{} at the bottleneck", figures::time(estimate.demand_ms * 1e3))),
        ("bounds meet at", format!("{:.1} connections (the knee)", estimate.knee)),
    ]);
    facts
}

/// The settings of the library that was tuned, found by its name in that of the series.
pub fn own_snippet(series: &TunedSeries) -> Option<&Snippet> {
    let name = series.name.to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric() && c != '-');
    words.find_map(|word| series.settings.iter().find(|snippet| snippet.id == word))
}

/// Whether latencies were measured at all.
pub fn has_latency(latency: &LatencyMs) -> bool {
    latency.p50.is_some() || latency.p99.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_keeps_the_digits_that_matter() {
        let read = [0.0, 0.000_12, 0.052_13, 0.25, 21.44, 4_310.2].map(digits);
        assert_eq!(read, ["0", "1.2e-4", "0.0521", "0.250", "21.4", "4,310"]);
    }
}
