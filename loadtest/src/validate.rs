//! What is wrong with an order, all of it at once.

use std::time::Duration;

use hyper::Uri;
use poollab_model::Load;
use poollab_model::wire::LoadOrder;

use crate::target::ID;

/// Most users: each keeps a connection, and thus an open file, on both sides.
const USERS: u32 = 10_000;
/// Highest rate that can be asked for; more than one thread can send.
const RATE: f64 = 200_000.0;
const HOUR: Duration = Duration::from_secs(3_600);
/// The shortest window in which anything can be told apart.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
/// Well below the longest latency that can be recorded.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);

/// All problems of an order, each with what to do; empty when it can be carried out.
pub fn validate(order: &LoadOrder) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |fine: bool, problem: &dyn Fn() -> String| {
        if !fine {
            problems.push(problem());
        }
    };
    check(is_address(&order.address), &|| {
        format!("{:?} is not an address. Use host:port, for example 127.0.0.1:8080", order.address)
    });
    for address in order.course.iter().flat_map(|course| &course.others) {
        check(is_address(address), &|| format!("{address:?} is not an address. Use host:port"));
    }
    check(is_path(&order.path), &|| {
        format!(
            "{:?} is not a URL path. Example: /point-read/{ID}. Encode special characters as in a URL",
            order.path
        )
    });
    check(order.ids > 0, &|| "ids must be at least 1".to_owned());
    let users = order.load.users();
    check((1..=USERS).contains(&users), &|| format!("{users} users: must be 1 to {USERS}"));
    if let Load::Open { rate_per_s, .. } = order.load {
        check(rate_per_s > 0.0 && rate_per_s <= RATE, &|| {
            format!("{rate_per_s} requests per second: must be more than 0 and at most {RATE}")
        });
    }
    check((SHORTEST..=LONGEST).contains(&order.duration.0), &|| {
        format!("duration {}: must be 100ms to 24h", order.duration)
    });
    check(order.warmup.0 <= HOUR, &|| format!("warmup {}: must be at most 1h", order.warmup));
    let timeout = order.request_timeout;
    check((Duration::from_millis(1)..=LONGEST_TIMEOUT).contains(&timeout.0), &|| {
        format!("request timeout {timeout}: must be 1ms to 10m")
    });
    problems
}

fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    !host.is_empty()
        && (bracketed || !host.contains(':'))
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte))
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether it is a path and query that stays one with the longest id in it.
fn is_path(text: &str) -> bool {
    let filled = text.replace(ID, &u64::MAX.to_string());
    filled.starts_with('/')
        && !filled.contains('#')
        && filled.parse::<Uri>().is_ok_and(|uri| uri.authority().is_none())
}

#[cfg(test)]
mod tests {
    use poollab_model::{Arrivals, HumanDuration, Method};

    use super::*;

    fn order() -> LoadOrder {
        LoadOrder {
            address: "127.0.0.1:8080".into(),
            method: Method::Get,
            path: "/point-read/{id}?a=b".into(),
            ids: 10,
            load: Load::Closed { users: 4 },
            warmup: HumanDuration::from_millis(0),
            duration: HumanDuration::from_secs(1),
            request_timeout: HumanDuration::from_secs(5),
            seed: 1,
            cut_off: false,
            course: None,
        }
    }

    #[test]
    fn a_plain_order_has_no_problem() {
        for address in ["127.0.0.1:1", "server:8080", "[::1]:65535", "a-b.example:80"] {
            assert_eq!(validate(&LoadOrder { address: address.into(), ..order() }), [""; 0], "{address}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let open = |rate_per_s| Load::Open { rate_per_s, arrivals: Arrivals::Poisson, users: 0 };
        let bad = LoadOrder {
            address: "localhost".into(),
            path: "point read".into(),
            ids: 0,
            load: open(f64::NAN),
            warmup: HumanDuration::from_secs(4_000),
            duration: HumanDuration::from_millis(5),
            request_timeout: HumanDuration::from_millis(0),
            ..order()
        };
        assert_eq!(validate(&bad).len(), 8, "{:#?}", validate(&bad));
        for rate in [0.0, -1.0, f64::INFINITY, 1e9] {
            assert_eq!(validate(&LoadOrder { load: open(rate), ..order() }).len(), 2, "{rate}");
        }
    }

    #[test]
    fn an_address_or_path_that_would_change_the_request_is_refused() {
        for address in
            ["", ":80", "host:", "host:0", "host:99999", "a b:80", "::1:80", "user@host:80", "host/x:80"]
        {
            assert_eq!(validate(&LoadOrder { address: address.into(), ..order() }).len(), 1, "{address}");
        }
        for path in ["", "x", "/a b", "/a#b", "/a\r\nHost: x", "http://other/", "//other/{id} x"] {
            assert_eq!(validate(&LoadOrder { path: path.into(), ..order() }).len(), 1, "{path:?}");
        }
    }
}
