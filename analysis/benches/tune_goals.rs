//! The goals of the search on simulated systems with a known truth, as ratios: `cargo bench -p
//! poollab-analysis --bench tune_goals`. It measures decisions and not time, so that its figures are the same on
//! every machine.

use poollab_analysis::sizing::{Curve, Facts, scorecard};
use poollab_analysis::tune::simulated::{FAMILY, MachineSpeed, Shape, Simulated};
use poollab_analysis::tune::sweep::{Options, answer};
use poollab_analysis::tune::{Question, Verdict};

const LARGEST: u32 = 64;
const SEEDS: u64 = 50;

/// Cores for the rule of thumb and for defaults that ask for them.
const CORES: u32 = 4;

fn main() {
    goals();
    models();
    honesty();
    records();
}

/// Regret and economy.
fn goals() {
    println!(
        "sizes 1 to {LARGEST}, {SEEDS} seeds of each of {} systems; regret against the true best\n",
        FAMILY.len()
    );
    println!(
        "noise  machine        regret: mean   worst  > 2 %   no answer   measured: of 1 pass   of 2 passes"
    );
    let weathers = [
        (0.0, MachineSpeed::Steady, "steady"),
        (0.005, MachineSpeed::Steady, "steady"),
        (0.01, MachineSpeed::Steady, "steady"),
        (0.02, MachineSpeed::Steady, "steady"),
        (0.03, MachineSpeed::Steady, "steady"),
        (0.01, MachineSpeed::Drift(-0.005), "-0.5 % each"),
        (0.01, MachineSpeed::Step(8, -0.05), "-5 % at once"),
    ];
    for (noise, speed, name) in weathers {
        let (mut sum, mut worst, mut over, mut silent, mut asked, mut answers) = (0.0, 0.0_f64, 0, 0, 0, 0);
        for (shape, seed) in cases() {
            let mut system = Simulated::new(shape, noise, speed, seed);
            let question = Question { seed, ..Question::up_to(LARGEST) };
            let sizes = question.sizes.clone();
            let Ok(answer) = system.answer(question) else { continue };
            asked += answer.asked.len();
            match answer.recommended {
                Some(size) => {
                    let regret = system.regret(&sizes, size);
                    sum += regret;
                    worst = worst.max(regret);
                    over += u32::from(regret > 0.02);
                    answers += 1;
                }
                None => silent += 1,
            }
        }
        let all = f64::from(answers + silent);
        let passes = asked as f64 / all / f64::from(LARGEST);
        println!(
            "{:>4.1} %  {name:<14} {:>10.2} % {:>6.2} % {:>5.1} % {:>9.1} % {:>19.2} {:>13.2}",
            100.0 * noise,
            100.0 * sum / f64::from(answers),
            100.0 * worst,
            100.0 * f64::from(over) / f64::from(answers),
            100.0 * f64::from(silent) / all,
            passes,
            passes / 2.0
        );
    }
}

/// Parsimony: connections and loss of the search beside those of each model, which sees the whole truth.
fn models() {
    println!("\nat 1 % noise, models fitted to the noiseless truth ({CORES} cores)\n");
    println!("{:<22} {:>11} {:>12}", "", "connections", "loses (mean)");
    let mut rows: Vec<(String, f64, f64, u32)> = Vec::new();
    let mut add = |name: &str, size: u32, loss: f64| match rows.iter_mut().find(|row| row.0 == name) {
        Some(row) => {
            row.1 += f64::from(size);
            row.2 += loss;
            row.3 += 1;
        }
        None => rows.push((name.to_owned(), f64::from(size), loss, 1)),
    };
    for (shape, seed) in cases() {
        let mut system = Simulated::new(shape, 0.01, MachineSpeed::Steady, seed);
        let question = Question { seed, ..Question::up_to(LARGEST) };
        let sizes = question.sizes.clone();
        let Ok(answer) = system.answer(question) else { continue };
        let (Some(size), Some(curve)) =
            (answer.recommended, Curve::new(sizes.iter().map(|size| (*size, system.truth(*size)))))
        else {
            continue;
        };
        add("poollab tune", size, system.regret(&sizes, size));
        for card in scorecard(&curve, &Facts { cores: Some(CORES), ..Facts::default() }, Some(size)) {
            if let (Some(predicted), Some(loss)) = (card.predicted, card.regret) {
                add(card.name, predicted.min(LARGEST), loss);
            }
        }
    }
    for (name, sizes, losses, count) in rows {
        let count = f64::from(count);
        println!("{name:<22} {:>11.1} {:>10.1} %", sizes / count, 100.0 * losses / count);
    }
}

