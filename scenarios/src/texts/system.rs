//! The kernel, containers, and what any program may print.

use super::{ErrorText, LOST, Layer, REFUSED};

const fn says(
    source: &'static str,
    layer: Layer,
    pieces: &'static [&'static str],
    scenarios: &'static [&'static str],
    note: &'static str,
) -> ErrorText {
    ErrorText::new(source, layer, pieces, scenarios, note)
}

pub static TEXTS: &[ErrorText] = &[
    says("Linux", Layer::Server, &["EADDRNOTAVAIL"], &["port-exhaustion"], ""),
    says(
        "Linux",
        Layer::Driver,
        &["Cannot assign requested address"],
        &["port-exhaustion"],
        "For ::1 it only means that there is no IPv6: read the line after it.",
    ),
    says("Linux", Layer::Driver, &["AddrNotAvailable"], &["port-exhaustion"], "Rust's name for it."),
    says(
        "Linux",
        Layer::Server,
        &["Out of memory: Killed process", "postgres"],
        &["oom-kill"],
        "The kernel's own log.",
    ),
    says(
        "Linux",
        Layer::Server,
        &["Memory cgroup out of memory: Kill", "postgres"],
        &["oom-kill"],
        "The kernel's own log: the container's limit, not the machine's memory.",
    ),
    says(
        "Kubernetes",
        Layer::Server,
        &["OOMKilled"],
        &["oom-kill"],
        "If it is Postgres's pod. If it is the service's, look at its own memory.",
    ),
    says(
        "any",
        Layer::Generic,
        &["ECONNREFUSED"],
        REFUSED,
        "Nothing listens there: Postgres is down, or the address is wrong.",
    ),
    says(
        "any",
        Layer::Generic,
        &["Connection refused"],
        REFUSED,
        "Nothing listens there: Postgres is down, or the address is wrong.",
    ),
    says(
        "any",
        Layer::Generic,
        &["ECONNRESET"],
        LOST,
        "The other side, or something on the way, cut the connection.",
    ),
    says(
        "any",
        Layer::Generic,
        &["Connection reset by peer"],
        LOST,
        "The other side, or something on the way, cut the connection.",
    ),
    says("any", Layer::Generic, &["Broken pipe"], LOST, "The connection was closed before this write."),
    says("any", Layer::Generic, &["EPIPE"], LOST, "The connection was closed before this write."),
    says(
        "Kubernetes",
        Layer::Generic,
        &["CrashLoopBackOff"],
        &["replicas"],
        "If the reason is the database: look into the log of the previous attempt.",
    ),
    says("Kubernetes", Layer::Generic, &["Readiness probe failed"], &["replicas", "blocking-in-async"], ""),
    says(
        "Kubernetes",
        Layer::Generic,
        &["Liveness probe failed"],
        &["blocking-in-async"],
        "If the service's liveness check needs no database, its workers are blocked.",
    ),
    says(
        "nginx",
        Layer::Generic,
        &["upstream timed out (110"],
        &["waits-for-ever", "nested-checkout", "blocking-in-async"],
        "The service did not answer in time, and did not fail either.",
    ),
    says(
        "nginx",
        Layer::Generic,
        &["504 Gateway Time-out"],
        &["waits-for-ever", "nested-checkout", "blocking-in-async"],
        "The service did not answer in time, and did not fail either.",
    ),
];
