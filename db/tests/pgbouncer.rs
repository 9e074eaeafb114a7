//! A real PgBouncer in front of a real Postgres.

mod common;

use std::time::Duration;

use common::{eventually, order, runs};
use poollab_db::pgbouncer::{PoolerObserver, Program};
use poollab_db::{Cluster, DbError, classify, connect};
use poollab_model::wire::{PoolerOrder, PoolerReady};
use poollab_model::{ErrorKind, Route};
use tokio_postgres::config::SslMode;

const EVERY: Duration = Duration::from_millis(20);

fn pooler(route: Route, pool_size: u32, settings: &[(&str, &str)]) -> PoolerOrder {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    PoolerOrder { route, pool_size, max_clients: 50, max_prepared_statements: None, settings }
}

/// Without a PgBouncer or a Postgres a test says so and passes, except in CI.
fn start(poolers: Vec<PoolerOrder>) -> Option<Cluster> {
    match Program::find() {
        Err(why) if std::env::var_os("CI").is_none() => {
            println!("SKIPPED, for there is no PgBouncer: {why}");
            return None;
        }
        found => drop(found.expect("CI must have a PgBouncer")),
    }
    let mut order = order(30, 3);
    order.limits.cpus = None;
    order.poolers = poolers;
    common::have_postgres().then(|| Cluster::start(&order).unwrap())
}

fn pooler_of(cluster: &Cluster, route: Route) -> PoolerReady {
    cluster.ready().poolers.iter().find(|pooler| pooler.route == route).unwrap().clone()
}

async fn says(client: &tokio_postgres::Client, sql: &str) -> String {
    client.query_typed(sql, &[]).await.unwrap()[0].get(0)
}

#[tokio::test]
async fn both_modes_lead_to_postgres_by_socket_tcp_and_tls() {
    let orders = vec![pooler(Route::PgbouncerTransaction, 2, &[]), pooler(Route::PgbouncerSession, 2, &[])];
    let Some(cluster) = start(orders) else { return };
    for route in [Route::PgbouncerTransaction, Route::PgbouncerSession] {
        let ready = pooler_of(&cluster, route);
        for endpoint in [&ready.app_socket, &ready.app_tcp] {
            let client = common::connect(endpoint, "poollab/test").await.unwrap();
            assert_eq!(says(&client, "SELECT current_setting('application_name')").await, "poollab/test");
        }
        let mut config = connect::config(&ready.app_tcp, "test");
        config.ssl_mode(SslMode::Require);
        let (client, connection) = config.connect(connect::tls(&ready.app_tcp).unwrap()).await.unwrap();
        tokio::spawn(connection);
        assert_eq!(says(&client, "SELECT current_user::text").await, ready.app_tcp.user);
    }
}

#[tokio::test]
async fn its_own_refusals_are_not_taken_for_those_of_postgres() {
    let few = PoolerOrder { max_clients: 1, ..pooler(Route::PgbouncerSession, 1, &[]) };
    let impatient = pooler(Route::PgbouncerTransaction, 1, &[("query_wait_timeout", "1")]);
    let Some(cluster) = start(vec![few, impatient]) else { return };

    let session = pooler_of(&cluster, Route::PgbouncerSession).app_socket;
    let _first = common::connect(&session, "test").await.unwrap();
    let refused = classify::error(&common::connect(&session, "test").await.err().unwrap());
    assert_eq!(refused.kind, ErrorKind::PoolerRefused, "{refused}");
    assert!(refused.message.contains("no more connections allowed"), "{refused}");

    let transaction = pooler_of(&cluster, Route::PgbouncerTransaction).app_socket;
    let holder = common::connect(&transaction, "test").await.unwrap();
    holder.batch_execute("BEGIN").await.unwrap();
    let waiter = common::connect(&transaction, "test").await.unwrap();
    let refused = classify::error(&waiter.simple_query("SELECT 1").await.err().unwrap());
    assert_eq!(refused.kind, ErrorKind::PoolerRefused, "{refused}");
    assert!(refused.message.contains("query_wait_timeout"), "{refused}");

    let mut stranger = transaction.clone();
    stranger.user = "nobody_knows".into();
    let refused = classify::error(&common::connect(&stranger, "test").await.err().unwrap());
    assert_eq!(refused.kind, ErrorKind::PoolerRefused, "{refused}");
}

