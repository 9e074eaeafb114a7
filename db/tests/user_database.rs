//! The user's own server: one of our clusters plays it, with an ordinary role that owns its database.

mod common;

use common::{cluster, connect};
use poollab_db::observer::EVERY;
use poollab_db::{Cluster, UserDatabase};
use poollab_model::Means;

/// A database without our schema, whose owner is `poollab_app`, and its URL.
async fn foreign_database(cluster: &Cluster) -> String {
    let admin = connect(&cluster.ready().admin, "test").await.unwrap();
    admin.batch_execute("CREATE DATABASE theirs").await.unwrap();
    admin.batch_execute("GRANT CREATE ON DATABASE theirs TO poollab_app").await.unwrap();
    let endpoint = &cluster.ready().app_tcp;
    let password = endpoint.password.as_ref().unwrap().reveal();
    format!("postgres://{}:{password}@127.0.0.1:{}/theirs", endpoint.user, endpoint.port)
}

async fn run(cluster: &Cluster, sql: &str) {
    let mut endpoint = cluster.ready().app_socket.clone();
    endpoint.dbname = "theirs".into();
    connect(&endpoint, "test").await.unwrap().batch_execute(sql).await.unwrap();
}

#[tokio::test]
async fn an_ordinary_role_gets_all_it_needs_and_leaves_nothing() {
    let Some(cluster) = cluster(10, 3) else { return };
    let url = foreign_database(&cluster).await;
    let database = UserDatabase::connect(&url, false).await.unwrap();
    let password = database.endpoint().password.as_ref().unwrap().reveal().to_owned();
    let plan = database.plan_of_creation();
    assert!(plan.contains("create the schema poollab") && plan.contains("100000 rows"), "{plan}");
    assert!(!plan.contains(&password) && !format!("{database:?}").contains(&password));
    database.prepare().await.unwrap();

    let observer = database.observer("test", EVERY).await.unwrap();
    assert!(!observer.facts().superuser);
    observer.reset().await.unwrap();
    let unobserved = database.unobserved();
    for what in ["cgroup", "reserved slot", "pg_read_all_stats", "pg_stat_statements"] {
        assert!(
            unobserved.iter().any(|sentence| sentence.contains(what)),
            "{what} is not said in {unobserved:?}"
        );
    }
    assert_eq!(database.limits_in_force().cpu, Means::None);
    assert_eq!(database.limits_in_force().reasons.len(), 1);

    let n = observer.client().unwrap().query_one("SELECT count(*) FROM poollab.accounts", &[]).await.unwrap();
    assert_eq!(n.get::<_, i64>(0), 100_000);
    observer.stop().await;
    database.drop_all().await.unwrap();
    let again = UserDatabase::connect(&url, false).await.unwrap();
    assert!(again.plan_of_creation().contains("create the schema"), "something was left");
    again.drop_all().await.unwrap();
}

#[tokio::test]
async fn what_poollab_did_not_make_is_never_dropped() {
    let Some(cluster) = cluster(10, 3) else { return };
    let url = foreign_database(&cluster).await;
    for theirs in ["CREATE SCHEMA poollab", "CREATE TABLE poollab.treasure (n int)"] {
        run(&cluster, theirs).await;
        for reuse in [false, true] {
            let error = UserDatabase::connect(&url, reuse).await.unwrap_err();
            assert!(error.to_string().contains("did not create"), "{error}");
        }
    }
    run(&cluster, "DROP SCHEMA poollab CASCADE").await;
    let database = UserDatabase::connect(&url, false).await.unwrap();
    // It comes into being between our look and our end.
    run(&cluster, "CREATE SCHEMA poollab; CREATE TABLE poollab.treasure (n int)").await;
    assert!(database.prepare().await.is_err());
    database.drop_all().await.unwrap();
    run(&cluster, "SELECT n FROM poollab.treasure").await;
}

#[tokio::test]
async fn what_an_earlier_run_left_is_replaced_only_when_told() {
    let Some(cluster) = cluster(10, 3) else { return };
    let url = foreign_database(&cluster).await;
    let killed = UserDatabase::connect(&url, false).await.unwrap();
    killed.prepare().await.unwrap();
    drop(killed);
    let error = UserDatabase::connect(&url, false).await.unwrap_err();
    assert!(error.to_string().contains("--reuse-schema"), "{error}");
    let database = UserDatabase::connect(&url, true).await.unwrap();
    assert!(
        database.plan_of_creation().contains("drop the schema poollab"),
        "{}",
        database.plan_of_creation()
    );
    database.prepare().await.unwrap();
    // Our connection is lost, and the schema goes all the same.
    let admin = connect(&cluster.ready().admin, "test").await.unwrap();
    admin
        .batch_execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'poollab'",
        )
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    database.drop_all().await.unwrap();
    UserDatabase::connect(&url, false).await.unwrap();
}

#[tokio::test]
async fn each_way_to_be_turned_away_says_what_to_do() {
    let Some(cluster) = cluster(10, 3) else { return };
    let url = foreign_database(&cluster).await;
    let password = cluster.ready().app_tcp.password.as_ref().unwrap().reveal().to_owned();
    let admin = connect(&cluster.ready().admin, "test").await.unwrap();
    admin.batch_execute("REVOKE CREATE ON DATABASE theirs FROM poollab_app").await.unwrap();
    let port = cluster.ready().app_tcp.port.to_string();
    for (url, advice) in [
        (url.clone(), "GRANT CREATE ON DATABASE \"theirs\" TO \"poollab_app\""),
        (url.replace(&password, "wrong"), "PGPASSWORD"),
        (url.replace("/theirs", "/nowhere"), "Create the database first"),
        (url.replace(&port, "1"), "that the server is running"),
        (format!("{url}?sslmode=verify-full"), "sslrootcert=FILE"),
    ] {
        let error = UserDatabase::connect(&url, false).await.unwrap_err();
        assert!(error.to_string().contains(advice), "{advice}: {error}");
        assert!(!error.to_string().contains(&password) && !error.is_usage(), "{error}");
    }
}
