//! What is looked at beside load, pool and database: `/healthz`, and the kernel's list of sockets.

use std::time::{Duration, Instant};

use poollab_model::{Endpoint, Method};
use tokio::sync::watch;

use crate::runner::http;

/// Asks `/healthz` every so often until `ended`; gives how often it asked, and how often it was answered in
/// time: before the next question.
pub async fn healthz(address: &str, every: Duration, ended: &mut watch::Receiver<bool>) -> (u64, u64) {
    let (mut asked, mut answered) = (0, 0);
    let mut next = Instant::now();
    loop {
        next += every;
        tokio::select! {
            () = tokio::time::sleep_until(next.into()) => {}
            _ = ended.wait_for(|ended| *ended) => return (asked, answered),
        }
        let answer = tokio::select! {
            answer = http::ask(address, Method::Get, "/healthz", every) => answer,
            // The last question had not its full time, so it does not count.
            _ = ended.wait_for(|ended| *ended) => return (asked, answered),
        };
        asked += 1;
        answered += u64::from(answer.is_ok_and(|(status, _)| status == 200));
        // Not sooner than the rhythm: an answer that was late is followed by the next question at once.
        next = next.max(Instant::now() - every);
    }
}

/// Sockets to the database in TIME_WAIT, on either side of the connection. `None`: the kernel does not tell.
pub fn time_wait(endpoint: &Endpoint) -> Option<u32> {
    const TIME_WAIT: &str = "06";
    let port = format!(":{:04X}", endpoint.port);
    let tables: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    if tables.is_empty() {
        return None;
    }
    let waits = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote, state) = (fields.next(), fields.next(), fields.next());
        state == Some(TIME_WAIT)
            && [local, remote].into_iter().flatten().any(|address| address.ends_with(&port))
    };
    let count = tables.iter().map(|table| table.lines().filter(waits).count()).sum::<usize>();
    u32::try_from(count).ok()
}
