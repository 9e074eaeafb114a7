//! The service alone: give it an order as a line of JSON on standard input. Without an argument it is the
//! child of the lab; with `by-hand` it is what a person or a container starts. The suites start it.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some("by-hand") {
        return poollab_servers::conducted();
    }
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line).map(|_| serde_json::from_str(&line)) {
        Ok(Ok(order)) => poollab_servers::standalone(order),
        other => {
            eprintln!("an order as a line of JSON is expected on standard input: {other:?}");
            ExitCode::from(2)
        }
    }
}
