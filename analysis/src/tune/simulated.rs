//! Systems with a known truth, to try a search on: the fake at the boundary to a real database.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand_distr::{Distribution as _, Normal};

use super::{Answer, LatencyMs, Observation, Question, QuestionError, Search, Step};

/// How goodput depends on pool size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Not at all.
    Flat,
    /// By the Universal Scalability Law.
    Usl {
        /// Contention.
        sigma: f64,
        /// Coherency delay.
        kappa: f64,
    },
    /// Linear up to a ceiling, with a soft knee at `knee`; then shallow decay by that share for each octave.
    Knee {
        /// Size of the knee.
        knee: f64,
        /// Loss for each octave beyond it.
        decay: f64,
    },
    /// Rises up to a size and collapses beyond it to a share.
    Cliff {
        /// The last good size.
        at: u32,
        /// What is left beyond.
        left: f64,
    },
    /// Two humps over the logarithm of size; the second one's height relative to the first.
    TwoPeaks {
        /// Size of the first peak.
        first: f64,
        /// Size of the second peak.
        second: f64,
        /// Height of the second one.
        height: f64,
    },
    /// An open load below the ceiling of the larger pools: flat from the first size that carries it.
    Offered {
        /// Throughput of one connection as a share of the offered rate.
        each: f64,
    },
    /// More is always more.
    Rising,
    /// Less is always more.
    Falling,
    /// Nothing but noise.
    Noise,
}

/// A family of systems with every hazard that the search must survive, each with a name.
pub const FAMILY: [(&str, Shape); 18] = [
    ("flat", Shape::Flat),
    ("usl, early peak", Shape::Usl { sigma: 0.01, kappa: 0.02 }),
    ("usl, peak at 20", Shape::Usl { sigma: 0.2, kappa: 0.002 }),
    ("usl, peak at 31", Shape::Usl { sigma: 0.03, kappa: 0.001 }),
    ("usl, peak at 55", Shape::Usl { sigma: 0.1, kappa: 0.0003 }),
    ("usl, peak beyond the slots", Shape::Usl { sigma: 0.02, kappa: 0.0001 }),
    ("knee at 3, collapse", Shape::Knee { knee: 3.0, decay: 0.08 }),
    ("knee at 6, shallow decay", Shape::Knee { knee: 6.0, decay: 0.01 }),
    ("knee at 12, decay", Shape::Knee { knee: 12.0, decay: 0.03 }),
    ("knee at 20, then level", Shape::Knee { knee: 20.0, decay: 0.0 }),
    ("cliff behind 12", Shape::Cliff { at: 12, left: 0.5 }),
    ("cliff behind 37", Shape::Cliff { at: 37, left: 0.3 }),
    ("two peaks, the first higher", Shape::TwoPeaks { first: 6.0, second: 40.0, height: 0.9 }),
    ("two peaks, the second higher", Shape::TwoPeaks { first: 4.0, second: 32.0, height: 1.1 }),
    ("open load, carried from 7 on", Shape::Offered { each: 1.0 / 7.0 }),
    ("open load, carried from 21 on", Shape::Offered { each: 1.0 / 21.0 }),
    ("still rising", Shape::Rising),
    ("falling", Shape::Falling),
];

/// How the machine changes while it is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MachineSpeed {
    /// Not at all.
    Steady,
    /// By this share with each measurement.
    Drift(f64),
    /// By this share, once, after so many measurements.
    Step(u32, f64),
    /// Up and down, as a machine with neighbours does: by this much (relative standard deviation) from its usual
    /// speed, of which nine tenths are still there at the next measurement.
    Wander(f64),
}

/// Share of a machine's deviation that is still there one measurement later.
const STAYS: f64 = 0.9;

/// A simulated system.
#[derive(Debug)]
pub struct Simulated {
    shape: Shape,
    noise: f64,
    speed: MachineSpeed,
    rng: StdRng,
    measured: u32,
    wandered: f64,
}

