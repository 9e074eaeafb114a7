//! A password that is typed, set or written in a plan shows up nowhere: not on a terminal, and in no file.

#![cfg(target_os = "linux")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use common::Scene;

const SECRET: &str = "s3cr3tPW";

/// Databases as people write them, right and wrong.
const DATABASES: [&str; 16] = [
    "postgres://u:s3cr3tPW@127.0.0.1:9/db",
    "postgres://u@127.0.0.1:9/db?password=s3cr3tPW",
    "postgres://u@127.0.0.1:9/db?sslmode=disable&password=s3cr3tPW&sslpassword=s3cr3tPW",
    "postgres://u@127.0.0.1:9/db?pass%77ord=s3cr3tPW",
    "postgres://u@127.0.0.1:9/db?PASSWORD=s3cr3tPW",
    "postgres://u:s3cr3tPW@127.0.0.1:notaport/db",
    "postgres://u:12/s3cr3tPW@127.0.0.1:9/db",
    "postgres://u:12#s3cr3tPW@127.0.0.1:9/db",
    "postgres://u:x@s3cr3tPW@127.0.0.1:9/db",
    "postgres:/u:s3cr3tPW@127.0.0.1",
    "postgres:u:s3cr3tPW@127.0.0.1",
    "mysql://u:s3cr3tPW@127.0.0.1/db",
    "u:s3cr3tPW@127.0.0.1/db",
    "host=127.0.0.1 port=9 user=u password=s3cr3tPW",
    "host=127.0.0.1 password = 's3cr3tPW' port=9",
    "host=127.0.0.1,pass=s3cr3tPW",
];

/// Calls with a place for a database, a file's name or a word in them.
const CALLS: [&[&str]; 30] = [
    &["run", "--strategy", "deadpool", "--dry-run", "--database", "@"],
    &["run", "--strategy", "deadpool", "--repeats", "1", "--database", "@"],
    &["run", "--strategy", "zzz", "--users", "0", "--database", "@"],
    &["run", "--databse", "@"],
    &["run", "@"],
    &["run", "--resume", "@"],
    &["run", "--strategy", "@"],
    &["run", "--duration", "@"],
    &["tune", "--database", "@"],
    &["tune", "--from", "@"],
    &["server", "--strategy", "deadpool", "--listen", "256.0.0.1:1", "--database-url", "@"],
    &["server", "--strategy", "@"],
    &["db", "up", "--database", "@"],
    &["diff", "@", "@"],
    &["diff", "a", "b", "--fail-on", "@"],
    &["report", "@"],
    &["report", ".", "--k6", "@"],
    &["runs", "rm", "@"],
    &["runs", "--out", "@"],
    &["reproduce", "@"],
    &["explain", "@"],
    &["explain", "--json", "@"],
    &["load", "--duration", "300ms", "--address", "@"],
    &["view", "--port", "@"],
    &["view", "--out", "@", "--port", "x"],
    &["doctor", "--pg-bin", "@"],
    &["fleet", "--replicas", "@"],
    &["fleet", "--replicas", "3", "--slots", "@"],
    &["completions", "@"],
    &["@"],
];

fn assert_hidden(output: &Output, what: &str) {
    for (stream, bytes) in [("standard output", &output.stdout), ("standard error", &output.stderr)] {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(SECRET), "{what}: on {stream}: {text}");
    }
}

/// No file and no name below a folder has it; those that the test wrote itself are `ours`.
fn assert_nowhere(folder: &Path, ours: &[&str]) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            assert_nowhere(&path, ours);
        } else if path.is_file() && !ours.contains(&name.as_str()) {
            let text = fs::read(&path).expect("a file");
            assert!(!String::from_utf8_lossy(&text).contains(SECRET), "{}", path.display());
        }
    }
}

fn call(scene: &Scene, words: &[&str], database: &str) -> Output {
    let mut command = scene.process("");
    command.args(words.iter().map(|word| if *word == "@" { database } else { word }));
    command.env("POOLLAB_LOG", "debug").stdin(Stdio::null());
    assert_cmd::Command::from_std(command).timeout(Duration::from_secs(60)).output().expect("poollab")
}

#[test]
fn a_password_on_the_command_line_is_in_no_output_and_in_no_file() {
    let scene = Scene::new();
    for words in CALLS {
        for database in DATABASES {
            let output = call(&scene, words, database);
            assert!(output.status.code().is_some_and(|code| code != 101), "{words:?} {database}");
            assert_hidden(&output, &format!("{words:?} {database}"));
        }
    }
    assert_nowhere(&scene.work(), &[]);
    assert_nowhere(&scene.tmp(), &[]);
}

