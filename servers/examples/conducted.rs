//! The service as a child of the lab, alone: give it an order as a line of JSON on standard input. The
//! conformance suite starts it; by hand it is good for a look at what the two tell each other.

use std::process::ExitCode;

fn main() -> ExitCode {
    poollab_servers::conducted()
}
