//! Guards are processes, and so are the labs that die on them: this program is all of them.
//!
//! `guard db guard` is a guard, `guard lab` a lab that hangs, `guard up-down` a user with a runtime folder.

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use common::{eventually, gone, have_postgres, order, runs};
use libtest_mimic::{Arguments, Trial};
use poollab_db::guard::{self, Guard};
use poollab_db::pgbouncer::Program;
use poollab_model::Route;
use poollab_model::wire::{GuardOrder, GuardReady, PoolerOrder};
use rustix::process::{Pid, Signal, kill_process};

const GUARD: [&str; 2] = ["db", "guard"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["db", "guard"] => return guard::main(),
        ["lab"] => return hanging_lab(),
        ["up-down"] => return up_and_down(),
        _ => {}
    }
    let tests: [(&str, fn()); 7] = [
        ("a_guard_that_is_asked_to_stop_leaves_nothing", a_guard_that_is_asked_to_stop_leaves_nothing),
        ("ctrl_c_does_not_end_a_guard_and_sigterm_does", ctrl_c_does_not_end_a_guard_and_sigterm_does),
        ("a_lab_that_is_killed_leaves_nothing", a_lab_that_is_killed_leaves_nothing),
        ("what_a_killed_guard_leaves_is_cleared_by_the_next_start", what_a_killed_guard_leaves_is_cleared),
        (
            "a_server_that_ends_by_itself_is_told_with_its_log",
            a_server_that_ends_by_itself_is_told_with_its_log,
        ),
        ("an_order_that_is_wrong_is_the_callers_mistake", an_order_that_is_wrong_is_the_callers_mistake),
        ("a_database_that_is_up_is_found_again_and_goes_down", a_database_that_is_up_is_found_again),
    ];
    let trials = tests.into_iter().map(|(name, test)| {
        Trial::test(name, move || {
            if have_postgres() {
                test();
            }
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn me() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

fn nothing_left(of: &GuardReady) -> bool {
    !runs(of.pid)
        && of.poolers.iter().all(|pooler| !runs(pooler.pid))
        && gone(&of.folder)
        && of.cgroups.iter().all(|cgroup| gone(cgroup))
}

/// The guard of a server: its parent.
fn guard_of(ready: &GuardReady) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", ready.pid)).unwrap();
    stat.rsplit(") ").next().unwrap().split(' ').nth(1).unwrap().parse().unwrap()
}

fn a_guard_that_is_asked_to_stop_leaves_nothing() {
    block_on(async {
        let guard = Guard::spawn(&me(), &GUARD, &order(10, 3)).await.unwrap();
        let ready = guard.ready().clone();
        common::connect(&ready.app_socket, "test").await.unwrap();
        guard.stop().await.unwrap();
        assert!(nothing_left(&ready));
    });
}

fn ctrl_c_does_not_end_a_guard_and_sigterm_does() {
    block_on(async {
        let guard = Guard::spawn(&me(), &GUARD, &order(10, 3)).await.unwrap();
        let ready = guard.ready().clone();
        let pid = guard_of(&ready);
        for _ in 0..3 {
            signal(pid, Signal::INT);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        common::connect(&ready.app_socket, "test").await.unwrap();
        signal(pid, Signal::TERM);
        eventually("the guard has cleared away", || nothing_left(&ready));
        guard.stop().await.unwrap();
    });
}

/// With both poolers where there is a PgBouncer.
fn with_poolers() -> GuardOrder {
    let mut order = order(10, 3);
    if Program::find().is_ok() {
        order.poolers = [Route::PgbouncerTransaction, Route::PgbouncerSession]
            .map(|route| PoolerOrder {
                route,
                pool_size: 2,
                max_clients: 20,
                max_prepared_statements: None,
                settings: Vec::new(),
            })
            .to_vec();
    }
    order
}

/// Says where its database is, and hangs.
fn hanging_lab() -> ExitCode {
    block_on(async {
        let guard = Guard::spawn(&me(), &GUARD, &with_poolers()).await.unwrap();
        println!("{}", serde_json::to_string(guard.ready()).unwrap());
        std::future::pending().await
    })
}

fn a_lab_that_is_killed_leaves_nothing() {
    let mut lab = Command::new(me()).arg("lab").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(lab.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: GuardReady = serde_json::from_str(&line).unwrap();
    assert!(runs(ready.pid));
    lab.kill().unwrap();
    lab.wait().unwrap();
    eventually("the guard has cleared away after its lab", || nothing_left(&ready));
}

fn what_a_killed_guard_leaves_is_cleared() {
    block_on(async {
        let guard = Guard::spawn(&me(), &GUARD, &with_poolers()).await.unwrap();
        let ready = guard.ready().clone();
        signal(guard_of(&ready), Signal::KILL);
        assert!(guard.stop().await.is_err(), "a killed guard is no clean end");
        // Before anybody starts poollab again.
        eventually("the servers of a killed guard end by themselves", || {
            !runs(ready.pid) && ready.poolers.iter().all(|pooler| !runs(pooler.pid))
        });
        assert!(!gone(&ready.folder), "there is something to clear away");

        let guard = Guard::spawn(&me(), &GUARD, &order(10, 3)).await.unwrap();
        // Another test's start may be the one that clears it.
        eventually("the next start has cleared away", || nothing_left(&ready));
        guard.stop().await.unwrap();
    });
}

fn a_server_that_ends_by_itself_is_told_with_its_log() {
    block_on(async {
        let mut guard = Guard::spawn(&me(), &GUARD, &order(10, 3)).await.unwrap();
        let ready = guard.ready().clone();
        let waited = tokio::time::timeout(Duration::from_millis(300), guard.failed()).await;
        assert!(waited.is_err(), "it failed before it failed: {waited:?}");
        signal(ready.pid, Signal::QUIT);
        let why = guard.failed().await.to_string();
        assert!(why.contains("exited unexpectedly") && why.contains("immediate shutdown"), "{why}");
        let _ = guard.stop().await;
        assert!(nothing_left(&ready));
    });
}

fn an_order_that_is_wrong_is_the_callers_mistake() {
    block_on(async {
        let mut wrong = order(10, 3);
        wrong.pg_bin = Some("/nowhere".into());
        let error = Guard::spawn(&me(), &GUARD, &wrong).await.unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("/nowhere"), "{error}");
        let error = Guard::spawn(Path::new("/nowhere"), &GUARD, &order(10, 3)).await.unwrap_err();
        assert!(error.to_string().contains("/nowhere"), "{error}");
    });
}

fn a_database_that_is_up_is_found_again() {
    let runtime_folder = tempfile::tempdir().unwrap();
    let output =
        Command::new(me()).arg("up-down").env("XDG_RUNTIME_DIR", runtime_folder.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let left: Vec<_> = std::fs::read_dir(runtime_folder.path().join("poollab")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

fn up_and_down() -> ExitCode {
    use std::os::unix::fs::PermissionsExt;
    block_on(async {
        assert!(guard::status().unwrap().is_none());
        assert!(!guard::down().await.unwrap());
        let up = guard::up(&me(), &GUARD, &order(10, 3)).await.unwrap();
        let found = guard::status().unwrap().unwrap();
        assert_eq!((found.guard, &found.ready.folder), (up.guard, &up.ready.folder));
        common::connect(&found.ready.app_tcp, "test").await.unwrap();
        let state = Path::new(&std::env::var_os("XDG_RUNTIME_DIR").unwrap()).join("poollab/up.json");
        assert_eq!(std::fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o600);
        let twice = guard::up(&me(), &GUARD, &order(10, 3)).await.unwrap_err();
        assert!(twice.to_string().contains("poollab db down"), "{twice}");
        assert!(guard::down().await.unwrap());
        assert!(nothing_left(&up.ready));

        // A guard that was killed is not up, whatever its file says.
        let killed = guard::up(&me(), &GUARD, &order(10, 3)).await.unwrap();
        signal(killed.guard, Signal::KILL);
        eventually("the guard is dead", || !runs(killed.guard));
        eventually("its lock is gone", || guard::status().unwrap().is_none());
        let next = guard::up(&me(), &GUARD, &order(10, 3)).await.unwrap();
        eventually("what the killed one left is cleared", || nothing_left(&killed.ready));
        assert!(guard::down().await.unwrap());
        assert!(nothing_left(&next.ready));
    });
    ExitCode::SUCCESS
}
