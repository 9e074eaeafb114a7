//! From the evidence to an answer in words.

use super::bootstrap::confidence;
use super::evidence::Mean;
use super::picture::Picture;
use super::{
    Answer, Check, Condition, Level, Observation, Plateau, Reason, Search, Source, Verdict, Verification,
};
use crate::figures;

/// Below this confidence the answer says that it is not certain.
const CERTAIN: f64 = 0.8;

/// Below this nothing is recommended: a better measurement can be had. A record is all there is.
const HALF: f64 = 0.5;

/// The generator was probably the limit above this share of its CPU; as in the findings of a run.
const GENERATOR_BOUND: f64 = 0.7;

/// Throttled in more than this share of the scheduling periods.
const THROTTLED: f64 = 0.2;

/// 97.5 % of the normal distribution.
const TWO_SIDED: f64 = 1.96;

/// The answer of a search that has ended.
pub(super) fn answer(search: &Search, picture: &Picture, verification: Option<Verification>) -> Answer {
    let question = &search.question;
    let candidate = picture.candidate(question, &search.refuted).copied();
    let best = picture.mean(picture.best.size).copied();
    let mut answer = Answer {
        plateau: picture.plateau(candidate.map_or(picture.best.size, |mean| mean.size)),
        best: best.map(|mean| mean.size),
        verification,
        asked: search.asked.clone(),
        levels: picture.means.means.iter().map(|mean| level(mean, picture)).collect(),
        noise: picture.means.noise.or((picture.jitter > 0.0).then_some(picture.jitter)),
        drift: picture.means.drift,
        doubts: doubts(search, picture),
        ..Answer::default()
    };
    if !search.evidence.any_success() {
        answer.plateau = None;
        return without_size(answer, Reason::NothingSucceeded, None);
    }
    if let Some(reason) = picture.pure_noise() {
        answer.plateau = None;
        return without_size(answer, reason, best.map(|mean| mean.size));
    }
    let Some(candidate) = candidate else {
        let (reason, nearest) = unmet(search, picture);
        return without_size(answer, reason, nearest);
    };
    if !search.refuted.is_empty() && answer.verification.is_none() {
        // The budget ended before the next candidate could be verified.
        let sizes = search.refuted.iter().copied().collect();
        return without_size(answer, Reason::Refuted { sizes }, Some(candidate.size));
    }
    let size = candidate.size;
    answer.confidence = confidence(picture, size, question.seed);
    if answer.confidence < HALF && question.source == Source::Live {
        let noise = picture.means.noise.unwrap_or(picture.jitter);
        return without_size(answer, picture.noise_reason(noise), Some(size));
    }
    if answer.verification.is_some()
        && let Some(all) = search.with_verified()
    {
        // What the verification saw may take confidence, but not give it: its sizes were not chosen by chance.
        answer.confidence = answer.confidence.min(confidence(&all, size, question.seed));
    }
    if let Some(verification) = answer.verification.as_ref().filter(|one| !one.strayed.is_empty()) {
        answer.doubts.push(format!(
            "measured again for the verification, {} did not do what the search had seen: measurements differ by more \
             than repeats in the search made believe",
            listed(&verification.strayed)
        ));
    }
    answer.recommended = Some(size);
    answer.loss = Some(1.0 - (-picture.loss(&candidate)).exp());
    answer.verdict = verdict(search, picture, size, answer.plateau);
    if answer.confidence < CERTAIN {
        answer.reason = Some(match picture.above(size) {
            Some(above) => Reason::Edge { smaller: size, larger: above.size },
            None => picture.noise_reason(picture.means.noise.unwrap_or(picture.jitter)),
        });
    }
    answer.text = in_words(&answer, search, picture);
    answer
}

/// The answer when not even one measurement was made.
pub(super) fn nothing_measured(search: &Search) -> Answer {
    let answer = Answer { asked: search.asked.clone(), ..Answer::default() };
    without_size(answer, Reason::NothingSucceeded, None)
}

/// The verification in words.
pub(super) fn verification(
    recommended: Observation,
    beside: [Option<Observation>; 2],
    holds: bool,
    failed: Option<&Condition>,
    strayed: Vec<u32>,
) -> Verification {
    let check =
        |seen: Observation| Check { size: seen.size, goodput: seen.goodput, latency_ms: seen.latency };
    let others: Vec<String> =
        beside.iter().flatten().map(|other| format!("{} with {}", rate(other.goodput), other.size)).collect();
    let others = if others.is_empty() { String::new() } else { format!(", beside {}", others.join(" and ")) };
    let end = match (holds, failed) {
        (true, _) => "it holds".to_owned(),
        (false, Some(condition)) => format!("it does not meet {condition}"),
        (false, None) => "it falls short of what the search had seen".to_owned(),
    };
    Verification {
        text: format!(
            "measured again, a pool of {} did {}{others}: {end}",
            recommended.size,
            rate(recommended.goodput)
        ),
        recommended: check(recommended),
        smaller: beside[0].map(check),
        larger: beside[1].map(check),
        holds,
        strayed,
    }
}

