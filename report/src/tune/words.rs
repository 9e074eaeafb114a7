//! What the terminal and the page say in the same words.

use poollab_analysis::figures;
use poollab_analysis::sizing::paste::Snippet;
use poollab_analysis::sizing::{ModelCard, Usl};
use poollab_analysis::tune::{Check, LatencyMs, Level, Plateau, Verdict, Verification};

use super::{CapacityEstimate, TunedSeries};

/// What can't be said is a dash.
pub const NOTHING: &str = "–";

/// The answer in a few words: `take 12`, `cannot be told`.
pub fn headline(series: &TunedSeries) -> String {
    match (series.recommended, series.verdict) {
        (Some(size), _) => format!("take {size}"),
        (None, Verdict::SloUnmet) => "no size meets the objective".to_owned(),
        (None, _) => "cannot be told".to_owned(),
    }
}

/// The kind of answer, beside a size.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Plateau => "a plateau",
        Verdict::AnySize => "any size will do",
        Verdict::StillRising => "still rising",
        Verdict::SloUnmet => "objective not met",
        Verdict::CannotTell => "cannot be told",
    }
}

/// How sure the search is, in words and per cent; without a recommendation there is nothing to be sure of.
pub fn confidence(series: &TunedSeries) -> String {
    if series.recommended.is_none() {
        return "none, because nothing is recommended".to_owned();
    }
    let words = match series.confidence {
        share if share >= 0.99 => "practically certain",
        share if share >= 0.95 => "very sure",
        share if share >= 0.8 => "fairly sure",
        share if share >= 0.5 => "more likely than not",
        _ => "not sure",
    };
    format!("{words} ({})", sureness(series))
}

/// The confidence as per cent; a bootstrap of a few measurements is never as sure as 100 % sounds.
pub fn sureness(series: &TunedSeries) -> String {
    match series.recommended {
        None => NOTHING.to_owned(),
        Some(_) if series.confidence >= 0.995 => ">99 %".to_owned(),
        Some(_) => figures::percent(series.confidence),
    }
}

/// `12 to 40`, `12`, or a dash.
pub fn plateau(plateau: Option<Plateau>) -> String {
    match plateau {
        Some(Plateau { low, high }) if low == high => low.to_string(),
        Some(Plateau { low, high }) => format!("{low} to {high}"),
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
        Verdict::CannotTell => "on figures from which nothing can be told, so neither can this",
        _ => "what believing each one costs on these figures",
    }
}

/// What was spent: `17 measurements of 9 sizes`.
pub fn spent(series: &TunedSeries) -> String {
    let mut sizes = series.asked.clone();
    sizes.sort_unstable();
    sizes.dedup();
    format!(
        "{} of {}",
        figures::plural(series.asked.len() as u64, "measurement", "measurements"),
        figures::plural(sizes.len() as u64, "size", "sizes")
    )
}

/// The sizes that were asked for, in their order; of very many the first ones.
pub fn asked(series: &TunedSeries) -> String {
    const MOST: usize = 60;
    let first: Vec<String> = series.asked.iter().take(MOST).map(u32::to_string).collect();
    let more = series.asked.len().saturating_sub(MOST);
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
    share(Some(level.failed_share).filter(|share| *share > 0.0))
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

/// The sizes of a verification with what they are in it.
pub fn checks(verification: &Verification) -> Vec<(&'static str, Check)> {
    [
        ("smaller", verification.smaller),
        ("recommended", Some(verification.recommended)),
        ("larger", verification.larger),
    ]
    .into_iter()
    .filter_map(|(role, check)| Some((role, check?)))
    .collect()
}

/// Goodput of a check against that of the recommended size: `−9 %`, `+0.4 %`.
pub fn against(check: &Check, recommended: &Check) -> String {
    let change = check.goodput / recommended.goodput - 1.0;
    if !change.is_finite() {
        return NOTHING.to_owned();
    }
    if change.abs() < 5e-4 {
        return "the same".to_owned();
    }
    let sign = if change < 0.0 { "−" } else { "+" };
    format!("{sign}{}", figures::percent(change.abs()))
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

    #[test]
    fn a_verification_in_which_nothing_succeeded_has_no_change() {
        let check = |goodput| Check { size: 1, goodput, latency_ms: LatencyMs::default() };
        assert_eq!(against(&check(10.0), &check(0.0)), NOTHING);
        assert_eq!(against(&check(90.0), &check(100.0)), "−10%");
        assert_eq!(against(&check(100.01), &check(100.0)), "the same");
        assert_eq!(against(&check(100.4), &check(100.0)), "+0.4%");
    }
}
