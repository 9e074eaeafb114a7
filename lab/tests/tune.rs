//! `poollab tune` and `poollab fleet`, as a user calls them.

mod common;

use std::time::Duration;

use common::Scene;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

/// A curve that rises, is flat from 8 on and falls slowly.
const SWEEP: &str = "pool_size,throughput\n1,1000\n2,1980\n4,3800\n6,5200\n8,6050\n10,6080\n12,6090\n16,6070\n\
                     20,6040\n24,6000\n32,5900\n48,5700\n64,5500\n";

fn from(text: &str, more: &str) -> (Scene, assert_cmd::Command) {
    let scene = Scene::new();
    std::fs::write(scene.work().join("sweep.csv"), text).expect("a sweep");
    let command = scene.poollab(&format!("tune --from sweep.csv {more}"));
    (scene, command)
}

fn refused(text: &str, expected: &[&str]) {
    let (_scene, mut command) = from(text, "");
    let mut assert = command.assert().code(2).stdout(predicate::str::is_empty());
    for part in expected {
        assert = assert.stderr(contains(*part));
    }
}

#[test]
fn a_recorded_sweep_gets_its_smallest_good_size_and_says_what_it_costs() {
    let (_scene, mut command) = from(SWEEP, "--json");
    let output = command.assert().success().get_output().stdout.clone();
    let answer: Value = serde_json::from_slice(&output).expect("JSON");
    let series = &answer["series"][0];
    assert_eq!(series["recommended"], 8, "{series:#}");
    assert!(series["regret"].as_f64().expect("a share") <= 0.02);
    assert!(series["asked"].as_array().expect("sizes").len() < 13);
    assert_eq!(series["plateau"]["low"], 8);
    assert!(series["confidence"].is_null(), "neither repeats nor errors: nobody knows how sure it is");
    assert!(series["name"].is_string());
    let models = series["models"].as_array().expect("models");
    let usl = models.iter().find(|model| model["name"] == "usl").expect("the law");
    for parameter in ["lambda", "sigma", "kappa", "n_star"] {
        assert!(usl["parameters"][parameter].is_number(), "{parameter} in {usl:#}");
    }
}

#[test]
fn a_sweep_with_semicolons_and_several_series_is_answered_series_by_series() {
    let mut text = "pool;pool_size;throughput\n".to_owned();
    for pool in ["deadpool", "bb8"] {
        for (size, goodput) in [(1, 900), (2, 1700), (4, 2900), (8, 3000), (16, 2990), (32, 2950)] {
            text += &format!("{pool};{size};{goodput}\n");
        }
    }
    let (_scene, mut command) = from(&text, "--json");
    let output = command.assert().success().get_output().stdout.clone();
    let answer: Value = serde_json::from_slice(&output).expect("JSON");
    let series = answer["series"].as_array().expect("series");
    assert_eq!(series.len(), 2);
    assert!(series.iter().all(|one| one["recommended"] == 4 || one["recommended"] == 8), "{answer:#}");
}

#[test]
fn a_sweep_that_is_none_is_refused_with_its_line() {
    refused("", &["sweep.csv"]);
    refused("pool_size,throughput\n4,100\n", &["sweep.csv"]);
    refused("pool_size,throughput\n4,100\n8,-5\n", &["line 3"]);
    refused("pool_size,throughput\n4,100\n8,many\n16,\n", &["line 3", "line 4"]);
    refused("width,speed\n4,100\n8,120\n", &["pool_size", "throughput"]);
}

#[test]
fn options_that_mean_nothing_for_a_record_are_refused() {
    let (_scene, mut command) =
        from(SWEEP, "--largest 10 --budget 5s --strategy bb8 --rate 10 --seed 7 --pool-size 4");
    let mut assert = command.assert().code(2).stdout(predicate::str::is_empty());
    for option in ["--largest", "--budget", "--strategy", "--rate", "--seed", "settings of a strategy"] {
        assert = assert.stderr(contains(option));
    }
}

#[test]
fn a_file_that_is_not_there_is_refused() {
    Scene::new().poollab("tune --from nowhere.csv").assert().code(2).stderr(contains("nowhere.csv"));
}

