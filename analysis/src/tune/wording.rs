//! From the evidence to an answer in words.

use super::bootstrap::confidence;
use super::evidence::Mean;
use super::judge::{Judged, Judgement};
use super::picture::{Picture, around};
use super::rounds::CONFIDENCE;
use super::{Answer, Level, Observation, Plateau, Question, Reason, Search, Verdict};
use crate::figures;

/// Below this confidence the answer to a record says that it is not certain.
const CERTAIN: f64 = 0.8;

/// The generator was probably the limit above this share of its CPU; as in the findings of a run.
const GENERATOR_BOUND: f64 = 0.7;

/// Throttled in more than this share of the scheduling periods.
const THROTTLED: f64 = 0.2;

/// 97.5% of the normal distribution.
const TWO_SIDED: f64 = 1.96;

/// The answer of a live search that has ended.
pub(super) fn live(search: &Search) -> Answer {
    let question = &search.question;
    let Some(judgement) = Judgement::new(&search.rounds, question) else {
        return nothing(Answer { asked: search.asked.clone(), ..Answer::default() });
    };
    let picture = &judgement.picture;
    let mut answer = Answer { rounds: search.rounds.count(), ..from(search, picture) };
    answer.doubts = doubts(search.rounds.observations());
    if !search.rounds.observations().any(|seen| seen.goodput > 0.0) {
        return nothing(answer);
    }
    let Some(one) = judgement.recommended else { return unmet(answer, picture, question) };
    let settled = judgement.settled(question);
    let outside = |mean: &Mean| judgement.of(mean.size).is_none_or(|judged| judged.standing.outside);
    let inside = |mean: &Mean| !outside(mean) && (!settled || picture.loss(mean) <= picture.tolerance);
    answer.plateau = around(&picture.means.means, one.size, inside);
    answer.recommended = Some(one.size);
    answer.confidence = Some(CONFIDENCE);
    answer.loss = Some(share(one.standing.loss));
    answer.gives_up_at_most = Some(share(one.standing.at_most));
    answer.verdict = if question.slo.is_some() {
        Verdict::SloMet
    } else if one.standing.at_most > picture.tolerance {
        Verdict::TooClose
    } else {
        verdict(question, picture, one.size, answer.plateau)
    };
    answer.reason = open(&answer, &judgement, one, settled, question);
    answer.text = live_text(&answer, &judgement, one, question);
    answer
}

/// The answer to a record.
pub(super) fn recorded(search: &Search, picture: Option<&Picture>) -> Answer {
    let question = &search.question;
    let Some(picture) = picture else {
        return nothing(Answer { asked: search.asked.clone(), ..Answer::default() });
    };
    let mut answer = from(search, picture);
    if !search.record.iter().any(|seen| seen.goodput > 0.0) {
        return nothing(answer);
    }
    if let Some(Reason::Noise { noise }) = picture.pure_noise() {
        answer.nearest = Some(picture.best.size);
        answer.text = format!(
            "The measurements are too noisy (±{}) to rank these sizes. Measure each size several times, or for longer.",
            percent(noise)
        );
        return Answer { reason: Some(Reason::Noise { noise }), ..answer };
    }
    let Some(candidate) = picture.candidate(question).copied() else {
        return unmet(answer, picture, question);
    };
    let size = candidate.size;
    answer.plateau = picture.plateau(size);
    answer.recommended = Some(size);
    answer.loss = Some(share(picture.loss(&candidate)));
    answer.confidence = if question.slo.is_some() { None } else { confidence(picture, size, question.seed) };
    answer.verdict = match question.slo {
        Some(_) => Verdict::SloMet,
        None => verdict(question, picture, size, answer.plateau),
    };
    if answer.confidence.is_some_and(|confidence| confidence < CERTAIN) {
        answer.reason = Some(match picture.above(size) {
            Some(above) => Reason::Edge { smaller: size, larger: above.size },
            None => Reason::Noise { noise: picture.means.noise.unwrap_or(picture.jitter) },
        });
    }
    answer.text = recorded_text(&answer, picture, question);
    answer
}

/// What every answer has.
fn from(search: &Search, picture: &Picture) -> Answer {
    Answer {
        best: Some(picture.best.size),
        asked: search.asked.clone(),
        levels: picture.means.means.iter().map(|mean| level(mean, picture)).collect(),
        noise: picture.means.noise.or((picture.jitter > 0.0).then_some(picture.jitter)),
        ..Answer::default()
    }
}

fn nothing(answer: Answer) -> Answer {
    Answer {
        reason: Some(Reason::NothingSucceeded),
        text: "No size worked: no request succeeded. Run one of these trials alone and look at its errors."
            .to_owned(),
        ..answer
    }
}

