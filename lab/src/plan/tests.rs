//! The way from typed words to a plan, with a small registry of its own.

use clap::Parser;
use poollab_model::{Acquisition, DatabaseChoice, Link, Load, Method};

use super::*;
use crate::cli::{Cli, Command};

fn registry() -> Registry {
    let strategy = |id: &str, acquisition, refuses_transactions: bool| StrategyInfo {
        id: id.parse().unwrap(),
        summary: String::new(),
        acquisition,
        isolates_transactions: !refuses_transactions,
        refuses_transactions,
        blocking: false,
    };
    let workload = |id: &str, needs_transaction: bool| WorkloadInfo {
        id: id.parse().unwrap(),
        summary: String::new(),
        method: Method::Get,
        needs_transaction,
        ids: 100,
    };
    Registry {
        strategies: vec![
            strategy("per-request", Acquisition::PerRequest, false),
            strategy("deadpool", Acquisition::Pooled, false),
            strategy("pipelined", Acquisition::Pipelined, true),
        ],
        workloads: vec![workload("point-read", false), workload("hold", true), workload("hot-row", true)],
        supports: |strategy, workload| {
            if *strategy == "pipelined" && workload.id != "point-read" {
                Err("it needs a transaction of its own".to_owned())
            } else {
                Ok(())
            }
        },
    }
}

fn resolved(typed: &str) -> Result<Resolved, Vec<String>> {
    let words = ["poollab", "run"].into_iter().chain(typed.split_whitespace());
    let Command::Run(args) = Cli::try_parse_from(words).unwrap().command else { unreachable!() };
    resolve(&args.plan, &registry(), 2)
}

#[test]
fn without_arguments_it_is_the_main_job() {
    let resolved = resolved("").unwrap();
    assert_eq!(resolved.plan.strategies.len(), 3);
    assert_eq!(resolved.trials.len(), 2 * 5, "pipelined has no hold");
    assert_eq!(resolved.skipped.len(), 1);
    assert_eq!(resolved.plan.loads, [Load::Closed { users: 32 }]);
    assert!(filling::can_fill(&resolved.plan), "the load has to exhaust the slots");
    assert!(filling::is_open(&resolved.plan), "and its hold is measured");
}

#[test]
fn all_problems_are_told_at_once() {
    let problems =
        resolved("--strategy deedpool --users 0 --repeats x --cpus 99 --duration 1ms").unwrap_err();
    let all = problems.join("\n");
    for part in ["Did you mean deadpool", "users 0", "--repeats x", "cpus 99", "duration 1ms"] {
        assert!(all.contains(part), "{part} is missing in:\n{all}");
    }
    assert_eq!(problems.len(), 5, "{all}");
}

#[test]
fn users_and_rate_together_are_refused() {
    let problems = resolved("--users 4 --rate 100").unwrap_err();
    assert!(problems[0].contains("cannot be combined"), "{problems:?}");
}

#[test]
fn a_size_does_not_multiply_a_strategy_that_has_none() {
    let resolved = resolved("--workload point-read --pool-size 4,8 --repeats 1").unwrap();
    let count = |id: &str| resolved.trials.iter().filter(|trial| trial.strategy == *id).count();
    assert_eq!((count("deadpool"), count("pipelined"), count("per-request")), (2, 2, 1));
}

#[test]
fn a_seed_gives_the_same_order_and_another_seed_another() {
    let order = |typed: &str| -> Vec<String> {
        resolved(typed).unwrap().trials.into_iter().map(|trial| trial.id).collect()
    };
    let plan = "--pool-size 1,2,3,4,5,6,7,8 --seed";
    assert_eq!(order(&format!("{plan} 7")), order(&format!("{plan} 7")));
    assert_ne!(order(&format!("{plan} 7")), order(&format!("{plan} 8")));
}

#[test]
fn repeats_are_interleaved_and_not_in_a_row() {
    let resolved = resolved("--repeats 3").unwrap();
    let round = resolved.trials.len() / 3;
    for (index, trial) in resolved.trials.iter().enumerate() {
        assert_eq!(trial.repeat as usize, index / round + 1);
    }
}

#[test]
fn trial_ids_are_unique() {
    let resolved = resolved("--users 1,2 --pool-size 4,8 --workload point-read,hold,hot-row").unwrap();
    let mut ids: Vec<_> = resolved.trials.iter().map(|trial| &trial.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), resolved.trials.len());
}

#[test]
fn a_plan_that_is_written_and_read_again_gives_the_same_trials() {
    let first = resolved("--strategy deadpool --rate 100,200 --cpus none --acquire-timeout none").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.toml");
    std::fs::write(&path, toml::to_string(&first.plan).unwrap()).unwrap();
    let again = resolved(path.to_str().unwrap()).unwrap();
    assert_eq!(again.plan, first.plan);
    assert_eq!(again.trials, first.trials);
}

