//! Commands that need no database.

use assert_cmd::Command;
use predicates::str::contains;

fn poollab(words: &str) -> assert_cmd::assert::Assert {
    Command::cargo_bin("poollab").expect("the binary under test").args(words.split_whitespace()).assert()
}

#[test]
fn every_strategy_and_workload_is_listed_with_a_line() {
    let output = poollab("strategies").success().get_output().stdout.clone();
    let text = String::from_utf8(output).expect("text");
    for id in [
        "naive",
        "naive-locked",
        "per-request",
        "per-request-sync",
        "deadpool",
        "bb8",
        "r2d2",
        "sqlx",
        "pipelined",
    ] {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(id));
        assert!(line.is_some_and(|line| line.split_whitespace().count() > 3), "{id} in\n{text}");
    }
    let output = poollab("workloads").success().get_output().stdout.clone();
    let text = String::from_utf8(output).expect("text");
    for id in ["point-read", "read-process", "write-tx", "hold", "hot-row"] {
        assert!(text.lines().any(|line| line.split_whitespace().next() == Some(id)), "{id} in\n{text}");
    }
}

#[test]
fn the_schema_names_every_field_that_a_program_reads() {
    let output = poollab("schema").success().get_output().stdout.clone();
    let text = String::from_utf8(output).expect("text");
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(schema["properties"]["trials"].is_object());
    for field in [
        "schema_version",
        "goodput_rps",
        "backends_peak",
        "throttled_ms",
        "first_at_ms",
        "cpu_share",
        "p99_9",
        "ended_us",
    ] {
        assert!(text.contains(&format!("\"{field}\"")), "{field}");
    }
}

#[test]
fn a_dry_run_starts_nothing_and_tells_the_time() {
    let folder = tempfile::tempdir().expect("a folder");
    Command::cargo_bin("poollab")
        .expect("the binary under test")
        .current_dir(folder.path())
        .args(["run", "--dry-run"])
        .assert()
        .success()
        .stdout(contains("34 trials, about"))
        .stdout(contains("nothing was started"))
        .stdout(contains("skipped: pipelined"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("poollab"))
        .arg("schema")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary under test");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("its end");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
