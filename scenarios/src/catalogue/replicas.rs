//! A rolling deploy that overlaps.

use poollab_model::ErrorKind;

use super::common::{SESSIONS, SLOTS, sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Act, Action, Case, Deploy, Press, Scene, Stage, Tuning};

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

/// The line of the registry.
pub const SCENARIO: Scenario = Scenario {
    id: "replicas",
    title: "instances × pool size > slots, at a rolling deploy that overlaps",
    group: Symptom::Refused,
    symptom: "The deploy hangs: new instances never get ready and restart again and again (CrashLoopBackOff). The \
              old ones begin to fail too. It worked yesterday with one instance less.",
    kind: Some(ErrorKind::SlotsExhausted),
    sqlstate: Some("53300"),
    reason: "During a rolling deploy old and new instances run at once: for that moment instances × pool size is \
             up to twice what you planned. 3 × 15 does not even fit 36 slots once; it was never noticed, because \
             pools that grow lazily were never full. New instances that open their pool at the start take the \
             last slots, the next one gets none and fails its readiness check, and the old ones can't grow when \
             the traffic comes.",
    look: &[
        sql(SLOTS, "used = slots − reserved during the deploy"),
        sql(SESSIONS, "sessions by client_addr: two generations, the new ones full and idle"),
        sh(
            "kubectl get pods -w; kubectl logs --previous POD",
            "pods not ready; in their log 53300 or a pool time-out at the start",
        ),
    ],
    tell: "It coincides with a deploy or a scale-up, and sessions come from more addresses than usual.",
    cure: &[
        Cure {
            of: "",
            change: "(instances + surge) × pool size ≤ max_connections − reserved. With 36 slots and 3 + 3 \
                     instances: 6 each at most.",
        },
        Cure {
            of: "Kubernetes",
            change: "maxSurge: 0 or 1 instead of 25 %, and a preStop that closes the pool.",
        },
        Cure {
            of: "",
            change: "The readiness check must not borrow from the pool it judges; where it does, a full pool looks like a dead instance.",
        },
        Cure {
            of: "PgBouncer",
            change: "With autoscaling: one PgBouncer in transaction mode; then the sum no longer depends on instances.",
        },
    ],
    scene: Scene {
        // Three old processes hold 2 connections each, one more than their users need. The first two new ones open
        // 15 each, which takes half a second at 60 connects a second: that is all of 36, and the third gets none.
        // Then 10 users come to each old process, and no pool can grow: 8 of them wait for 2 connections that are
        // held for 600 ms, the last 2.4 s, and the pool gives up after 1.8 s.
        connects_per_s: Some(60),
        stages: &[
            Stage { at_ms: 0, press: Press::Users { users: 3 } },
            Stage { at_ms: 3_000, press: Press::Users { users: 30 } },
        ],
        actions: &[Action { at_ms: 500, act: Act::StartNextGeneration }],
        duration_ms: 6_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "3 old and 3 new instances, each with a pool of 15; there are 36 slots for 90 connections",
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
        says: "the same deploy and the same load with a pool of 6: 36 connections at most",
        cases: &[Case {
            tuning: Tuning { pool_size: 6, ..GREEDY.tuning },
            deploy: Deploy { next_min_idle: 6, ..GREEDY.deploy },
            ..GREEDY
        }],
        expects: &[Expect::NoFailures, Expect::AllReady],
    },
    proof: Proof {
        symptom: "a new instance that never gets ready, and old ones whose pools can't grow (53300)",
        cure: "all six ready, no failures, with a third of the pool size",
    },
    needs: &[Need::OwnDatabase],
    server_log: &[REFUSED],
    related: &["hidden-exhaustion", "reserved-slots", "cold-burst"],
};
