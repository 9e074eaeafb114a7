//! What is wrong with an order, before anything is started: all problems at once, nothing repaired.

use std::net::ToSocketAddrs;

use poollab_model::wire::ServerOrder;
use poollab_model::{Host, LARGEST_POOL, Settings};

use crate::strategies::{STRATEGIES, find};

const MAX_THREADS: u32 = 4_096;
const MAX_WORKERS: u32 = 256;
/// Postgres cuts longer names off, and the observer would look in vain.
const MAX_NAME: usize = 63;

/// What is wrong; empty: nothing.
pub fn problems(order: &ServerOrder) -> Vec<String> {
    let mut problems = Vec::new();
    if find(order.strategy.as_str()).is_none() {
        let known: Vec<_> = STRATEGIES.iter().map(|entry| entry.id).collect();
        problems.push(format!(
            "there is no strategy {:?}; there are {}",
            order.strategy.as_str(),
            known.join(", ")
        ));
    }
    if let Err(why) = order.listen.to_socket_addrs() {
        problems.push(format!(
            "{:?} is not an address to listen at ({why}); write for example 127.0.0.1:8080, or port 0 for any \
             free one",
            order.listen
        ));
    }
    let name = &order.application_name;
    if name.is_empty() || name.len() > MAX_NAME || name.contains('\0') {
        problems.push(format!("application_name {name:?} must have 1 to {MAX_NAME} bytes"));
    }
    if order.settings.tls && matches!(order.endpoint.host, Host::Socket(_)) {
        problems
            .push("Postgres has no TLS on a Unix socket; with tls, connect to a host and port".to_owned());
    }
    problems.extend(of_settings(&order.settings));
    problems
}

fn of_settings(settings: &Settings) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, value, most) in [
        ("pool_size", settings.pool_size.unwrap_or(1), LARGEST_POOL),
        ("blocking_threads", settings.blocking_threads, MAX_THREADS),
        ("workers", settings.workers, MAX_WORKERS),
    ] {
        if value == 0 || value > most {
            problems.push(format!("{name} is {value}; it must be from 1 to {most}"));
        }
    }
    if let Some(size) = settings.pool_size.filter(|size| settings.min_idle > *size) {
        problems.push(format!(
            "min_idle is {} and the pool has only {size} connections; keep at most as many as there are",
            settings.min_idle
        ));
    }
    for (name, value) in [
        ("acquire_timeout", settings.acquire_timeout),
        ("connect_timeout", settings.connect_timeout),
        ("max_lifetime", settings.max_lifetime),
        ("statement_timeout", settings.statement_timeout),
    ] {
        if value.is_some_and(|value| value.0.is_zero()) {
            problems.push(format!("{name} is 0; leave it out for none, or give at least 1ms"));
        }
    }
    problems.extend(settings.statement_timeout_problem());
    problems
}

#[cfg(test)]
mod tests {
    use poollab_model::{Endpoint, HumanDuration};

    use super::*;

    fn order() -> ServerOrder {
        let endpoint = Endpoint {
            host: Host::Socket("/nowhere".into()),
            port: 5432,
            user: "app".into(),
            password: None,
            dbname: "lab".into(),
            root_certificate: None,
            verification: poollab_model::Verification::default(),
        };
        let Ok(strategy) = "deadpool".parse() else { unreachable!() };
        ServerOrder {
            strategy,
            settings: Settings::default(),
            endpoint,
            listen: "127.0.0.1:0".into(),
            application_name: "poollab".into(),
            count_trips: None,
            hazards: false,
        }
    }

    #[test]
    fn an_order_with_the_default_settings_has_no_problem() {
        assert_eq!(problems(&order()), Vec::<String>::new());
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut order = order();
        order.strategy = "deadpol".parse().unwrap();
        order.listen = "nowhere".into();
        order.application_name = String::new();
        order.settings.tls = true;
        order.settings.pool_size = Some(0);
        order.settings.workers = 100_000;
        order.settings.acquire_timeout = Some(HumanDuration::from_millis(0));
        order.settings.statement_timeout = Some(HumanDuration::from_secs(4_000_000));
        let problems = problems(&order);
        for word in
            ["deadpol", "nowhere", "application_name", "TLS", "pool_size", "workers", "acquire", "statement"]
        {
            assert!(problems.iter().any(|problem| problem.contains(word)), "{word}: {problems:#?}");
        }
    }
}
