//! Clusters of our own: apart from each other, and gone without a trace.

mod common;

use std::collections::HashSet;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{cluster, connect, gone, have_postgres, order, runs};
use poollab_db::cluster::{Cluster, Places};
use poollab_model::wire::GuardReady;
use poollab_model::{ByteSize, Host, Means};
use tokio_postgres::config::SslMode;

fn places(cache: &Path) -> Places {
    Places { cache: Some(cache.to_owned()), ..Places::usual() }
}

fn assert_nothing_is_left(of: &GuardReady) {
    assert!(gone(&of.folder), "the folder {} is left", of.folder.display());
    assert!(!runs(of.pid), "the server {} is left", of.pid);
    for cgroup in &of.cgroups {
        assert!(gone(cgroup), "the cgroup {} is left", cgroup.display());
    }
    assert!(
        TcpStream::connect(("127.0.0.1", of.app_tcp.port)).is_err(),
        "the port {} is taken",
        of.app_tcp.port
    );
}

#[tokio::test]
async fn two_clusters_at_once_do_not_touch() {
    if !have_postgres() {
        return;
    }
    let start = || std::thread::spawn(|| Cluster::start(&order(10, 3)).unwrap());
    let (one, two) = (start(), start());
    let (one, two) = (one.join().unwrap(), two.join().unwrap());
    assert_ne!(one.ready().folder, two.ready().folder);
    assert_ne!(one.ready().app_tcp.port, two.ready().app_tcp.port);
    for cgroup in &one.ready().cgroups {
        let members = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap();
        assert!(
            !members.lines().any(|pid| pid == two.ready().pid.to_string()),
            "one lives in the other's cgroup"
        );
    }
    let client = connect(&one.ready().app_tcp, "test").await.unwrap();
    client.execute("UPDATE poollab.counters SET n = 7 WHERE id = 1", &[]).await.unwrap();

    // The password of one is none for the other.
    let mut wrong = two.ready().app_tcp.clone();
    wrong.password = one.ready().app_tcp.password.clone();
    assert_eq!(connect(&wrong, "test").await.unwrap_err().code().unwrap().code(), "28P01");

    let ended = one.ready().clone();
    drop(client);
    one.stop().unwrap();
    assert_nothing_is_left(&ended);
    let client = connect(&two.ready().app_socket, "test").await.unwrap();
    let n: i64 = client.query_one("SELECT n FROM poollab.counters WHERE id = 1", &[]).await.unwrap().get(0);
    assert_eq!(n, 0, "what was written in one is in the other");
}

#[test]
fn a_panic_leaves_nothing_behind() {
    if !have_postgres() {
        return;
    }
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let cluster = Cluster::start(&order(10, 3)).unwrap();
        tell.send(cluster.ready().clone()).unwrap();
        panic!("on purpose");
    });
    let ready = told.recv().unwrap();
    assert!(thread.join().is_err());
    assert_nothing_is_left(&ready);
}

