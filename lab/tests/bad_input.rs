//! Bad input is refused before anything starts, all problems at once, and says what to do.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

/// A command in an empty folder, so that "nothing left behind" can be checked.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn poollab(&self, words: &str) -> Command {
        let mut command = Command::cargo_bin("poollab").expect("the binary under test");
        command.current_dir(self.folder.path()).env_remove("DATABASE_URL").env_remove("PGPASSWORD");
        command.args(words.split_whitespace());
        command
    }

    fn assert_nothing_left(&self) {
        let left: Vec<_> = std::fs::read_dir(self.folder.path()).expect("the folder").collect();
        assert!(left.is_empty(), "left behind: {left:?}");
    }
}

/// Refused as wrong usage, with these words, and without a trace.
fn refused(words: &str, expected: &[&str]) {
    let scene = Scene::new();
    let mut assert = scene.poollab(words).assert().code(2).stdout(predicate::str::is_empty());
    for part in expected {
        assert = assert.stderr(contains(*part));
    }
    scene.assert_nothing_left();
}

#[test]
fn an_unknown_strategy_gets_the_nearest_suggested() {
    refused("run --strategy deedpool", &["deedpool", "Did you mean deadpool"]);
    refused("run --strategy zzz", &["Available:", "per-request-sync"]);
    refused("server --strategy deedpool --database-url postgres://localhost/x", &["Did you mean deadpool"]);
}

#[test]
fn an_unknown_workload_gets_the_nearest_suggested() {
    refused("run --workload pointread", &["Did you mean point-read"]);
}

#[test]
fn zero_negative_and_absurd_numbers_are_refused() {
    refused("run --users 0", &["users 0 is out of range"]);
    refused("run --users=-3", &["--users -3"]);
    refused("run --users 1000000", &["out of range"]);
    refused("run --rate 0", &["rate 0 is out of range"]);
    refused("run --rate NaN", &["out of range"]);
    refused("run --pool-size 0", &["pool size 0"]);
    refused("run --repeats 0", &["repeats 0"]);
    refused("run --cpus 0", &["cpus 0"]);
    refused("run --memory 1MiB", &["memory 1MiB", "64MiB"]);
    refused("run --memory lots", &["256MiB"]);
    refused("run --max-connections 3", &["max_connections 3"]);
    refused("run --seed x", &["--seed x"]);
}

/// The service would refuse it in every trial, after Postgres was started for it.
#[test]
fn a_statement_timeout_that_postgres_can_not_count_is_refused() {
    refused("run --statement-timeout 30d", &["statement_timeout", "longer than Postgres can count"]);
}

/// To take the first of them would measure something else than was asked for.
#[test]
fn several_pool_sizes_for_one_service_are_refused() {
    refused(
        "server --strategy deadpool --pool-size 4,8 --database-url postgres://me@127.0.0.1:9/x",
        &["2 sizes", "one pool"],
    );
}

#[test]
fn a_duration_too_short_to_be_measured_is_refused() {
    refused("run --duration 5ms", &["duration 5ms", "300ms"]);
    refused("run --duration 2", &["500ms, 2s or 1m"]);
}

#[test]
fn users_and_rate_together_are_refused() {
    refused("run --users 8 --rate 100", &["cannot be combined"]);
    refused("load --address 127.0.0.1:1 --users 8 --rate 100", &["cannot be combined"]);
}

#[test]
fn all_problems_of_a_plan_are_told_at_once() {
    refused(
        "run --strategy nonsense --users 0 --duration 1ms --cpus 900",
        &["nonsense", "users 0", "duration 1ms", "cpus 900", "4 problems, nothing was started"],
    );
}

#[test]
fn a_broken_plan_file_names_file_and_line() {
    let scene = Scene::new();
    let plan = scene.folder.path().join("broken.toml");
    std::fs::write(&plan, "seed = 1\n[limits]\nmax_conections = 40\n").expect("a plan");
    scene
        .poollab("run broken.toml")
        .assert()
        .code(2)
        .stderr(contains("broken.toml line 3").and(contains("max_connections")));
}

#[test]
fn a_plan_that_is_not_there_is_refused() {
    refused("run nowhere.toml", &["nowhere.toml", "cannot load the plan: can't read"]);
}

