//! From what was found to what it means: the nearest to the true cause wins.

use super::{Candidate, Hit};
use crate::catalogue;
use crate::texts::{ErrorText, Find, Layer};

/// Scenarios that are Postgres's refusal for want of slots.
const NO_SLOT: [&str; 3] = ["too-many-clients", "reserved-slots", "role-limit"];

/// What follows when a pool's time-out and such a refusal stand in one text.
const HIDDEN: &str = "The pool's time-out is only what the request was told. Postgres's refusal stands in the \
same text: that is the cause.";

/// Hits and candidates, both best first.
pub fn rank(mut hits: Vec<Hit>) -> (Vec<Hit>, Vec<Candidate>) {
    hits.sort_by(|a, b| {
        let key = |hit: &Hit| (hit.error.layer, length(hit.error));
        key(b).cmp(&key(a)).then(a.line.cmp(&b.line))
    });
    let Some(top) = hits.first().map(|hit| hit.error.layer) else { return (hits, Vec::new()) };
    let deciding: Vec<usize> = (0..hits.len()).filter(|at| hits[*at].error.layer == top).collect();

    let mut scored: Vec<(f64, Candidate)> = Vec::new();
    for &at in &deciding {
        let meant = narrowed(&hits, &deciding, at);
        for (place, id) in meant.iter().enumerate() {
            let Some(scenario) = catalogue::find(id) else { continue };
            // A text that names one scenario weighs 1; one that names several is shared, the first most.
            let weight = 1.0 / ((place + 1) as f64 * meant.len() as f64);
            match scored.iter_mut().find(|(_, candidate)| candidate.scenario.id == *id) {
                Some((score, candidate)) => {
                    *score += weight;
                    candidate.because.push(at);
                }
                None => scored.push((weight, Candidate { scenario, because: vec![at], reasoning: None })),
            }
        }
    }
    // Stable: at equal weight the order of the hits stays.
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut candidates: Vec<Candidate> = scored.into_iter().map(|(_, candidate)| candidate).collect();
    if let Some(hidden) = hidden_exhaustion(&hits, &candidates) {
        candidates.insert(0, hidden);
    }
    (hits, candidates)
}

/// The scenarios of a hit. A clearer text of the same layer narrows a vaguer one: beside "too many
/// connections for role" a bare 53300 no longer means all three limits.
fn narrowed(hits: &[Hit], deciding: &[usize], at: usize) -> &'static [&'static str] {
    let own = hits[at].error.scenarios;
    let clearer = |other: &&usize| {
        let theirs = hits[**other].error.scenarios;
        !theirs.is_empty() && theirs.len() < own.len() && theirs.iter().all(|id| own.contains(id))
    };
    match deciding.iter().filter(clearer).min_by_key(|other| hits[**other].error.scenarios.len()) {
        Some(other) => hits[*other].error.scenarios,
        None => own,
    }
}

fn hidden_exhaustion(hits: &[Hit], candidates: &[Candidate]) -> Option<Candidate> {
    let refused = candidates.first().filter(|first| NO_SLOT.contains(&first.scenario.id))?;
    let pools: Vec<usize> = (0..hits.len())
        .filter(|at| {
            let error = hits[*at].error;
            error.layer == Layer::Pool && error.scenarios.contains(&"pool-timeout")
        })
        .collect();
    if pools.is_empty() {
        return None;
    }
    let because = pools.into_iter().chain(refused.because.iter().copied()).collect();
    Some(Candidate { scenario: catalogue::find("hidden-exhaustion")?, because, reasoning: Some(HIDDEN) })
}

/// A longer text is a more specific one; a bare state the least.
fn length(error: &ErrorText) -> usize {
    match error.find {
        Find::Words(pieces) => pieces.iter().map(|piece| piece.len()).sum(),
        Find::Sqlstate(_) => 0,
    }
}
