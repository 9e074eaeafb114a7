//! Whole runs against a real Postgres.

mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use common::Scene;
use common::processes::signal;
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

/// Half a second of load: enough to be measured, in the hope of nothing more.
const SHORT: &str = "--duration 500ms --warmup 200ms --repeats 1";
const PATIENCE: Duration = Duration::from_secs(20);

fn trials<'a>(report: &'a Value, strategy: &str) -> Vec<&'a Value> {
    report["trials"]
        .as_array()
        .expect("trials")
        .iter()
        .filter(|trial| trial["strategy"] == strategy)
        .collect()
}

#[test]
fn a_run_shows_exhausted_slots_and_pools_that_hold_under_the_same_load() {
    let scene = Scene::new();
    // 8 free slots. More than 24 users would fill the socket's own queue, and the kernel would refuse first.
    let plan = "run --strategy per-request,deadpool --workload point-read --users 20 --max-connections 12 --pool-size 4";
    scene
        .poollab(&format!("{plan} {SHORT}"))
        .timeout(Duration::from_secs(120))
        .assert()
        .success()
        .stdout(contains("deadpool").and(contains("slots-exhausted")).and(contains("report.html")));

    let report = scene.report();
    assert_eq!(report["run"]["status"], "complete");
    let error = &trials(&report, "per-request")[0]["errors"][0];
    assert_eq!(error["kind"], "slots-exhausted", "{error}");
    assert_eq!(error["sqlstate"], "53300");
    let message = error["message"].as_str().expect("the original text");
    assert!(message.contains("slots are reserved") || message.contains("too many clients"), "{message}");

    let pooled = trials(&report, "deadpool")[0];
    assert_eq!(pooled["requests"]["failed"], 0, "{}", pooled["errors"]);
    assert!(pooled["goodput_rps"].as_f64().expect("a figure") > 0.0);
    assert_eq!(pooled["database"]["statements_verified"], true);
    assert_eq!(pooled["database"]["backends_left"], 0);
    assert_eq!(pooled["server"]["exit_code"], 0);
    assert!(pooled["timeline"].as_array().expect("a timeline").len() >= 4);
    assert!(pooled["phases_us"]["wait"]["count"].as_u64() > Some(0));
    assert!(report["ceiling"]["tps"].as_f64().expect("a ceiling") > 0.0);
    scene.assert_clean_within(PATIENCE);
}

/// What people come for, without any flag that makes it likely.
#[test]
fn the_slots_run_out_while_it_is_measured_and_the_pool_serves_no_less() {
    let scene = Scene::new();
    let plan =
        "run --strategy per-request,deadpool --workload hold --no-ceiling --duration 500ms --repeats 1";
    scene.poollab(plan).timeout(Duration::from_secs(300)).assert().success();
    let report = scene.report();
    let hold = &trials(&report, "per-request")[0];
    assert!(
        hold["errors"].as_array().expect("errors").iter().any(|error| error["sqlstate"] == "53300"),
        "{}",
        hold["errors"]
    );
    let pooled = trials(&report, "deadpool")[0];
    assert_eq!(pooled["requests"]["failed"], 0, "{}", pooled["errors"]);
    assert!(pooled["requests"]["ok"].as_u64() > Some(0));

    // What was measured is in the plan; who repeats it measures nothing again.
    let rate = report["plan"]["filling"]["connects_per_s"].as_f64().expect("a rate");
    let think = report["plan"]["filling"]["think_ms"].as_u64().expect("a hold");
    assert!(think as f64 >= 3.0 * 17.0 / rate * 1e3, "{think} ms at {rate}/s");
    let file = scene.runs().remove(0).join("plan.toml");
    scene
        .poollab(&format!("run {} --dry-run", file.display()))
        .assert()
        .success()
        .stdout(contains(format!("hold-{think}-ms")).and(contains("measured when").not()));
}

