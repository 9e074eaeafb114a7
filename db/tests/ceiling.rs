//! pgbench as the ceiling.

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{cluster, connect};
use poollab_db::ceiling::{connects_by_ourselves, connects_per_s, pgbench, pipelined};
use poollab_db::observer::{EVERY, Observer};
use poollab_model::Endpoint;

const SQL: &str = "SELECT abalance FROM poollab.accounts WHERE aid = :id";

#[tokio::test]
async fn pgbench_runs_our_statement_by_either_way_in_and_shows_no_password() {
    let Some(cluster) = cluster(10, 3) else { return };
    let ready = cluster.ready();
    if !ready.bin.join("pgbench").exists() {
        println!("SKIPPED: there is no pgbench in {}", ready.bin.display());
        return;
    }
    let observer = Observer::start(&ready.admin, "", &[], EVERY).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let watch = Arc::clone(&over);
    let watcher = std::thread::spawn(move || {
        let mut seen = HashSet::new();
        while !watch.load(Ordering::Relaxed) {
            for entry in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
                for file in ["cmdline", "environ"] {
                    seen.extend(
                        fs::read(entry.path().join(file)).map(|it| String::from_utf8_lossy(&it).into_owned()),
                    );
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        seen
    });
    for endpoint in [&ready.app_socket, &ready.app_tcp] {
        let ceiling =
            pgbench(&ready.bin, endpoint, false, SQL, 4, Duration::from_secs(1)).await.unwrap().unwrap();
        println!("{ceiling:?}");
        assert!(ceiling.tps > 10.0 && ceiling.tool.starts_with("pgbench (PostgreSQL)"), "{ceiling:?}");
        assert!(ceiling.command.contains("-c 4") && ceiling.command.contains(SQL), "{ceiling:?}");
    }
    over.store(true, Ordering::Relaxed);
    let seen = watcher.join().unwrap();
    let password = ready.app_tcp.password.as_ref().unwrap().reveal();
    assert!(seen.iter().any(|line| line.contains("pgbench")), "the watcher saw nothing");
    assert!(!seen.iter().any(|line| line.contains(password)));
    if let Some(statements) = observer.statements_seen().await.unwrap() {
        assert!(statements.iter().any(|(query, _)| query.contains("abalance")), "{statements:?}");
    }
}

#[tokio::test]
async fn the_connect_rate_never_falls_away_for_want_of_pgbench() {
    let Some(cluster) = cluster(10, 3) else { return };
    let ready = cluster.ready();
    for endpoint in [&ready.app_socket, &ready.admin] {
        let rate = connects_per_s(&ready.bin, endpoint, false).await.unwrap();
        let ours = connects_by_ourselves(endpoint, false).await.unwrap();
        println!("{rate:.0}/s, by ourselves {ours:.0}/s");
        assert!(rate > 0.0 && rate.is_finite() && ours > 0.0 && ours.is_finite());
    }
}

#[tokio::test]
async fn pgbench_gets_into_a_server_that_admits_nobody_without_tls() {
    let Some(cluster) = cluster(10, 3) else { return };
    let ready = cluster.ready();
    let admin = connect(&ready.admin, "test").await.unwrap();
    let hba: String = admin.query_one("SHOW hba_file", &[]).await.unwrap().get(0);
    fs::write(hba, "local all all scram-sha-256\nhostssl all all all scram-sha-256\n").unwrap();
    admin.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    // The reload is a signal, which takes a moment.
    while connect(&ready.app_tcp, "test").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let unverified = Endpoint { root_certificate: None, ..ready.app_tcp.clone() };
    for endpoint in [&ready.app_tcp, &unverified] {
        let ceiling = pgbench(&ready.bin, endpoint, true, SQL, 4, Duration::from_secs(1)).await.unwrap();
        assert!(ceiling.is_none_or(|ceiling| ceiling.tps > 0.0));
    }
    assert!(connects_per_s(&ready.bin, &ready.app_tcp, true).await.unwrap() > 0.0);
    assert!(connects_by_ourselves(&ready.app_tcp, true).await.unwrap() > 0.0);
}

#[tokio::test]
async fn a_statement_that_fails_is_an_error_and_not_a_ceiling_of_nothing() {
    let Some(cluster) = cluster(10, 3) else { return };
    let ready = cluster.ready();
    let result =
        pgbench(&ready.bin, &ready.app_socket, false, "SELECT nonsense", 1, Duration::from_secs(1)).await;
    match result {
        Ok(None) => println!("SKIPPED: there is no pgbench"),
        Ok(Some(ceiling)) => panic!("{ceiling:?}"),
        Err(why) => assert!(why.to_string().contains("nonsense"), "{why}"),
    }
    assert!(Path::new(&ready.folder).exists());
}

#[tokio::test]
async fn pipelines_are_measured_with_prepared_statements() {
    let Some(cluster) = cluster(10, 3) else { return };
    let ready = cluster.ready();
    if !ready.bin.join("pgbench").exists() {
        println!("SKIPPED: there is no pgbench in {}", ready.bin.display());
        return;
    }
    let second = Duration::from_secs(1);
    let measured = pipelined(&ready.bin, &ready.app_socket, false, SQL, 2, 8, second).await.unwrap().unwrap();
    assert!(measured > 0.0, "{measured}");
}
