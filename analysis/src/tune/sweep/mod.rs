//! Other people's data: the same search and the same scorecard on a recorded sweep.
//!
//! The search asks for recorded sizes only, because it recommends nothing that was not measured; figures
//! between two sizes (interpolated) serve to judge what models predict. A recorded figure says nothing new
//! when it is asked again: rows of the same size are its repeats, and they or an error column tell the noise.

mod parse;
mod replay;

use serde::Serialize;

pub use parse::{Problem, Record, RecordedSeries, SweepError, parse};
pub use replay::{Options, answer_series};

use super::chart::Chart;
use super::{Answer, Plateau, Verdict};
use crate::sizing::ModelCard;

/// The answers to a sweep.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepAnswer {
    /// One for each series, in the order of the file.
    pub series: Vec<SeriesAnswer>,
}

/// The answer to one series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesAnswer {
    /// Its name: the values of the columns beyond the known ones, or `sweep`.
    pub name: String,
    /// Sizes that the search asked for, in its order, each once.
    pub asked: Vec<u32>,
    /// Share of the recorded sizes that it asked for.
    pub asked_share: f64,
    /// The range of sizes within the tolerance of the best.
    pub plateau: Option<Plateau>,
    /// The smallest size that is enough; `null` if there is not enough data.
    pub recommended: Option<u32>,
    /// Share of the sweep's own best throughput that the recommended size gives up.
    pub regret: Option<f64>,
    /// How sure the search is, 0 to 1; `null` where neither repeats nor an error column tell.
    pub confidence: Option<f64>,
    /// The kind of answer.
    pub verdict: Verdict,
    /// The answer in words.
    pub text: String,
    /// The size with the sweep's best throughput.
    pub best: u32,
    /// What each model predicts on this data, and what you would lose by following it.
    pub models: Vec<ModelCard>,
    /// The data of a chart: all recorded points, plateau and models.
    pub chart: Chart,
    /// The answer of the search with all its evidence.
    #[serde(skip)]
    pub answer: Answer,
}

/// Reads a sweep and answers it.
pub fn answer(text: &str, options: &Options) -> Result<SweepAnswer, SweepError> {
    let series = parse(text)?;
    let answers =
        series.iter().map(|series| answer_series(series, options)).collect::<Result<Vec<_>, _>>()?;
    Ok(SweepAnswer { series: answers })
}
