//! Interrupted, killed, out of room: nothing that was measured is lost, and nothing of ours is left.

#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::Scene;
use common::processes::{descendants, signal, start, wait_for_a_trial};
use predicates::prelude::*;
use predicates::str::contains;
use rustix::process::Signal;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_secs(120);
/// Trials of half a second, more of them than any test waits for.
const MANY: &str = "run --strategy deadpool --workload point-read --users 4 --repeats 40 --no-ceiling --duration 500ms \
                    --warmup 100ms";

#[test]
fn ctrl_c_ends_the_run_and_keeps_the_finished_trials_to_go_on_from() {
    let scene = Scene::new();
    let mut run = start(&scene, &MANY.replace("--repeats 40", "--repeats 4"));
    wait_for_a_trial(&mut run);
    signal(run.id(), Signal::INT);
    assert_eq!(run.wait().expect("its end").code(), Some(130));
    let report = scene.report();
    assert_eq!(report["run"]["status"], "interrupted");
    let finished = report["trials"].as_array().expect("trials").clone();
    assert!((1..4).contains(&finished.len()), "{}", finished.len());
    scene.assert_clean_within(PATIENCE);

    let folder = scene.runs().remove(0);
    scene.poollab(&format!("run --resume {}", folder.display())).timeout(LONG).assert().success();
    let report = scene.report();
    assert_eq!(report["run"]["status"], "complete");
    let trials = report["trials"].as_array().expect("trials");
    assert_eq!(trials.len(), 4);
    assert_eq!(trials[..finished.len()], finished, "what was finished was not measured again");
}

#[test]
fn a_second_ctrl_c_ends_at_once_and_everything_is_still_cleaned_up() {
    let scene = Scene::new();
    let (mut run, said) = in_a_trial(&scene, MANY);
    // Ending in order takes a while, most of it Postgres: the second one comes before.
    signal(run.id(), Signal::INT);
    sleep(Duration::from_millis(20));
    signal(run.id(), Signal::INT);
    assert_eq!(run.wait().expect("its end").code(), Some(130));
    let said = fs::read_to_string(&said).expect("what it said");
    assert!(said.contains("Ctrl-C again: ended at once"), "{said}");
    scene.assert_clean_within(PATIENCE);
    let folder = scene.runs().remove(0);
    assert!(whole_trials(&folder) >= 1);
    scene.poollab("runs").assert().success().stdout(contains("died, "));
}

