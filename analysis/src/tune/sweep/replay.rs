//! A recorded series as the system that a search asks.

use std::collections::HashMap;

use super::{Record, RecordedSeries, SeriesAnswer, SweepError};
use crate::sizing::{Curve, Facts, scorecard};
use crate::tune::chart::{Chart, ChartPoint};
use crate::tune::{Answer, Budget, Observation, Question, Search, Slo, Source, Step};

/// Sizes that may be asked for in a short record, of which a quarter would show no shape.
const LEAST_BUDGET: u32 = 12;

/// What to ask of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How much of the best throughput may be given up for a smaller pool.
    pub within: f64,
    /// What else has to hold; speaks of `p99_ms` and its like.
    pub slo: Option<Slo>,
    /// Sizes that may be asked for; `None`: a quarter of the recorded ones, but at least twelve.
    pub budget: Option<Budget>,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// What is known of the machine and the load behind the figures.
    pub facts: Facts,
}

impl Default for Options {
    fn default() -> Self {
        Self { within: 0.02, slo: None, budget: None, seed: 1, facts: Facts::default() }
    }
}

/// Searches one series and judges the models on all of it.
pub fn answer_series(series: &RecordedSeries, options: &Options) -> Result<SeriesAnswer, SweepError> {
    let answer = search(series, options)?;
    let Some(curve) = Curve::new(series.records.iter().map(|record| (record.size, record.throughput))) else {
        return Err(SweepError::Question(vec![crate::tune::QuestionError::NoSizes]));
    };
    let models = scorecard(&curve, &options.facts, answer.recommended);
    let chart = Chart { points: series.records.iter().map(point).collect(), ..Chart::new(&answer, &models) };
    Ok(SeriesAnswer {
        name: series.name.clone(),
        asked_share: answer.asked.len() as f64 / series.records.len() as f64,
        asked: answer.asked.clone(),
        plateau: answer.plateau,
        recommended: answer.recommended,
        regret: answer.recommended.map(|size| curve.loss(f64::from(size))),
        confidence: answer.confidence,
        verdict: answer.verdict,
        text: answer.text.clone(),
        best: curve.best().0,
        models,
        chart,
        answer,
    })
}

fn search(series: &RecordedSeries, options: &Options) -> Result<Answer, SweepError> {
    let by_size: HashMap<u32, &Record> = series.records.iter().map(|record| (record.size, record)).collect();
    let sizes: Vec<u32> = series.records.iter().map(|record| record.size).collect();
    let question = Question {
        budget: options
            .budget
            .unwrap_or_else(|| Budget::of(Budget::quarter_of(sizes.len()).measurements.max(LEAST_BUDGET))),
        sizes,
        within: options.within,
        slo: options.slo.clone(),
        offered: None,
        seed: options.seed,
        source: Source::Recorded,
    };
    let mut search = Search::new(question).map_err(SweepError::Question)?;
    loop {
        let size = match search.next() {
            Step::Measure { size, .. } => size,
            Step::Done(answer) => return Ok(*answer),
        };
        // The search asks for allowed sizes only, and those are the recorded ones.
        let seen = by_size
            .get(&size)
            .map_or_else(|| Observation::of_goodput(size, 0.0), |record| observation(record));
        if search.observe(seen).is_err() {
            search.afford(0);
        }
    }
}

fn observation(record: &Record) -> Observation {
    Observation {
        latency: record.latency,
        failed_share: record.failed_share,
        noise: record.noise,
        ..Observation::of_goodput(record.size, record.throughput)
    }
}

fn point(record: &Record) -> ChartPoint {
    let half = record.noise.map(|noise| 1.96 * noise * record.throughput);
    ChartPoint {
        size: record.size,
        goodput: record.throughput,
        low: half.map(|half| record.throughput - half),
        high: half.map(|half| record.throughput + half),
        p50_ms: record.latency.p50,
        p99_ms: record.latency.p99,
    }
}