/// What it says when there is nothing to say.
fn honesty() {
    println!();
    for noise in [0.005, 0.01, 0.02] {
        let answers = (0..200).filter_map(|seed| {
            let mut system = Simulated::new(Shape::Flat, noise, MachineSpeed::Steady, seed);
            system.answer(Question { seed, ..Question::up_to(LARGEST) }).ok()
        });
        let (mut smallest, mut any) = (0, 0);
        for answer in answers {
            smallest += u32::from(answer.recommended == Some(1));
            any += u32::from(answer.verdict == Verdict::AnySize);
        }
        println!(
            "flat truth, {:.1} % noise: the smallest size in {} %, \"any size\" in {} %",
            100.0 * noise,
            smallest / 2,
            any / 2
        );
    }
    for largest in [32, LARGEST] {
        for noise in [0.05, 0.1, 0.2, 0.3, 0.5] {
            let told = (0..200).filter(|seed| {
                let mut system = Simulated::new(Shape::Noise, noise, MachineSpeed::Steady, *seed);
                let answer = system.answer(Question { seed: *seed, ..Question::up_to(largest) });
                answer.is_ok_and(|answer| answer.recommended.is_none())
            });
            println!(
                "pure noise of {:.0}%, sizes to {largest}: no recommendation in {}%",
                100.0 * noise,
                told.count() as f64 / 2.0
            );
        }
    }
}

/// Recorded sweeps without an error column; regret against the record's own best figure.
fn records() {
    println!(
        "\nrecorded sweeps without an error column, {SEEDS} seeds; regret against the record's own best\n"
    );
    println!("noise  rows         regret: mean   worst  > 2 %   no answer   size   asked: mean   most");
    let dense: Vec<u32> = (1..=LARGEST).collect();
    let every_fourth: Vec<u32> = std::iter::once(1).chain((4..=LARGEST).step_by(4)).collect();
    let doubling: Vec<u32> = vec![1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
    for (name, sizes) in [("1 to 64", &dense), ("every 4th", &every_fourth), ("12 of them", &doubling)] {
        for noise in [0.0, 0.005, 0.01, 0.02] {
            let (mut sum, mut worst, mut over, mut silent, mut answers) = (0.0, 0.0_f64, 0, 0, 0);
            let (mut connections, mut asked, mut most) = (0, 0, 0);
            for (shape, seed) in cases() {
                let mut system = Simulated::new(shape, noise, MachineSpeed::Steady, seed);
                let rows: Vec<String> =
                    sizes.iter().map(|size| format!("{size},{}", system.measure(*size).goodput)).collect();
                let text = format!("pool_size,throughput\n{}\n", rows.join("\n"));
                let Ok(mut answers_of) = answer(&text, &Options::default()) else { continue };
                let series = answers_of.series.remove(0);
                asked += series.asked.len();
                most = most.max(series.asked.len());
                let (Some(size), Some(regret)) = (series.recommended, series.regret) else {
                    silent += 1;
                    continue;
                };
                connections += size;
                sum += regret;
                worst = worst.max(regret);
                over += u32::from(regret > 0.02);
                answers += 1;
            }
            let (all, count) = (f64::from(answers + silent), f64::from(answers));
            println!(
                "{:>4.1} %  {name:<10} {:>14.2} % {:>6.2} % {:>5.1} % {:>9.1} % {:>6.1} {:>13.1} {most:>6}",
                100.0 * noise,
                100.0 * sum / count,
                100.0 * worst,
                100.0 * f64::from(over) / count,
                100.0 * f64::from(silent) / all,
                f64::from(connections) / count,
                asked as f64 / all,
            );
        }
    }
}

fn cases() -> impl Iterator<Item = (Shape, u64)> {
    FAMILY.iter().flat_map(|(_, shape)| (0..SEEDS).map(|seed| (*shape, 7 * seed + 1)))
}
