//! The registries, as data.

use std::collections::HashSet;

use poollab_model::{Acquisition, HotRowMethod, StrategyId, WorkloadSpec};
use poollab_servers::{request_path, statements, strategies, supports, workloads};

#[test]
fn the_strategies_of_the_documentation_are_there_once_and_in_order() {
    let ids: Vec<String> = strategies().into_iter().map(|info| info.id.to_string()).collect();
    let documented = [
        "naive",
        "naive-locked",
        "per-request",
        "per-request-sync",
        "deadpool",
        "bb8",
        "r2d2",
        "sqlx",
        "pipelined",
    ];
    assert_eq!(ids, documented);
    assert_eq!(ids.len(), poollab_servers::strategies::STRATEGIES.len(), "one has an id that is none");
}

#[test]
fn the_workloads_of_the_documentation_are_there_once_and_in_order() {
    let ids: Vec<String> = workloads().into_iter().map(|info| info.id.to_string()).collect();
    assert_eq!(ids, ["point-read", "read-process", "write-tx", "hold", "hot-row"]);
    assert_eq!(ids.len(), poollab_servers::workloads::WORKLOADS.len(), "one has an id that is none");
}

#[test]
fn every_line_says_something_short_of_its_own() {
    let said: Vec<String> = strategies()
        .into_iter()
        .map(|info| info.summary)
        .chain(workloads().into_iter().map(|info| info.summary))
        .collect();
    assert!(
        said.iter().all(|text| !text.is_empty() && text.len() <= 90 && !text.ends_with('.')),
        "{said:#?}"
    );
    assert_eq!(said.iter().collect::<HashSet<_>>().len(), said.len());
}

#[test]
fn what_is_said_of_a_strategy_fits_together() {
    for info in strategies() {
        let shared = matches!(info.acquisition, Acquisition::Shared | Acquisition::Pipelined);
        assert_eq!(info.isolates_transactions, !shared, "{}", info.id);
        assert!(!info.refuses_transactions || shared, "{} has no reason to refuse", info.id);
    }
}

#[test]
fn every_workload_has_a_path_an_id_range_and_schema_qualified_statements() {
    for info in workloads() {
        let spec = WorkloadSpec::plain(info.id.clone());
        let (method, path, ids) = request_path(&spec);
        assert_eq!((method, path), (info.method, format!("/{}/{{id}}", info.id)));
        assert!(ids >= 1 && ids <= info.ids, "{}", info.id);
        let statements = statements(&spec);
        assert!(!statements.is_empty(), "{}", info.id);
        assert!(
            statements.iter().all(|sql| sql.contains(" poollab.") && sql.contains("$1")),
            "{statements:?}"
        );
    }
}

#[test]
fn parameters_travel_in_the_path() {
    let hold = WorkloadSpec {
        think_ms: Some(7),
        release_early: true,
        ..WorkloadSpec::plain("hold".parse().unwrap())
    };
    assert_eq!(request_path(&hold).1, "/hold/{id}?think_ms=7&release_early=true");
}

#[test]
fn pipelined_refuses_transactions_in_words_and_takes_single_statements() {
    let pipelined: StrategyId = "pipelined".parse().unwrap();
    let hot = |method| WorkloadSpec { method, ..WorkloadSpec::plain("hot-row".parse().unwrap()) };
    let why = supports(&pipelined, &hot(None)).unwrap_err();
    assert!(why.contains("hot-row needs a transaction of its own"), "{why}");
    assert_eq!(supports(&pipelined, &hot(Some(HotRowMethod::Atomic))), Ok(()));
    assert_eq!(supports(&pipelined, &hot(Some(HotRowMethod::Optimistic))), Ok(()));
    assert_eq!(supports(&"naive".parse().unwrap(), &hot(None)), Ok(()), "the mistake on show");
}

#[test]
fn what_does_not_exist_or_does_not_fit_is_told_all_at_once() {
    let spec = WorkloadSpec {
        think_ms: Some(60_001),
        method: Some(HotRowMethod::Atomic),
        ..WorkloadSpec::plain("hold".parse().unwrap())
    };
    let why = supports(&"dedpool".parse().unwrap(), &spec).unwrap_err();
    for word in ["dedpool", "60001", "method"] {
        assert!(why.contains(word), "{word}: {why}");
    }
}
