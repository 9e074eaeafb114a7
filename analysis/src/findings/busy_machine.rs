//! Other processes used the machine during the run.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft};
use crate::figures;

/// Share of the machine from which on others count. What can't be attributed, the kernel's work for our own sockets
/// among it, is a few per cent.
pub(crate) const OTHERS_COUNT: f64 = 0.1;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    let shares = || context.trials.iter().filter_map(|trial| trial.others_cpu_share);
    let disturbed = shares().filter(|share| *share >= OTHERS_COUNT).count();
    let Some(most) = shares().max_by(f64::total_cmp).filter(|_| disturbed > 0) else { return Vec::new() };
    let finding = Draft::doubt(FindingKind::BusyMachine)
        .figure("others_cpu_share", most)
        .figure("trials", disturbed)
        .say(format!(
            "Other processes used up to {} of this machine, and more than {} of it in {disturbed} of {} trials.{} Stop \
             them and repeat the run before you rely on small differences.",
            figures::percent(most),
            figures::percent(OTHERS_COUNT),
            context.trials.len(),
            if context.trials.iter().any(|trial| trial.repeat > 1) {
                " The ± of repeats does not include this: repeats of the same minute agree with each other."
            } else {
                ""
            },
        ));
    vec![finding]
}