fn verdict(search: &Search, picture: &Picture, size: u32, plateau: Option<Plateau>) -> Verdict {
    let sizes = &search.question.sizes;
    let (first, last) = (sizes.first().copied(), sizes.last().copied());
    if sizes.len() > 1 && plateau.map(|p| p.low) == first && plateau.map(|p| p.high) == last {
        return Verdict::AnySize;
    }
    // A plateau that begins less than an octave before the end and is still climbing there is none.
    let half = last.map_or(0, |last| last / 2);
    let climbing = last == Some(picture.best.size) || plateau.is_some_and(|p| p.low == p.high);
    if Some(size) != first && plateau.map(|p| p.high) == last && size > half && climbing {
        return Verdict::StillRising;
    }
    Verdict::Plateau
}

/// Why no size of the plateau does the job, and which came nearest.
fn unmet(search: &Search, picture: &Picture) -> (Reason, Option<u32>) {
    let question = &search.question;
    let means = &picture.means.means;
    let objective = |mean: &Mean| picture.objective(mean, question);
    if let Some(figure) = means.iter().find_map(|mean| objective(mean).missing) {
        return (Reason::FigureMissing { figure }, None);
    }
    let meets = means.iter().filter(|mean| objective(mean).met() && picture.reliable(mean));
    let not_refuted = meets.filter(|mean| !search.refuted.contains(&mean.size));
    if let Some(mean) = not_refuted.max_by(|a, b| a.log.total_cmp(&b.log))
        && question.slo.is_some()
    {
        let loss = 1.0 - (-picture.loss(mean)).exp();
        return (Reason::SloCostsGoodput { size: mean.size, loss }, Some(mean.size));
    }
    if !search.refuted.is_empty() {
        return (
            Reason::Refuted { sizes: search.refuted.iter().copied().collect() },
            Some(picture.best.size),
        );
    }
    let nearest = means.iter().min_by(|a, b| objective(a).ratio.total_cmp(&objective(b).ratio));
    match nearest.map(|mean| (mean.size, objective(mean))) {
        Some((size, objective)) if question.slo.is_some() => {
            let condition = objective.condition.unwrap_or_default();
            (Reason::SloOutOfReach { condition, size, value: objective.value }, Some(size))
        }
        _ => (picture.noise_reason(picture.means.noise.unwrap_or(picture.jitter)), Some(picture.best.size)),
    }
}

fn without_size(mut answer: Answer, reason: Reason, nearest: Option<u32>) -> Answer {
    answer.verdict = match reason {
        Reason::SloOutOfReach { .. } | Reason::SloCostsGoodput { .. } => Verdict::SloUnmet,
        _ => Verdict::CannotTell,
    };
    answer.nearest = nearest;
    answer.text = match &reason {
        Reason::NothingSucceeded => {
            "cannot be told: no request succeeded at any size; look at the errors of a single trial first"
                .to_owned()
        }
        Reason::Noise { noise, repeats_needed } => format!(
            "cannot be told: measurements of one size differ by {}, and with that the best size can't be told from those near it; each would have to be measured {}; measure longer or on a quieter machine",
            percent(*noise),
            about(*repeats_needed)
        ),
        Reason::Edge { smaller, larger } => {
            format!("cannot be told: {smaller} and {larger} can't be told apart; measure longer")
        }
        Reason::Refuted { sizes } => format!(
            "cannot be told: measured again, {} did not do what the search had seen, and the budget is spent; measure longer, or look for what else runs on this machine",
            listed(sizes)
        ),
        Reason::FigureMissing { figure } => format!(
            "cannot be told: the objective speaks of {figure}, which was not measured; add it to the data or leave out the objective"
        ),
        Reason::SloOutOfReach { condition, size, value } => format!(
            "no size meets {condition}: {size} came nearest with {}; lower the load, make the requests faster or loosen the objective",
            figure(condition, *value)
        ),
        Reason::SloCostsGoodput { size, loss } => format!(
            "no size of the plateau meets the objective; {size} meets it and gives up {} of the best goodput: allow that with a wider tolerance, or lower the load",
            percent(*loss)
        ),
    };
    answer.reason = Some(reason);
    answer
}