#[test]
fn a_lab_that_is_killed_takes_everything_with_it() {
    let scene = Scene::new();
    let mut run = start(&scene, MANY);
    wait_for_a_trial(&mut run);
    run.kill().expect("kill");
    run.wait().expect("its end");
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn what_a_killed_lab_and_its_killed_guard_leave_is_found_by_our_marks_and_nothing_else_is_touched() {
    let scene = Scene::new();
    // Named like ours and not ours: no lock, or one that somebody holds.
    let strangers = ["poollab-pg-notes", "poollab-pg-alive", "other"].map(|name| scene.tmp().join(name));
    for stranger in &strangers {
        fs::create_dir(stranger).expect("a folder");
        fs::write(stranger.join("mine.txt"), "mine").expect("a file");
    }
    let lock = fs::File::create(strangers[1].join("guard.lock")).expect("a lock");
    fs::write(strangers[1].join("guard.lock"), r#"{"guard":1,"cgroups":[]}"#).expect("a record");
    lock.lock().expect("held");

    let mut run = start(&scene, MANY);
    wait_for_a_trial(&mut run);
    let home = cluster(&scene, &strangers);
    let name = home.file_name().expect("a name").to_string_lossy().into_owned();
    let guard = child_of(&run, "db guard");
    let postmaster = fs::read_to_string(home.join("data/postmaster.pid")).expect("its pid file");
    let postmaster = postmaster.lines().next().expect("a pid").to_owned();
    for pid in [guard, run.id()] {
        signal(pid, Signal::KILL);
    }
    run.wait().expect("its end");
    wait_until("end of the server without its guard", || !Path::new("/proc").join(&postmaster).exists());
    assert!(home.is_dir(), "its folder is left");
    assert!(!cgroups(&name).is_empty() || !limits_work(&scene), "and so are its cgroups");

    scene
        .poollab("run --strategy naive --workload point-read --users 1 --repeats 1 --no-ceiling --duration 300ms --warmup 0ms")
        .timeout(LONG)
        .assert()
        .success();
    assert!(!home.exists(), "folder, data and sockets");
    assert_eq!(cgroups(&name), Vec::<PathBuf>::new());
    let ours = scene.left_behind();
    let left: Vec<&String> = ours
        .iter()
        .filter(|left| !strangers.iter().any(|path| left.contains(&*path.to_string_lossy())))
        .collect();
    assert!(left.is_empty(), "{left:#?}");
    for stranger in &strangers {
        assert_eq!(fs::read_to_string(stranger.join("mine.txt")).expect("still there"), "mine");
    }
}

#[test]
fn a_service_that_dies_in_mid_trial_costs_that_trial_only() {
    let scene = Scene::new();
    let mut run = start(&scene, &MANY.replace("--repeats 40", "--repeats 4"));
    wait_for_a_trial(&mut run);
    signal(child_of(&run, "server --conducted"), Signal::KILL);
    assert_eq!(run.wait().expect("its end").code(), Some(0));
    let report = scene.report();
    assert_eq!(report["run"]["status"], "complete");
    assert_eq!(report["trials"].as_array().expect("trials").len(), 3);
    let skipped = &report["run"]["skipped"];
    assert_eq!(skipped.as_array().map(Vec::len), Some(1), "{skipped}");
    assert!(skipped[0]["reason"].as_str().is_some_and(|why| why.contains("signal: 9")), "{skipped}");
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn a_postgres_that_dies_in_mid_trial_ends_the_run_and_the_finished_trials_are_safe() {
    let scene = Scene::new();
    let (mut run, said) = in_a_trial(&scene, &MANY.replace("--duration 500ms", "--duration 5s"));
    sleep(Duration::from_millis(500));
    let home = cluster(&scene, &[]);
    let pid = fs::read_to_string(home.join("data/postmaster.pid")).expect("its pid file");
    let pid = pid.lines().next().and_then(|pid| pid.parse().ok()).expect("a pid");
    let killed = Instant::now();
    signal(pid, Signal::KILL);
    assert_eq!(run.wait().expect("its end").code(), Some(3));
    assert!(killed.elapsed() < Duration::from_secs(4), "the rest of the trial was waited for");

    let report = scene.report();
    assert_eq!(report["run"]["status"], "failed");
    assert_eq!(report["trials"].as_array().expect("trials").len(), 1);
    let skipped = &report["run"]["skipped"];
    assert_eq!(skipped.as_array().map(Vec::len), Some(1), "{skipped}");
    assert!(skipped[0]["reason"].as_str().is_some_and(|why| why.contains("the database ended")), "{skipped}");
    let said = fs::read_to_string(&said).expect("what it said");
    assert!(said.contains("1 finished trial is in"), "{said}");
    scene.assert_clean_within(PATIENCE);
}

/// The first one is whole, and the second one is long enough to be stopped in its middle.
const STOPPED: &str = "run --strategy deadpool --workload point-read --users 4 --repeats 3 --no-ceiling --duration 2s \
                       --warmup 100ms --request-timeout 2s";

#[test]
fn a_generator_that_is_stopped_costs_its_trial_and_not_the_run() {
    let scene = Scene::new();
    let (mut run, _) = in_a_trial(&scene, STOPPED);
    // It lives as long as its trial, and the service's beats go on while it is stopped.
    signal(child_of(&run, "load --conducted"), Signal::STOP);
    assert_eq!(run.wait().expect("its end").code(), Some(0));
    let report = scene.report();
    assert_eq!(report["trials"].as_array().expect("trials").len(), 2);
    let skipped = &report["run"]["skipped"];
    assert_eq!(skipped.as_array().map(Vec::len), Some(1), "{skipped}");
    let reason = skipped[0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("generator said nothing for 15 s"), "{reason}");
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn a_guard_that_is_stopped_is_noticed_and_its_trial_has_no_result() {
    let scene = Scene::new();
    let (mut run, said) = in_a_trial(&scene, STOPPED);
    let guard = child_of(&run, "db guard");
    signal(guard, Signal::STOP);
    wait_until("that the guard is missed", || {
        fs::read_to_string(&said).is_ok_and(|text| text.contains("guard did not answer for 15 s"))
    });
    // Missed, and now it may clear away.
    signal(guard, Signal::CONT);
    assert_eq!(run.wait().expect("its end").code(), Some(3));
    let report = scene.report();
    assert_eq!(report["run"]["status"], "failed");
    let skipped = &report["run"]["skipped"];
    assert!(
        skipped[0]["reason"].as_str().is_some_and(|why| why.contains("guard did not answer")),
        "{skipped}"
    );
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn a_load_that_nobody_answers_is_no_success() {
    let scene = Scene::new();
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    scene
        .poollab(&format!("load --address {closed} --users 2 --duration 200ms --warmup 0ms"))
        .timeout(LONG)
        .assert()
        .code(3)
        .stdout(contains("no request succeeded").and(contains("http-connect")));
}

/// Somebody else's file takes the rest of the disk when the first trial is there, and goes when the run has ended.
const FILLED: &str =
    "(until grep -q . runs/*/trials.jsonl; do sleep 0.05; done; cat /dev/zero > runs/filler) 2>/dev/null &";

#[test]
fn a_disk_that_fills_up_ends_the_run_and_the_finished_trials_are_safe() {
    let scene = Scene::new();
    let Some(mut run) = with_small_disk(&scene, "size=3m", FILLED, MANY) else { return };
    let ended = run.timeout(LONG).assert().code(3).stderr(contains("No space left on device"));
    let said = String::from_utf8_lossy(&ended.get_output().stderr).into_owned();
    // What the small disk held when the run had ended.
    let folder = scene.runs().remove(0);
    let trials = whole_trials(&folder);
    assert!(trials >= 1);
    // The one that found no room is not among them.
    assert!(said.contains(&format!("; {trials} finished trial")), "{trials} of {said}");
    scene.poollab(&format!("report {} --format json", folder.display())).assert().success().stdout(
        predicate::function(|text: &str| {
            let report: Value = serde_json::from_str(text).expect("JSON");
            report["trials"].as_array().map(Vec::len) == Some(trials)
        }),
    );
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn a_disk_without_any_room_stops_everything_before_it_starts() {
    let scene = Scene::new();
    let Some(mut run) = with_small_disk(&scene, "size=500k", "", MANY) else { return };
    run.timeout(LONG)
        .assert()
        .code(2)
        .stderr(contains("a run needs at least 1.0 MiB").and(contains("--out")));
    assert!(scene.runs().is_empty(), "{:?}", scene.runs());
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn a_folder_that_can_only_be_read_stops_everything_before_it_starts() {
    let scene = Scene::new();
    let Some(mut run) = with_small_disk(&scene, "ro", "", MANY) else { return };
    run.timeout(LONG).assert().code(2).stderr(contains("Read-only file system").and(contains("--out")));
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn two_labs_at_once_do_not_meet() {
    let scene = Scene::new();
    let words = MANY.replace("--repeats 40", "--repeats 3");
    let labs: Vec<Child> = (0..2)
        .map(|_| {
            let mut lab = scene.process(&format!("{words} --quiet"));
            lab.stdout(Stdio::null()).spawn().expect("a lab")
        })
        .collect();
    for mut lab in labs {
        assert_eq!(lab.wait().expect("its end").code(), Some(0));
    }
    let runs = scene.runs();
    assert_eq!(runs.len(), 2, "{runs:?}");
    for run in &runs {
        let report: Value =
            serde_json::from_slice(&fs::read(run.join("report.json")).expect("report.json")).expect("JSON");
        assert_eq!(report["run"]["status"], "complete");
        for trial in report["trials"].as_array().expect("trials") {
            assert_eq!(trial["requests"]["failed"], 0, "{}", trial["errors"]);
            assert!(
                trial["database"]["backends_peak"].as_u64().is_some_and(|peak| peak <= 8),
                "the other one's are not counted"
            );
        }
    }
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn a_scenario_that_is_interrupted_keeps_what_it_has_seen() {
    let scene = Scene::new();
    let said = scene.work().join("said");
    let mut run = scene.process("reproduce pool-timeout");
    let mut run =
        run.stdout(fs::File::create(&said).expect("a file")).stderr(Stdio::null()).spawn().expect("a run");
    wait_until("a first case", || scene.runs().first().is_some_and(|run| whole_trials(run) >= 1));
    signal(run.id(), Signal::INT);
    assert_eq!(run.wait().expect("its end").code(), Some(130));
    let report = scene.report();
    assert_eq!(report["run"]["status"], "interrupted");
    assert!(!report["trials"].as_array().expect("trials").is_empty());
    assert!(fs::read_to_string(&said).expect("its story").contains("Stopped by Ctrl-C"));
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn a_folder_that_somebody_removes_stops_the_run_and_its_figures_are_printed() {
    let scene = Scene::new();
    let said = scene.work().join("said");
    let printed = scene.work().join("printed");
    let file = |path: &Path| fs::File::create(path).expect("a file");
    let mut run = scene.process(MANY);
    let mut run = run.stdout(file(&printed)).stderr(file(&said)).spawn().expect("a run");
    wait_until("a trial", || fs::read_to_string(&said).is_ok_and(|text| text.contains("[  1/")));
    fs::remove_dir_all(scene.work().join("runs")).expect("removed");
    assert_eq!(run.wait().expect("its end").code(), Some(3));
    let (said, printed) =
        (fs::read_to_string(said).expect("said"), fs::read_to_string(printed).expect("printed"));
    assert!(said.contains("somebody removed the folder") && said.contains("in no file"), "{said}");
    assert!(printed.contains("deadpool"), "{printed}");
    assert_eq!(scene.runs(), Vec::<PathBuf>::new());
    scene.assert_clean_within(PATIENCE);
}

#[test]
fn too_few_files_or_processes_are_the_environments_fault() {
    let scene = Scene::new();
    let words = "run --strategy deadpool --workload point-read --users 64 --repeats 1 --no-ceiling --duration 300ms \
                 --warmup 0ms";
    for limit in ["ulimit -n 16", "ulimit -n 24", "ulimit -n 32", "ulimit -n 64"] {
        let poollab = scene.process(words);
        let script = format!("{limit}; exec \"$@\"");
        let program = poollab.get_program().to_string_lossy().into_owned();
        let mut command = common::like(&poollab, ["sh", "-c", &script, "sh", &program]);
        let output = command.stdin(Stdio::null()).output().expect("poollab");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{limit}: {said}");
        assert!(!said.contains("panicked"), "{limit}: {said}");
        scene.assert_clean_within(PATIENCE);
    }
}

/// A run whose first trial has ended, and the file of what it says.
fn in_a_trial(scene: &Scene, words: &str) -> (Child, PathBuf) {
    let said = scene.work().join("said");
    let file = fs::File::create(&said).expect("a file");
    let run = scene.process(words).stdout(Stdio::null()).stderr(file).spawn().expect("a run");
    wait_until("a trial", || fs::read_to_string(&said).is_ok_and(|text| text.contains("[  1/")));
    (run, said)
}

/// The cluster of the only lab that runs here.
fn cluster(scene: &Scene, strangers: &[PathBuf]) -> PathBuf {
    let ours = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("poollab-pg-"))
            && !strangers.contains(path)
    };
    let mut found =
        fs::read_dir(scene.tmp()).expect("the folder").flatten().map(|entry| entry.path()).filter(ours);
    found.next().expect("a cluster")
}

/// The child whose command line has these words in it; it may be about to come.
fn child_of(run: &Child, words: &str) -> u32 {
    let mut found = None;
    wait_until(words, || {
        found = descendants(run.id()).into_iter().find(|(_, line)| line.contains(words)).map(|(pid, _)| pid);
        found.is_some()
    });
    found.expect("a child")
}

/// Control groups with a name like this, of whatever controller.
fn cgroups(name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![(PathBuf::from("/sys/fs/cgroup"), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if entry.file_name().to_string_lossy().contains(name) {
                found.push(entry.path());
            } else if depth < 6 {
                folders.push((entry.path(), depth + 1));
            }
        }
    }
    found
}

/// Whether this machine lets us make control groups at all.
fn limits_work(scene: &Scene) -> bool {
    let said = scene.poollab("doctor --json").output().expect("the doctor").stdout;
    let checks: Value = serde_json::from_slice(&said).expect("JSON");
    let limits = checks.as_array().expect("a list").iter().find(|check| check["name"] == "limits").cloned();
    limits.is_some_and(|check| check["found"].as_str().is_some_and(|found| found.contains("CPU by cgroup")))
}

/// Trials of a run that are whole; a line that is not would fail.
fn whole_trials(run: &Path) -> usize {
    let text = fs::read_to_string(run.join("trials.jsonl")).unwrap_or_default();
    text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count()
}

/// poollab with a small disk of its own at `runs`, whose content is kept when it ends. `None`: only root can mount
/// one, and a test machine that is somebody's own may have no root; CI has to.
fn with_small_disk(
    scene: &Scene,
    options: &str,
    meanwhile: &str,
    words: &str,
) -> Option<assert_cmd::Command> {
    let may = Command::new("unshare").args(["--mount", "true"]).stderr(Stdio::null()).status();
    if !may.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "no disk can be mounted here, and CI is set");
        eprintln!("skipped: only root can mount a small disk");
        return None;
    }
    fs::create_dir(scene.work().join("runs")).expect("a folder");
    let poollab = scene.process(words);
    let script = format!(
        "mount -t tmpfs -o {options} tmpfs runs || exit 9; {meanwhile}
         \"$@\"; code=$?
         rm -f runs/filler; cp -r runs kept; umount runs; cp -r kept/. runs; exit $code"
    );
    let program = poollab.get_program().to_string_lossy();
    let command = common::like(&poollab, ["unshare", "--mount", "sh", "-c", &script, "sh", &program]);
    Some(assert_cmd::Command::from_std(command))
}

fn wait_until(what: &str, mut there: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !there() {
        assert!(Instant::now() < deadline, "no {what} came");
        sleep(Duration::from_millis(20));
    }
}
