//! A debug build.

use poollab_model::{Finding, FindingKind};

use super::{Context, Draft};

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    if context.environment.optimised_build {
        return Vec::new();
    }
    vec![Draft::problem(FindingKind::DebugBuild).say(
        "poollab is a debug build: the service and the generator are several times slower than in a release build. Build \
         with --release before you use these figures.",
    )]
}
