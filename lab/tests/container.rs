//! A database in a container. The whole of it needs an engine and the image: CI has both, and a machine that has
//! them runs it with `cargo test -- --ignored`.

mod common;

use std::time::Duration;

use common::Scene;
use common::processes::{descendants, signal, start, wait_for_a_trial};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use rustix::process::Signal;

const SHORT: &str =
    "--strategy deadpool --workload point-read --users 8 --no-ceiling --duration 1s --warmup 300ms";

#[test]
fn without_an_engine_it_is_said_what_to_do_and_nothing_is_left() {
    let scene = Scene::new();
    scene
        .poollab(&format!("run --database container {SHORT}"))
        .env("DOCKER_HOST", format!("unix://{}/no.sock", scene.work().display()))
        .timeout(Duration::from_secs(60))
        .assert()
        .code(3)
        .stderr(contains("No container engine answers").and(contains("--database embedded")));
    assert!(scene.runs().is_empty());
    scene.assert_clean_within(Duration::from_secs(10));
}

#[test]
fn what_a_container_can_not_have_is_refused_before_anything_starts() {
    let scene = Scene::new();
    for (words, says) in [
        ("run --image postgres:16", "--image needs --database container"),
        ("run --database container --tls", "certificate is self-signed"),
        ("run --database container --route pgbouncer-session", "needs an embedded database"),
        ("run --database docker", "container"),
    ] {
        scene.poollab(words).assert().code(2).stderr(contains(says));
    }
    assert!(scene.runs().is_empty());
}

#[test]
#[ignore = "needs a container engine and the image poollab-db (docker build -t poollab-db db)"]
fn a_container_is_limited_watched_and_removed() {
    let scene = Scene::new();
    let ours = || {
        let listed = std::process::Command::new("docker")
            .args(["ps", "--all", "--quiet", "--filter", "label=io.poollab.lock"])
            .output()
            .expect("docker");
        String::from_utf8(listed.stdout).expect("text").lines().count()
    };
    let before = ours();
    scene
        .poollab(&format!("run --database container --cpus 0.1 --memory 256MiB --repeats 1 {SHORT}"))
        .timeout(Duration::from_secs(180))
        .assert()
        .success();
    let report = scene.report();
    assert_eq!(report["environment"]["limits_in_force"]["cpu"], "container");
    assert_eq!(report["environment"]["limits_in_force"]["memory"], "container");
    let trial = &report["trials"][0];
    assert_eq!(trial["requests"]["failed"], 0, "{}", trial["errors"]);
    assert!(trial["database"]["throttled_ms"].as_f64() > Some(0.0), "{}", trial["database"]);
    assert!(trial["database"]["memory_peak_bytes"].as_u64() > Some(0), "{}", trial["database"]);
    assert_eq!(trial["database"]["oom_kills"], 0);
    assert_eq!(ours(), before, "a container was left behind");

    scene
        .poollab(&format!("run --database container --image poollab-no-such-image {SHORT}"))
        .assert()
        .code(3)
        .stderr(contains("no image poollab-no-such-image"));

    let mut run = scene.process(&format!("run --database container --repeats 50 {SHORT}"));
    let mut run = run.stderr(std::process::Stdio::null()).spawn().expect("a run");
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while ours() == before {
        assert!(std::time::Instant::now() < deadline, "no container came");
        std::thread::sleep(Duration::from_millis(200));
    }
    run.kill().expect("kill");
    run.wait().expect("its end");
    while ours() != before {
        assert!(std::time::Instant::now() < deadline, "the guard has not removed its container");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// With its guard killed as well nobody is left to remove it but the next one who starts something.
#[test]
#[ignore = "needs a container engine and the image poollab-db (docker build -t poollab-db db)"]
fn a_container_without_a_guard_is_removed_by_the_next_run_and_a_strangers_is_not() {
    let docker = |words: &str| -> String {
        let output = std::process::Command::new("docker").args(words.split(' ')).output().expect("docker");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let ours = || docker("ps --all --quiet --no-trunc --filter label=io.poollab.lock");
    assert_eq!(ours(), "", "left by somebody else: it would be removed, or stay, for other reasons");
    let stranger = docker("create --name poollab-db-of-a-stranger poollab-db");

    let scene = Scene::new();
    let mut run = start(&scene, &format!("run --database container --repeats 50 {SHORT}"));
    wait_for_a_trial(&mut run);
    let left = ours();
    let guard = descendants(run.id()).into_iter().find(|(_, line)| line.contains("db guard"));
    let (guard, _) = guard.expect("a guard");
    for pid in [guard, run.id()] {
        signal(pid, Signal::KILL);
    }
    run.wait().expect("its end");
    assert_eq!(ours(), left, "nobody is there to remove it");

    scene
        .poollab(&format!("run --database container --repeats 1 {SHORT}"))
        .timeout(Duration::from_secs(180))
        .assert()
        .success()
        .stderr(contains("left by a poollab that was killed"));
    assert_eq!(ours(), "");
    docker(&format!("rm {stranger}"));
    scene.assert_clean_within(Duration::from_secs(10));
}

/// Half of the CPU gives half of the work, within a quarter, in the median of three pairs.
#[test]
#[ignore = "needs a container engine and the image poollab-db (docker build -t poollab-db db)"]
fn half_the_cpu_of_a_container_is_half_its_ceiling() {
    let ceiling = |cpus: &str| {
        let scene = Scene::new();
        scene
            .poollab(&format!(
                "run --database container --cpus {cpus} --strategy deadpool --workload point-read --users 4 \
                 --duration 1s --warmup 100ms --repeats 1"
            ))
            .timeout(Duration::from_secs(120))
            .assert()
            .success();
        scene.report()["ceiling"]["tps"].as_f64().expect("a ceiling")
    };
    let mut ratios: Vec<f64> = (0..3)
        .map(|_| {
            let whole = ceiling("0.5");
            ceiling("0.25") / whole
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("a quarter of a core reached of half a core: {ratios:?}");
    assert!((0.375..=0.625).contains(&ratios[1]), "{ratios:?}");
}
