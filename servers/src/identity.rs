//! Who this is: versions as the build resolved them. `build.rs` takes them from `Cargo.lock`, so they
//! can't be anything else than what was linked.

use poollab_model::{Component, Settings, StrategyInfo};
use serde::Serialize;

include!(concat!(env!("OUT_DIR"), "/versions.rs"));

/// The libraries that decide how the service behaves, with the versions that are linked.
pub fn components() -> Vec<Component> {
    VERSIONS
        .iter()
        .map(|(name, version)| Component { name: (*name).to_owned(), version: (*version).to_owned() })
        .collect()
}

/// The body of `/identity`.
#[derive(Debug, Serialize)]
pub struct Identity<'a> {
    /// poollab's version.
    pub poollab: &'static str,
    /// Whether this is an optimised build.
    pub optimised_build: bool,
    /// The strategy.
    pub strategy: Option<StrategyInfo>,
    /// The settings in force.
    pub settings: &'a Settings,
    /// The libraries.
    pub components: Vec<Component>,
}

impl<'a> Identity<'a> {
    /// Of a service.
    pub fn new(strategy: Option<StrategyInfo>, settings: &'a Settings) -> Self {
        Self {
            poollab: env!("CARGO_PKG_VERSION"),
            optimised_build: !cfg!(debug_assertions),
            strategy,
            settings,
            components: components(),
        }
    }
}
