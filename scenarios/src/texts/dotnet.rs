//! Npgsql.

use super::{ErrorText, LOST, Layer, POOL_EMPTY, REFUSED};

const fn says(
    layer: Layer,
    pieces: &'static [&'static str],
    scenarios: &'static [&'static str],
    note: &'static str,
) -> ErrorText {
    ErrorText::new("Npgsql", layer, pieces, scenarios, note)
}

pub static TEXTS: &[ErrorText] = &[
    says(
        Layer::Pool,
        &["The connection pool has been exhausted, either raise"],
        POOL_EMPTY,
        "Before you raise Max Pool Size (100 for each process): count the slots. Npgsql connects in the request, so a 53300 mostly comes as itself.",
    ),
    says(
        Layer::Driver,
        &["A command is already in progress"],
        &["shared-transaction"],
        "One connection is used twice at once, or a reader was not closed.",
    ),
    says(
        Layer::Driver,
        &["Exception while reading from stream", "Timeout during reading attempt"],
        &["hot-row", "oversized-pool"],
        "Command Timeout (30 s).",
    ),
    says(
        Layer::Driver,
        &["Timeout during reading attempt"],
        &["hot-row", "oversized-pool"],
        "Command Timeout (30 s).",
    ),
    says(
        Layer::Driver,
        &["Exception while reading from stream"],
        LOST,
        "With a TimeoutException inside it is the Command Timeout instead.",
    ),
    says(Layer::Driver, &["Exception while writing to stream"], LOST, ""),
    says(Layer::Driver, &["Timeout during connection attempt"], &["restart-storm", "cold-burst"], ""),
    says(Layer::Driver, &["Npgsql", "Failed to connect to"], REFUSED, ""),
    says(
        Layer::Driver,
        &["Only one usage of each socket address"],
        &["port-exhaustion"],
        "Windows; the range is netsh int ipv4 show dynamicport tcp.",
    ),
];
