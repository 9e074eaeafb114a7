//! The search on recorded sweeps.

use poollab_analysis::tune::Verdict;
use poollab_analysis::tune::simulated::{FAMILY, MachineSpeed, Simulated};
use poollab_analysis::tune::sweep::{Options, SeriesAnswer, answer};

const SPECSDM91: &str = "load,pool_size,throughput
a,1,64.9
a,18,995.9
a,36,1652.4
a,72,1853.2
a,108,1828.9
a,144,1775.0
a,216,1702.2
";

fn only(text: &str) -> SeriesAnswer {
    answer(text, &Options::default()).unwrap().series.remove(0)
}

fn csv(rows: impl IntoIterator<Item = (u32, f64)>) -> String {
    let rows: Vec<String> = rows.into_iter().map(|(size, x)| format!("{size},{x}")).collect();
    format!("pool_size,throughput\n{}\n", rows.join("\n"))
}

#[test]
fn specsdm91_is_answered_with_the_fit_that_r_publishes() {
    let series = only(SPECSDM91);
    assert_eq!((series.name.as_str(), series.recommended, series.regret), ("a", Some(72), Some(0.0)));
    let usl = series.models.iter().find(|model| model.name == "usl").unwrap();
    assert_eq!(usl.predicted, Some(97));
    for (name, published) in [("sigma", 0.027_728_5), ("kappa", 0.000_104_4), ("lambda", 89.995_233)] {
        assert!((usl.parameters[name] / published - 1.0).abs() < 1e-3, "{name}: {}", usl.parameters[name]);
    }
}

#[test]
fn the_json_has_the_promised_fields() {
    let json = serde_json::to_value(answer(SPECSDM91, &Options::default()).unwrap()).unwrap();
    let series = &json["series"][0];
    for field in ["name", "asked", "plateau", "recommended", "regret", "models"] {
        assert!(!series[field].is_null(), "{field}");
    }
    assert!(series["plateau"]["low"].is_u64() && series["plateau"]["high"].is_u64());
    for field in ["name", "predicted", "regret", "parameters"] {
        assert!(!series["models"][3][field].is_null(), "{field}");
    }
}

#[test]
fn shallow_collapse_takes_the_small_end_of_the_plateau() {
    let rows = [
        (1, 1200.0),
        (2, 2350.0),
        (4, 4500.0),
        (8, 7900.0),
        (10, 8600.0),
        (16, 9100.0),
        (20, 9180.0),
        (32, 9050.0),
        (50, 8800.0),
        (64, 8500.0),
        (100, 7900.0),
    ];
    let series = only(&csv(rows));
    assert_eq!(series.recommended, Some(16), "{}", series.text);
    assert!(series.asked.iter().all(|size| rows.iter().any(|row| row.0 == *size)), "only recorded sizes");
    assert!(series.asked.len() < rows.len(), "{:?}", series.asked);
}

#[test]
fn two_humps_with_the_smaller_pool_on_the_higher_one() {
    // Operations per second of deadpool in a published comparison: one connection is the fastest.
    let series = only(&csv([(1, 3968.0), (8, 1198.0), (16, 2427.0), (32, 2439.0)]));
    assert_eq!(series.recommended, Some(1), "{}", series.text);
}

#[test]
fn every_smooth_sweep_loses_at_most_two_percent_for_a_quarter_of_it() {
    for (name, shape) in FAMILY {
        let system = Simulated::new(shape, 0.0, MachineSpeed::Steady, 1);
        let series = only(&csv((1..=64).map(|size| (size, system.truth(size)))));
        let regret = series.regret.unwrap_or_else(|| panic!("{name}: {}", series.text));
        assert!(regret <= 0.02, "{name}: {regret}");
        assert!(series.asked.len() <= 16, "{name}: {:?}", series.asked);
    }
}

#[test]
fn a_noisy_sweep_without_errors_rarely_loses_two_percent_of_its_own_best_and_never_of_what_was_seen() {
    let (mut over, mut count) = (0, 0);
    for (name, shape) in FAMILY {
        for seed in 0..10 {
            let mut system = Simulated::new(shape, 0.01, MachineSpeed::Steady, 7 * seed + 1);
            let series = only(&csv((1..=64).map(|size| (size, system.measure(size).goodput))));
            assert!(series.asked.len() <= 16, "{name}: {:?}", series.asked);
            let levels = &series.answer.levels;
            let best = levels.iter().map(|level| level.goodput).fold(0.0, f64::max);
            let size = series.recommended.unwrap_or_else(|| panic!("{name}: {}", series.text));
            let own = levels.iter().find(|level| level.size == size).unwrap().goodput;
            assert!(own >= 0.98 * best, "{name}, seed {seed}: {own} of {best}");
            over += u32::from(series.regret.unwrap() > 0.02);
            count += 1;
        }
    }
    // A quarter of the rows can't see the luckiest of all; what is left is mostly the flat truth.
    assert!(f64::from(over) <= 0.06 * f64::from(count), "{over} of {count}");
}