#[test]
fn the_second_start_comes_from_the_cache_and_a_damaged_cache_is_made_anew() {
    if !have_postgres() {
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let start = || {
        let cluster = Cluster::start_in(&order(10, 3), &places(cache.path())).unwrap();
        let from_cache = cluster.from_cache();
        cluster.stop().unwrap();
        from_cache
    };
    assert!(!start(), "there was nothing in the cache yet");
    let before = Instant::now();
    assert!(start(), "it was made again");
    println!("start and stop from the cache: {:?}", before.elapsed());

    let cached: Vec<PathBuf> =
        fs::read_dir(cache.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(cached.len(), 1, "nothing half done lies about: {cached:?}");
    let control = cached[0].join("data/global/pg_control");
    // A file that is missing, one that is too short, and one of the right length with rubbish in it.
    for damage in [None, Some(100), Some(8192)] {
        match damage {
            None => fs::remove_file(&control).unwrap(),
            Some(length) => fs::write(&control, vec![0x55; length]).unwrap(),
        }
        assert!(!start(), "a damaged cluster was used ({damage:?})");
        assert!(start(), "the cache was not mended ({damage:?})");
    }
}

#[test]
fn two_starts_that_fill_the_cache_at_once_both_succeed() {
    if !have_postgres() {
        return;
    }
    let cache = tempfile::tempdir().unwrap();
    let places = places(cache.path());
    std::thread::scope(|scope| {
        let starts =
            [(); 2].map(|()| scope.spawn(|| Cluster::start_in(&order(10, 3), &places).unwrap().stop()));
        for start in starts {
            start.join().unwrap().unwrap();
        }
    });
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 1, "more than one cluster, or half of one");
    assert!(Cluster::start_in(&order(10, 3), &places).unwrap().from_cache());
}

#[test]
fn no_password_shows_in_a_process_list_or_in_the_log() {
    if !have_postgres() {
        return;
    }
    let cache = tempfile::tempdir().unwrap();
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
        }
        seen
    });
    let mut ready = Vec::new();
    for _ in 0..2 {
        let cluster = Cluster::start_in(&order(10, 3), &places(cache.path())).unwrap();
        let log = fs::read_to_string(&cluster.ready().log).unwrap();
        ready.push((cluster.ready().clone(), log));
    }
    over.store(true, Ordering::Relaxed);
    let seen = watcher.join().unwrap();
    assert!(seen.iter().any(|line| line.contains("--single")), "the watcher saw nothing of the starts");
    for (ready, log) in &ready {
        for endpoint in [&ready.admin, &ready.app_socket] {
            let password = endpoint.password.as_ref().unwrap().reveal();
            assert!(!seen.iter().any(|line| line.contains(password)));
            assert!(!log.contains(password));
        }
    }
    assert_ne!(ready[0].0.admin.password, ready[1].0.admin.password, "each start has its own");
}

#[tokio::test]
async fn the_limits_are_in_force_on_the_server_and_all_its_backends() {
    if !have_postgres() {
        return;
    }
    let mut order = order(10, 3);
    order.limits.cpus = Some(0.2);
    let cluster = Cluster::start(&order).unwrap();
    let ready = cluster.ready();
    if ready.limits_in_force.cpu == Means::None {
        println!("NOT IN FORCE here: {:?}", ready.limits_in_force.reasons);
        assert!(!ready.limits_in_force.reasons.is_empty(), "a limit that is not in force has a reason");
        return;
    }
    assert_eq!(ready.limits_in_force.memory, ready.limits_in_force.cpu);
    assert!(ready.limits_in_force.reasons.is_empty());

    let text = |file: &str| {
        ready.cgroups.iter().find_map(|cgroup| fs::read_to_string(cgroup.join(file)).ok()).unwrap_or_default()
    };
    let (quota, memory) = match ready.limits_in_force.cpu {
        Means::CgroupV1 => (text("cpu.cfs_quota_us"), text("memory.limit_in_bytes")),
        _ => (text("cpu.max"), text("memory.max")),
    };
    assert!(quota.starts_with("20000"), "{quota:?}");
    assert_eq!(memory.trim(), (256_u64 << 20).to_string());

    let client = connect(&ready.app_socket, "test").await.unwrap();
    let processes = family(ready.pid);
    assert!(processes.len() > 3, "{processes:?}");
    for cgroup in &ready.cgroups {
        let members = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap();
        let members: HashSet<u32> = members.lines().filter_map(|pid| pid.parse().ok()).collect();
        assert!(processes.is_subset(&members), "{} has not all of {processes:?}", cgroup.display());
        assert!(!members.contains(&std::process::id()), "we stayed in {}", cgroup.display());
    }

    let throttled = || {
        let stat = text("cpu.stat");
        stat.lines().find_map(|line| line.strip_prefix("nr_throttled ")?.parse::<u64>().ok()).unwrap()
    };
    // Once, if the machine has nothing else to do.
    let before = throttled();
    let since = Instant::now();
    while throttled() == before {
        assert!(
            since.elapsed() < Duration::from_secs(60),
            "a busy server was never throttled at a fifth of a core"
        );
        client.query_one("SELECT count(*) FROM generate_series(1, 2000000)", &[]).await.unwrap();
    }
}

/// A process and its children.
fn family(parent: u32) -> HashSet<u32> {
    let children = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let ppid = stat.rsplit(") ").next()?.split(' ').nth(1)?.parse::<u32>().ok()?;
        (ppid == parent).then_some(pid)
    });
    children.chain([parent]).collect()
}