impl Simulated {
    /// A system; `noise` is the relative standard deviation of one measurement.
    pub fn new(shape: Shape, noise: f64, speed: MachineSpeed, seed: u64) -> Self {
        Self { shape, noise, speed, rng: StdRng::seed_from_u64(seed), measured: 0, wandered: 0.0 }
    }

    /// The true goodput of a size, in requests a second.
    pub fn truth(&self, size: u32) -> f64 {
        1_000.0 * self.shape.relative(f64::from(size))
    }

    /// The true median latency of 64 users without think time (Little), in milliseconds.
    pub fn latency_ms(&self, size: u32) -> f64 {
        1_000.0 * 64.0 / self.truth(size).max(1e-9)
    }

    /// The best true goodput among sizes.
    pub fn best(&self, sizes: &[u32]) -> f64 {
        sizes.iter().map(|size| self.truth(*size)).fold(0.0, f64::max)
    }

    /// The share of it that a size gives up.
    pub fn regret(&self, sizes: &[u32], size: u32) -> f64 {
        1.0 - self.truth(size) / self.best(sizes)
    }

    /// The smallest size within a share of the best: what a search would find if it knew the truth.
    pub fn smallest(&self, sizes: &[u32], within: f64) -> Option<u32> {
        sizes.iter().copied().find(|size| self.regret(sizes, *size) <= within)
    }

    /// Measures a size once.
    pub fn measure(&mut self, size: u32) -> Observation {
        let speed = match self.speed {
            MachineSpeed::Steady => 1.0,
            MachineSpeed::Drift(share) => (1.0 + share).powi(self.measured as i32),
            MachineSpeed::Step(after, share) => 1.0 + if self.measured >= after { share } else { 0.0 },
            MachineSpeed::Wander(_) => self.wandered.exp(),
        };
        if let MachineSpeed::Wander(spread) = self.speed {
            // Stationary: the variance that is forgotten comes in again.
            let fresh = Normal::new(0.0, spread * (1.0 - STAYS * STAYS).sqrt());
            let fresh: f64 = fresh.map_or(0.0, |normal| normal.sample(&mut self.rng));
            self.wandered = STAYS * self.wandered + fresh;
        }
        self.measured += 1;
        let mut normal = |spread| Normal::new(0.0, spread).map_or(0.0, |normal| normal.sample(&mut self.rng));
        let error: f64 = normal(self.noise);
        let factor = speed * error.exp();
        let p50 = self.latency_ms(size) / factor;
        let latency =
            LatencyMs { p50: Some(p50), p95: Some(p50 * 2.0), p99: Some(p50 * 3.0), p99_9: Some(p50 * 5.0) };
        Observation { latency, ..Observation::of_goodput(size, self.truth(size) * factor) }
    }

    /// Lets a search run on this system to its end.
    pub fn answer(&mut self, question: Question) -> Result<Answer, Vec<QuestionError>> {
        let mut search = Search::new(question)?;
        loop {
            match search.next() {
                Step::Measure { size, .. } => {
                    let observation = self.measure(size);
                    // It is what was asked for, and a figure: nothing to refuse.
                    let _ = search.observe(observation);
                }
                Step::Done(answer) => return Ok(*answer),
            }
        }
    }
}

impl Shape {
    fn relative(self, n: f64) -> f64 {
        let hump = |peak: f64| (-(n / peak).ln().powi(2) / 0.5).exp();
        match self {
            Self::Flat | Self::Noise => 1.0,
            Self::Usl { sigma, kappa } => n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0)),
            Self::Knee { knee, decay } => {
                let ratio = n / knee;
                let rise = ratio / (1.0 + ratio.powi(6)).powf(1.0 / 6.0);
                rise * (1.0 - decay).powf(ratio.log2().max(0.0))
            }
            Self::Cliff { at, left } => {
                let rise = (n / f64::from(at)).min(1.0).powf(0.6);
                if n > f64::from(at) { left } else { rise }
            }
            Self::TwoPeaks { first, second, height } => 0.2 + 0.8 * hump(first).max(height * hump(second)),
            Self::Offered { each } => (n * each).min(1.0),
            Self::Rising => n.powf(0.8),
            Self::Falling => n.powf(-0.3),
        }
    }
}