#[test]
fn an_a_a_series_takes_the_smallest_and_noise_is_told_from_it() {
    let flat: String = [1, 2, 4, 8, 16, 32, 64]
        .iter()
        .zip([1000, 1004, 997, 1001, 999, 1003, 996])
        .map(|(n, x)| format!("{n};{x};15\n"))
        .collect();
    let series = only(&format!("pool_size;throughput;error\n{flat}"));
    assert_eq!((series.verdict, series.recommended), (Verdict::AnySize, Some(1)), "{}", series.text);
    let noise: String = [1, 2, 4, 8, 16, 32, 64]
        .iter()
        .zip([700, 1150, 900, 1300, 650, 1100, 900])
        .map(|(n, x)| format!("{n};{x};900\n"))
        .collect();
    let series = only(&format!("pool_size;throughput;error\n{noise}"));
    assert_eq!((series.verdict, series.recommended), (Verdict::CannotTell, None), "{}", series.text);
    assert!(series.text.contains("too noisy"));
}

#[test]
fn several_series_are_answered_one_by_one() {
    let text = "pool;pool_size;throughput\nhikari;2;10\ndbcp;2;30\nhikari;8;40\ndbcp;8;31\nhikari;32;40\ndbcp;32;10\n";
    let answers = answer(text, &Options::default()).unwrap();
    let seen: Vec<_> =
        answers.series.iter().map(|series| (series.name.as_str(), series.recommended)).collect();
    assert_eq!(seen, [("hikari", Some(8)), ("dbcp", Some(8))]);
}

#[test]
fn two_sizes_are_compared_and_called_few() {
    let series = only(&csv([(5, 10.0), (10, 12.0)]));
    assert_eq!(series.recommended, Some(10));
    assert!(series.text.contains("Only 2 sizes"), "{}", series.text);
}

#[test]
fn the_objective_is_read_from_p99_ms() {
    let text = "pool_size,throughput,p99_ms\n2,50,70\n4,99,20\n8,100,90\n16,99.5,40\n32,99,30\n";
    let options = Options { slo: Some("p99<50ms".parse().unwrap()), ..Options::default() };
    assert_eq!(answer(text, &options).unwrap().series[0].recommended, Some(4));
    let options = Options { slo: Some("p99<5ms".parse().unwrap()), ..Options::default() };
    let series = &answer(text, &options).unwrap().series[0];
    assert!(series.recommended.is_none() && series.text.contains("Closest"), "{}", series.text);
}

#[test]
fn a_hundred_thousand_sizes_are_answered() {
    let text = csv((1..=100_000).map(|size| (size, f64::from(size).min(500.0) - f64::from(size) / 1_000.0)));
    let series = only(&text);
    assert!(series.regret.unwrap() <= 0.02 && series.asked.len() < 60, "{} asked", series.asked.len());
    assert!(series.recommended.unwrap() <= 520, "{:?}", series.recommended);
}

#[test]
fn figures_are_shown_as_they_were_recorded() {
    // A floor for logarithms made 5.0 of the last two.
    let levels = only(&csv([(1, 50_000.0), (2, 3.0), (4, 0.0)])).answer.levels;
    let shown: Vec<f64> = levels.iter().map(|level| level.goodput).collect();
    assert_eq!(shown, [50_000.0, 3.0, 0.0]);
}

#[test]
fn an_objective_about_failures_needs_a_column_of_failures() {
    let options = Options { slo: Some("error-rate<1%".parse().unwrap()), ..Options::default() };
    let without = answer("pool_size,throughput\n2,50\n4,99\n8,100\n", &options).unwrap();
    assert_eq!(without.series[0].recommended, None);
    assert!(
        without.series[0].text.contains("error-rate, which was not measured"),
        "{}",
        without.series[0].text
    );
    let with = "pool_size,throughput,error_rate\n2,50,5%\n4,99,0.002\n8,100,0\n";
    assert_eq!(answer(with, &options).unwrap().series[0].recommended, Some(4));
}

#[test]
fn a_record_without_repeats_and_errors_does_not_know_how_sure_it_is() {
    assert_eq!(only(SPECSDM91).confidence, None);
    let repeated = only("size,tps\n4,100\n4,101\n8,200\n8,199\n16,150\n16,152\n");
    assert!(repeated.confidence.is_some_and(|share| share > 0.9), "{repeated:?}");
}

#[test]
fn a_row_that_comes_again_is_another_measurement() {
    // The first row of 4 is within 2% of the best; five rows together are not.
    let rows =
        [(4, [99.0, 97.0, 96.9, 97.1, 96.8]), (8, [100.0, 100.1, 99.9, 100.0, 100.0]), (16, [100.0; 5])];
    let text = csv(rows.into_iter().flat_map(|(size, figures)| figures.map(|figure| (size, figure))));
    let series = only(&text);
    assert_eq!(series.recommended, Some(8), "{}", series.text);
}
