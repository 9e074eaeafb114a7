//! What each model predicts for a measured curve, and what you would lose by following it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::formula::{self, LIBRARY_DEFAULTS};
use super::usl::{self, Interval};
use super::{Bounds, Curve, ErlangC, little};

/// Share of requests that may wait in the pool that Erlang C proposes: the usual rule of call centres.
const ERLANG_C_WAITS: f64 = 0.20;

/// What is known beside the curve. What is not known is estimated from the curve where a model allows it,
/// and else leaves that model without a prediction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Facts {
    /// Cores of the database server.
    pub cores: Option<u32>,
    /// Cores of the service's machine; `None`: those of the database.
    pub service_cores: Option<u32>,
    /// Effective spindles; `None`: 0, a cached data set.
    pub spindles: Option<u32>,
    /// Requests a second to carry; `None`: the best goodput of the curve.
    pub rate_per_s: Option<f64>,
    /// How long a request holds its connection when nobody is in its way, in seconds; `None`: from the
    /// smallest size of the curve.
    pub held_s: Option<f64>,
}

/// One model on one curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelCard {
    /// Its name in files: `usl`, `erlang-c` …
    pub name: &'static str,
    /// Its name in words.
    pub title: &'static str,
    /// The pool size that it predicts; `None` where it can't, see `note`.
    pub predicted: Option<u32>,
    /// Goodput of that size on the curve; between measured sizes on a straight line, beyond them that of
    /// the nearest.
    pub goodput: Option<f64>,
    /// Share of the curve's best goodput that one loses by believing it.
    pub regret: Option<f64>,
    /// Connections more (or, negative, fewer) than the recommended size.
    pub extra_connections: Option<i64>,
    /// Its parameters by name.
    pub parameters: BTreeMap<&'static str, f64>,
    /// 95 % intervals of parameters that were fitted.
    pub intervals: BTreeMap<&'static str, [f64; 2]>,
    /// What has to be known with it; empty when nothing.
    pub note: String,
}

/// All models on a curve. `recommended` is what measuring recommends.
pub fn scorecard(curve: &Curve, facts: &Facts, recommended: Option<u32>) -> Vec<ModelCard> {
    let mut cards = vec![rule_of_thumb(facts)];
    cards.extend(queues(curve, facts));
    cards.push(scalability(curve));
    cards.push(bounds(curve));
    cards.extend(defaults(facts));
    for card in &mut cards {
        card.judge(curve, recommended);
    }
    cards
}

impl ModelCard {
    fn new(name: &'static str, title: &'static str) -> Self {
        Self {
            name,
            title,
            predicted: None,
            goodput: None,
            regret: None,
            extra_connections: None,
            parameters: BTreeMap::new(),
            intervals: BTreeMap::new(),
            note: String::new(),
        }
    }

    fn predict(mut self, size: f64) -> Self {
        self.predicted = Some(size.round().clamp(1.0, f64::from(u32::MAX)) as u32);
        self
    }

    /// A parameter; figures that are no numbers are left out, because JSON has no word for them.
    fn with(mut self, name: &'static str, value: f64) -> Self {
        if value.is_finite() {
            self.parameters.insert(name, value);
        }
        self
    }

    fn within(mut self, name: &'static str, interval: Option<Interval>) -> Self {
        if let Some(Interval { low, high }) = interval
            && low.is_finite()
            && high.is_finite()
        {
            self.intervals.insert(name, [low, high]);
        }
        self
    }

    fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    fn judge(&mut self, curve: &Curve, recommended: Option<u32>) {
        let Some(size) = self.predicted else { return };
        self.goodput = Some(curve.at(f64::from(size)));
        self.regret = Some(curve.loss(f64::from(size)));
        self.extra_connections = recommended.map(|other| i64::from(size) - i64::from(other));
        if (size < curve.smallest() || size > curve.largest()) && self.note.is_empty() {
            self.note = format!(
                "outside the measured sizes {} to {}; judged by the nearest",
                curve.smallest(),
                curve.largest()
            );
        }
    }
}

fn rule_of_thumb(facts: &Facts) -> ModelCard {
    let card = ModelCard::new("cores-and-spindles", "cores × 2 + spindles");
    match facts.cores {
        Some(cores) => {
            let spindles = facts.spindles.unwrap_or(0);
            card.predict(f64::from(formula::cores_and_spindles(cores, spindles)))
                .with("cores", f64::from(cores))
                .with("spindles", f64::from(spindles))
        }
        None => card.noting("needs the cores of the database server, which are not known here"),
    }
}

