//! Runs live on: listed, removed, resumed, compared, gated.

mod common;

use std::path::Path;
use std::time::Duration;

use common::Scene;
use predicates::prelude::*;
use predicates::str::contains;

const SHORT: &str = "--users 4 --duration 300ms --warmup 100ms --no-ceiling";
const LONG: Duration = Duration::from_secs(120);

fn lines(run: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(run.join("trials.jsonl")).expect("trials.jsonl");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn an_interrupted_run_goes_on_without_repeating_what_is_finished() {
    let scene = Scene::new();
    scene
        .poollab(&format!("run --strategy naive,deadpool --workload point-read --repeats 2 --quiet {SHORT}"))
        .timeout(LONG)
        .assert()
        .success();
    let run = scene.runs().remove(0);
    let whole = lines(&run);
    assert_eq!(whole.len(), 4);
    // As a power cut in the third trial would have left it.
    let half = &whole[2][..whole[2].len() / 2];
    std::fs::write(run.join("trials.jsonl"), format!("{}\n{}\n{half}", whole[0], whole[1])).expect("written");
    for name in ["report.html", "report.json"] {
        std::fs::remove_file(run.join(name)).expect(name);
    }
    scene
        .poollab(&format!("run --resume {} --users 9", run.display()))
        .assert()
        .code(2)
        .stderr(contains("cannot be combined with --users"));
    scene
        .poollab(&format!("run --resume {}", run.display()))
        .timeout(LONG)
        .assert()
        .success()
        .stderr(contains("[  2/2]").and(contains("/4]").not()));
    let after = lines(&run);
    assert_eq!(after[..2], whole[..2], "finished trials are as they were");
    let id = |line: &String| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["id"].clone();
    assert_eq!(after.iter().map(id).collect::<Vec<_>>(), whole.iter().map(id).collect::<Vec<_>>());
    assert_eq!(scene.report()["run"]["status"], "complete");
    assert!(!run.join("live.jsonl").exists(), "nothing is live any more");

    scene
        .poollab(&format!("run --resume {}", run.display()))
        .assert()
        .code(2)
        .stderr(contains("nothing to resume"));
    let strange = whole[0].replacen("point-read.direct", "point-read.elsewhere", 1);
    std::fs::write(run.join("trials.jsonl"), format!("{strange}\n")).expect("written");
    scene
        .poollab(&format!("run --resume {}", run.display()))
        .assert()
        .code(2)
        .stderr(contains("is not in its plan"));
}

#[test]
fn a_run_of_another_machine_is_not_resumed_and_stays_as_it_was() {
    let scene = Scene::new();
    scene
        .poollab(&format!("run --strategy naive --workload point-read --repeats 2 --quiet {SHORT}"))
        .timeout(LONG)
        .assert()
        .success();
    let run = scene.runs().remove(0);
    let first = lines(&run).remove(0);
    std::fs::write(run.join("trials.jsonl"), format!("{first}\n")).expect("written");
    let text = std::fs::read_to_string(run.join("environment.json")).expect("environment.json");
    let mut environment: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    environment["machine"]["cpu"] = "another".into();
    std::fs::write(run.join("environment.json"), environment.to_string()).expect("written");
    let before = std::fs::read_to_string(run.join("run.json")).expect("run.json");
    scene
        .poollab(&format!("run --resume {}", run.display()))
        .timeout(LONG)
        .assert()
        .code(2)
        .stderr(contains("has changed").and(contains("machine: another")));
    assert_eq!(lines(&run), [first]);
    assert_eq!(std::fs::read_to_string(run.join("run.json")).expect("run.json"), before);
}

#[test]
fn runs_are_listed_compared_gated_and_removed() {
    let scene = Scene::new();
    scene.poollab("runs").assert().success().stdout(contains("No runs in"));
    let words = format!("run --strategy deadpool --workload point-read --repeats 3 --quiet {SHORT}");
    // The gate is judged after the report is there.
    scene
        .poollab(&format!("{words} --threshold goodput>1 --threshold p99<1us"))
        .timeout(LONG)
        .assert()
        .code(1)
        .stdout(contains("report.html"))
        .stderr(contains("p99<1us: deadpool ×8: p99 is").and(contains("goodput").not()));
    std::thread::sleep(Duration::from_millis(1_100));
    scene.poollab(&format!("{words} --threshold failed<1")).timeout(LONG).assert().success();
    std::thread::sleep(Duration::from_millis(1_100));
    scene.poollab(&format!("{words} --cpus 0.3")).timeout(LONG).assert().success();
    let runs = scene.runs();
    let id = |run: &Path| run.file_name().expect("a name").to_string_lossy().into_owned();
    let (base, same, other) = (id(&runs[0]), id(&runs[1]), id(&runs[2]));

    scene
        .poollab("runs")
        .assert()
        .success()
        .stdout(contains(&base).and(contains("complete, 3 trials")).and(contains("deadpool on point-read")));

    let comparison = scene.poollab(&format!("diff {base} {same}")).assert().success();
    comparison.stdout(contains("deadpool ×8").and(contains("±")));
    scene.poollab(&format!("diff {base} {same} --fail-on failed>0")).assert().success();
    scene.poollab(&format!("diff {base} runs/{same}/report.json --format json")).assert().success();

    scene
        .poollab(&format!("diff {base} {other}"))
        .assert()
        .code(2)
        .stdout(predicate::str::is_empty())
        .stderr(contains("CPU limit: 0.5 cores against 0.3 cores").and(contains("--anyway")));
    scene
        .poollab(&format!("diff {base} {other} --anyway"))
        .assert()
        .success()
        .stdout(contains("! not comparable: CPU limit"));

    // A folder is all the runs in it, taken together.
    let folders = scene.poollab("diff runs runs --anyway").assert().success();
    folders.stdout(contains("base 3 runs").and(contains("not comparable: CPU limit")));
    std::fs::create_dir(scene.work().join("none")).expect("a folder");
    scene.poollab("diff runs none").assert().code(2).stderr(contains("nor a folder with runs in it"));

    let report = format!("report runs/{base} --github");
    scene.poollab(&report).env_remove("GITHUB_STEP_SUMMARY").assert().code(2).stderr(contains("--format md"));
    let summary = scene.work().join("summary.md");
    std::fs::write(&summary, "before\n").expect("a file");
    scene.poollab(&report).env("GITHUB_STEP_SUMMARY", &summary).assert().success().stdout("");
    let text = std::fs::read_to_string(&summary).expect("a summary");
    assert!(text.starts_with("before\n") && text.contains("| deadpool ×8 |"), "{text}");

    scene
        .poollab(&format!("runs rm {base} ../work"))
        .assert()
        .code(2)
        .stderr(contains("nothing was removed"));
    assert!(runs[0].exists());
    scene.poollab(&format!("runs rm {base} {other}")).assert().success();
    assert_eq!(scene.runs(), [runs[1].clone()]);
}

#[test]
fn gates_that_can_not_be_read_stop_everything_before_it_starts() {
    let scene = Scene::new();
    scene
        .poollab("run --threshold p99>5ms --threshold nonsense --users 0")
        .assert()
        .code(2)
        .stderr(contains("p99<50ms").and(contains("\"nonsense\"")).and(contains("users 0")));
    scene.poollab("diff a b --fail-on goodput<5%").assert().code(2).stderr(contains("with its sign"));
    assert!(scene.runs().is_empty());
}

#[test]
fn flags_win_over_variables_and_variables_over_the_configuration() {
    let scene = Scene::new();
    std::fs::create_dir_all(scene.config().join("poollab")).expect("a folder");
    let file = scene.config().join("poollab/config.toml");
    std::fs::write(&file, "repeats = 7\nseed = 70\nduration = \"700ms\"\n[limits]\ncpus = 0.25\n")
        .expect("a file");
    let dry = |words: &str| {
        let mut command = scene.process(&format!("run --dry-run --strategy naive {words}"));
        command.env("POOLLAB_SEED", "80").env("POOLLAB_REPEATS", "8").env("POOLLAB_RATE", "50");
        assert_cmd::Command::from_std(command)
    };
    let told = |key: &str, value: &str, from: &str| {
        predicate::str::is_match(format!(r"(?m)^  {key} +{value} +\S*{from}$")).expect("a pattern")
    };
    dry("--repeats 9")
        .assert()
        .success()
        .stdout(told("repeats", "9", "--repeats"))
        .stdout(told("seed", "80", "POOLLAB_SEED"))
        .stdout(told("duration", "\"700ms\"", "config.toml"))
        .stdout(told("limits.cpus", "0.25", "config.toml"))
        .stdout(contains("POOLLAB_RATE"));
    // What was typed stands in the place of a variable that says the same in another way.
    dry("--users 3").assert().success().stdout(contains("3-users").and(contains("POOLLAB_RATE").not()));
    // A plan is complete in itself.
    std::fs::write(scene.work().join("plan.toml"), "repeats = 1\n").expect("a plan");
    dry("plan.toml").assert().success().stdout(contains("POOLLAB").not().and(contains("config.toml").not()));
    std::fs::write(&file, "repeets = 7\n").expect("a file");
    dry("").assert().code(2).stderr(contains("config.toml").and(contains("line 1")));
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish"] {
        scene.poollab(&format!("completions {shell}")).assert().success().stdout(contains("fail-on"));
    }
    scene.poollab("man pages").assert().success();
    let page = std::fs::read_to_string(scene.work().join("pages/poollab-run.1")).expect("a page");
    assert!(page.contains("threshold"), "{page}");
    assert!(scene.work().join("pages/poollab-diff.1").is_file());
}

#[test]
fn the_doctor_says_what_works_and_fails_only_where_nothing_can_be_measured() {
    let scene = Scene::new();
    let output = scene.poollab("doctor --json").assert().success().get_output().stdout.clone();
    let checks: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let limits = checks.as_array().expect("a list").iter().find(|check| check["name"] == "limits");
    assert!(limits.is_some_and(|check| check["found"].as_str().is_some_and(|text| text.contains("CPU by"))));
    scene
        .poollab("doctor --pg-bin /nowhere")
        .assert()
        .code(3)
        .stdout(contains("!!  PostgreSQL").and(contains("/nowhere")));
    scene.assert_clean_within(Duration::from_secs(5));
}
