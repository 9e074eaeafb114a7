//! An order as `drive.js` reads it.

use std::time::Duration;

use poollab_model::wire::LoadOrder;
use poollab_model::{HumanDuration, Load};
use serde_json::{Map, Value, json};

/// k6 has no executor that is shorter.
const SHORTEST: HumanDuration = HumanDuration::from_secs(1);
/// The scripts' own bounds for a request.
const LONGEST_TIMEOUT: HumanDuration = HumanDuration::from_secs(120);
/// And for users: each is a virtual machine of JavaScript.
const MOST_USERS: u32 = 5_000;

/// What of a load k6 can't do, each with what to do.
pub fn problems(load: &Load, duration: HumanDuration, request_timeout: HumanDuration) -> Vec<String> {
    let mut problems = Vec::new();
    if duration < SHORTEST {
        problems.push(format!(
            "k6 can't measure for less than {SHORTEST}, and {duration} is asked for: raise --duration"
        ));
    }
    if request_timeout < SHORTEST || request_timeout > LONGEST_TIMEOUT {
        problems.push(format!(
            "k6 is given {request_timeout} as the time-out of a request; its scripts take {SHORTEST} to {LONGEST_TIMEOUT}"
        ));
    }
    if load.users() > MOST_USERS {
        problems.push(format!("k6 is given {} users; {MOST_USERS} are the most here", load.users()));
    }
    problems
}

/// How long k6 warms up: whole seconds, since it knows no shorter load.
pub fn warmup(order: &LoadOrder) -> Duration {
    Duration::from_secs(order.warmup.as_secs_f64().ceil() as u64)
}

/// For the environment variable ORDER.
pub fn text(order: &LoadOrder) -> Value {
    let (path, query) = order.path.split_once('?').unwrap_or((&order.path, ""));
    let workload = path.trim_matches('/').split('/').next().unwrap_or_default();
    let parameters: Map<String, Value> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), parameter(value)))
        .collect();
    json!({
        "url": format!("http://{}", order.address),
        "workload": { "id": workload, "method": order.method, "ids": order.ids, "parameters": parameters },
        "load": order.load,
        "duration": milliseconds(order.duration),
        "warmup_s": warmup(order).as_secs(),
    })
}

/// As k6 writes a duration.
pub fn milliseconds(duration: HumanDuration) -> String {
    format!("{}ms", duration.0.as_millis())
}

/// The summary repeats parameters, and is read as a workload's: with their types.
fn parameter(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use poollab_model::{Arrivals, Method};

    #[test]
    fn a_path_with_parameters_comes_apart_as_the_scripts_put_it_together() {
        let order = LoadOrder {
            address: "127.0.0.1:1".into(),
            method: Method::Get,
            path: "/hold/{id}?think_ms=5&release_early=true".into(),
            ids: 10,
            load: Load::Open { rate_per_s: 2.5, arrivals: Arrivals::Poisson, users: 4 },
            warmup: HumanDuration::from_millis(300),
            duration: HumanDuration::from_millis(1_500),
            request_timeout: HumanDuration::from_secs(10),
            seed: 1,
            cut_off: false,
            course: None,
        };
        let text = text(&order);
        assert_eq!(text["workload"]["id"], "hold");
        assert_eq!(text["workload"]["method"], "GET");
        assert_eq!(text["workload"]["parameters"], json!({ "think_ms": 5, "release_early": true }));
        assert_eq!((&text["duration"], &text["warmup_s"]), (&json!("1500ms"), &json!(1)));
        assert_eq!(problems(&order.load, HumanDuration::from_millis(900), order.request_timeout).len(), 1);
    }
}
