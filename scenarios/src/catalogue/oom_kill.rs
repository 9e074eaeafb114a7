//! Too many backends for the memory limit.

use poollab_model::ErrorKind;

use super::common::{sh, sql};
use crate::expect::Expect;
use crate::scenario::{Cure, LogLine, Need, Proof, Scenario, Side, Symptom};
use crate::setup::{Case, Scene, Stage, Traffic, Tuning};

const KILLED: LogLine = LogLine::postgres(&["(PID ", "was terminated by signal 9"]);

const HOG: Case = Case {
    workload: "memory-hog",
    params: "mb=12&ms=600",
    // Opened before the burst: the queries have to run at the same time, and connecting would spread them.
    tuning: Tuning { pool_size: 24, min_idle: 24, acquire_ms: Some(10_000), ..Tuning::BASE },
    ..Case::BASE
};

pub const SCENARIO: Scenario = Scenario {
    id: "oom-kill",
    title: "too many backends for the memory limit: the kernel kills one, and Postgres restarts all",
    group: Symptom::Lost,
    symptom: "All connections fail in the same second with: terminating connection because of crash of another \
              server process. Then for seconds: the database system is in recovery mode.",
    kind: Some(ErrorKind::ConnectionLost),
    sqlstate: Some("57P02"),
    reason: "Each backend needs its own memory: about 3 to 10 MB, and work_mem for every sort or hash of every \
             running query. 100 connections × 4 MB × two sorts are 800 MB on top of shared_buffers. Above the \
             container's limit the kernel kills a process with signal 9. Postgres cannot know what state that \
             process left in shared memory, so it ends all others and recovers. One large query closes every \
             connection. Then all clients reconnect at once, and it can happen again.",
    look: &[
        sh(
            "grep -E 'signal 9|reinitializing|in recovery' postgresql.log",
            "\"was terminated by signal 9: Killed\", then \"all server processes terminated; reinitializing\"",
        ),
        sh(
            "dmesg | grep -i 'killed process'; cat /sys/fs/cgroup/memory.events",
            "the kernel's own message; oom_kill above 0. Kubernetes reports OOMKilled only if the first process was killed",
        ),
        sql(
            "SELECT count(*) AS backends, current_setting('work_mem') AS work_mem, \
             current_setting('shared_buffers') AS shared_buffers FROM pg_stat_activity WHERE backend_type = \
             'client backend'",
            "backends × work_mem × 2 + shared_buffers against the limit",
        ),
    ],
    tell: "Postgres's log says signal 9. If it does not, Postgres was restarted for another reason (restart-storm).",
    cure: &[
        Cure {
            of: "",
            change: "Fewer backends: a pool of 2 × cores to 4 × cores instead of hundreds. 24 backends × 25 MB do not fit into 256 MiB, 4 do.",
        },
        Cure {
            of: "Postgres",
            change: "work_mem × 2 × max_connections + shared_buffers below the limit. Raise work_mem for single roles, not for all.",
        },
        Cure {
            of: "the host",
            change: "vm.overcommit_memory = 2 outside containers: then malloc fails (53200) and only that query dies.",
        },
        Cure {
            of: "Kubernetes",
            change: "A memory limit with room for the peak, and no limit shared with a sidecar.",
        },
    ],
    scene: Scene {
        // A value of 12 MiB costs a backend 26 MB (measured: two copies). 24 of them are more than twice the limit;
        // four, with all of shared_buffers, are two thirds of it.
        max_connections: 60,
        // All at once, once, so that the first recovery is not the prey of the same queries; four users go on
        // and see it.
        stages: &[
            Stage { at_ms: 0, press: Traffic::Burst { requests: 24 } },
            Stage { at_ms: 300, press: Traffic::Users { users: 4 } },
        ],
        duration_ms: 6_000,
        ..Scene::FREE
    },
    broken: Side {
        says: "24 queries at once, each needs 25 MB for 600 ms, with a pool of 24; the memory limit is 256 MiB; four \
               other users continue",
        cases: &[HOG],
        expects: &[
            Expect::OomKilled,
            Expect::Errors { kind: ErrorKind::ConnectionLost, sqlstate: None, at_least_share: 0.0 },
            Expect::Errors { kind: ErrorKind::StartingUp, sqlstate: Some("57P03"), at_least_share: 0.0 },
            Expect::Logged { line: KILLED },
        ],
    },
    cured: Side {
        says: "the same queries with a pool of 4",
        cases: &[Case { tuning: Tuning { pool_size: 4, min_idle: 4, ..HOG.tuning }, ..HOG }],
        expects: &[Expect::NoFailures, Expect::NotOomKilled],
    },
    proof: Proof {
        symptom: "a process killed by the kernel, all connections lost, 57P03 until recovery has ended",
        cure: "no process killed and no failures with four backends",
    },
    needs: &[Need::MemoryLimit, Need::OwnDatabase],
    server_log: &[KILLED],
    related: &["restart-storm", "too-many-clients", "oversized-pool"],
};
