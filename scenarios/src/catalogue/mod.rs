//! The catalogue. To add a scenario: write a file with a `SCENARIO`, name it here, add it to
//! [`SCENARIOS`]. Tests, documentation and `poollab reproduce` pick it up from there.

mod blocking_in_async;
mod cancelled_request;
mod cold_burst;
mod common;
mod hidden_exhaustion;
mod hot_row;
mod idle_in_transaction;
mod idle_killed;
mod leak;
mod nested_checkout;
mod oom_kill;
mod oversized_pool;
mod pgbouncer_prepared;
mod pgbouncer_queue;
mod pool_timeout;
mod port_exhaustion;
mod replicas;
mod reserved_slots;
mod restart_storm;
mod role_limit;
mod shared_transaction;
mod too_many_clients;
mod unfair_tail;
mod waits_for_ever;

use crate::scenario::{Scenario, Symptom};

/// All scenarios, most met first.
pub static SCENARIOS: &[&Scenario] = &[
    &too_many_clients::SCENARIO,
    &reserved_slots::SCENARIO,
    &role_limit::SCENARIO,
    &pool_timeout::SCENARIO,
    &waits_for_ever::SCENARIO,
    &hidden_exhaustion::SCENARIO,
    &leak::SCENARIO,
    &idle_in_transaction::SCENARIO,
    &nested_checkout::SCENARIO,
    &hot_row::SCENARIO,
    &blocking_in_async::SCENARIO,
    &unfair_tail::SCENARIO,
    &shared_transaction::SCENARIO,
    &cancelled_request::SCENARIO,
    &restart_storm::SCENARIO,
    &idle_killed::SCENARIO,
    &cold_burst::SCENARIO,
    &replicas::SCENARIO,
    &oom_kill::SCENARIO,
    &oversized_pool::SCENARIO,
    &pgbouncer_prepared::SCENARIO,
    &pgbouncer_queue::SCENARIO,
    &port_exhaustion::SCENARIO,
];

/// The scenario of this name.
pub fn find(id: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().copied().find(|scenario| scenario.id == id)
}

/// Ids that resemble what was typed, best first, three at most.
pub fn nearest_ids(typed: &str) -> Vec<&'static str> {
    /// Below this similarity (Jaro-Winkler, 0 to 1) a suggestion confuses more than it helps.
    const ALIKE: f64 = 0.7;
    let typed = typed.to_lowercase();
    let mut scored: Vec<(f64, &str)> = SCENARIOS
        .iter()
        .map(|scenario| {
            let part = typed.len() >= 3 && (scenario.id.contains(&typed) || typed.contains(scenario.id));
            (strsim::jaro_winkler(&typed, scenario.id).max(if part { 0.99 } else { 0.0 }), scenario.id)
        })
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(3).map(|(_, id)| id).collect()
}

/// The scenarios under the headings by which people look for them.
pub fn by_symptom() -> Vec<(Symptom, Vec<&'static Scenario>)> {
    Symptom::ALL
        .into_iter()
        .map(|group| (group, SCENARIOS.iter().copied().filter(|scenario| scenario.group == group).collect()))
        .collect()
}
