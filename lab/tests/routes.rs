//! Whole runs through a real PgBouncer.

mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use common::Scene;
use poollab_db::pgbouncer::Program;
use predicates::str::contains;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// Without a PgBouncer a test says so and passes, except in CI.
fn have_pgbouncer() -> bool {
    match Program::find() {
        Ok(_) => true,
        Err(why) if std::env::var_os("CI").is_none() => {
            eprintln!("SKIPPED, not passed: {why}");
            false
        }
        Err(why) => panic!("CI must have a PgBouncer: {why}"),
    }
}

fn trial<'a>(report: &'a Value, route: &str) -> &'a Value {
    let trials = report["trials"].as_array().expect("trials");
    trials.iter().find(|trial| trial["route"] == route).expect("a trial by this route")
}

#[test]
fn a_connection_for_each_request_is_cheaper_from_pgbouncer_than_from_postgres() {
    if !have_pgbouncer() {
        return;
    }
    let scene = Scene::new();
    scene
        .poollab(
            "run --strategy per-request --workload point-read --route direct,pgbouncer-transaction \
             --statements unnamed --users 24 --max-connections 40 --duration 2s --warmup 300ms --repeats 1 --no-ceiling",
        )
        .timeout(Duration::from_secs(120))
        .assert()
        .success();
    let report = scene.report();
    let (direct, pooled) = (trial(&report, "direct"), trial(&report, "pgbouncer-transaction"));
    for trial in [direct, pooled] {
        assert_eq!(trial["requests"]["failed"], 0, "{}", trial["errors"]);
        assert_eq!(trial["database"]["statements_verified"], true);
        assert_eq!(trial["database"]["backends_left"], 0, "the next trial must find all slots free");
    }
    let goodput = |trial: &Value| trial["goodput_rps"].as_f64().expect("a figure");
    let gain = goodput(pooled) / goodput(direct);
    assert!(gain >= 2.0, "{} against {}: only {gain}", goodput(pooled), goodput(direct));

    let seen = |name: &str| {
        let points = pooled["timeline"].as_array().expect("a timeline").iter();
        points.filter_map(|point| point["pooler"][name].as_u64()).max()
    };
    assert!(seen("clients_active") > Some(0), "{}", pooled["timeline"]);
    // A server is active for a fraction of a millisecond, ten looks a second may all find it idle.
    let servers = seen("servers_active").max(seen("servers_idle")).expect("servers");
    assert!((1..=20).contains(&servers), "{}", pooled["timeline"]);
    assert!(seen("transactions") > Some(0));
    assert!(direct["timeline"][0].get("pooler").is_none());
    let components = report["environment"]["components"].as_array().expect("components");
    assert!(components.iter().any(|part| part["name"] == "PgBouncer"), "{components:?}");
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn a_lab_that_is_killed_takes_its_pgbouncer_with_it() {
    if !have_pgbouncer() {
        return;
    }
    let scene = Scene::new();
    let mut run = scene
        .process(
            "run --strategy deadpool --workload point-read --route pgbouncer-session --repeats 20 --no-ceiling \
             --duration 500ms --warmup 100ms",
        )
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a run");
    let mut lines = BufReader::new(run.stderr.take().expect("its progress")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("[  1/")), "the run ended before its first trial did");
    run.kill().expect("kill");
    run.wait().expect("its end");
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn a_route_that_can_not_be_had_is_refused_before_anything_starts() {
    let scene = Scene::new();
    scene
        .poollab("run --route pgbouncer-session --database postgres://app@localhost/lab")
        .assert()
        .code(2)
        .stderr(contains("needs an embedded database"));
    scene.poollab("run --route pgbouncer-sesion").assert().code(2).stderr(contains("pgbouncer-session"));
    assert!(scene.runs().is_empty());
}