fn in_words(answer: &Answer, search: &Search, picture: &Picture) -> String {
    let size = answer.recommended.unwrap_or_default();
    let within = percent(search.question.within);
    let plateau = answer.plateau.unwrap_or(Plateau { low: size, high: size });
    let mut text = match answer.verdict {
        Verdict::AnySize if plateau.low == size => {
            format!("any size from {} to {} will do: take {size}, the smallest", plateau.low, plateau.high)
        }
        Verdict::StillRising => format!(
            "take {size}; goodput still rises at {}, the largest size allowed: the limit is elsewhere (slots, users or the service)",
            plateau.high
        ),
        _ if plateau.low == plateau.high => {
            format!("take {size}: no other measured size is within {within} of the best")
        }
        _ => format!(
            "sizes from {} to {} are within {within} of the best: take {size}, the smallest{}",
            plateau.low,
            plateau.high,
            why_not_smaller(search, picture, plateau, size)
        ),
    };
    if let Some(loss) = answer.loss
        && loss >= 0.001
    {
        text += &format!("; it gives up {}", percent(loss));
    }
    text += &format!(" (confidence {:.0} %)", 100.0 * answer.confidence);
    match &answer.reason {
        Some(Reason::Edge { smaller, larger }) => {
            text += &format!(
                "; cannot be told for certain: from this data {larger} may be needed instead of {smaller}, measure longer"
            );
        }
        Some(Reason::Noise { repeats_needed, .. }) => {
            text += &format!(
                "; cannot be told for certain: each size would have to be measured {}",
                about(*repeats_needed)
            );
        }
        _ => {}
    }
    if picture.means.means.len() < 3 {
        text += &format!(
            "; only {} measured: there may be better ones between and beyond",
            match picture.means.means.len() {
                1 => "one size was".to_owned(),
                count => format!("{count} sizes were"),
            }
        );
    }
    if let (Source::Live, None) = (search.question.source, &answer.verification) {
        text += "; not verified: the budget was spent";
    }
    text
}

/// What the recommended size has and smaller ones of the plateau have not.
fn why_not_smaller(search: &Search, picture: &Picture, plateau: Plateau, size: u32) -> String {
    let question = &search.question;
    let smaller = || picture.means.means.iter().filter(|mean| (plateau.low..size).contains(&mean.size));
    let mut reasons = Vec::new();
    if smaller().any(|mean| !picture.reliable(mean)) {
        reasons.push("fails no more requests than others");
    }
    if smaller().any(|mean| !picture.objective(mean, question).met()) {
        reasons.push("meets the objective");
    }
    if smaller().any(|mean| search.refuted.contains(&mean.size)) {
        reasons.push("held when it was measured again");
    }
    if smaller().any(|mean| !picture.within(mean)) {
        reasons.push("is surely so");
    }
    match reasons.as_slice() {
        [] if question.slo.is_some() => ", which meets the objective too".to_owned(),
        [] => String::new(),
        some => format!(" that {}", some.join(" and ")),
    }
}

fn level(mean: &Mean, picture: &Picture) -> Level {
    let half = TWO_SIDED * mean.variance.sqrt();
    let known = mean.variance > 0.0;
    Level {
        size: mean.size,
        repeats: mean.repeats,
        goodput: mean.log.exp(),
        low: known.then(|| (mean.log - half).exp()),
        high: known.then(|| (mean.log + half).exp()),
        latency_ms: mean.latency,
        failed_share: mean.failed_share,
        in_plateau: picture.flat || picture.loss(mean) <= picture.tolerance,
    }
}

fn doubts(search: &Search, picture: &Picture) -> Vec<String> {
    let mut doubts = Vec::new();
    let count = search.evidence.observations().count().max(1) as f64;
    let busy = |share: fn(&Observation) -> Option<f64>, limit: f64| {
        search.evidence.observations().filter(|o| share(o).is_some_and(|share| share > limit)).count() as f64
            / count
    };
    if busy(|o| o.generator_share, GENERATOR_BOUND) > 0.25 {
        doubts.push(
            "the load generator used most of its CPU: it, and not the pool, may have been the limit"
                .to_owned(),
        );
    }
    if busy(|o| o.throttled_share, THROTTLED) > 0.5 {
        doubts.push("the CPU limit held the database back: latency comes in steps, and a larger limit moves the plateau".to_owned());
    }
    let drift = picture.means.drift * count;
    if drift.abs() > picture.tolerance {
        doubts.push(format!(
            "the machine {} by about {} while it was measured; that was taken out of the figures",
            if drift < 0.0 { "became slower" } else { "became faster" },
            percent(drift.abs())
        ));
    }
    doubts
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

fn figure(condition: &str, value: f64) -> String {
    if condition.starts_with("error-rate") { percent(value) } else { format!("{value:.1} ms") }
}

fn rate(goodput: f64) -> String {
    format!("{}/s", figures::rate(goodput))
}

/// How often to measure; nobody measures more often than a hundred times.
fn about(repeats: u32) -> String {
    if repeats > 100 { "more than 100 times".to_owned() } else { format!("about {repeats} times") }
}

fn listed(sizes: &[u32]) -> String {
    sizes.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}