#[test]
fn a_hundred_thousand_rows_are_searched_in_a_handful_of_questions() {
    let mut text = "pool_size,throughput\n".to_owned();
    for size in 1..=100_000 {
        text += &format!("{size},{}\n", 1000 + size.min(50) * 10);
    }
    let (_scene, mut command) = from(&text, "--json");
    let output = command.assert().success().get_output().stdout.clone();
    let answer: Value = serde_json::from_slice(&output).expect("JSON");
    let asked = answer["series"][0]["asked"].as_array().expect("sizes").len();
    // It halves: log2(100,000) is 17, with some for the edges of the plateau.
    assert!((3..=60).contains(&asked), "{asked} of 100,000 sizes");
}

#[test]
fn a_question_that_cannot_be_searched_is_refused_before_anything_starts() {
    let refused = |words: &str, expected: &str| {
        let scene = Scene::new();
        scene.poollab(&format!("tune {words}")).assert().code(2).stderr(contains(expected));
        assert!(scene.runs().is_empty());
    };
    refused("--slo fast", "p99<50ms");
    refused("--slo p99<quick", "duration");
    refused("--within lots", "2%");
    refused("--budget 1s", "too small for even one comparison");
    refused("--strategy naive", "has no pool whose size could be tuned");
    refused("--strategy deedpool", "Did you mean deadpool");
    refused("--users 4 --rate 10", "cannot be combined");
    refused("--pool-size 16", "the pool size is what tune looks for");
    refused("--min-idle 2", "all its connections open");
    refused("--strategy naive --slo fast --within lots", "3 problems");
}

#[test]
fn a_live_search_recommends_a_size_that_it_measured_and_bounds_its_loss() {
    let scene = Scene::new();
    scene
        .poollab("tune --workload hold --think-ms 5 --users 8 --largest 8 --duration 400ms --warmup 100ms --budget 20s --replicas 4")
        .timeout(Duration::from_secs(120))
        .assert()
        .success()
        .stdout(contains("tune.html"));
    let run = scene.runs().remove(0);
    let text = std::fs::read_to_string(run.join("tune.json")).expect("tune.json");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    let series = &answer["series"][0];
    let asked: Vec<u64> =
        series["asked"].as_array().expect("sizes").iter().filter_map(Value::as_u64).collect();
    assert!(asked.iter().all(|size| (1..=8).contains(size)), "{asked:?}");
    // Whatever the machine was doing meanwhile: something worked, so there is an answer.
    let size = series["recommended"].as_u64().expect("an answer");
    assert!(asked.contains(&size));
    assert_eq!(series["confidence"], 0.95);
    let at_most = series["gives_up_at_most"].as_f64().expect("a bound");
    assert!((0.0..=1.0).contains(&at_most), "{at_most}");
    assert!(series["answer"]["rounds"].as_u64().expect("rounds") >= 2, "{series:#}");
    assert!(series["settings"].as_array().expect("settings").len() >= 9);
    assert!(series["fleet"]["text"].is_string());
    for name in ["tune.html", "report.html", "trials.jsonl", "plan.toml"] {
        assert!(run.join(name).is_file(), "{name}");
    }
    scene.assert_clean_within(Duration::from_secs(20));
}

#[test]
fn a_fleet_gets_the_largest_pool_that_survives_a_deploy() {
    let scene = Scene::new();
    // 6 replicas and 25 % (2 more) during a deploy share 100 - 3 - 10 = 87 slots: 10 each.
    scene
        .poollab("fleet --replicas 6 --surge 25% --slots 100 --reserved 3 --other 10")
        .assert()
        .success()
        .stdout(contains("pool of 10 fits").and(contains("80")));
    scene
        .poollab("fleet --replicas 6 --slots 100 --other 10 --pool-size 12")
        .assert()
        .success()
        .stdout(contains("breaks during a deploy"));
    scene.poollab("fleet --replicas 0").assert().code(2).stderr(contains("at least one replica"));
    scene.poollab("fleet").assert().code(2).stderr(contains("--replicas"));
    scene.poollab("fleet --replicas 2 --surge much").assert().code(2).stderr(contains("25%"));
}
