//! The same scenario on a machine that connects more slowly: every time in it is longer by as much.
//!
//! Slots in use = connects a second × time held. So whoever wants slots to run out, or connections to be there by some
//! moment, has to know how fast this machine connects. The catalogue names the rate that its times are written for; the
//! lab measures the real one and stretches. Nothing is ever shortened: a faster machine has what it needs.

use crate::expect::Expect;
use crate::scenario::{Scenario, Side};
use crate::setup::{Action, Beside, Case, Scene, Stage, Tuning};

impl Scenario {
    /// This scenario with the times that a database needs which makes so many connects a second.
    pub fn paced(&self, connects_per_s: f64) -> Self {
        let written = self.scene.connects_per_s.map_or(0.0, f64::from);
        if written <= connects_per_s || connects_per_s <= 0.0 {
            return self.clone();
        }
        let pace = Pace(written / connects_per_s);
        Self {
            scene: pace.scene(&self.scene),
            broken: pace.side(&self.broken),
            cured: pace.side(&self.cured),
            ..self.clone()
        }
    }
}

/// How many times as long.
#[derive(Clone, Copy)]
struct Pace(f64);

impl Pace {
    fn ms(self, ms: u32) -> u32 {
        (f64::from(ms) * self.0).ceil() as u32
    }

    fn scene(self, scene: &Scene) -> Scene {
        Scene {
            stages: list(scene.stages, |stage| Stage { at_ms: self.ms(stage.at_ms), ..stage }),
            beside: scene.beside.map(|beside| Beside { hang_up_ms: self.ms(beside.hang_up_ms), ..beside }),
            request_timeout_ms: self.ms(scene.request_timeout_ms),
            duration_ms: self.ms(scene.duration_ms),
            actions: list(scene.actions, |action| Action { at_ms: self.ms(action.at_ms), ..action }),
            healthz_every_ms: self.ms(scene.healthz_every_ms),
            ..*scene
        }
    }

    fn side(self, side: &Side) -> Side {
        Side {
            cases: list(side.cases, |case| self.case(case)),
            expects: self.expects(side.expects),
            ..side.clone()
        }
    }

    fn case(self, case: Case) -> Case {
        Case {
            params: self.params(case.params),
            beside: self.params(case.beside),
            tuning: Tuning {
                acquire_ms: case.tuning.acquire_ms.map(|ms| self.ms(ms)),
                connect_ms: self.ms(case.tuning.connect_ms),
                max_lifetime_ms: case.tuning.max_lifetime_ms.map(|ms| self.ms(ms)),
                statement_timeout_ms: case.tuning.statement_timeout_ms.map(|ms| self.ms(ms)),
                ..case.tuning
            },
            expects: self.expects(case.expects),
            ..case
        }
    }

    /// `think_ms=100&on=worker`: those whose names end in `ms` are times.
    fn params(self, params: &'static str) -> &'static str {
        let (before, query) = params.rsplit_once('?').map_or(("", params), |(path, query)| (path, query));
        let stretched = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) if name.ends_with("ms") => {
                value.parse().map_or_else(|_| pair.to_owned(), |ms| format!("{name}={}", self.ms(ms)))
            }
            _ => pair.to_owned(),
        });
        let query = stretched.collect::<Vec<_>>().join("&");
        leaked(if before.is_empty() { query } else { format!("{before}?{query}") })
    }

    fn expects(self, expects: &'static [Expect]) -> &'static [Expect] {
        list(expects, |expect| match expect {
            Expect::GoodputGone { from_ms } => Expect::GoodputGone { from_ms: self.ms(from_ms) },
            Expect::Stalled { at_least_ms } => Expect::Stalled { at_least_ms: self.ms(at_least_ms) },
            Expect::LatencyAtLeast { of, quantile, ms } => {
                Expect::LatencyAtLeast { of, quantile, ms: self.ms(ms) }
            }
            Expect::LatencyAtMost { of, quantile, ms } => {
                Expect::LatencyAtMost { of, quantile, ms: self.ms(ms) }
            }
            Expect::RecoversWithin { ms } => Expect::RecoversWithin { ms: self.ms(ms) },
            other => other,
        })
    }
}

/// A catalogue is made of constants. A program shows each scenario once, so what it keeps for that is little.
fn list<T: Copy>(items: &'static [T], with: impl Fn(T) -> T) -> &'static [T] {
    Box::leak(items.iter().copied().map(with).collect())
}

fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}