/// Little's law and Erlang C, which need a rate and a hold time.
fn queues(curve: &Curve, facts: &Facts) -> [ModelCard; 2] {
    let little = ModelCard::new("littles-law", "Little's law");
    let erlang = ModelCard::new("erlang-c", "Erlang C");
    let rate = facts.rate_per_s.unwrap_or(curve.best().1);
    let alone = facts.held_s.or_else(|| Bounds::of(curve).map(|bounds| bounds.alone_s));
    let Some(held) = alone.filter(|held| *held > 0.0 && rate > 0.0) else {
        let why = "needs a rate and a hold time, and nothing succeeded on this curve";
        return [little.noting(why), erlang.noting(why)];
    };
    let given = |card: ModelCard| card.with("rate_per_s", rate).with("held_s", held);
    let little = given(little).predict(f64::from(little::pool_size(rate, held)));
    // Beyond a million connections nobody asks.
    let erlang = match ErlangC::servers_for(rate, held, ERLANG_C_WAITS, 1_000_000) {
        Some(size) => {
            let queue = ErlangC { servers: size, rate_per_s: rate, held_s: held };
            given(erlang)
                .predict(f64::from(size))
                .with("offered_erlangs", queue.offered())
                .with("waiting_probability", queue.waiting_probability())
                .with("mean_wait_s", queue.mean_wait_s())
        }
        None => given(erlang).noting("no pool of up to a million connections keeps the waits below 20 %"),
    };
    [little, erlang]
}

fn scalability(curve: &Curve) -> ModelCard {
    let card = ModelCard::new("usl", "Universal Scalability Law");
    let fit = match usl::fit(curve.points()) {
        Ok(fit) => fit,
        Err(why) => return card.noting(why.to_string()),
    };
    let card = card
        .with("lambda", fit.usl.lambda)
        .with("sigma", fit.usl.sigma)
        .with("kappa", fit.usl.kappa)
        .with("r_squared", fit.r_squared)
        .within("lambda", fit.lambda)
        .within("sigma", fit.sigma)
        .within("kappa", fit.kappa)
        .within("n_star", fit.peak);
    match fit.usl.peak() {
        Some(peak) => card.with("n_star", peak).predict(peak),
        None => card
            .predict(f64::from(curve.largest()))
            .noting("its curve never falls, so it has no N*; the largest measured size stands for it"),
    }
}

fn bounds(curve: &Curve) -> ModelCard {
    let card = ModelCard::new("asymptotic-bounds", "asymptotic bounds (knee)");
    match Bounds::of(curve) {
        Some(bounds) => card
            .predict(bounds.knee())
            .with("alone_s", bounds.alone_s)
            .with("bottleneck_s", bounds.bottleneck_s)
            .with("n_star", bounds.knee()),
        None => card.noting("nothing succeeded on this curve"),
    }
}

fn defaults(facts: &Facts) -> Vec<ModelCard> {
    let cores = facts.service_cores.or(facts.cores);
    LIBRARY_DEFAULTS
        .iter()
        .map(|default| {
            let card = ModelCard::new(default.id, default.who);
            match default.size(cores) {
                Some(size) => card.predict(f64::from(size)),
                None => card.noting("needs the cores of the service's machine, which are not known here"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> Curve {
        Curve::new([1_u32, 2, 4, 8, 16, 32, 64].map(|n| {
            let usl = usl::Usl { lambda: 100.0, sigma: 0.05, kappa: 0.002 };
            (n, usl.at(f64::from(n)))
        }))
        .unwrap()
    }

    fn card(cards: &[ModelCard], name: &str) -> ModelCard {
        cards.iter().find(|card| card.name == name).unwrap().clone()
    }

    #[test]
    fn a_prediction_is_judged_on_the_measured_curve() {
        let cards = scorecard(&curve(), &Facts { cores: Some(4), ..Facts::default() }, Some(14));
        let usl = card(&cards, "usl");
        assert_eq!(usl.predicted, Some(22));
        assert!((usl.parameters["sigma"] - 0.05).abs() < 1e-6);
        assert_eq!(usl.extra_connections, Some(8));
        let thumb = card(&cards, "cores-and-spindles");
        assert_eq!(thumb.predicted, Some(8));
        assert!((thumb.regret.unwrap() - curve().loss(8.0)).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_known_is_said_and_not_guessed() {
        let cards = scorecard(&curve(), &Facts::default(), None);
        let thumb = card(&cards, "cores-and-spindles");
        assert_eq!((thumb.predicted, thumb.regret), (None, None));
        assert!(thumb.note.contains("cores"));
        assert!(card(&cards, "littles-law").predicted.is_some());
    }

    #[test]
    fn two_sizes_or_no_success_leave_models_silent_and_nobody_panics() {
        let two = scorecard(&Curve::new([(1, 10.0), (8, 20.0)]).unwrap(), &Facts::default(), None);
        assert_eq!(card(&two, "usl").predicted, None);
        let none = scorecard(&Curve::new([(1, 0.0), (8, 0.0), (9, 0.0)]).unwrap(), &Facts::default(), None);
        assert!(
            none.iter().filter(|card| !card.name.starts_with("default")).all(|card| card.predicted.is_none())
        );
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = scorecard(&curve(), &Facts::default(), None).iter().map(|c| c.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
