//! Answers of the real search on systems with a known truth, for the tests.

use poollab_analysis::sizing::snippets::{PoolSettings, snippets};
use poollab_analysis::sizing::{Capacity, Curve, Facts, Fleet, Surge, scorecard};
use poollab_analysis::tune::chart::Chart;
use poollab_analysis::tune::simulated::{MachineSpeed, Shape, Simulated};
use poollab_analysis::tune::sweep::{self, Options};
use poollab_analysis::tune::{Answer, Question};

use super::{CapacityEstimate, Tuned, TunedSeries};

/// A plateau with everything that a live search can have: verification, objective, fleet, a doubt.
pub fn plateau() -> Tuned {
    let shape = Shape::Usl { sigma: 0.06, kappa: 0.000_8 };
    let slo = Some("p99<60ms".parse().unwrap());
    let question = Question { slo: slo.clone(), ..Question::up_to(64) };
    let mut simulated = Simulated::new(shape, 0.006, MachineSpeed::Drift(-0.002), 7);
    let answer = simulated.answer(question).unwrap();
    let mut series = series("deadpool · point-read · 64 users", answer);
    if let Some(capacity) = &mut series.capacity {
        capacity.slo_breaks_at = Some(0.9 * capacity.ceiling_per_s);
    }
    Tuned::new("42 trials of 1s on PostgreSQL 15.18", vec![series]).with_slo(slo.as_ref())
}

/// A flat truth.
pub fn any_size() -> Tuned {
    let answer =
        Simulated::new(Shape::Flat, 0.003, MachineSpeed::Steady, 3).answer(Question::up_to(32)).unwrap();
    Tuned::new("9 trials of 2s on PostgreSQL 15.18", vec![series("bb8 · hold 5ms · 200/s", answer)])
}

/// A machine so noisy that the sizes can't be ranked.
pub fn too_close() -> Tuned {
    let mut simulated = Simulated::new(Shape::Flat, 0.2, MachineSpeed::Wander(0.15), 3);
    let answer = simulated.answer(Question::up_to(32)).unwrap();
    Tuned::new("180 trials of 400ms on PostgreSQL 15.18", vec![series("sqlx · hold 5 ms · 64 users", answer)])
}

/// A record with errors so large that nothing can be told.
pub fn cannot_tell() -> Tuned {
    let mut text = "pool_size,throughput,error\n".to_owned();
    for (size, goodput) in [1, 2, 4, 8, 16, 32, 64].into_iter().zip([700, 1150, 900, 1300, 650, 1100, 900]) {
        text += &format!("{size},{goodput},900\n");
    }
    let answer = sweep::answer(&text, &Options::default()).unwrap().series.remove(0).answer;
    Tuned::new("recorded in noise.csv", vec![series("sweep", answer)]).recorded()
}

/// An objective that no size meets.
pub fn slo_unmet() -> Tuned {
    let question = Question { slo: Some("p99<1ms".parse().unwrap()), ..Question::up_to(32) };
    let shape = Shape::Knee { knee: 8.0, decay: 0.02 };
    let answer = Simulated::new(shape, 0.01, MachineSpeed::Steady, 2).answer(question).unwrap();
    Tuned::new("16 trials of 1s on PostgreSQL 15.18", vec![series("r2d2 · point-read · 64 users", answer)])
}

/// A recorded sweep with a series for each of four shapes and names that are none of ours.
pub fn several() -> Tuned {
    let shapes = [
        ("pooled", Shape::Usl { sigma: 0.04, kappa: 0.001 }),
        ("cliff <b>at</b> 48", Shape::Cliff { at: 48, left: 0.3 }),
        ("rising", Shape::Rising),
        ("two peaks", Shape::TwoPeaks { first: 6.0, second: 40.0, height: 1.05 }),
    ];
    let mut text = "pool_size,throughput,error,pool\n".to_owned();
    for (name, shape) in shapes {
        let mut simulated = Simulated::new(shape, 0.004, MachineSpeed::Steady, 1);
        for size in 1..=64 {
            let goodput = simulated.measure(size).goodput;
            text += &format!("{size},{goodput},{},{name}\n", goodput * 0.013);
        }
    }
    let answer = sweep::answer(&text, &Options::default()).unwrap();
    let series = answer.series.into_iter().map(|series| TunedSeries {
        chart: series.chart,
        regret: series.regret,
        fleet: None,
        ..super::canned::series(&series.name, series.answer)
    });
    Tuned::new("recorded in sweep.csv", series.collect()).recorded()
}

fn series(name: &str, answer: Answer) -> TunedSeries {
    let curve = Curve::new(answer.levels.iter().map(|level| (level.size, level.goodput))).unwrap();
    let facts = Facts { cores: Some(2), service_cores: Some(2), ..Facts::default() };
    let models = scorecard(&curve, &facts, answer.recommended);
    let fleet = Fleet { replicas: 6, surge: Surge::Percent(25.0), slots: 100, reserved: 3, other: 10 };
    TunedSeries {
        name: name.to_owned(),
        asked: answer.asked.clone(),
        plateau: answer.plateau,
        recommended: answer.recommended,
        regret: answer.loss,
        confidence: answer.confidence,
        gives_up_at_most: answer.gives_up_at_most,
        verdict: answer.verdict,
        text: answer.text.clone(),
        capacity: answer.recommended.and_then(|size| {
            let capacity = Capacity::of(&curve, size)?;
            Some(CapacityEstimate {
                size,
                ceiling_per_s: capacity.ceiling_per_s,
                held_ms: capacity.held_s * 1e3,
                demand_ms: capacity.bounds.bottleneck_s * 1e3,
                knee: capacity.bounds.knee(),
                starts_to_queue_at: capacity.starts_to_queue_at(),
                slo_breaks_at: None,
            })
        }),
        settings: answer.recommended.map_or_else(Vec::new, |size| snippets(&PoolSettings::of_size(size))),
        fleet: answer.recommended.and_then(|size| fleet.with_pool(size).ok()),
        chart: Chart::new(&answer, &models),
        models,
        answer,
    }
}
