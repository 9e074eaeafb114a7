//! What the tests with a real Postgres share.

#![allow(dead_code, missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant};

use poollab_db::cluster::{Binaries, Cluster};
use poollab_db::connect;
use poollab_model::wire::GuardOrder;
use poollab_model::{Endpoint, Limits};
use tokio_postgres::{Client, Error, NoTls};

/// Whether there is a Postgres to test with. Without one a test says so and passes, except in CI.
pub fn have_postgres() -> bool {
    match Binaries::find(None) {
        Ok(_) => true,
        Err(why) if std::env::var_os("CI").is_none() => {
            println!("SKIPPED, for there is no Postgres: {why}");
            false
        }
        Err(why) => panic!("CI must have a Postgres: {why}"),
    }
}

pub fn order(max_connections: u32, reserved: u32) -> GuardOrder {
    GuardOrder { limits: Limits { max_connections, reserved, ..Limits::default() }, ..GuardOrder::default() }
}

/// A cluster for one test, without CPU limit unless the test is about that: tests should be quick.
pub fn cluster(max_connections: u32, reserved: u32) -> Option<Cluster> {
    let mut order = order(max_connections, reserved);
    order.limits.cpus = None;
    have_postgres().then(|| Cluster::start(&order).unwrap())
}

pub async fn connect(endpoint: &Endpoint, application_name: &str) -> Result<Client, Error> {
    let (client, connection) = connect::config(endpoint, application_name).connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Whether a process runs (one that only waits for its parent's attention does not).
pub fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(") ").next().unwrap_or("Z").starts_with('Z'))
}

/// Waits for something that must come about, for a generous time.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "it did not come about: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn gone(path: &Path) -> bool {
    !path.exists()
}
