//! The search on systems with a known truth: its goals, its invariants and its words.

use std::collections::BTreeMap;

use poollab_analysis::sizing::{Curve, Facts, scorecard};
use poollab_analysis::tune::simulated::{FAMILY, Shape, Simulated, Weather};
use poollab_analysis::tune::{
    Answer, Budget, LatencyMs, Observation, ObserveError, Question, QuestionError, Reason, Role, Search,
    Source, Step, Verdict,
};
use proptest::prelude::*;

fn answer(shape: Shape, noise: f64, seed: u64) -> (Answer, Simulated) {
    let mut system = Simulated::new(shape, noise, Weather::Steady, 7 * seed + 1);
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
            Step::Measure { size, .. } | Step::Verify { size, .. } => search.observe(system(size)).unwrap(),
            Step::Done(answer) => return *answer,
        }
    }
}

#[test]
fn every_system_of_the_family_loses_at_most_two_percent_without_noise() {
    for (name, shape) in FAMILY {
        for seed in 0..10 {
            let (answer, system) = answer(shape, 0.0, seed);
            let size = answer.recommended.unwrap_or_else(|| panic!("{name}: {}", answer.text));
            let regret = system.regret(&sizes(), size);
            assert!(regret <= 0.02, "{name}, seed {seed}: {size} loses {regret:.4}; {}", answer.text);
        }
    }
}

#[test]
fn with_one_percent_noise_nearly_all_lose_at_most_two_percent() {
    let (mut over, mut sum, mut asked, mut count) = (0, 0.0, 0, 0);
    for (name, shape) in FAMILY {
        for seed in 0..20 {
            let (answer, system) = answer(shape, 0.01, seed);
            asked += answer.asked.len();
            let Some(size) = answer.recommended else { continue };
            let regret = system.regret(&sizes(), size);
            assert!(regret <= 0.06, "{name}, seed {seed}: {size} loses {regret:.4}");
            over += u32::from(regret > 0.02);
            sum += regret;
            count += 1;
        }
    }
    // A confidence of 95 % promises no more; an exhaustive sweep with this noise does no better.
    assert!(count >= 350 && f64::from(over) <= 0.05 * f64::from(count), "{over} of {count}");
    assert!(sum / f64::from(count) <= 0.01);
    // A quarter of an exhaustive sweep with two repeats, on average and (by the budget) in each.
    assert!(asked <= 360 * 32 && asked as f64 / 360.0 < 0.2 * 128.0, "{asked}");
}

