//! The process between the lab and the cluster, which outlives the lab just long enough to clear away.
//!
//! It ends when its standard input does: the system closes that when the lab dies, however it dies.
//! A guard that is itself killed with -9 leaves its cluster behind; the next start clears that away.

mod child;
mod detached;
mod main;

pub use child::Guard;
pub use detached::{State, down, status, up};
pub use main::main;

use std::path::PathBuf;

use poollab_model::wire::GuardOrder;
use serde::{Deserialize, Serialize};

/// The line that a guard reads: the order, and for a detached guard the file by which it is found again.
#[derive(Debug, Serialize, Deserialize)]
struct OrderLine {
    #[serde(flatten)]
    order: GuardOrder,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detached: Option<PathBuf>,
}
