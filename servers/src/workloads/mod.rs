//! What is asked of a connection. To add one: write a file with a type that implements [`Workload`], name
//! it here, add it to [`WORKLOADS`]. The conformance suite picks it up from there.

pub mod hazards;
mod hold;
mod hot_row;
mod point_read;
mod read_process;
mod write_tx;

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use poollab_db::schema::ACCOUNTS;
use poollab_model::{HotRowMethod, Method, WorkloadInfo, WorkloadSpec};
use serde::Serialize;

use crate::checkout::Checkout;
use crate::fault::Fault;
use crate::session::Statement;

pub use point_read::POINT_READ_SQL;

/// All of them, in the order of the documentation.
pub static WORKLOADS: &[&dyn Workload] =
    &[&point_read::PointRead, &read_process::ReadProcess, &write_tx::WriteTx, &hold::Hold, &hot_row::HotRow];

/// What a request asks of the database once it has a connection.
pub trait Workload: Sync {
    /// Its name, the first part of its path.
    fn id(&self) -> &'static str;

    /// What it does, in one line.
    fn summary(&self) -> &'static str;

    /// The HTTP method that asks for it.
    fn method(&self) -> Method {
        Method::Get
    }

    /// Ids that a request may carry: `1..=ids`.
    fn ids(&self) -> u64 {
        ACCOUNTS
    }

    /// Ids that a load should draw from: `1..=ids`.
    fn ids_of_load(&self) -> u64 {
        self.ids()
    }

    /// Parameters that it knows: `think_ms`, `release_early`, `method`.
    fn parameters(&self) -> &'static [&'static str] {
        &[]
    }

    /// The largest `delta` that its body may carry; `None`: it takes no body.
    fn max_delta(&self) -> Option<u32> {
        None
    }

    /// Whether it needs a transaction of its own.
    fn needs_transaction(&self, _ask: &Ask) -> bool {
        false
    }

    /// The statements that it sends, those around a transaction left out.
    fn statements(&self, ask: &Ask) -> Vec<&'static Statement>;

    /// Does the work.
    fn run<'a>(
        &self,
        checkout: &'a mut Checkout<'_>,
        ask: &'a Ask,
    ) -> LocalBoxFuture<'a, Result<Answer, Fault>>;
}

/// What one request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The id in its path, within the workload's range.
    pub id: i32,
    /// Time to wait for something that is not the database.
    pub think: Duration,
    /// Whether to give the connection back before that.
    pub release_early: bool,
    /// The way to count.
    pub method: HotRowMethod,
    /// What to add to balances; `None`: something random.
    pub delta: Option<i32>,
    /// What only hazards know.
    pub hazard: hazards::Parameters,
}

/// Time to think where nobody says how long.
pub const DEFAULT_THINK: Duration = Duration::from_millis(5);

/// The longest time to think.
pub const MAX_THINK_MS: u64 = 60_000;

impl Ask {
    /// A request with every parameter at its default.
    pub fn plain(id: i32) -> Self {
        Self {
            id,
            think: DEFAULT_THINK,
            release_early: false,
            method: HotRowMethod::Pessimistic,
            delta: None,
            hazard: hazards::Parameters::default(),
        }
    }

    /// The first request of a workload as a plan names it.
    pub fn from_spec(spec: &WorkloadSpec) -> Self {
        let plain = Self::plain(1);
        Self {
            think: spec.think_ms.map_or(plain.think, Duration::from_millis),
            release_early: spec.release_early,
            method: spec.method.unwrap_or(plain.method),
            ..plain
        }
    }
}

/// The body of an answer: a JSON object whose first member is the id of the row that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer(pub String);

impl Answer {
    /// From a structure whose first field is `id`. The id asked for is compared with it: another
    /// request's row is a failure and not an answer.
    fn about(asked: i32, read: i32, body: &impl Serialize) -> Result<Self, Fault> {
        if read != asked {
            return Err(Fault::wrong_answer(format!(
                "id {asked} was asked for and the row of id {read} came"
            )));
        }
        serde_json::to_string(body).map(Self).map_err(|why| Fault::wrong_answer(why.to_string()))
    }
}

/// The workload of this name, hazards included.
pub fn find(id: &str) -> Option<&'static dyn Workload> {
    WORKLOADS.iter().chain(hazards::HAZARDS).copied().find(|workload| workload.id() == id)
}

/// The workload of this name, if it is no hazard.
pub fn find_compared(id: &str) -> Option<&'static dyn Workload> {
    WORKLOADS.iter().copied().find(|workload| workload.id() == id)
}

/// What is known of a workload without running it.
pub fn info(workload: &dyn Workload) -> Option<WorkloadInfo> {
    Some(WorkloadInfo {
        id: workload.id().parse().ok()?,
        summary: workload.summary().to_owned(),
        method: workload.method(),
        needs_transaction: workload.needs_transaction(&Ask::plain(1)),
        ids: workload.ids(),
    })
}

/// What is wrong with a workload as a plan names it: all problems at once.
pub fn problems(spec: &WorkloadSpec) -> Vec<String> {
    let Some(workload) = find(spec.id.as_str()) else {
        let known: Vec<_> = WORKLOADS.iter().map(|workload| workload.id()).collect();
        return vec![format!("there is no workload {:?}; there are {}", spec.id.as_str(), known.join(", "))];
    };
    let given = [
        ("think_ms", spec.think_ms.is_some()),
        ("release_early", spec.release_early),
        ("method", spec.method.is_some()),
    ];
    let mut problems: Vec<String> = given
        .iter()
        .filter(|(name, given)| *given && !workload.parameters().contains(name))
        .map(|(name, _)| format!("{} knows no {name}; {}", workload.id(), parameters_in_words(workload)))
        .collect();
    if let Some(ms) = spec.think_ms.filter(|ms| *ms > MAX_THINK_MS) {
        problems.push(format!("think_ms={ms} is too long; the longest is {MAX_THINK_MS}"));
    }
    problems
}

/// `its parameters are think_ms, release_early`.
pub fn parameters_in_words(workload: &dyn Workload) -> String {
    match workload.parameters() {
        [] => "it has no parameters".to_owned(),
        names => format!("its parameters are {}", names.join(", ")),
    }
}

/// Whether the workload, as a plan names it, needs a transaction of its own.
pub fn needs_transaction(spec: &WorkloadSpec) -> bool {
    find(spec.id.as_str()).is_some_and(|workload| workload.needs_transaction(&Ask::from_spec(spec)))
}

/// The texts of the statements that the workload sends, those around a transaction left out; none for a
/// workload that does not exist.
pub fn statements(spec: &WorkloadSpec) -> Vec<&'static str> {
    let Some(workload) = find(spec.id.as_str()) else { return Vec::new() };
    workload.statements(&Ask::from_spec(spec)).iter().map(|statement| statement.sql).collect()
}

/// How to ask for it: the HTTP method, the path with `{id}` in it, and n where ids are drawn from `1..=n`.
/// A hot row is one row: there n is 1. A workload that does not exist gets a path that is not found.
pub fn request_path(spec: &WorkloadSpec) -> (Method, String, u64) {
    let path = format!("/{}/{{id}}{}", spec.id, spec.query_string());
    match find(spec.id.as_str()) {
        Some(workload) => (workload.method(), path, workload.ids_of_load()),
        None => (Method::Get, path, 1),
    }
}