#[test]
fn it_asks_for_fewer_connections_than_the_law_and_loses_less_than_rules_of_thumb() {
    let (mut sizes_of, mut losses_of) = (BTreeMap::<&str, f64>::new(), BTreeMap::<&str, f64>::new());
    let mut add = |name, size: u32, loss: f64| {
        *sizes_of.entry(name).or_default() += f64::from(size);
        *losses_of.entry(name).or_default() += loss;
    };
    for (_, shape) in FAMILY {
        for seed in 0..5 {
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
    for noise in [0.0, 0.002, 0.01] {
        for seed in 0..20 {
            let (answer, _) = answer(Shape::Flat, noise, seed);
            assert_eq!(answer.recommended, Some(1), "{}", answer.text);
            assert_eq!(answer.verdict, Verdict::AnySize);
            assert!(answer.text.starts_with("any size from 1 to 64 will do"), "{}", answer.text);
        }
    }
    let smallest = (0..100).filter(|seed| answer(Shape::Flat, 0.02, *seed).0.recommended == Some(1)).count();
    assert!(smallest >= 90, "{smallest} of 100 with 2 % noise");
}

#[test]
fn pure_noise_is_recognised_and_explained() {
    let mut answers = Vec::new();
    for (largest, noise) in
        [32, 64].into_iter().flat_map(|largest| [0.05, 0.1, 0.3, 0.5].map(|noise| (largest, noise)))
    {
        let before = answers.len();
        answers.extend((0..40).filter_map(|seed| {
            let mut system = Simulated::new(Shape::Noise, noise, Weather::Steady, seed);
            let answer = system.answer(Question { seed, ..Question::up_to(largest) }).unwrap();
            answer.recommended.is_none().then_some(answer)
        }));
        let silent = answers.len() - before;
        assert!(silent >= 38, "{silent} of 40 to {largest} with {noise}");
    }
    let noise = answers.iter().find(|answer| matches!(answer.reason, Some(Reason::Noise { .. }))).unwrap();
    assert!(
        noise.text.starts_with("cannot be told") && noise.text.contains("measure longer"),
        "{}",
        noise.text
    );
}

#[test]
fn a_curve_that_still_rises_says_that_the_limit_is_elsewhere() {
    let (answer, _) = answer(Shape::Rising, 0.005, 3);
    assert_eq!((answer.verdict, answer.recommended), (Verdict::StillRising, Some(64)));
    assert!(answer.text.contains("the limit is elsewhere"), "{}", answer.text);
}

#[test]
fn a_drifting_machine_does_not_choose_the_size() {
    for (name, shape) in FAMILY {
        let mut system = Simulated::new(shape, 0.003, Weather::Drift(-0.005), 5);
        let answer = system.answer(Question::up_to(64)).unwrap();
        if let Some(size) = answer.recommended {
            let regret = system.regret(&sizes(), size);
            assert!(regret <= 0.035, "{name}: {size} loses {regret:.4}");
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
fn the_smallest_size_of_the_plateau_that_meets_the_objective_is_taken() {
    let question = Question { slo: Some("p99<60ms".parse().unwrap()), ..Question::up_to(64) };
    let answer = run(question, with_p99);
    // 12 has 59.3 ms, 11 has 61.9 ms.
    assert_eq!(answer.recommended, Some(12), "{}", answer.text);
    assert!(answer.plateau.unwrap().low <= 8 + 1, "{:?}", answer.plateau);
}

#[test]
fn the_reason_for_a_size_is_the_one_that_ruled_out_the_smaller_ones() {
    // Each size of the plateau meets this objective, so that it can't be the reason for any of them.
    let mut seen = 0;
    for seed in 0..20 {
        let mut system = Simulated::new(FAMILY[3].1, 0.01, Weather::Steady, seed);
        let question = Question { slo: Some("p99<1s".parse().unwrap()), seed, ..Question::up_to(64) };
        let answer = system.answer(question).unwrap();
        assert!(!answer.text.contains("that meets the objective"), "{}", answer.text);
        seen += u32::from(answer.text.contains("that is surely so"));
    }
    assert!(seen > 0, "no search held a size back for the noise: choose another system");
    let question = Question { slo: Some("p99<60ms".parse().unwrap()), ..Question::up_to(64) };
    let text = run(question, with_p99).text;
    assert!(text.contains("take 12, the smallest that meets the objective"), "{text}");
}

#[test]
fn a_neighbour_that_does_not_do_it_again_is_told() {
    let mut search = Search::new(Question::up_to(64)).unwrap();
    let answer = loop {
        let (size, factor) = match search.next() {
            Step::Measure { size, .. } => (size, 1.0),
            Step::Verify { size, role } => (size, if role == Role::Larger { 0.6 } else { 1.0 }),
            Step::Done(answer) => break *answer,
        };
        let goodput = 1_000.0 * (f64::from(size) / 8.0).min(1.0) * factor;
        search.observe(Observation::of_goodput(size, goodput)).unwrap();
    };
    let strayed = answer.verification.as_ref().map(|verification| verification.strayed.clone());
    assert_eq!(strayed.map(|strayed| strayed.len()), Some(1), "{}", answer.text);
    assert!(answer.doubts.iter().any(|doubt| doubt.contains("did not do what the search had seen")));
}

#[test]
fn absurd_numbers_of_repeats_are_not_printed() {
    let text = answer(Shape::Noise, 0.5, 1).0.text;
    assert!(text.contains("each would have to be measured more than 100 times"), "{text}");
}

#[test]
fn an_objective_that_no_size_meets_names_the_nearest() {
    let question = Question { slo: Some("p99<10ms".parse().unwrap()), ..Question::up_to(64) };
    let answer = run(question, with_p99);
    assert_eq!((answer.verdict, answer.recommended), (Verdict::SloUnmet, None));
    let nearest = answer.nearest.unwrap();
    assert!(
        (20..=40).contains(&nearest) && answer.text.contains("came nearest"),
        "{nearest}: {}",
        answer.text
    );
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
        failed_share: if size < 16 { 0.05 } else { 0.0 },
        ..Observation::of_goodput(size, 1_000.0)
    });
    assert_eq!(answer.recommended, Some(16), "{}", answer.text);
}

#[test]
fn a_size_that_verification_refutes_is_never_recommended() {
    // 8 shines while it is searched, and fails whenever it is verified.
    let mut search = Search::new(Question::up_to(64)).unwrap();
    let answer = loop {
        let (size, verified) = match search.next() {
            Step::Measure { size, .. } => (size, false),
            Step::Verify { size, role } => (size, role == Role::Recommended && size == 8),
            Step::Done(answer) => break *answer,
        };
        let goodput = 1_000.0 * (f64::from(size) / 8.0).min(1.0) * if verified { 0.8 } else { 1.0 };
        search.observe(Observation::of_goodput(size, goodput)).unwrap();
    };
    assert_ne!(answer.recommended, Some(8), "{}", answer.text);
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
    assert!(why[0].to_string().contains("give more time"));
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    assert_eq!(answer(FAMILY[2].1, 0.02, 9).0, answer(FAMILY[2].1, 0.02, 9).0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the system does, the search stays within its sizes and its budget, ends, and recommends only what
    /// it measured and what no verification refuted.
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
        let question = Question {
            slo: slo.map(|slo| slo.parse().unwrap()),
            budget: Budget::of(budget),
            seed,
            source: if live { Source::Live } else { Source::Recorded },
            ..Question::up_to(largest)
        };
        let mut search = Search::new(question).unwrap();
        let (mut measured, mut verified, mut steps) = (Vec::new(), Vec::new(), 0_usize);
        let answer = loop {
            let (size, verify) = match search.next() {
                Step::Measure { size, .. } => (size, false),
                Step::Verify { size, .. } => (size, true),
                Step::Done(answer) => break *answer,
            };
            prop_assert!((1..=largest).contains(&size));
            if verify { verified.push(size) } else { measured.push(size) }
            let goodput = goodputs[(steps + size as usize) % goodputs.len()];
            search.observe(Observation {
                failed_share: failed[steps % failed.len()],
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
            prop_assert!(answer.verification.is_none_or(|verification| verification.holds));
            let plateau = answer.plateau.unwrap();
            prop_assert!(plateau.low <= size && size <= plateau.high);
        }
        prop_assert!((0.0..=1.0).contains(&answer.confidence));
        prop_assert!(!answer.text.is_empty());
    }
}