#[test]
fn a_password_in_a_url_does_not_enter_the_plan() {
    let resolved = resolved("--database postgres://app:s%40crt@localhost/lab").unwrap();
    assert_eq!(resolved.plan.database, DatabaseChoice::Url { url: "postgres://app@localhost/lab".into() });
    assert_eq!(resolved.password.as_ref().map(poollab_model::Secret::reveal), Some("s@crt"));
}

#[test]
fn a_broken_url_does_not_show_its_password() {
    let problems = resolved("--database postgres://app:hunter2@local host:x/lab").map(|_| ());
    // The space splits the word; the rest is an unknown plan file. Both problems, and no secret.
    assert!(!format!("{problems:?}").contains("hunter2"), "{problems:?}");
    let problems = resolved("--database postgres://app:hunter2@localhost:port/lab").unwrap_err();
    assert!(!problems.join(" ").contains("hunter2"), "{problems:?}");
}

#[test]
fn a_hold_that_somebody_gave_is_not_measured() {
    for typed in
        ["--think-ms 5", "--workload hold --think-ms 5", "--workload point-read", "--rate 50", "--users 4"]
    {
        let resolved = resolved(typed).unwrap();
        assert!(!filling::is_open(&resolved.plan), "{typed}");
        let holds = resolved.trials.iter().filter(|trial| trial.workload.id == "hold");
        assert!(holds.clone().all(|trial| trial.workload.think_ms == Some(5)), "{typed}");
        assert!(resolved.plan.settings.pool_size == Some(8), "{typed}");
    }
}

#[test]
fn every_trial_is_named_by_the_hold_that_was_measured() {
    let open = resolved("--repeats 1").unwrap();
    let filled = filled(&open, 60.0, &registry());
    assert_eq!(filled.trials.len(), open.trials.len());
    let hold = filled.trials.iter().find(|trial| trial.id.contains("per-request.hold")).unwrap();
    assert!(hold.id.contains("850-ms"), "{}", hold.id);
    assert_eq!(hold.workload.think_ms, Some(850), "3 × 17 / 60 s");
}

#[test]
fn a_search_gets_no_hold_that_fills_the_slots() {
    let Command::Run(args) =
        Cli::try_parse_from("poollab run --strategy deadpool --workload hold --users 64".split(' '))
            .unwrap()
            .command
    else {
        unreachable!()
    };
    let search = resolve_search(&args.plan, &registry(), 2).unwrap();
    assert!(!filling::is_open(&search.plan));
    assert_eq!(search.plan.limits.free_slots(), 36);
}

#[test]
fn a_pool_beyond_the_slots_is_allowed_and_said() {
    let resolved = resolved("--strategy deadpool --pool-size 64").unwrap();
    assert!(resolved.notices[0].contains("16 free slots"), "{:?}", resolved.notices);
}

#[test]
fn a_lifetime_that_r2d2_can_not_keep_is_said() {
    let said = |strategy: &str, lifetime: &str| {
        let typed = format!("poollab run --strategy {strategy} --max-lifetime {lifetime}");
        let Command::Run(args) = Cli::try_parse_from(typed.split(' ')).unwrap().command else {
            unreachable!()
        };
        resolve(&args.plan, &Registry::ours(), 2).unwrap().notices
    };
    assert!(said("r2d2,bb8", "5s").iter().any(|notice| notice.contains("every 30 s")));
    assert!(said("bb8", "5s").is_empty() && said("r2d2", "60s").is_empty());
}

#[test]
fn tls_goes_by_tcp() {
    assert_eq!(resolved("--tls").unwrap().plan.link, Link::Tcp);
    assert!(resolved("--tls --link socket").is_err());
}

#[test]
fn library_defaults_leave_the_size_to_the_library() {
    let resolved = resolved("--defaults library").unwrap();
    assert!(resolved.trials.iter().all(|trial| trial.settings.pool_size.is_none()));
}

#[test]
fn parameters_without_their_workload_are_refused() {
    assert!(resolved("--workload point-read --think-ms 5").is_err());
    assert!(resolved("--hot-row-method atomic").is_err());
    assert!(resolved("--think-ms 7").is_ok(), "hold is in the default list");
}

#[test]
fn a_plan_of_which_nothing_is_left_says_why() {
    let problems = resolved("--strategy pipelined --workload hold").unwrap_err();
    assert!(problems.join(" ").contains("transaction of its own"), "{problems:?}");
}
