//! One HTTP service: every connection strategy × every workload, metered in one place.
//!
//! A **strategy** ([`mod@strategies`]) decides how a request gets its connection, a **workload**
//! ([`mod@workloads`]) what is asked of it. They meet in one generic place, a metered
//! [`Checkout`](checkout::Checkout), so that two strategies differ in how they acquire and release and in
//! nothing else, and adding either one is one new file and one line in its registry.
//!
//! Invariants: the pool is opened once, whatever the number of workers; only [`meter`] measures time;
//! nothing reaches SQL except as a parameter; a synchronous client lives and dies on blocking threads.

// They panic where nobody reads any more: one place prints.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod checkout;
pub mod drivers;
pub mod fault;
mod http;
mod identity;
pub mod meter;
mod metrics;
mod order;
mod run;
pub mod service;
pub mod session;
pub mod strategies;
mod threads;
mod trips;
pub mod workloads;

use poollab_model::{StrategyId, StrategyInfo, WorkloadInfo, WorkloadSpec};

pub use identity::components;
pub use run::{conducted, standalone};
pub use workloads::{request_path, statements};

/// All strategies, in the order of the documentation.
pub fn strategies() -> Vec<StrategyInfo> {
    strategies::STRATEGIES.iter().filter_map(|entry| entry.info()).collect()
}

/// All workloads, in the order of the documentation.
pub fn workloads() -> Vec<WorkloadInfo> {
    workloads::WORKLOADS.iter().filter_map(|workload| workloads::info(*workload)).collect()
}

/// The workloads that exist to be wrong, for scenarios only.
pub fn hazards() -> Vec<WorkloadInfo> {
    workloads::hazards::HAZARDS.iter().filter_map(|workload| workloads::info(*workload)).collect()
}

/// Whether a strategy serves a workload.
///
/// # Errors
/// In words: one of them does not exist, the workload does not know a parameter, or the strategy refuses
/// workloads that need a transaction of their own.
pub fn supports(strategy: &StrategyId, workload: &WorkloadSpec) -> Result<(), String> {
    let mut problems = workloads::problems(workload);
    match strategies::find(strategy.as_str()) {
        None => {
            let known: Vec<_> = strategies::STRATEGIES.iter().map(|entry| entry.id).collect();
            problems.push(format!(
                "there is no strategy {:?}; there are {}",
                strategy.as_str(),
                known.join(", ")
            ));
        }
        Some(entry) if entry.refuses_transactions && workloads::needs_transaction(workload) => {
            problems.push(service::refusal(entry.id, workload.id.as_str()));
        }
        Some(_) => {}
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}
