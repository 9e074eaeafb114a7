//! What a search found.

use serde::Serialize;

use super::LatencyMs;

/// The answer with its evidence.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Answer {
    /// Which kind of answer.
    pub verdict: Verdict,
    /// Why nothing is recommended, or what keeps the recommendation from being certain, if anything does.
    pub reason: Option<Reason>,
    /// Measured sizes without a gap, the recommended one among them, whose goodput is within the tolerance of the
    /// best; where they are too close to rank, all that may be.
    pub plateau: Option<Plateau>,
    /// The smallest size that does the job. `None` only where none does, or where a record is too noisy.
    pub recommended: Option<u32>,
    /// Where nothing is recommended: the size that came nearest.
    pub nearest: Option<u32>,
    /// How sure it is, 0 to 1: of a live search the confidence of `gives_up_at_most`, of a record the share of its
    /// bootstrap samples in which the size was within the tolerance of the best. `None` where nothing tells.
    pub confidence: Option<f64>,
    /// Estimated share of the best goodput that the recommended size gives up.
    pub loss: Option<f64>,
    /// The largest share of the best goodput that it gives up, with that confidence. `None` for a record.
    pub gives_up_at_most: Option<f64>,
    /// The size with the highest estimated goodput.
    pub best: Option<u32>,
    /// Sizes in the order in which they were asked for.
    pub asked: Vec<u32>,
    /// Rounds of a live search; 0 for a record.
    pub rounds: u32,
    /// What was measured, by size.
    pub levels: Vec<Level>,
    /// Relative standard deviation of a single measurement of goodput; `None` where it is not known.
    pub noise: Option<f64>,
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
    /// Too close to rank within the budget: a recommendation with a bounded loss.
    TooClose,
    /// The smallest size that meets the objective.
    SloMet,
    /// The objective is met by no size.
    SloUnmet,
    /// Nothing is recommended.
    #[default]
    CannotTell,
}

/// Why an answer is none, or not certain.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// Measurements of one size differ too much to rank the sizes.
    Noise {
        /// Relative standard deviation of one measurement.
        noise: f64,
    },
    /// The edge of the plateau lies between two sizes that could not be told apart.
    Edge {
        /// May be too small.
        smaller: u32,
        /// Is large enough.
        larger: u32,
    },
    /// The recommended size is so near to the limit of the objective that it may miss it.
    NearLimit {
        /// The condition.
        condition: String,
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
    /// Successful requests a second; of a live search the ups and downs of the machine taken out.
    pub goodput: f64,
    /// Lower end of a 95% interval; `None` where the noise is not known.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Latency, the geometric mean of repeats.
    pub latency_ms: LatencyMs,
    /// Share of requests that failed; `None` where it was not recorded.
    pub failed_share: Option<f64>,
    /// Whether it is within the tolerance of the best.
    pub in_plateau: bool,
}
