//! Known failures, shown and cured for real: what is more than their verdict. `catalogue.rs` runs them all.

mod common;

use std::time::{Duration, Instant};

use common::Scene;
use poollab_scenarios::{NEEDED_WORKLOADS, SCENARIOS};
use predicates::str::contains;

/// Runs one scenario and gives its `scenario.json`; the symptom must have appeared and the cure removed it.
fn shown_and_cured(id: &str) -> serde_json::Value {
    let scene = Scene::new();
    let output = scene.poollab(&format!("reproduce {id} --quiet")).output().expect("poollab runs");
    let story = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{id}: {story}\n{}", String::from_utf8_lossy(&output.stderr));
    let [run] = scene.runs().try_into().expect("one run");
    for name in ["plan.toml", "trials.jsonl", "report.html", "report.json", "scenario.json", "story.md"] {
        assert!(run.join(name).is_file(), "{name} is missing");
    }
    let text = std::fs::read_to_string(run.join("scenario.json")).expect("scenario.json");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document["symptom_appeared"], true);
    assert_eq!(document["cure_removed_it"], true);
    scene.assert_clean_within(Duration::from_secs(10));
    document
}

/// A line of Postgres's own log that the broken side quotes.
fn quoted(document: &serde_json::Value) -> String {
    document["cases"][0]["server_log"][0]["lines"][0].as_str().expect("a line of the server's log").to_owned()
}

#[test]
fn a_superuser_that_takes_every_slot_is_told_so_in_postgres_own_words() {
    let document = shown_and_cured("too-many-clients");
    assert!(quoted(&document).contains("FATAL:  sorry, too many clients already"));
}

#[test]
fn a_role_at_its_limit_is_refused_while_slots_are_free() {
    let document = shown_and_cured("role-limit");
    assert!(quoted(&document).contains("too many connections for role"));
}

#[test]
fn four_libraries_that_time_out_are_told_apart_by_their_words_and_alike_by_their_kind() {
    let document = shown_and_cured("pool-timeout");
    let first = document["cases"][0]["moments"][0]["what"].as_str().expect("a moment");
    assert!(first.contains("pool-timeout") && first.contains("pg_stat_activity"), "{first}");
}

#[test]
fn a_checkout_inside_a_checkout_stops_everything() {
    shown_and_cured("nested-checkout");
}

#[test]
fn a_leak_ends_in_silence() {
    shown_and_cured("leak");
}

#[test]
fn a_restarted_postgres_leaves_dead_connections_in_an_unchecked_pool() {
    let document = shown_and_cured("restart-storm");
    assert!(quoted(&document).contains("terminating connection due to administrator command"));
}

#[test]
fn slots_that_are_all_taken_show_within_six_seconds() {
    let scene = Scene::new();
    let began = Instant::now();
    scene
        .poollab("reproduce reserved-slots --only broken --quiet")
        .assert()
        .success()
        .stdout(contains("remaining connection slots are reserved for"))
        .stdout(contains("PASSED: the symptom occurred."));
    // The binary under test is not optimised, and other tests run beside it.
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[test]
fn a_burst_reaches_its_record_and_its_report_request_by_request() {
    let scene = Scene::new();
    let output = scene.poollab("reproduce cold-burst --only broken --quiet").output().expect("poollab runs");
    if output.status.code() == Some(3) {
        println!("skipped: no CPU limit can be put in force here, which the scenario needs");
        return;
    }
    let run = scene.runs().remove(0);
    let text = std::fs::read_to_string(run.join("trials.jsonl")).expect("its trials");
    for line in text.lines() {
        let trial: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let burst = &trial["bursts"][0];
        assert_eq!(burst["sent"], 40);
        // Later where the machine connects more slowly than the scenario is written for.
        assert!(burst["at_ms"].as_f64() >= Some(300.0), "{burst}");
        let orders: Vec<u64> = burst["requests"]
            .as_array()
            .expect("requests")
            .iter()
            .flat_map(|one| one["order"].as_u64())
            .collect();
        assert_eq!(orders, (1..=40).collect::<Vec<_>>(), "all of them ended, and are told in their order");
    }
    let page = std::fs::read_to_string(run.join("report.html")).expect("its page");
    assert!(page.contains("40 requests at once, "));
}

#[test]
fn an_unknown_scenario_is_answered_with_the_nearest_ones() {
    let scene = Scene::new();
    let told = scene.poollab("reproduce pool-timeouts lek").assert().code(2);
    told.stderr(contains("Did you mean pool-timeout")).stderr(contains("leak"));
    assert!(scene.runs().is_empty(), "nothing was started");
}

#[test]
fn the_list_names_every_scenario() {
    let output = Scene::new().poollab("reproduce --list").output().expect("poollab runs");
    let text = String::from_utf8(output.stdout).expect("text");
    for scenario in SCENARIOS {
        assert!(text.contains(scenario.id), "{} is missing", scenario.id);
    }
}

#[test]
fn an_error_text_leads_to_its_scenario_and_a_strange_one_to_no_guess() {
    let scene = Scene::new();
    let mut known = scene.poollab("explain");
    known.args(["FATAL: too many connections for role \"app\""]);
    known.assert().success().stdout(contains("role-limit:")).stdout(contains("poollab reproduce role-limit"));
    let mut strange = scene.poollab("explain");
    strange
        .args(["segmentation fault (core dumped)"])
        .assert()
        .code(1)
        .stdout(contains("does not know this error"));
    scene.poollab("explain").write_stdin("  \n").assert().code(2);
}

#[test]
fn megabytes_of_log_are_read_to_their_end() {
    let mut log = "2026-11-21 12:00:00 INFO nothing of interest happened here\n".repeat(200_000);
    log.push_str("FATAL:  sorry, too many clients already\n");
    let scene = Scene::new();
    scene.poollab("explain").write_stdin(log).assert().success().stdout(contains("too-many-clients:"));
}

#[test]
fn every_workload_that_a_scenario_needs_is_there_with_its_parameters() {
    for needed in NEEDED_WORKLOADS {
        let workload = poollab_servers::workloads::find(needed.id);
        let Some(workload) = workload else { panic!("{} is missing", needed.id) };
        assert_eq!(workload.method(), needed.method, "{}", needed.id);
        let names: Vec<&str> = needed.parameters.iter().map(|(name, _)| *name).collect();
        assert_eq!(workload.parameters(), names, "{}", needed.id);
    }
}
