//! What a search found.

use serde::Serialize;

use super::LatencyMs;

/// The answer with its evidence.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Answer {
    /// Which kind of answer.
    pub verdict: Verdict,
    /// Why it can't be told, for [`Verdict::CannotTell`] and [`Verdict::SloUnmet`]; else what keeps the answer
    /// from being certain, if anything does.
    pub reason: Option<Reason>,
    /// Measured sizes without a gap whose goodput is within the tolerance of the best.
    pub plateau: Option<Plateau>,
    /// The smallest size of the plateau that also meets the objective. `None` where it can't be told.
    pub recommended: Option<u32>,
    /// Where nothing is recommended: the size that came nearest.
    pub nearest: Option<u32>,
    /// Share of bootstrap samples in which that size was within the tolerance of the best, 0 to 1.
    pub confidence: f64,
    /// Estimated share of the best goodput that it gives up.
    pub loss: Option<f64>,
    /// The size with the highest estimated goodput.
    pub best: Option<u32>,
    /// How the recommended size did when it was measured again.
    pub verification: Option<Verification>,
    /// Sizes in the order in which they were asked for, repeats and verification included.
    pub asked: Vec<u32>,
    /// What was measured, by size; verification excluded unless it was refuted.
    pub levels: Vec<Level>,
    /// Relative standard deviation of a single measurement of goodput; `None` where it is not known.
    pub noise: Option<f64>,
    /// Relative change of the machine from one measurement to the next, as estimated and taken out.
    pub drift: f64,
    /// What else makes the figures doubtful, in words.
    pub doubts: Vec<String>,
    /// All that in a sentence or two.
    pub text: String,
}

/// Kinds of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A plateau with a smallest size.
    Plateau,
    /// No size differs: any will do.
    AnySize,
    /// Goodput still rises at the largest size allowed: the limit is elsewhere.
    StillRising,
    /// The objective is met by no size of the plateau.
    SloUnmet,
    /// It can't be told from these measurements.
    #[default]
    CannotTell,
}

/// Why an answer is none, or not certain.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// Measurements of one size differ too much.
    Noise {
        /// Relative standard deviation of one measurement.
        noise: f64,
        /// Measurements of each size that would be enough.
        repeats_needed: u32,
    },
    /// The edge of the plateau lies between two sizes that could not be told apart within the budget.
    Edge {
        /// May be too small.
        smaller: u32,
        /// Is large enough.
        larger: u32,
    },
    /// Measured again, the size did not do as the search had seen.
    Refuted {
        /// The refuted sizes.
        sizes: Vec<u32>,
    },
    /// No request succeeded at any size.
    NothingSucceeded,
    /// The objective speaks of a figure that was not measured.
    FigureMissing {
        /// The figure.
        figure: String,
    },
    /// No size meets the objective.
    SloOutOfReach {
        /// The condition that failed.
        condition: String,
        /// The size that came nearest.
        size: u32,
        /// Its figure, in the unit of the condition.
        value: f64,
    },
    /// Sizes meet the objective, but none of the plateau does.
    SloCostsGoodput {
        /// The best of them.
        size: u32,
        /// Share of the best goodput that it gives up.
        loss: f64,
    },
}

/// A range of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Plateau {
    /// Its smallest measured size.
    pub low: u32,
    /// Its largest measured size.
    pub high: u32,
}

/// All measurements of one size together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// The size.
    pub size: u32,
    /// How often it was measured.
    pub repeats: u32,
    /// Successful requests a second, the drift of the machine taken out.
    pub goodput: f64,
    /// Lower end of a 95 % interval; `None` where the noise is not known.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Latency, the geometric mean of repeats.
    pub latency_ms: LatencyMs,
    /// Share of requests that failed.
    pub failed_share: f64,
    /// Whether it is within the tolerance of the best.
    pub in_plateau: bool,
}

/// Measurements that the search did not use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    /// The recommended size.
    pub recommended: Check,
    /// The next smaller one measured before, if there is one.
    pub smaller: Option<Check>,
    /// The next larger one.
    pub larger: Option<Check>,
    /// Whether the recommended size held.
    pub holds: bool,
    /// Neighbours that changed against it, since the search, by more than noise and tolerance allow.
    pub strayed: Vec<u32>,
    /// In words.
    pub text: String,
}

/// One measurement of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Check {
    /// The size.
    pub size: u32,
    /// Successful requests a second.
    pub goodput: f64,
    /// Latency.
    pub latency_ms: LatencyMs,
}
