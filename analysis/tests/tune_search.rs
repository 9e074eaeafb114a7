//! The search on systems with a known truth: its goals, its invariants and its words.

use std::collections::BTreeMap;

use poollab_analysis::sizing::{Curve, Facts, scorecard};
use poollab_analysis::tune::simulated::{FAMILY, MachineSpeed, Shape, Simulated};
use poollab_analysis::tune::{
    Answer, Budget, LatencyMs, Observation, ObserveError, Question, QuestionError, Reason, Search, Source,
    Step, Verdict,
};
use proptest::prelude::*;

fn answer(shape: Shape, noise: f64, seed: u64) -> (Answer, Simulated) {
    let mut system = Simulated::new(shape, noise, MachineSpeed::Steady, 7 * seed + 1);
    let answer = system.answer(Question { seed, ..Question::up_to(64) }).unwrap();
    (answer, system)
}

fn sizes() -> Vec<u32> {
    (1..=64).collect()
}

/// Runs a search on a function from size to observation.
fn run(question: Question, system: impl Fn(u32) -> Observation) -> Answer {
    let mut search = Search::new(question).unwrap();
    loop {
        match search.next() {
            Step::Measure { size, .. } => search.observe(system(size)).unwrap(),
            Step::Done(answer) => return *answer,
        }
    }
}

#[test]
fn every_system_of_the_family_loses_at_most_two_percent_without_noise() {
    for (name, shape) in FAMILY {
        for seed in 0..3 {
            let (answer, system) = answer(shape, 0.0, seed);
            let size = answer.recommended.unwrap_or_else(|| panic!("{name}: {}", answer.text));
            let regret = system.regret(&sizes(), size);
            assert!(regret <= 0.02, "{name}, seed {seed}: {size} loses {regret:.4}; {}", answer.text);
        }
    }
}

#[test]
fn with_one_percent_noise_nearly_all_lose_at_most_two_percent() {
    let (mut over, mut sum, mut count) = (0, 0.0, 0);
    for (name, shape) in FAMILY {
        for seed in 0..2 {
            let (answer, system) = answer(shape, 0.01, seed);
            let size = answer.recommended.unwrap_or_else(|| panic!("{name}: {}", answer.text));
            let regret = system.regret(&sizes(), size);
            assert!(regret <= 0.06, "{name}, seed {seed}: {size} loses {regret:.4}");
            over += u32::from(regret > 0.02);
            sum += regret;
            count += 1;
        }
    }
    assert!(f64::from(over) <= 0.05 * f64::from(count), "{over} of {count}");
    assert!(sum / f64::from(count) <= 0.01);
}

/// The machine is another one from second to second; rounds see through that, and what they can't see they bound.
#[test]
fn a_machine_that_wanders_by_fifteen_percent_gets_an_answer_that_loses_little() {
    let (mut over, mut beyond, mut sum, mut count) = (0, 0, 0.0, 0);
    for (name, shape) in FAMILY {
        for seed in 0..2 {
            let mut system = Simulated::new(shape, 0.05, MachineSpeed::Wander(0.15), 7 * seed + 1);
            let answer = system.answer(Question { seed, ..Question::up_to(64) }).unwrap();
            let size = answer.recommended.unwrap_or_else(|| panic!("{name}: {}", answer.text));
            let at_most = answer.gives_up_at_most.unwrap();
            assert_eq!(answer.confidence, Some(0.95));
            assert!(at_most <= 0.15, "{name}, seed {seed}: a bound of {at_most:.3} helps nobody");
            let regret = system.regret(&sizes(), size);
            over += u32::from(regret > 0.05);
            beyond += u32::from(regret > at_most.max(0.02));
            sum += regret;
            count += 1;
        }
    }
    assert!(f64::from(over) <= 0.05 * f64::from(count), "{over} of {count} lose more than 5%");
    assert!(f64::from(beyond) <= 0.05 * f64::from(count), "{beyond} of {count} lose more than was promised");
    assert!(sum / f64::from(count) <= 0.015, "{}", sum / f64::from(count));
}

#[test]
fn what_is_too_close_to_rank_gets_a_size_and_a_bound_and_spends_the_budget() {
    let mut system = Simulated::new(Shape::Flat, 0.2, MachineSpeed::Wander(0.15), 3);
    let answer = system.answer(Question::up_to(64)).unwrap();
    assert!(answer.recommended.is_some());
    assert_eq!(answer.verdict, Verdict::TooClose, "{}", answer.text);
    assert!(answer.gives_up_at_most.unwrap() > 0.02);
    assert!(answer.asked.len() >= 170, "{} of 180 measurements spent", answer.asked.len());
    assert!(
        answer.text.contains("At 95% confidence it gives up at most") && answer.text.contains("too noisy"),
        "{}",
        answer.text
    );
}

