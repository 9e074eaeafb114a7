//! Limits are proven, not declared.

mod common;

use std::time::{Duration, Instant};

use common::order;
use poollab_db::Cluster;
use poollab_db::ceiling::pgbench;
use poollab_db::observer::{EVERY, Observer};
use poollab_model::Means;

const SQL: &str = "SELECT abalance FROM poollab.accounts WHERE aid = :id";
/// Pairs of measurements; each pair is one after the other, so that a machine that changes changes both.
const PAIRS: usize = 3;

/// Half of the CPU gives half of the work, within a quarter: the share is enforced and nothing else decides. The shares are
/// small, so that a busy machine still gives Postgres more than its limit.
#[tokio::test]
async fn half_the_cpu_is_half_the_ceiling_and_throttling_is_counted() {
    if !common::have_postgres() {
        return;
    }
    let whole = limited(0.2);
    let half = limited(0.1);
    for cluster in [&whole, &half] {
        let force = &cluster.ready().limits_in_force;
        if force.cpu == Means::None {
            assert!(!force.reasons.is_empty(), "a limit that is not in force needs a reason");
            println!("SKIPPED: no CPU limit can be put in force here: {:?}", force.reasons);
            return;
        }
    }
    let mut ratios = Vec::new();
    for _ in 0..PAIRS {
        let (Some(all), Some(part)) = (ceiling(&whole).await, ceiling(&half).await) else {
            println!("SKIPPED: there is no pgbench");
            return;
        };
        ratios.push(part / all);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[PAIRS / 2];
    println!("a tenth of a core reached {ratio:.2} of a fifth: {ratios:?}");
    assert!((0.375..=0.625).contains(&ratio), "half the CPU gave {ratio:.2} of the work: {ratios:?}");
}

fn limited(cpus: f64) -> Cluster {
    let mut order = order(20, 3);
    order.limits.cpus = Some(cpus);
    Cluster::start(&order).expect("a cluster")
}

/// What pgbench reaches while the limit is seen to hold the server back.
async fn ceiling(cluster: &Cluster) -> Option<f64> {
    let ready = cluster.ready();
    let observer = Observer::start(&ready.admin, "", &ready.cgroups, EVERY).await.expect("an observer");
    let from = Instant::now();
    let measured =
        pgbench(&ready.bin, &ready.app_socket, false, SQL, 4, Duration::from_secs(2)).await.expect("pgbench");
    let figures = observer.figures(from, Instant::now());
    observer.stop().await;
    let throttled = figures.throttled_ms.expect("throttling is counted");
    assert!(throttled > 0.0, "pgbench at full speed was never held back: {figures:?}");
    Some(measured?.tps)
}
