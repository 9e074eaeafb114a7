//! Every scenario of the catalogue, shown and cured for real: one test for each, named after its hazard.
//!
//! They take five minutes, one after another, and want the optimised program. CI shows the same scenarios on a busy
//! machine (`scripts/measure-robustness`); after a change to one of them run:
//!
//! ```sh
//! cargo build --release
//! POOLLAB_TESTED=$PWD/target/release/poollab cargo test -p poollab --test catalogue -- --ignored --test-threads 1
//! ```

mod common;

use std::time::Duration;

use common::Scene;
use poollab_scenarios::SCENARIOS;

/// A test for each line, and the list of their scenarios.
macro_rules! hazards {
    ($($name:ident: $id:literal;)*) => {
        $(
            #[test]
            #[ignore = "five minutes in all; see the top of this file"]
            fn $name() {
                shown_and_cured($id);
            }
        )*

        const TESTED: &[&str] = &[$($id),*];
    };
}

hazards! {
    a_connection_for_each_request_takes_the_last_slot: "too-many-clients";
    an_ordinary_role_meets_the_reserved_slots: "reserved-slots";
    a_role_reaches_its_own_limit_while_slots_are_free: "role-limit";
    a_pool_too_small_for_its_hold_time_times_out: "pool-timeout";
    a_pool_without_a_time_out_lets_requests_hang: "waits-for-ever";
    a_pool_that_timed_out_hides_that_postgres_has_no_slot: "hidden-exhaustion";
    a_path_that_never_gives_back_empties_the_pool: "leak";
    a_transaction_that_waits_for_something_else_keeps_its_connection: "idle-in-transaction";
    a_checkout_inside_a_checkout_deadlocks_the_pool: "nested-checkout";
    a_lock_that_all_want_empties_the_pool: "hot-row";
    a_synchronous_call_on_a_worker_stops_the_whole_service: "blocking-in-async";
    a_pool_that_favours_who_returns_starves_who_waits: "unfair-tail";
    a_rollback_on_a_shared_connection_takes_a_strangers_write: "shared-transaction";
    a_client_that_hangs_up_leaves_its_query_to_the_next_borrower: "cancelled-request";
    a_restarted_postgres_leaves_dead_connections_in_the_pool: "restart-storm";
    a_session_ended_while_idle_fails_its_next_borrower: "idle-killed";
    a_burst_on_an_empty_pool_waits_for_connects: "cold-burst";
    a_rolling_deploy_asks_for_more_than_the_slots: "replicas";
    too_many_backends_are_killed_for_want_of_memory: "oom-kill";
    a_pool_ten_times_too_large_is_slower_and_gives_no_more: "oversized-pool";
    a_named_statement_is_lost_in_a_transaction_pooler: "pgbouncer-prepared";
    more_clients_than_the_pooler_takes_are_refused: "pgbouncer-queue";
    a_connection_for_each_request_uses_up_the_ports: "port-exhaustion";
}

#[test]
fn every_scenario_has_its_test_here() {
    let mut catalogue: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.id).collect();
    let mut tested = TESTED.to_vec();
    catalogue.sort_unstable();
    tested.sort_unstable();
    assert_eq!(tested, catalogue);
}

/// The symptom appears and the cure removes it. What a machine that stands still can explain gets one second try,
/// and the output says so: twice in a row it is not the machine.
fn shown_and_cured(id: &str) {
    const NOT_SHOWN_HERE: Option<i32> = Some(3);
    for attempt in ["first", "second"] {
        let scene = Scene::new();
        let mut poollab = scene.process(&format!("reproduce {id} --quiet"));
        if let Some(program) = std::env::var_os("POOLLAB_TESTED") {
            poollab = common::like(&poollab, [std::path::absolute(program).expect("a path")]);
        }
        let output = poollab.output().expect("poollab runs");
        let said =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        scene.assert_clean_within(Duration::from_secs(10));
        if output.status.success() {
            return;
        }
        if output.status.code() == NOT_SHOWN_HERE && std::env::var_os("CI").is_none() {
            eprintln!("skipped: this machine can't show {id}\n{said}");
            return;
        }
        println!("{id}: THE {} TRY FAILED\n{said}", attempt.to_uppercase());
    }
    panic!("{id} did not show its symptom and its cure in two tries");
}
