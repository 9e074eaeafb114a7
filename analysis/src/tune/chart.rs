//! Goodput and latency against size, as data: for whoever draws it.

use serde::Serialize;

use super::{Answer, Plateau};
use crate::sizing::{ModelCard, Usl};

/// All that a chart of a search shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chart {
    /// Measured sizes, ascending.
    pub points: Vec<ChartPoint>,
    /// The range to shade.
    pub plateau: Option<Plateau>,
    /// The size to mark.
    pub recommended: Option<u32>,
    /// Curves of models, to lay over the goodput.
    pub curves: Vec<ChartCurve>,
    /// Sizes that models predict, to mark on the axis.
    pub predictions: Vec<ChartPrediction>,
}

/// One measured size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChartPoint {
    /// The size.
    pub size: u32,
    /// Successful requests a second.
    pub goodput: f64,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Median latency.
    pub p50_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
}

/// A curve over the whole range of sizes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChartCurve {
    /// The model, in words.
    pub title: &'static str,
    /// Size and goodput.
    pub points: Vec<(f64, f64)>,
}

/// A predicted size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChartPrediction {
    /// The model, in words.
    pub title: &'static str,
    /// The size.
    pub size: u32,
}

/// Points of a curve: enough for a smooth line on paper.
const STEPS: u32 = 64;

impl Chart {
    /// The chart of an answer and the models' cards.
    pub fn new(answer: &Answer, cards: &[ModelCard]) -> Self {
        let points: Vec<ChartPoint> = answer
            .levels
            .iter()
            .map(|level| ChartPoint {
                size: level.size,
                goodput: level.goodput,
                low: level.low,
                high: level.high,
                p50_ms: level.latency_ms.p50,
                p99_ms: level.latency_ms.p99,
            })
            .collect();
        let ends = points.first().zip(points.last()).map(|(first, last)| (first.size, last.size));
        let curves = match ends {
            Some(ends) => cards.iter().filter_map(|card| curve(card, ends)).collect(),
            None => Vec::new(),
        };
        let predictions = cards
            .iter()
            .filter_map(|card| Some(ChartPrediction { title: card.title, size: card.predicted? }))
            .collect();
        Self { points, plateau: answer.plateau, recommended: answer.recommended, curves, predictions }
    }
}

/// Models that say more than a size: the fitted law, and the two bounds.
fn curve(card: &ModelCard, (first, last): (u32, u32)) -> Option<ChartCurve> {
    let parameter = |name| card.parameters.get(name).copied();
    let at: Box<dyn Fn(f64) -> f64> = match card.name {
        "usl" => {
            let usl =
                Usl { lambda: parameter("lambda")?, sigma: parameter("sigma")?, kappa: parameter("kappa")? };
            Box::new(move |n| usl.at(n))
        }
        "asymptotic-bounds" => {
            let (alone, bottleneck) = (parameter("alone_s")?, parameter("bottleneck_s")?);
            Box::new(move |n| (n / alone).min(1.0 / bottleneck))
        }
        _ => return None,
    };
    let (first, last) = (f64::from(first), f64::from(last));
    let size = |step: u32| first * (last / first).powf(f64::from(step) / f64::from(STEPS));
    Some(ChartCurve {
        title: card.title,
        points: (0..=STEPS).map(|step| (size(step), at(size(step)))).collect(),
    })
}
