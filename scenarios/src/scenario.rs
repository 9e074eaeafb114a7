//! What a scenario is.

use std::fmt;

use poollab_model::ErrorKind;
use serde::Serialize;

use crate::expect::Expect;
use crate::setup::{Case, Scene};

/// A named failure: how it looks, why it happens, where to look, what cures it, and how to show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// Its name on the command line.
    pub id: &'static str,
    /// What breaks, in one line.
    pub title: &'static str,
    /// Under which heading people look for it.
    pub group: Symptom,
    /// What people see, in their words.
    pub symptom: &'static str,
    /// The kind of error, where there is one: some of the worst failures raise none.
    pub kind: Option<ErrorKind>,
    /// Its SQLSTATE, where there is one.
    pub sqlstate: Option<&'static str>,
    /// Why it happens, for somebody who is tired.
    pub reason: &'static str,
    /// What to run, and what to see in it.
    pub look: &'static [Look],
    /// How to tell it from others that look the same.
    pub tell: &'static str,
    /// What to change.
    pub cure: &'static [Cure],
    /// What both sides share: database, load, time.
    pub scene: Scene,
    /// The plan that fails, and the symptom that must appear.
    pub broken: Side,
    /// The plan that does not, under the same load.
    pub cured: Side,
    /// Which figures show what.
    pub proof: Proof,
    /// What a machine must have to show it; without one of these it counts as not shown.
    pub needs: &'static [Need],
    /// The lines in Postgres's or PgBouncer's own log, where they write any.
    pub server_log: &'static [LogLine],
    /// Scenarios that look alike or often come together.
    pub related: &'static [&'static str],
}

/// What starting and stopping cost beside the measuring: the database once, and a service for each case.
const DATABASE_MS: u64 = 1_500;
const SERVICE_MS: u64 = 1_000;

impl Scenario {
    /// How long it takes, database included, in milliseconds.
    pub fn expected_ms(&self) -> u64 {
        let cases = self.broken.cases.len() + self.cured.cases.len();
        DATABASE_MS + cases as u64 * (u64::from(self.scene.duration_ms) + SERVICE_MS)
    }

    /// The command that shows it.
    pub fn command(&self) -> String {
        format!("poollab reproduce {}", self.id)
    }
}

/// One side of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// What is special about it, in one sentence.
    pub says: &'static str,
    /// What is run, one after another, and reported side by side.
    pub cases: &'static [Case],
    /// What must be true of each case.
    pub expects: &'static [Expect],
}

/// The headings of the catalogue, in the order in which they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Symptom {
    /// Postgres or PgBouncer says no.
    Refused,
    /// The pool has nothing to lend.
    PoolEmpty,
    /// Nothing fails and nothing answers.
    Hangs,
    /// Connections that worked are dead.
    Lost,
    /// Data or errors that belong to somebody else.
    Wrong,
    /// It works, slowly.
    Slow,
}

impl Symptom {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Refused, Self::PoolEmpty, Self::Hangs, Self::Lost, Self::Wrong, Self::Slow];

    /// As a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Refused => "Connections are refused",
            Self::PoolEmpty => "The pool times out",
            Self::Hangs => "Requests hang",
            Self::Lost => "Connections die",
            Self::Wrong => "Data or errors that belong to another request",
            Self::Slow => "It works, slowly",
        }
    }
}

/// What to run, and what to see in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Look {
    /// What it is run with: `sql`, `sh`, or `pgbouncer` for its admin console.
    pub with: &'static str,
    /// The query or command.
    pub run: &'static str,
    /// What it shows when this is the failure.
    pub see: &'static str,
}

/// What to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cure {
    /// The library or program that it is for; empty: everybody.
    pub of: &'static str,
    /// What to change there.
    pub change: &'static str,
}

/// Which figures show what, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The figure that shows the symptom.
    pub symptom: &'static str,
    /// The figure that shows the cure.
    pub cure: &'static str,
}

/// What a machine must have to show a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case", tag = "need", content = "value")]
pub enum Need {
    /// A CPU limit in force.
    CpuLimit,
    /// A memory limit in force, without swap behind it.
    MemoryLimit,
    /// PgBouncer's program.
    PgBouncer,
    /// The database must be ours to restart, to limit and to read the log of.
    OwnDatabase,
    /// PostgreSQL of this major version or later.
    PostgresAtLeast(u32),
    /// `/proc/net/tcp`, where the kernel lists sockets.
    ProcNet,
}

impl Need {
    /// What is missing where it is not there.
    pub fn missing(self) -> String {
        match self {
            Self::CpuLimit => {
                "no CPU limit is in force: run as root, or where systemd or cgroup v2 delegate one".into()
            }
            Self::MemoryLimit => {
                "no memory limit is in force: run as root, or where systemd or cgroup v2 delegate one".into()
            }
            Self::PgBouncer => "PgBouncer was not found: install the package pgbouncer".into(),
            Self::OwnDatabase => {
                "the database is not ours to restart or to limit: use --database embedded".into()
            }
            Self::PostgresAtLeast(version) => format!("it takes PostgreSQL {version} or later"),
            Self::ProcNet => "this system has no /proc/net/tcp to count sockets in".into(),
        }
    }
}

/// Whose log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// Postgres's.
    Postgres,
    /// PgBouncer's.
    PgBouncer,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres => "Postgres",
            Self::PgBouncer => "PgBouncer",
        })
    }
}

/// A line in a server's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Whose log.
    pub log: Log,
    /// Pieces that stand in the line, in this order.
    pub pieces: &'static [&'static str],
}

impl LogLine {
    /// A line of Postgres's.
    pub const fn postgres(pieces: &'static [&'static str]) -> Self {
        Self { log: Log::Postgres, pieces }
    }

    /// A line of PgBouncer's.
    pub const fn pgbouncer(pieces: &'static [&'static str]) -> Self {
        Self { log: Log::PgBouncer, pieces }
    }

    /// Whether this is the line: all pieces, in order.
    pub fn is_in(&self, line: &str) -> bool {
        crate::judge::in_order(line, self.pieces)
    }
}