#[tokio::test]
async fn the_services_role_owns_nothing_and_can_do_its_work() {
    let Some(cluster) = cluster(10, 3) else { return };
    let app = connect(&cluster.ready().app_socket, "test").await.unwrap();
    let row = app
        .query_one(
            "SELECT count(*), current_setting('is_superuser'), current_setting('fsync'), version()
             FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get(1), row.get(2)), (0, "off", "on"));
    assert!(app.batch_execute("DROP TABLE poollab.accounts").await.is_err());
    assert!(app.batch_execute("CREATE SCHEMA mine").await.is_err());
    for (table, rows) in
        [("accounts", 100_000), ("branches", 10), ("tellers", 100), ("counters", 10), ("history", 0)]
    {
        let n: i64 =
            app.query_one(&format!("SELECT count(*) FROM poollab.{table}"), &[]).await.unwrap().get(0);
        assert_eq!(n, rows, "{table}");
    }
    app.batch_execute(
        "BEGIN;
         UPDATE poollab.accounts SET abalance = abalance + 1 WHERE aid = 99999;
         UPDATE poollab.tellers SET tbalance = tbalance + 1 WHERE tid = 100;
         UPDATE poollab.branches SET bbalance = bbalance + 1 WHERE bid = 10;
         INSERT INTO poollab.history (tid, bid, aid, delta, mtime) VALUES (100, 10, 99999, 1, now());
         COMMIT",
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn tls_is_there_and_an_impostor_is_noticed() {
    let Some(one) = cluster(10, 3) else { return };
    let mut endpoint = one.ready().app_tcp.clone();
    assert_eq!(endpoint.host, Host::Tcp("127.0.0.1".into()));
    let mut config = poollab_db::connect::config(&endpoint, "test");
    config.ssl_mode(SslMode::Require);
    let (client, connection) = config.connect(poollab_db::connect::tls(&endpoint).unwrap()).await.unwrap();
    tokio::spawn(connection);
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert!(client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0));

    let Some(two) = cluster(10, 3) else { return };
    endpoint.root_certificate = two.ready().app_tcp.root_certificate.clone();
    assert!(config.connect(poollab_db::connect::tls(&endpoint).unwrap()).await.is_err());
}

#[test]
fn a_wrong_setting_is_the_callers_mistake_and_leaves_nothing() {
    if !have_postgres() {
        return;
    }
    for (name, value) in
        [("shared_bufers", "1MB"), ("work_mem", "much"), ("a b", "c"), ("work_mem", "1MB\nfsync = off")]
    {
        let mut order = order(10, 3);
        order.pg_settings = vec![(name.into(), value.into())];
        let error = Cluster::start(&order).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains(name), "{error}");
    }
    let error = Cluster::start(&order(3, 3)).unwrap_err();
    assert!(error.is_usage(), "{error}");
}

#[test]
fn a_temporary_folder_too_deep_for_a_socket_is_passed_over() {
    if !have_postgres() {
        return;
    }
    let deep = tempfile::tempdir().unwrap();
    let too_deep = deep.path().join("x".repeat(90));
    fs::create_dir(&too_deep).unwrap();
    let places = Places { temporary: vec![too_deep, "/nowhere".into(), "/tmp".into()], ..Places::usual() };
    let cluster = Cluster::start_in(&order(10, 3), &places).unwrap();
    assert_eq!(cluster.ready().folder.parent(), Some(Path::new("/tmp")));
    let none = Places { temporary: vec!["/nowhere".into()], ..places };
    let error = Cluster::start_in(&order(10, 3), &none).unwrap_err();
    assert!(error.to_string().contains("TMPDIR"), "{error}");
}

#[test]
fn the_smallest_memory_is_enough_to_start() {
    if !have_postgres() {
        return;
    }
    let mut order = order(40, 3);
    order.limits.memory = Some(ByteSize::mib(32));
    Cluster::start(&order).unwrap().stop().unwrap();
    order.limits.memory = Some(ByteSize::mib(31));
    assert!(Cluster::start(&order).unwrap_err().is_usage());
}
