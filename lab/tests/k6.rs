//! k6 in the place of our own generator, and beside it.

mod common;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use common::Scene;
use poollab_loadtest::k6::Program;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// Without a k6 a test says so and passes, except in CI.
fn have_k6() -> bool {
    match Program::find() {
        Ok(_) => true,
        Err(why) if std::env::var_os("CI").is_none() => {
            eprintln!("SKIPPED, not passed: {why}");
            false
        }
        Err(why) => panic!("CI must have k6: {why}"),
    }
}

fn trial<'a>(report: &'a Value, driver: &str) -> &'a Value {
    let trials = report["trials"].as_array().expect("trials");
    trials.iter().find(|trial| trial["driver"] == driver).expect("a trial by this driver")
}

#[test]
fn two_drivers_at_a_rate_that_both_can_offer_agree_on_goodput() {
    if !have_k6() {
        return;
    }
    let scene = Scene::new();
    scene
        .poollab(
            "run --driver both --strategy deadpool --workload point-read --rate 80 --arrivals constant \
             --duration 3s --warmup 1s --repeats 1 --no-ceiling",
        )
        .timeout(Duration::from_secs(120))
        .assert()
        .success();
    let report = scene.report();
    let (goose, k6) = (trial(&report, "goose"), trial(&report, "k6"));
    let goodput = |trial: &Value| trial["goodput_rps"].as_f64().expect("a figure");
    let ratio = goodput(k6) / goodput(goose);
    assert!((0.9..=1.1).contains(&ratio), "{} against {}", goodput(k6), goodput(goose));
    assert!(k6["id"].as_str().expect("an id").ends_with(".k6.r1"), "{}", k6["id"]);
    for trial in [goose, k6] {
        assert_eq!(trial["requests"]["failed"], 0, "{}", trial["errors"]);
        assert_eq!(trial["database"]["statements_verified"], true);
    }
    assert!(k6["latency_us"]["ok"]["p99"].as_u64() > Some(0));
    assert!(k6["generator"]["cpu_share"].as_f64() > Some(0.0), "{}", k6["generator"]);
    assert!(k6["phases_us"]["query"].is_null(), "k6 does not read Server-Timing");
    assert!(k6["remarks"][0].as_str().expect("a remark").contains("from the send"));
    let findings = report["findings"].as_array().expect("findings");
    let agree: Vec<_> = findings.iter().filter(|finding| finding["kind"] == "drivers-agree").collect();
    assert_eq!(agree.len(), 1, "{findings:?}");
    assert!(agree[0]["evidence"]["goodput_rps_k6"].as_f64() > Some(0.0));
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn exhausted_slots_look_the_same_to_k6() {
    if !have_k6() {
        return;
    }
    let scene = Scene::new();
    scene
        .poollab(
            "run --driver k6 --strategy per-request --workload hold --think-ms 50 --users 64 --duration 2s \
             --warmup 0s --repeats 1 --no-ceiling",
        )
        .timeout(Duration::from_secs(120))
        .assert()
        .success();
    let report = scene.report();
    let trial = trial(&report, "k6");
    let errors = trial["errors"].as_array().expect("errors");
    let exhausted = errors.iter().find(|error| error["kind"] == "slots-exhausted").expect("53300");
    assert_eq!(exhausted["sqlstate"], "53300");
    assert!(exhausted["count"].as_u64() > Some(0));
}

#[test]
fn a_lab_that_is_killed_takes_k6_with_it() {
    if !have_k6() {
        return;
    }
    let scene = Scene::new();
    let mut run = scene
        .process(
            "run --driver k6 --strategy deadpool --workload point-read --users 2 --duration 60s --warmup 0s \
             --repeats 1 --no-ceiling",
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a run");
    let deadline = std::time::Instant::now() + PATIENCE;
    while !k6_runs_in(&scene) {
        assert!(std::time::Instant::now() < deadline, "k6 did not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    run.kill().expect("kill");
    run.wait().expect("its end");
    scene.assert_clean_within(PATIENCE);
}

fn k6_runs_in(scene: &Scene) -> bool {
    let tmp = scene.work().with_file_name("tmp").display().to_string();
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.flatten().filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok()).any(|line| {
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("drive.js") && line.contains(&tmp)
    })
}

#[test]
fn what_k6_can_not_do_and_a_k6_that_is_not_there_are_told_before_anything_starts() {
    let scene = Scene::new();
    scene
        .poollab("run --driver k6 --duration 500ms --request-timeout 500ms")
        .assert()
        .code(2)
        .stderr(contains("k6 can't measure for less than 1s").and(contains("time-out of a request")));
    scene.poollab("run --driver jmeter").assert().code(2).stderr(contains("goose, k6, both"));
    scene
        .poollab("run --driver k6 --strategy deadpool --workload point-read")
        .env("PATH", scene.work())
        .assert()
        .code(3)
        .stderr(contains("No k6").and(contains("scripts/setup ci")));
    assert!(scene.runs().is_empty());
}

/// A run of our own, the smallest.
fn a_run(scene: &Scene) -> PathBuf {
    scene
        .poollab(
            "run --strategy naive --workload point-read --users 2 --duration 300ms --warmup 0s --repeats 1 \
             --no-ceiling --quiet",
        )
        .timeout(Duration::from_secs(120))
        .assert()
        .success();
    scene.runs().remove(0)
}

#[test]
fn a_document_of_k6_gets_a_section_of_its_own_in_every_form() {
    let scene = Scene::new();
    let run = a_run(&scene);
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/k6-compare.json");
    for (form, says) in [
        ("terminal", "k6 · compare"),
        ("md", "## k6 · compare"),
        ("html", "k6 · compare"),
        ("json", "\"script\": \"compare\""),
    ] {
        scene
            .poollab(&format!("report {} --format {form} --k6 {}", run.display(), document.display()))
            .assert()
            .success()
            .stdout(contains(says).and(contains("deadpool")));
    }
}

#[test]
fn a_summary_that_is_none_is_refused_in_words() {
    let scene = Scene::new();
    let run = a_run(&scene);
    let file = |name: &str, text: &str| {
        let path = scene.work().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let files = [
        file("native.json", r#"{"metrics":{"http_reqs":{"count":1}}}"#),
        file("later.json", r#"{"format":"poollab-k6","schema_version":7}"#),
        file("empty.json", ""),
        "absent.json".to_owned(),
    ];
    scene
        .poollab(&format!("report {} --k6 {}", run.display(), files.join(" ")))
        .assert()
        .code(2)
        .stdout("")
        .stderr(
            contains("native.json in the report: it is a summary of k6's own")
                .and(contains("schema_version is 7"))
                .and(contains("it is empty"))
                .and(contains("absent.json"))
                .and(contains("4 problems")),
        );
}
