//! Not an optimised build.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft};

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    if context.environment.optimised_build {
        return Vec::new();
    }
    vec![Draft::problem(FindingKind::DebugBuild).say(
        "poollab itself was not an optimised build: the service and the generator were several times slower than they \
         are. Build with --release before you believe a figure.",
    )]
}
