//! A server of the user's own that lets nobody in without TLS: everything of ours that connects does so encrypted.

#![cfg(target_os = "linux")]

mod common;

use std::time::Duration;

use common::Scene;
use poollab_db::{Cluster, Observer};
use poollab_model::Limits;
use poollab_model::wire::GuardOrder;
use predicates::prelude::*;
use predicates::str::contains;

const LONG: Duration = Duration::from_secs(120);
/// Both drivers, and the library that has its own.
const RUN: &str = "run --strategy deadpool,r2d2,sqlx,pipelined --workload point-read --users 2 --repeats 1 --duration 500ms --warmup 100ms";

/// Another database on one of our clusters, which from now on admits by `hostssl` only. Its URL, and the file of the
/// certificate that has signed itself.
async fn encrypted_only(cluster: &Cluster, scene: &Scene) -> (String, String) {
    let ready = cluster.ready();
    let observer =
        Observer::start(&ready.admin, "test", &[], Duration::from_secs(1)).await.expect("an observer");
    let admin = observer.client().expect("its connection");
    let hba: String = admin.query_one("SHOW hba_file", &[]).await.expect("its path").get(0);
    std::fs::write(hba, "local all all scram-sha-256\nhostssl all all all scram-sha-256\n")
        .expect("pg_hba.conf");
    for sql in [
        "CREATE DATABASE theirs",
        "GRANT CREATE ON DATABASE theirs TO poollab_app",
        "SELECT pg_reload_conf()",
    ] {
        admin.batch_execute(sql).await.expect(sql);
    }
    observer.stop().await;
    let endpoint = &ready.app_tcp;
    let root = scene.work().join("root.crt");
    std::fs::write(&root, endpoint.root_certificate.as_ref().expect("a certificate")).expect("root.crt");
    let password = endpoint.password.as_ref().expect("a password").reveal();
    let url = format!("postgres://{}:{password}@127.0.0.1:{}/theirs", endpoint.user, endpoint.port);
    (url, root.display().to_string())
}

#[tokio::test]
async fn a_server_that_demands_tls_gets_it_from_the_service_the_observer_and_pgbench() {
    let limits = Limits { cpus: None, max_connections: 40, ..Limits::default() };
    let order = GuardOrder { limits, ..GuardOrder::default() };
    let cluster = tokio::task::spawn_blocking(move || Cluster::start(&order))
        .await
        .expect("a thread")
        .expect("Postgres");
    let mine = Scene::new();
    let (url, root) = encrypted_only(&cluster, &mine).await;
    for mode in [
        format!("?sslmode=verify-full&sslrootcert={root}"),
        format!("?sslmode=verify-ca&sslrootcert={root}"),
        "?sslmode=require".to_owned(),
    ] {
        let scene = Scene::new();
        let ran = scene.poollab(&format!("{RUN} --database {url}{mode}")).timeout(LONG).assert().success();
        let said = String::from_utf8_lossy(&ran.get_output().stderr).into_owned();
        let report = scene.report();
        let trials = report["trials"].as_array().expect("trials");
        assert_eq!(trials.len(), 4, "{mode}: {said}");
        for trial in trials {
            let counts = (&trial["requests"]["ok"], &trial["requests"]["failed"]);
            assert!(counts.0.as_u64() > Some(0) && counts.1 == 0, "{mode}: {trial:#}");
            assert_eq!(trial["settings"]["tls"], true, "{mode}: {trial:#}");
            assert!(trial["database"]["backends_peak"].as_u64() > Some(0), "{mode}: {trial:#}");
        }
        let ceiling = &report["ceiling"];
        for tps in [&ceiling["tps"], &ceiling["pipelined"]["tps"]] {
            assert!(tps.as_f64() > Some(0.0), "{mode}: {ceiling:#}");
        }
    }
    // Its certificate has no root that this machine knows.
    Scene::new()
        .poollab(&format!("{RUN} --database {url}?sslmode=verify-full"))
        .timeout(LONG)
        .assert()
        .code(3)
        .stderr(contains("sslrootcert=FILE").and(contains("sslmode=require")));
}