#[test]
fn an_open_load_gets_the_smallest_size_that_carries_it() {
    for (carries, shape) in [(7, FAMILY[14].1), (21, FAMILY[15].1)] {
        for seed in 0..5 {
            // What is carried of what arrived is nearly exact, whatever the machine does: it is all of it.
            let mut system = Simulated::new(shape, 0.002, MachineSpeed::Steady, seed);
            let question = Question { offered: Some(1_000.0), seed, ..Question::up_to(64) };
            let answer = system.answer(question).unwrap();
            assert_eq!(answer.recommended, Some(carries), "{}", answer.text);
            assert!(answer.text.contains("that carries the offered 1,000/s"), "{}", answer.text);
        }
    }
}

#[test]
fn it_asks_for_fewer_connections_than_the_law_and_loses_less_than_rules_of_thumb() {
    let (mut sizes_of, mut losses_of) = (BTreeMap::<&str, f64>::new(), BTreeMap::<&str, f64>::new());
    let mut add = |name, size: u32, loss: f64| {
        *sizes_of.entry(name).or_default() += f64::from(size);
        *losses_of.entry(name).or_default() += loss;
    };
    for (_, shape) in FAMILY {
        for seed in 0..2 {
            let (answer, system) = answer(shape, 0.01, seed);
            let Some(size) = answer.recommended else { continue };
            add("tune", size, system.regret(&sizes(), size));
            // The models see the whole truth without noise.
            let curve = Curve::new(sizes().iter().map(|size| (*size, system.truth(*size)))).unwrap();
            for card in scorecard(&curve, &Facts { cores: Some(4), ..Facts::default() }, Some(size)) {
                add(card.name, card.predicted.unwrap().min(64), card.regret.unwrap());
            }
        }
    }
    assert!(sizes_of["tune"] < sizes_of["usl"], "{sizes_of:?}");
    let losses = losses_of["tune"];
    assert!(losses_of.iter().all(|(name, loss)| *name == "tune" || losses < *loss), "{losses_of:?}");
}

#[test]
fn a_flat_truth_recommends_the_smallest_and_says_that_any_will_do() {
    for noise in [0.0, 0.002] {
        for seed in 0..5 {
            let (answer, _) = answer(Shape::Flat, noise, seed);
            assert_eq!(answer.recommended, Some(1), "{}", answer.text);
            assert_eq!(answer.verdict, Verdict::AnySize);
            assert!(answer.text.contains("All sizes 1–64 are within 2% of the best"), "{}", answer.text);
        }
    }
}

#[test]
fn a_curve_that_still_rises_says_that_the_limit_is_elsewhere() {
    let (answer, _) = answer(Shape::Rising, 0.005, 3);
    assert_eq!((answer.verdict, answer.recommended), (Verdict::StillRising, Some(64)));
    assert!(answer.text.contains("the limit is elsewhere"), "{}", answer.text);
}

#[test]
fn a_drifting_machine_does_not_choose_the_size() {
    for speed in [MachineSpeed::Drift(-0.005), MachineSpeed::Step(40, -0.3)] {
        for (name, shape) in FAMILY {
            let mut system = Simulated::new(shape, 0.003, speed, 5);
            let answer = system.answer(Question::up_to(64)).unwrap();
            let regret = system.regret(&sizes(), answer.recommended.unwrap());
            assert!(regret <= 0.035, "{name}: {} loses {regret:.4}", answer.text);
        }
    }
}

fn with_p99(size: u32) -> Observation {
    // Goodput is flat from 8 on; p99 falls until 20 and then rises.
    let n = f64::from(size);
    let p99 = 20.0 + 400.0 / n + n / 2.0;
    Observation {
        latency: LatencyMs { p99: Some(p99), ..LatencyMs::default() },
        ..Observation::of_goodput(size, 1_000.0 * (n / 8.0).min(1.0))
    }
}

#[test]
fn the_smallest_size_that_meets_the_objective_is_taken() {
    let question = Question { slo: Some("p99<60ms".parse().unwrap()), ..Question::up_to(64) };
    let answer = run(question, with_p99);
    // 12 has 59.3 ms, 11 has 61.9 ms.
    assert_eq!(answer.recommended, Some(12), "{}", answer.text);
    assert_eq!(answer.verdict, Verdict::SloMet);
    assert!(answer.text.contains("the smallest pool that meets p99<60ms"), "{}", answer.text);
}

#[test]
fn the_size_of_most_goodput_stands_beside_the_one_that_meets_the_objective() {
    // Goodput rises up to 36, and 20 meets the objective.
    let system = |size: u32| {
        let n = f64::from(size);
        Observation {
            latency: LatencyMs { p99: Some(1_200.0 / n), ..LatencyMs::default() },
            ..Observation::of_goodput(size, 50.0 * n.min(36.0))
        }
    };
    let answer = run(Question { slo: Some("p99<61ms".parse().unwrap()), ..Question::up_to(36) }, system);
    assert_eq!((answer.recommended, answer.best), (Some(20), Some(36)), "{}", answer.text);
    assert!(answer.text.contains("Most goodput: 36 connections, 80% more"), "{}", answer.text);
}