#[test]
fn a_report_is_made_again_from_the_folder_alone() {
    let scene = Scene::new();
    scene
        .poollab(&format!(
            "run --strategy naive --workload point-read --users 4 --no-ceiling --quiet {SHORT}"
        ))
        .timeout(Duration::from_secs(120))
        .assert()
        .success()
        .stderr(predicate::str::is_empty());
    let run = scene.runs().remove(0);
    let before = std::fs::read_to_string(run.join("report.json")).expect("report.json");
    for name in ["report.html", "report.md", "report.json", "report.csv"] {
        std::fs::remove_file(run.join(name)).expect(name);
    }
    let words = format!("report {}", run.display());
    scene.poollab(&format!("{words} --format json")).assert().success().stdout(before.clone());
    scene.poollab(&format!("{words} --format csv")).assert().success().stdout(contains("naive"));
    scene.poollab(&format!("{words} --format md")).assert().success().stdout(contains("| naive"));
    scene.poollab(&format!("{words} --write")).assert().success();
    assert_eq!(std::fs::read_to_string(run.join("report.json")).expect("report.json"), before);
}

#[test]
fn the_plan_of_a_run_repeats_it() {
    let scene = Scene::new();
    let plan = "run --strategy deadpool --workload hold --think-ms 2 --users 3 --pool-size 2,4 --seed 9 --no-ceiling";
    scene.poollab(&format!("{plan} {SHORT}")).timeout(Duration::from_secs(120)).assert().success();
    let run = scene.runs().remove(0);
    let again = scene
        .poollab(&format!("run {} --dry-run", run.join("plan.toml").display()))
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let text = String::from_utf8(again).expect("text");
    let planned: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .filter(|id| id.ends_with(".r1"))
        .collect();
    let report = scene.report();
    let ran: Vec<&str> = report["trials"]
        .as_array()
        .expect("trials")
        .iter()
        .filter_map(|trial| trial["id"].as_str())
        .collect();
    assert_eq!(planned, ran);
    assert_eq!(ran.len(), 2);
}

#[test]
fn an_open_load_is_offered_as_asked() {
    let scene = Scene::new();
    scene
        .poollab("run --strategy deadpool --workload point-read --rate 50 --no-ceiling --duration 2s --warmup 200ms --repeats 1")
        .timeout(Duration::from_secs(120))
        .assert()
        .success();
    let report = scene.report();
    let trial = trials(&report, "deadpool")[0];
    let offered = trial["offered_rps"].as_f64().expect("a figure");
    assert!((25.0..100.0).contains(&offered), "a Poisson schedule of 50/s over 2 s offered {offered}");
    assert_eq!(trial["load"]["model"], "open");
}

#[test]
fn a_database_by_hand_serves_and_goes() {
    let scene = Scene::new();
    let output = scene.poollab("db up").timeout(PATIENCE).assert().success().get_output().stdout.clone();
    let text = String::from_utf8(output).expect("text");
    let url =
        text.lines().find_map(|line| line.strip_prefix("export DATABASE_URL=")).expect("a URL").to_owned();
    scene.poollab("db up").timeout(PATIENCE).assert().code(3).stderr(contains("db down"));

    let mut server = scene.process("server --strategy deadpool --listen 127.0.0.1:0");
    let mut server = server.env("DATABASE_URL", &url).stderr(Stdio::piped()).spawn().expect("a service");
    let mut lines = BufReader::new(server.stderr.take().expect("its log")).lines().map_while(Result::ok);
    let address = lines
        .find_map(|line| {
            let rest = line.split("http://").nth(1)?;
            Some(rest.split(|c: char| c != '.' && c != ':' && !c.is_ascii_digit()).next()?.to_owned())
        })
        .expect("an address in its log");
    scene
        .poollab(&format!("load --address {address} --users 2 --duration 400ms --warmup 100ms --json"))
        .timeout(PATIENCE)
        .assert()
        .success()
        .stdout(contains("\"ok\""));
    signal(server.id(), rustix::process::Signal::TERM);
    assert_eq!(server.wait().expect("its end").code(), Some(0));

    scene.poollab("db down").timeout(PATIENCE).assert().success().stdout(contains("data deleted"));
    scene.poollab("db down").timeout(PATIENCE).assert().success().stdout(contains("no database is running"));
    scene.assert_clean_within(PATIENCE);
}
