//! Kinds of errors, against errors that a real server makes.

mod common;

use std::time::Duration;

use common::{cluster, connect};
use poollab_db::observer::{EVERY, Observer};
use poollab_db::{DbError, classify};
use poollab_model::{Endpoint, ErrorKind, Host};
use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::{Client, Error};

async fn refusal(endpoint: &Endpoint) -> classify::Failure {
    match connect(endpoint, "test").await {
        Ok(_) => panic!("it let us in"),
        Err(error) => classify::error(&error),
    }
}

#[track_caller]
fn check(failure: &classify::Failure, kind: ErrorKind, sqlstate: &str, text: &str) {
    assert_eq!((failure.kind, failure.sqlstate.as_deref()), (kind, Some(sqlstate)), "{failure}");
    assert!(failure.message.contains(text), "{failure}");
}

#[tokio::test]
async fn slots_run_out_in_four_ways_and_each_keeps_its_own_text() {
    let Some(cluster) = cluster(6, 2) else { return };
    let ready = cluster.ready();
    let admin = connect(&ready.admin, "test").await.unwrap();

    admin.batch_execute("ALTER ROLE poollab_app CONNECTION LIMIT 0").await.unwrap();
    check(
        &refusal(&ready.app_socket).await,
        ErrorKind::SlotsExhausted,
        "53300",
        "FATAL: too many connections for role",
    );
    admin.batch_execute("ALTER ROLE poollab_app CONNECTION LIMIT -1").await.unwrap();

    admin.batch_execute("ALTER DATABASE poollab CONNECTION LIMIT 0").await.unwrap();
    check(
        &refusal(&ready.app_socket).await,
        ErrorKind::SlotsExhausted,
        "53300",
        "FATAL: too many connections for database",
    );
    admin.batch_execute("ALTER DATABASE poollab CONNECTION LIMIT -1").await.unwrap();

    // A backend that was just refused may still hold its slot for a moment: hence the retries below.
    let mut held: Vec<Client> = Vec::new();
    let full = fill(&ready.app_socket, &mut held, 3).await;
    check(
        &classify::error(&full),
        ErrorKind::SlotsExhausted,
        "53300",
        "remaining connection slots are reserved",
    );
    let full = fill(&ready.admin, &mut held, 5).await;
    check(
        &classify::error(&full),
        ErrorKind::SlotsExhausted,
        "53300",
        "FATAL: sorry, too many clients already",
    );
}

/// Takes slots until `wanted` are held and the next one is refused.
async fn fill(endpoint: &Endpoint, held: &mut Vec<Client>, wanted: usize) -> Error {
    for _ in 0..500 {
        match connect(endpoint, "test").await {
            Ok(client) => held.push(client),
            Err(error) if held.len() == wanted => return error,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    panic!("{} slots were to be had instead of {wanted}", held.len());
}

#[tokio::test]
async fn statements_fail_with_their_own_kinds() {
    let Some(cluster) = cluster(10, 3) else { return };
    let client = connect(&cluster.ready().app_socket, "test").await.unwrap();
    let failure = async |sql: &str| classify::error(&client.batch_execute(sql).await.unwrap_err());

    let timeout = failure("SET statement_timeout = '10ms'; SELECT pg_sleep(10)").await;
    check(
        &timeout,
        ErrorKind::StatementTimeout,
        "57014",
        "ERROR: canceling statement due to statement timeout",
    );
    failure("BEGIN; SELECT 1 / 0").await;
    check(
        &failure("SELECT 1").await,
        ErrorKind::TransactionAborted,
        "25P02",
        "current transaction is aborted",
    );
    client.batch_execute("ROLLBACK").await.unwrap();
    check(&failure("SELECT 1 / 0").await, ErrorKind::Query, "22012", "ERROR: division by zero");

    let twice = failure("PREPARE p AS SELECT 1; PREPARE p AS SELECT 1").await;
    check(&twice, ErrorKind::PreparedStatement, "42P05", "already exists");
    let statement = client.prepare("SELECT 1").await.unwrap();
    client.batch_execute("DEALLOCATE ALL").await.unwrap();
    let missing = classify::error(&client.query(&statement, &[]).await.unwrap_err());
    check(&missing, ErrorKind::PreparedStatement, "26000", "does not exist");
}

#[tokio::test]
async fn a_terminated_backend_is_a_lost_connection_with_its_reason() {
    let Some(cluster) = cluster(10, 3) else { return };
    let admin = connect(&cluster.ready().admin, "test").await.unwrap();
    let client = connect(&cluster.ready().app_socket, "victim").await.unwrap();
    let sleep = tokio::spawn(async move { (client.batch_execute("SELECT pg_sleep(60)").await, client) });
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE application_name = 'victim' AND state = 'active'";
    while admin.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (ended, client) = sleep.await.unwrap();
    let failure = classify::error(&ended.unwrap_err());
    check(
        &failure,
        ErrorKind::ConnectionLost,
        "57P01",
        "FATAL: terminating connection due to administrator command",
    );
    let after = classify::error(&client.batch_execute("SELECT 1").await.unwrap_err());
    assert_eq!((after.kind, after.sqlstate), (ErrorKind::ConnectionLost, None));
}

#[tokio::test]
async fn a_server_that_shuts_down_or_is_gone_is_not_a_lost_connection() {
    let Some(cluster) = cluster(10, 3) else { return };
    let ready = cluster.ready().clone();
    let held = connect(&ready.app_socket, "test").await.unwrap();
    // A smart shutdown waits for whoever is there, and turns away whoever comes.
    kill_process(Pid::from_raw(ready.pid.try_into().unwrap()).unwrap(), Signal::TERM).unwrap();
    let mut failure = None;
    for _ in 0..500 {
        match connect(&ready.app_tcp, "test").await {
            Ok(client) => drop(client),
            Err(error) => {
                failure = Some(classify::error(&error));
                break;
            }
        }
    }
    check(&failure.unwrap(), ErrorKind::StartingUp, "57P03", "FATAL: the database system is shutting down");

    drop(held);
    cluster.stop().unwrap();
    for endpoint in [&ready.app_tcp, &ready.app_socket] {
        let failure = refusal(endpoint).await;
        assert_eq!(
            (failure.kind, failure.sqlstate.as_deref()),
            (ErrorKind::ConnectRefused, None),
            "{failure}"
        );
        assert!(failure.message.contains("error connecting to server: "), "the cause is hidden: {failure}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_a_connect_timeout() {
    // It accepts and says nothing, as a stopped or swapped-out server does.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint {
        host: Host::Tcp("127.0.0.1".into()),
        port: listener.local_addr().unwrap().port(),
        user: "app".into(),
        password: None,
        dbname: "lab".into(),
        root_certificate: None,
        verification: poollab_model::Verification::default(),
    };
    let refused = Observer::start(&endpoint, "", &[], EVERY).await.unwrap_err();
    let DbError::Connect { failure, .. } = &refused else { panic!("{refused}") };
    assert_eq!(failure.kind, ErrorKind::ConnectTimeout, "{refused}");
    assert!(refused.to_string().contains("firewall"), "{refused}");
}