/// Nothing meets the objective: why, and what came nearest.
fn unmet(answer: Answer, picture: &Picture, question: &Question) -> Answer {
    let means = &picture.means.means;
    let objective = |mean: &Mean| picture.objective(mean, question);
    if let Some(figure) = means.iter().find_map(|mean| objective(mean).missing) {
        let text = format!(
            "Not enough data: the objective needs {figure}, which was not measured. Add it to the data, or leave it out of --slo."
        );
        return Answer { reason: Some(Reason::FigureMissing { figure }), text, ..answer };
    }
    let nearest = means.iter().min_by(|a, b| objective(a).ratio.total_cmp(&objective(b).ratio));
    let Some((size, objective)) = nearest.map(|mean| (mean.size, objective(mean))) else {
        return nothing(answer);
    };
    let (condition, value) = (objective.condition.unwrap_or_default(), objective.value);
    let near = if objective.ratio < 1.0 {
        // The objective is met where requests fail or the offered rate is not carried.
        format!(
            "No size does the job: {size} meets {condition}, but fails requests that others answer or does not carry the load."
        )
    } else {
        format!("No size meets {condition}. Closest: {size}, with {}.", figure(&condition, value))
    };
    Answer {
        verdict: Verdict::SloUnmet,
        nearest: Some(size),
        text: format!("{near} Lower the load, make requests faster, or relax the objective."),
        reason: Some(Reason::SloOutOfReach { condition, size, value }),
        ..answer
    }
}

fn verdict(question: &Question, picture: &Picture, size: u32, plateau: Option<Plateau>) -> Verdict {
    let sizes = &question.sizes;
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

/// What keeps a live answer from being certain.
fn open(
    answer: &Answer,
    judgement: &Judgement,
    one: Judged,
    settled: bool,
    question: &Question,
) -> Option<Reason> {
    if settled {
        return None;
    }
    if question.slo.is_some() && !one.objective.sure {
        let mean = judgement.picture.mean(one.size)?;
        let condition = judgement.picture.objective(mean, question).condition?;
        return Some(Reason::NearLimit { condition });
    }
    let smaller = judgement.sizes.iter().rev().find(|judged| judged.size < one.size && judged.open(question));
    match smaller {
        Some(smaller) if answer.verdict != Verdict::TooClose => {
            Some(Reason::Edge { smaller: smaller.size, larger: one.size })
        }
        _ => Some(Reason::Noise { noise: answer.noise.unwrap_or_default() }),
    }
}

fn live_text(answer: &Answer, judgement: &Judgement, one: Judged, question: &Question) -> String {
    let picture = &judgement.picture;
    let (size, within) = (one.size, percent(question.within));
    let plateau = answer.plateau.unwrap_or(Plateau { low: size, high: size });
    let at_most = percent(answer.gives_up_at_most.unwrap_or_default());
    let best = picture.best.size;
    let mut text = match answer.verdict {
        Verdict::SloMet => objective_text(picture, size, question),
        Verdict::TooClose => {
            let too_close = if plateau.low < plateau.high {
                format!(
                    " The measurements are too noisy (±{}) to rank sizes {}.",
                    percent(answer.noise.unwrap_or_default()),
                    range(plateau)
                )
            } else {
                String::new()
            };
            format!(
                "Recommended: {}. At 95% confidence it gives up at most {at_most} of the best goodput.{too_close} A longer --budget narrows this.",
                connections(size)
            )
        }
        _ if carried(picture, question) => format!(
            "Recommended: {}, the smallest size that carries the offered {}.",
            connections(size),
            rate(question.offered.unwrap_or_default())
        ),
        _ => plateau_text(answer, plateau, size, &within),
    };
    match &answer.reason {
        Some(Reason::Edge { smaller, .. }) => {
            text += &format!(" {smaller} may do as well: too close to rank with this budget.");
        }
        Some(Reason::NearLimit { condition }) => {
            text += &format!(
                " It is close to the limit: the measurements can't rule out that it misses {condition}."
            );
        }
        _ => {}
    }
    if question.slo.is_some() && best == size {
        text += " It also has the most goodput.";
    }
    text + few(picture)
}

fn recorded_text(answer: &Answer, picture: &Picture, question: &Question) -> String {
    let size = answer.recommended.unwrap_or_default();
    let within = percent(question.within);
    let plateau = answer.plateau.unwrap_or(Plateau { low: size, high: size });
    let mut text = match answer.verdict {
        Verdict::SloMet => objective_text(picture, size, question),
        _ => plateau_text(answer, plateau, size, &within),
    };
    let smaller = || picture.means.means.iter().filter(|mean| (plateau.low..size).contains(&mean.size));
    if answer.verdict != Verdict::SloMet && smaller().any(|mean| !picture.within(mean)) {
        text += &format!(" {size} is the smallest size that is within {within} with high confidence.");
    }
    if answer.confidence.is_some_and(|confidence| confidence < CERTAIN) {
        text += &match &answer.reason {
            Some(Reason::Edge { larger, .. }) => {
                format!(" {larger} may be needed: the errors of these figures are too large to tell.")
            }
            _ => " The errors of these figures are too large to be sure.".to_owned(),
        };
    }
    text + few(picture)
}

fn plateau_text(answer: &Answer, plateau: Plateau, size: u32, within: &str) -> String {
    let head = format!("Recommended: {}", connections(size));
    let costs = match answer.loss {
        Some(loss) if loss >= 0.001 => format!("; {size} costs {}", percent(loss)),
        _ => String::new(),
    };
    match answer.verdict {
        Verdict::AnySize => {
            format!("{head}. All sizes {} are within {within} of the best{costs}.", range(plateau))
        }
        Verdict::StillRising => format!(
            "{head}. Goodput still rises at {}, the largest size allowed: the limit is elsewhere (slots, users or the service).",
            plateau.high
        ),
        _ if plateau.low == plateau.high => {
            format!("{head}. No other measured size is within {within} of the best.")
        }
        _ => format!("{head}. Sizes {} are within {within} of the best{costs}.", range(plateau)),
    }
}

/// The smallest size that meets the objective, and beside it the size of most goodput.
fn objective_text(picture: &Picture, size: u32, question: &Question) -> String {
    let slo = question.slo.as_ref().map(ToString::to_string).unwrap_or_default();
    let objective = picture.mean(size).map(|mean| picture.objective(mean, question));
    let value = objective.and_then(|objective| Some(figure(&objective.condition?, objective.value)));
    let value = value.map_or_else(String::new, |value| format!(" (measured: {value})"));
    let carries = question.offered.map_or_else(String::new, |offered| format!(" at {}", rate(offered)));
    let mut text =
        format!("Recommended: {}, the smallest pool that meets {slo}{carries}{value}.", connections(size));
    let (best, own) = (&picture.best, picture.mean(size));
    if let Some(own) = own
        && best.size != size
    {
        let more = (best.log - own.log).exp() - 1.0;
        text += &if more > 1.0 - (-picture.tolerance).exp() {
            format!(" Most goodput: {}, {} more.", connections(best.size), percent(more))
        } else {
            format!(" Most goodput: {}, by less than {}.", connections(best.size), percent(question.within))
        };
    }
    text
}

/// Whether the offered rate of an open load was carried by the best size.
fn carried(picture: &Picture, question: &Question) -> bool {
    question.offered.is_some_and(|offered| offered.ln() - picture.best.log <= picture.tolerance)
}

fn few(picture: &Picture) -> &'static str {
    match picture.means.means.len() {
        1 => " Only one size was measured; others may be better.",
        2 => " Only 2 sizes were measured; others may be better.",
        _ => "",
    }
}