#[test]
fn a_password_in_a_plan_the_configuration_or_a_variable_is_in_no_output_and_in_no_file() {
    let scene = Scene::new();
    fs::create_dir_all(scene.config().join("poollab")).expect("a folder");
    let configuration = scene.config().join("poollab/config.toml");
    for database in DATABASES {
        for plan in [
            format!("[database]\nkind = \"url\"\nurl = \"{database}\"\n"),
            format!("database = {{ kind = \"url\", url = \"{database}\" }}\n"),
            format!("[database]\nkind = \"embedded\"\nurl = \"{database}\"\n"),
            format!("database = {{ kind = \"postgres\", url = \"{database}\" }}\n"),
            format!("[database]\nkind = \"{database}\"\n"),
            format!("database = \"{database}\"\n"),
            format!("[database]\nkind = \"url\"\nurl = \"{database}\nseed = 1\n"),
            format!("[database]\nkind = \"url\"\nuri = \"{database}\"\n"),
            "[database]\nkind = \"url\"\nurl = \"postgres://u@127.0.0.1:9/db\"\npassword = \"s3cr3tPW\"\n"
                .to_owned(),
        ] {
            let output = |words: &[&str]| call(&scene, words, "");
            fs::write(scene.work().join("mine.toml"), &plan).expect("a plan");
            fs::remove_file(&configuration).ok();
            assert_hidden(&output(&["run", "mine.toml", "--dry-run"]), &plan);
            fs::write(&configuration, &plan).expect("a configuration");
            assert_hidden(&output(&["run", "--dry-run"]), &plan);
        }
        fs::remove_file(&configuration).expect("it was there");
        let mut command = scene.poollab("run --strategy deadpool --dry-run");
        let output =
            command.env("POOLLAB_DATABASE", database).env("PGPASSWORD", SECRET).output().expect("poollab");
        assert_hidden(&output, database);
    }
    assert_nowhere(&scene.work(), &["mine.toml"]);
}

/// A database of ours plays one of the user's own, whose role has this password.
#[test]
fn a_run_on_a_database_with_a_password_leaves_none_of_it() {
    let scene = Scene::new();
    let up = scene
        .poollab("db up --cpus none --memory none")
        .timeout(Duration::from_secs(120))
        .output()
        .expect("up");
    let said = String::from_utf8_lossy(&up.stdout).into_owned();
    assert!(up.status.success(), "{said}{}", String::from_utf8_lossy(&up.stderr));
    let admin = said.lines().find_map(|line| line.strip_prefix("as superuser")).expect("a way in").trim();
    let (psql, url) = admin.split_once(' ').expect("psql and its URL");
    let url = url.trim_matches('\'');
    let sql = |sql: &str| {
        let done = Command::new(psql).args([url, "-qAtc", sql]).output().expect("psql");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    sql("CREATE ROLE mine LOGIN SUPERUSER PASSWORD 's3cr3tPW'");
    sql("CREATE DATABASE theirs OWNER mine");
    let port = sql("SHOW port");
    let words = "run --strategy deadpool --workload point-read --users 2 --repeats 1 --no-ceiling --duration 300ms \
                 --warmup 0ms";
    for (number, url) in [
        format!("postgres://mine:{SECRET}@127.0.0.1:{port}/theirs"),
        format!("postgres://mine@127.0.0.1:{port}/theirs?password={SECRET}"),
    ]
    .iter()
    .enumerate()
    {
        let output = scene
            .poollab(words)
            .args(["--database", url])
            .env("POOLLAB_LOG", "debug")
            .output()
            .expect("a run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_hidden(&output, url);
        let plan = format!("[database]\nkind = \"url\"\nurl = \"{url}\"\n");
        fs::write(scene.work().join("mine.toml"), plan).expect("a plan");
        let words = words.replace("run ", "run mine.toml ");
        let output = scene.poollab(&words).env("POOLLAB_LOG", "debug").output().expect("a run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_hidden(&output, "mine.toml");
        assert_eq!(scene.runs().len(), 2 * (number + 1));
    }
    for run in scene.runs() {
        for format in ["terminal", "html", "md", "json", "csv"] {
            let words = ["report", &run.to_string_lossy(), "--format", format];
            assert_hidden(&call(&scene, &words, ""), format);
        }
    }
    assert_nowhere(&scene.work(), &["mine.toml"]);
    scene.poollab("db down").timeout(Duration::from_secs(60)).assert().success();
}