#[test]
fn an_objective_that_no_size_meets_names_the_nearest() {
    let question = Question { slo: Some("p99<10ms".parse().unwrap()), ..Question::up_to(64) };
    let answer = run(question, with_p99);
    assert_eq!((answer.verdict, answer.recommended), (Verdict::SloUnmet, None));
    let nearest = answer.nearest.unwrap();
    assert!((20..=40).contains(&nearest) && answer.text.contains("Closest"), "{nearest}: {}", answer.text);
}

#[test]
fn an_objective_about_a_figure_that_was_not_measured_is_said() {
    let question = Question { slo: Some("p99.9<10ms".parse().unwrap()), ..Question::up_to(64) };
    let answer = run(question, with_p99);
    assert!(answer.text.contains("p99.9, which was not measured"), "{}", answer.text);
}

#[test]
fn a_size_that_fails_requests_is_not_bought_with_goodput() {
    let answer = run(Question::up_to(64), |size| Observation {
        failed_share: Some(if size < 16 { 0.05 } else { 0.0 }),
        ..Observation::of_goodput(size, 1_000.0)
    });
    assert_eq!(answer.recommended, Some(16), "{}", answer.text);
}

#[test]
fn nothing_but_failures_is_no_plateau() {
    let answer = run(Question::up_to(64), |size| Observation::of_goodput(size, 0.0));
    assert_eq!(answer.reason, Some(Reason::NothingSucceeded));
    assert_eq!(answer.recommended, None);
}

#[test]
fn an_observation_that_was_not_asked_for_is_refused() {
    let mut search = Search::new(Question::up_to(8)).unwrap();
    assert_eq!(search.observe(Observation::of_goodput(1, 1.0)), Err(ObserveError::Unasked(1)));
    let Step::Measure { size, .. } = search.next() else { panic!("a search begins by measuring") };
    assert_eq!(search.next(), Step::Measure { size, repeat: 1 }, "asking twice changes nothing");
    assert!(matches!(search.observe(Observation::of_goodput(99, 1.0)), Err(ObserveError::OtherSize { .. })));
    assert!(matches!(
        search.observe(Observation::of_goodput(size, f64::NAN)),
        Err(ObserveError::Goodput(..))
    ));
    assert_eq!(search.observe(Observation::of_goodput(size, 1.0)), Ok(()));
}

#[test]
fn a_budget_too_small_for_one_comparison_is_refused() {
    let question = Question { budget: Budget::of(3), ..Question::up_to(64) };
    let why = Search::new(question).unwrap_err();
    assert_eq!(why, [QuestionError::Budget { measurements: 3, needed: 4 }]);
    assert!(why[0].to_string().contains("Give more time"));
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    assert_eq!(answer(FAMILY[2].1, 0.02, 9).0, answer(FAMILY[2].1, 0.02, 9).0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever the system does, the search stays within its sizes and its budget, ends, recommends only what it
    /// measured, and a live one recommends something wherever something succeeded.
    #[test]
    fn invariants_hold_on_any_system(
        largest in 1_u32..300,
        budget in 4_u32..60,
        goodputs in prop::collection::vec(prop_oneof![Just(0.0), 0.001..1e6_f64], 1..40),
        failed in prop::collection::vec(0.0..1.0_f64, 1..7),
        slo in prop::option::of(Just("p99<50ms,error-rate<10%")),
        live in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let with_slo = slo.is_some();
        let question = Question {
            slo: slo.map(|slo| slo.parse().unwrap()),
            budget: Budget::of(budget),
            seed,
            source: if live { Source::Live } else { Source::Recorded },
            ..Question::up_to(largest)
        };
        let mut search = Search::new(question).unwrap();
        let (mut measured, mut steps, mut succeeded) = (Vec::new(), 0_usize, false);
        let answer = loop {
            let size = match search.next() {
                Step::Measure { size, .. } => size,
                Step::Done(answer) => break *answer,
            };
            prop_assert!((1..=largest).contains(&size));
            measured.push(size);
            let goodput = goodputs[(steps + size as usize) % goodputs.len()];
            succeeded |= goodput > 0.0;
            search.observe(Observation {
                failed_share: Some(failed[steps % failed.len()]),
                latency: LatencyMs { p99: Some(goodput / 1e4), ..LatencyMs::default() },
                ..Observation::of_goodput(size, goodput)
            }).unwrap();
            steps += 1;
            prop_assert!(steps <= budget as usize);
        };
        prop_assert_eq!(answer.asked.len(), steps);
        if !live {
            let mut once = measured.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), measured.len(), "a record is asked once for each size");
        }
        if let Some(size) = answer.recommended {
            prop_assert!(measured.contains(&size));
            let plateau = answer.plateau.unwrap();
            prop_assert!(plateau.low <= size && size <= plateau.high);
        }
        if live && succeeded && !with_slo {
            prop_assert!(answer.recommended.is_some(), "{}", answer.text);
        }
        prop_assert!(answer.confidence.is_none_or(|share| (0.0..=1.0).contains(&share)));
        prop_assert!(answer.gives_up_at_most.is_none_or(|share| (0.0..=1.0).contains(&share)));
        prop_assert!(!answer.text.is_empty());
    }
}