fn level(mean: &Mean, picture: &Picture) -> Level {
    let half = TWO_SIDED * mean.variance.sqrt();
    let known = mean.variance > 0.0;
    Level {
        size: mean.size,
        repeats: mean.repeats,
        goodput: mean.goodput,
        low: known.then(|| mean.goodput * (-half).exp()),
        high: known.then(|| mean.goodput * half.exp()),
        latency_ms: mean.latency,
        failed_share: mean.failed_share,
        in_plateau: picture.flat || picture.loss(mean) <= picture.tolerance,
    }
}

fn doubts<'a>(observations: impl Iterator<Item = &'a Observation>) -> Vec<String> {
    let seen: Vec<&Observation> = observations.collect();
    let busy = |share: fn(&Observation) -> Option<f64>, limit: f64| {
        let over = seen.iter().filter(|seen| share(seen).is_some_and(|share| share > limit));
        over.count() as f64 / seen.len().max(1) as f64
    };
    let mut doubts = Vec::new();
    if busy(|seen| seen.generator_share, GENERATOR_BOUND) > 0.25 {
        doubts.push(
            "The load generator used most of its CPU. It may have been the limit instead of the pool."
                .to_owned(),
        );
    }
    if busy(|seen| seen.throttled_share, THROTTLED) > 0.5 {
        doubts.push(
            "Postgres was throttled by its CPU limit. Latency comes in steps, and a higher limit moves the plateau."
                .to_owned(),
        );
    }
    doubts
}

/// A loss in logarithms as a share.
fn share(log: f64) -> f64 {
    1.0 - (-log).exp()
}

/// `1 connection`, `24 connections`.
fn connections(size: u32) -> String {
    figures::plural(size.into(), "connection", "connections")
}

fn range(plateau: Plateau) -> String {
    format!("{}–{}", plateau.low, plateau.high)
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    let text = if percent < 9.95 { format!("{percent:.1}") } else { format!("{percent:.0}") };
    format!("{}%", text.strip_suffix(".0").unwrap_or(&text))
}

fn figure(condition: &str, value: f64) -> String {
    if condition.starts_with("error-rate") { percent(value) } else { format!("{value:.1} ms") }
}

fn rate(goodput: f64) -> String {
    format!("{}/s", figures::rate(goodput))
}
