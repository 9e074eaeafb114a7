//! A connection for each request over TCP, fast.

use poollab_model::{ErrorKind, Link};

use super::common::{sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic};

pub const SCENARIO: Scenario = Scenario {
    id: "port-exhaustion",
    title: "connecting over TCP for each request uses up the local ports",
    group: Symptom::Refused,
    symptom: "Cannot assign requested address (EADDRNOTAVAIL), on Windows \"Only one usage of each socket address\", \
              while the database has free slots. It recovers after a minute without load.",
    kind: Some(ErrorKind::ConnectRefused),
    sqlstate: None,
    reason: "The side that closes a TCP connection first keeps its local port in TIME_WAIT for 60 s. Linux has \
             28,232 ports (32768 to 60999) per remote address and port. 470 connections per second, each closed \
             after its request, use them up in a minute, and connect() fails before a packet is sent. On loopback \
             Linux reuses such ports after a second, so this scenario shows how fast ports are used and not the \
             exhaustion itself.",
    look: &[
        sh("ss -Htan state time-wait dport = :5432 | wc -l", "thousands; the limit is ip_local_port_range"),
        sh(
            "cat /proc/sys/net/ipv4/ip_local_port_range; nstat -az TcpExtTW TcpActiveOpens",
            "the number of ports, and connections opened per second",
        ),
        sql(
            "SELECT sum(sessions) FROM pg_stat_database",
            "run it twice, ten seconds apart (since 14): sessions per second",
        ),
    ],
    tell: "connect() fails on the client's side immediately, and Postgres never sees the attempt.",
    cure: &[
        Cure {
            of: "",
            change: "Keep connections open in a pool. It uses one port per connection and saves 5 to 15 ms per request.",
        },
        Cure {
            of: "many short processes",
            change: "PgBouncer on the same machine, over a Unix socket: uses no ports.",
        },
        Cure {
            of: "Linux",
            change: "net.ipv4.tcp_tw_reuse = 1 and a wider ip_local_port_range help for a while. Never tcp_tw_recycle: it broke NAT and was removed.",
        },
    ],
    scene: Scene {
        // 4 s of 40 connects a second are 160 ports; a third of them shows it.
        connects_per_s: Some(40),
        link: Link::Tcp,
        stages: &[Stage { at_ms: 0, press: Traffic::Users { users: 8 } }],
        duration_ms: 4_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "8 users over TCP, one connection for each request",
        cases: &[Case { strategy: "per-request", ..Case::BASE }],
        expects: &[Expect::TimeWaitGrowth { at_least: 50 }],
    },
    cured: Side {
        says: "the same users with a pool of 8 over TCP",
        cases: &[Case::BASE],
        expects: &[
            Expect::NoFailures,
            Expect::TimeWaitGrowthAtMost { at_most: 20 },
            Expect::GoodputRatio { at_least: 5.0 },
        ],
    },
    proof: Proof {
        symptom: "ports in TIME_WAIT grow by about one per request, or EADDRNOTAVAIL",
        cure: "at most one per pooled connection, and goodput is several times higher",
    },
    needs: &[Need::ProcNet],
    server_log: &[],
    related: &["too-many-clients", "cold-burst"],
};
