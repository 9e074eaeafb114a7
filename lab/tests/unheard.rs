//! Nobody hears what is said (a closed pipe, a full disk): nothing ends because of it, and no result is lost.

#![cfg(target_os = "linux")]

mod common;

use std::fs::File;
use std::process::{Output, Stdio};

use common::Scene;

/// Every write to it fails: no space left on device.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").expect("/dev/full").into()
}

/// A pipe whose reader has gone.
fn broken() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn ended(scene: &Scene, words: &str, stdout: Stdio, stderr: Stdio) -> Output {
    let mut command = scene.process(words);
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    command.spawn().and_then(std::process::Child::wait_with_output).expect("poollab")
}

/// Each says something on standard error, and has an end of its own.
const SPEAKING: [(&str, i32); 9] = [
    ("run --strategy deedpool --users 0", 2),
    ("run --nonsense", 2),
    ("run --database postgres://me@127.0.0.1:9/x --strategy deadpool", 3),
    ("report .", 2),
    ("diff a b", 2),
    ("load --address 127.0.0.1:1 --users 0", 2),
    ("load --address no.such.host.invalid:1 --duration 300ms", 3),
    ("server --strategy deadpool --listen 256.0.0.1:1 --database-url postgres://x@127.0.0.1:9/x", 2),
    ("man pages", 0),
];

#[test]
fn standard_error_that_cannot_be_written_changes_no_exit_code() {
    let scene = Scene::new();
    for (words, code) in SPEAKING {
        for stderr in [full, broken] {
            let output = ended(&scene, words, Stdio::piped(), stderr());
            assert_eq!(output.status.code(), Some(code), "{words}");
        }
    }
}

#[test]
fn a_run_that_nobody_hears_is_carried_out_and_reported() {
    let scene = Scene::new();
    let words = "run --strategy deadpool --workload point-read --users 2 --repeats 1 --no-ceiling --duration 300ms \
                 --warmup 0ms";
    let output = ended(&scene, words, Stdio::piped(), full());
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("deadpool"));
    assert_eq!(scene.report()["run"]["status"], "complete");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure_and_a_full_disk_is_one() {
    let scene = Scene::new();
    for words in
        ["strategies", "workloads", "schema", "runs", "reproduce --list", "completions bash", "--help"]
    {
        let output = ended(&scene, words, broken(), Stdio::piped());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{words}");
    }
    let output = ended(&scene, "schema", full(), Stdio::piped());
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("can't write to standard output"));
}