#[test]
fn an_out_folder_that_cannot_be_written_is_refused_before_postgres_starts() {
    let scene = Scene::new();
    std::fs::write(scene.folder.path().join("file"), "").expect("a file");
    scene.poollab("run --strategy naive --out file/below").assert().code(2).stderr(contains("--out"));
}

#[test]
fn a_database_url_that_is_wrong_is_refused_without_showing_its_password() {
    let scene = Scene::new();
    scene
        .poollab("run --database postgres://me:s3cret@localhost:notaport/x")
        .assert()
        .code(2)
        .stderr(contains("PGPASSWORD").and(contains("s3cret").not()));
    refused("run --database mysql://localhost/x", &["postgres://"]);
    refused("run --database docker", &["embedded"]);
}

#[test]
fn a_database_that_cannot_be_reached_is_the_environments_fault() {
    let scene = Scene::new();
    scene
        .poollab("run --database postgres://me@127.0.0.1:9/x --strategy deadpool")
        .assert()
        .code(3)
        .stderr(contains("127.0.0.1").and(contains("9")));
    let left: Vec<_> = std::fs::read_dir(scene.folder.path().join("runs"))
        .map(|entries| entries.collect())
        .unwrap_or_default();
    assert!(left.is_empty(), "a run that never began left {left:?}");
}

#[test]
fn a_machine_without_postgres_gets_the_command_that_installs_it() {
    let scene = Scene::new();
    std::fs::create_dir(scene.folder.path().join("empty")).expect("a folder");
    scene
        .poollab("run --strategy deadpool --pg-bin empty --out runs")
        .assert()
        .code(predicate::in_iter([2, 3]))
        .stderr(contains("initdb").or(contains("install")));
}

#[test]
fn a_port_in_use_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address");
    Scene::new()
        .poollab(&format!(
            "server --strategy deadpool --listen {address} --database-url postgres://x@127.0.0.1:9/x"
        ))
        .timeout(std::time::Duration::from_secs(60))
        .assert()
        .code(3)
        .stderr(contains(address.port().to_string()));
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    refused("report .", &["not the folder of a run"]);
}

#[cfg(unix)]
#[test]
fn pipes_devices_and_folders_are_refused_as_files() {
    let scene = Scene::new();
    let made = std::process::Command::new("mkfifo").arg(scene.folder.path().join("pipe")).status();
    assert!(made.expect("mkfifo").success());
    for words in
        ["run PATH --dry-run", "tune --from PATH", "diff PATH PATH", "report PATH", "report . --k6 PATH"]
    {
        for path in ["pipe", "/dev/zero", "/dev/stdin"] {
            let output = scene
                .poollab(&words.replace("PATH", path))
                .timeout(std::time::Duration::from_secs(20))
                .output()
                .expect("poollab");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{words} {path}: {said}");
            assert!(
                said.contains("a pipe or a device") || said.contains("not the folder of a run"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_plan_with_a_million_mistakes_tells_a_few_and_how_many_more_there_are() {
    let scene = Scene::new();
    let unknown: String = (0..50_000).map(|number| format!("\"u{number}\",")).collect();
    let twice = "{model=\"closed\",users=4},".repeat(200_000);
    let plan = format!("strategies = [{unknown}]\nloads = [{twice}]\n");
    std::fs::write(scene.folder.path().join("many.toml"), plan).expect("a plan");
    let output = scene
        .poollab("run many.toml")
        .timeout(std::time::Duration::from_secs(120))
        .output()
        .expect("poollab");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.lines().count() < 30, "{} lines", said.lines().count());
    assert!(said.contains("… and 49,981 more problems"), "{said}");
}

#[test]
fn a_key_that_a_load_or_a_database_does_not_have_is_refused() {
    let scene = Scene::new();
    for (plan, word) in [
        ("[[loads]]\nmodel = \"closed\"\nusers = 4\nrate = 5\n", "rate"),
        ("[database]\nkind = \"embedded\"\nurl = \"postgres://u@h/d\"\n", "neither a url nor an image"),
        ("[database]\nkind = \"embedded\"\nimage = \"x\"\n", "neither a url nor an image"),
    ] {
        std::fs::write(scene.folder.path().join("p.toml"), plan).expect("a plan");
        scene.poollab("run p.toml --dry-run").assert().code(2).stderr(contains(word));
    }
}
