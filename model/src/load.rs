//! How requests arrive.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The spacing of an open load's arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// Exponential gaps: independent callers.
    #[default]
    Poisson,
    /// Equal gaps.
    Constant,
}

/// The load of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Load {
    /// Each user sends its next request when its last one has been answered.
    Closed {
        /// How many users.
        users: u32,
    },
    /// Requests arrive by a schedule, whether or not answers come.
    Open {
        /// Arrivals per second.
        rate_per_s: f64,
        /// Their spacing.
        #[serde(default)]
        arrivals: Arrivals,
        /// Connections that carry them: the most requests that can be in flight. An arrival that finds
        /// none free starts late, and its wait counts as latency.
        users: u32,
    },
}

impl Load {
    /// The most requests that can be in flight.
    pub fn users(&self) -> u32 {
        match self {
            Self::Closed { users } | Self::Open { users, .. } => *users,
        }
    }
}

/// As in a heading: `64 users`, `500/s poisson`.
impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { users: 1 } => write!(f, "1 user"),
            Self::Closed { users } => write!(f, "{users} users"),
            Self::Open { rate_per_s, arrivals, .. } => {
                let spacing = match arrivals {
                    Arrivals::Poisson => "poisson",
                    Arrivals::Constant => "constant",
                };
                write!(f, "{rate_per_s}/s {spacing}")
            }
        }
    }
}

/// What makes the load.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    /// poollab's own generator.
    #[default]
    Goose,
    /// k6, a program of somebody else's: the second opinion.
    K6,
}

impl Driver {
    /// Its name on the command line and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Goose => "goose",
            Self::K6 => "k6",
        }
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which drivers a plan asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DriverChoice {
    /// poollab's own generator.
    #[default]
    Goose,
    /// k6.
    K6,
    /// Each trial with both, so that they can be compared.
    Both,
}

impl DriverChoice {
    /// The drivers.
    pub fn drivers(self) -> &'static [Driver] {
        match self {
            Self::Goose => &[Driver::Goose],
            Self::K6 => &[Driver::K6],
            Self::Both => &[Driver::Goose, Driver::K6],
        }
    }
}
