//! Workloads that exist to be wrong: the mistakes that `poollab reproduce` shows. They are asked for by name
//! like all others, and stand in no list of workloads that are compared. To add one: write a file with a
//! type that implements [`Workload`], name it here, add it to [`HAZARDS`].

mod abandoned_transaction;
mod blocking_call;
mod leak;
mod locked_work;
mod memory_hog;
mod nested_checkout;
mod owned_write;
mod parameters;
mod repeated_checkout;
mod slow_query;

pub use parameters::Parameters;

use super::Workload;

/// All of them.
pub static HAZARDS: &[&dyn Workload] = &[
    &leak::Leak,
    &nested_checkout::NestedCheckout,
    &locked_work::LockedWork,
    &blocking_call::BlockingCall,
    &repeated_checkout::RepeatedCheckout,
    &owned_write::OwnedWrite,
    &slow_query::SlowQuery,
    &abandoned_transaction::AbandonedTransaction,
    &memory_hog::MemoryHog,
];
