//! k6 as the generator: a program of somebody else's, with nothing in common with ours.
//!
//! It runs the same trial through the scripts of the `k6/` folder, which are part of this program, and its
//! summary becomes the same [`LoadResult`]. What k6 can't tell stays untold, and a remark says so: phases, the
//! course of time, whole distributions, the moment of the first failure. Its latency counts from the send, also in
//! an open load.

mod order;
mod process;
mod program;
mod result;
mod scripts;

pub use order::problems;
pub use program::{PINNED, Program};

use std::future::Future;

use poollab_model::wire::{LoadEvent, LoadOrder, LoadResult};

use crate::run::LoadError;
use crate::validate::validate;

/// Carries an order out with k6, as [`run`](crate::run) does with goose. Dropping out early ends k6.
///
/// # Errors
/// The order is invalid, k6 is not there or does not start, or it was stopped.
pub fn run(
    order: &LoadOrder,
    stop: impl Future<Output = String>,
    on_event: impl FnMut(LoadEvent),
) -> Result<LoadResult, LoadError> {
    let mut wrong = validate(order);
    wrong.extend(problems(&order.load, order.duration, order.request_timeout));
    if !wrong.is_empty() {
        return Err(LoadError::Invalid(wrong));
    }
    let program = Program::find().map_err(LoadError::K6)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LoadError::System)?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            reason = stop => Err(LoadError::Stopped(reason)),
            result = process::carry_out(&program, order, on_event) => result.map_err(LoadError::K6),
        }
    })
}