#[tokio::test]
async fn named_statements_are_lost_between_server_connections_and_unnamed_ones_are_not() {
    let Some(cluster) = start(vec![pooler(Route::PgbouncerTransaction, 2, &[])]) else { return };
    if Program::find().unwrap().tracks_prepared_statements() {
        println!("SKIPPED: this PgBouncer carries prepared statements over");
        return;
    }
    let endpoint = pooler_of(&cluster, Route::PgbouncerTransaction).app_socket;
    let (one, two) =
        (common::connect(&endpoint, "one").await.unwrap(), common::connect(&endpoint, "two").await.unwrap());
    let prepared = one.prepare("SELECT 1").await.unwrap();
    // The other client takes the server connection on which that was prepared.
    two.batch_execute("BEGIN").await.unwrap();
    let failure = classify::error(&one.query(&prepared, &[]).await.unwrap_err());
    assert_eq!((failure.kind, failure.sqlstate.as_deref()), (ErrorKind::PreparedStatement, Some("26000")));
    // Names that clients count for themselves, as sqlx does, meet on one server connection.
    one.batch_execute("PREPARE first AS SELECT 1").await.unwrap();
    two.batch_execute("COMMIT; PREPARE second AS SELECT 1").await.unwrap();
    one.batch_execute("BEGIN").await.unwrap();
    let failures = [
        one.batch_execute("PREPARE first AS SELECT 1").await,
        one.batch_execute("ROLLBACK; PREPARE second AS SELECT 1").await,
    ];
    let failed = failures.iter().filter_map(|it| it.as_ref().err()).map(classify::error).next();
    let failure = failed.expect("one of the two names is there already");
    assert_eq!((failure.kind, failure.sqlstate.as_deref()), (ErrorKind::PreparedStatement, Some("42P05")));
    one.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(one.query_typed("SELECT 3", &[]).await.unwrap()[0].get::<_, i32>(0), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_tells_who_waits_and_closing_all_gives_the_slots_back() {
    let Some(cluster) = start(vec![pooler(Route::PgbouncerTransaction, 1, &[])]) else { return };
    let ready = pooler_of(&cluster, Route::PgbouncerTransaction);
    let from = std::time::Instant::now();
    let observer = PoolerObserver::start(&ready.admin, &ready.app_socket.dbname, EVERY).await.unwrap();
    let seen = || observer.interval(from, std::time::Instant::now());

    let holder = common::connect(&ready.app_socket, "poollab/test").await.unwrap();
    holder.batch_execute("BEGIN; SELECT 1").await.unwrap();
    let waiter = common::connect(&ready.app_socket, "poollab/test").await.unwrap();
    let waiting = tokio::spawn(async move { waiter.simple_query("SELECT 1").await.map(drop) });
    // The driver of the waiting client must go on meanwhile.
    tokio::task::block_in_place(|| {
        eventually("one waits", || {
            seen().is_some_and(|counts| counts.clients_waiting == 1 && counts.maxwait_us > 0)
        });
    });
    let counts = seen().unwrap();
    assert_eq!((counts.clients_active, counts.servers_active), (1, 1), "{counts:?}");
    assert!(counts.maxwait_us > 0, "{counts:?}");
    holder.batch_execute("COMMIT").await.unwrap();
    waiting.await.unwrap().unwrap();

    let admin = common::connect(&cluster.ready().admin, "admin").await.unwrap();
    let backends = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'poollab/%'";
    assert_eq!(admin.query_one(backends, &[]).await.unwrap().get::<_, i64>(0), 1);
    observer.disconnect_all().await.unwrap();
    for _ in 0..500 {
        if admin.query_one(backends, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(admin.query_one(backends, &[]).await.unwrap().get::<_, i64>(0), 0);
    let again = common::connect(&ready.app_socket, "poollab/test").await.unwrap();
    assert_eq!(says(&again, "SELECT 'back'").await, "back");
    observer.stop().await;
}

#[test]
fn a_setting_that_this_version_does_not_know_is_the_callers_mistake() {
    let Ok(program) = Program::find() else { return };
    let mut order = order(30, 3);
    order.limits.cpus = None;
    order.poolers = vec![PoolerOrder {
        max_prepared_statements: Some(100),
        ..pooler(Route::PgbouncerTransaction, 2, &[])
    }];
    if !common::have_postgres() {
        return;
    }
    match Cluster::start(&order) {
        Ok(_) => assert!(program.tracks_prepared_statements()),
        Err(error) => {
            assert!(matches!(error, DbError::Usage(_)), "{error}");
            assert!(error.to_string().contains("1.21") && error.to_string().contains("unnamed"), "{error}");
        }
    }
}

#[test]
fn it_goes_with_its_cluster_and_its_password_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let Some(cluster) = start(vec![pooler(Route::PgbouncerSession, 2, &[])]) else { return };
    let ready = pooler_of(&cluster, Route::PgbouncerSession);
    let users = ready.log.with_file_name("userlist.txt");
    assert_eq!(std::fs::metadata(&users).unwrap().permissions().mode() & 0o777, 0o600);
    let command = std::fs::read(format!("/proc/{}/cmdline", ready.pid)).unwrap_or_default();
    let password = ready.app_socket.password.as_ref().unwrap().reveal();
    assert!(!String::from_utf8_lossy(&command).contains(password));
    assert!(runs(ready.pid));
    cluster.stop().unwrap();
    assert!(!runs(ready.pid) && !users.exists());
}
