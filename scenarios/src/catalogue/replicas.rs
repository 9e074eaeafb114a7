//! A rolling deploy that overlaps.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, SLOTS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Act, Action, Case, Deploy, Scene, Stage, Traffic, Tuning};

const GREEDY: Case = Case {
    // Its minimum is of all connections; bb8's and r2d2's is of idle ones, which grows with the load.
    strategy: "sqlx",
    workload: "hold",
    params: "think_ms=600",
    tuning: Tuning { pool_size: 15, min_idle: 2, acquire_ms: Some(1_800), ..Tuning::BASE },
    deploy: Deploy { processes: 3, join_every_ms: 0, next_min_idle: 15, cold: 0 },
    ..Case::BASE
};

/// Reserved slots or none at all, whichever they met.
const REFUSED: LogLine = LogLine::postgres(&[" 53300 ", "FATAL"]);

pub const SCENARIO: Scenario = Scenario {
    id: "replicas",
    title: "instances × pool size exceeds the slots during a rolling deployment",
    group: Symptom::Refused,
    symptom: "The deployment hangs: new instances never become ready and restart again and again (CrashLoopBackOff). \
              The old ones start to fail too. It worked yesterday with one instance less.",
    kind: Some(ErrorKind::SlotsExhausted),
    sqlstate: Some("53300"),
    reason: "During a rolling deployment old and new instances run at the same time, so instances × pool size is up \
             to twice what you planned. 3 × 15 does not even fit 36 slots once. Nobody noticed, because pools that \
             grow lazily were never full. New instances that fill their pool at startup take the last slots. The \
             next one gets none and fails its readiness check, and the old ones cannot grow when traffic rises.",
    look: &[
        sql(SLOTS, "used = slots − reserved during the deployment"),
        sql(SESSIONS, "sessions by client_addr: old and new instances, the new ones full and idle"),
        sh(
            "kubectl get pods -w; kubectl logs --previous POD",
            "pods not ready; their log shows 53300 or a pool timeout at startup",
        ),
    ],
    tell: "It happens during a deployment or a scale-up, and sessions come from more addresses than usual.",
    cure: &[
        Cure {
            of: "",
            change: "(instances + surge) × pool size ≤ max_connections − reserved. With 36 slots and 3 + 3 \
                     instances: 6 each at most.",
        },
        Cure {
            of: "Kubernetes",
            change: "maxSurge: 0 or 1 instead of 25%, and a preStop that closes the pool.",
        },
        Cure {
            of: "",
            change: "The readiness check must not use the pool that it checks: a full pool would look like a dead instance.",
        },
        Cure {
            of: "PgBouncer",
            change: "With autoscaling: one PgBouncer in transaction mode, so that the sum does not depend on the number of instances.",
        },
    ],
    scene: Scene {
        // Three old processes hold 2 connections each, one more than their users need. The first two new ones open
        // 15 each, which takes half a second at 60 connects a second: that is all of 36, and the third gets none.
        // Then 10 users come to each old process, and no pool can grow: 8 of them wait for 2 connections that are
        // held for 600 ms, the last 2.4 s, and the pool gives up after 1.8 s.
        connects_per_s: Some(60),
        stages: &[
            Stage { at_ms: 0, press: Traffic::Users { users: 3 } },
            Stage { at_ms: 3_000, press: Traffic::Users { users: 30 } },
        ],
        actions: &[Action { at_ms: 500, act: Act::StartNextGeneration }],
        duration_ms: 6_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "3 old and 3 new instances, each with a pool of 15: 90 connections for 36 slots",
        cases: &[GREEDY],
        expects: &[
            Expect::NeverReady { at_least: 1 },
            Expect::Errors { kind: ErrorKind::PoolTimeout, sqlstate: None, at_least_share: 0.0 },
            Expect::HiddenCause {
                kind: ErrorKind::PoolTimeout,
                cause: ErrorKind::SlotsExhausted,
                sqlstate: "53300",
            },
            Expect::Logged { line: REFUSED },
        ],
    },
    cured: Side {
        says: "the same deployment and the same load with a pool of 6: at most 36 connections",
        cases: &[Case {
            tuning: Tuning { pool_size: 6, ..GREEDY.tuning },
            deploy: Deploy { next_min_idle: 6, ..GREEDY.deploy },
            ..GREEDY
        }],
        expects: &[Expect::NoFailures, Expect::AllReady],
    },
    proof: Proof {
        symptom: "a new instance that never becomes ready, and old ones whose pools cannot grow (53300)",
        cure: "all six ready and no failures, with a smaller pool",
    },
    needs: &[Need::OwnDatabase],
    server_log: &[REFUSED],
    related: &["hidden-exhaustion", "reserved-slots", "cold-burst"],
};
