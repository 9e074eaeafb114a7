//! A connection for each request over TCP, fast.

use poollab_model::{ErrorKind, Link};

use super::common::{sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Press, Scene, Stage};

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "port-exhaustion",
    title: "a connection for each request over TCP uses up the local ports",
    group: Symptom::Refused,
    symptom: "Cannot assign requested address (EADDRNOTAVAIL), on Windows \"Only one usage of each socket address\", \
              while the database has free slots. It gets better by itself after a minute without load.",
    kind: Some(ErrorKind::ConnectRefused),
    sqlstate: None,
    reason: "Who closes a TCP connection first keeps its local port in TIME_WAIT for 60 s. Linux has 28,232 of them \
             (32768 to 60999) towards one address and port: 470 connections a second, each closed after its \
             request, use them up in a minute, and connect() fails before a packet is sent. Towards loopback \
             Linux re-uses such ports after a second, so the lab shows the approach and the rate at which you \
             would arrive.",
    look: &[
        sh("ss -Htan state time-wait dport = :5432 | wc -l", "thousands; the limit is ip_local_port_range"),
        sh(
            "cat /proc/sys/net/ipv4/ip_local_port_range; nstat -az TcpExtTW TcpActiveOpens",
            "how many ports there are, how many connects a second",
        ),
        sql(
            "SELECT sum(sessions) FROM pg_stat_database",
            "twice, ten seconds apart (from 14 on): sessions a second",
        ),
    ],
    tell: "The error comes from connect() on the client's side, at once, and Postgres never saw the attempt.",
    cure: &[
        Cure {
            of: "",
            change: "Keep connections: a pool. That takes ports as the pool has connections, and saves 5 to 15 ms for each request.",
        },
        Cure {
            of: "many short processes",
            change: "PgBouncer on the same machine, reached by a Unix socket: no ports at all.",
        },
        Cure {
            of: "Linux",
            change: "net.ipv4.tcp_tw_reuse = 1 and a wider ip_local_port_range give time. tcp_tw_recycle never: it broke NAT and was removed.",
        },
    ],
    scene: Scene {
        // 4 s of 40 connects a second are 160 ports; a third of them shows it.
        connects_per_s: Some(40),
        link: Link::Tcp,
        stages: &[Stage { at_ms: 0, press: Press::Users { users: 8 } }],
        duration_ms: 4_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "8 users over TCP, a connection for each request",
        cases: &[Case { strategy: "per-request", ..Case::BASE }],
        expects: &[Expect::TimeWaitGrowth { at_least: 50 }],
    },
    cured: Side {
        says: "the same users, a pool of 8 over TCP",
        cases: &[Case::BASE],
        expects: &[
            Expect::NoFailures,
            Expect::TimeWaitGrowthAtMost { at_most: 20 },
            Expect::GoodputRatio { at_least: 5.0 },
        ],
    },
    proof: Proof {
        symptom: "ports in TIME_WAIT grow by about one for each request, or EADDRNOTAVAIL",
        cure: "no more of them than the pool has connections, and a multiple of the goodput",
    },
    needs: &[Need::ProcNet],
    server_log: &[],
    related: &["too-many-clients", "cold-burst"],
};
