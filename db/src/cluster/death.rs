//! A server whose guard is killed ends by itself: the system sends it a signal when its parent dies.
//!
//! Only in a guard. The system sends the signal when the *thread* ends that started the server, and a guard starts it in
//! the thread that lives as long as itself.

use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::limits::spawn_outside;

static IN_GUARD: AtomicBool = AtomicBool::new(false);

/// From now on servers die with this process.
pub(crate) fn die_with_us() {
    IN_GUARD.store(true, Ordering::Relaxed);
}

/// What to put in front of a server's command. `setpriv` is of util-linux; without it a server lives on until the next
/// start of poollab finds it. SIGQUIT ends Postgres and PgBouncer at once, and nothing of them is worth more care.
fn wrapper() -> &'static [&'static str] {
    const SETPRIV: [&str; 3] = ["setpriv", "--pdeathsig", "QUIT"];
    static WORKS: OnceLock<bool> = OnceLock::new();
    let works = || {
        let mut trial = Command::new(SETPRIV[0]);
        trial.args(&SETPRIV[1..]).arg("true");
        trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        spawn_outside(&mut trial).and_then(|mut child| child.wait()).is_ok_and(|status| status.success())
    };
    if IN_GUARD.load(Ordering::Relaxed) && *WORKS.get_or_init(works) { &SETPRIV } else { &[] }
}

/// A command for `program` that dies with us where that can be had.
pub(crate) fn command(program: &std::path::Path, of: impl FnOnce(&std::path::Path) -> Command) -> Command {
    match wrapper().split_first() {
        None => of(program),
        Some((wrapper, arguments)) => {
            let mut command = of(wrapper.as_ref());
            command.args(arguments).arg(program);
            command
        }
    }
}
