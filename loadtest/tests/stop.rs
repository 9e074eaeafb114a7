//! A run ends when it is told to, as a library and as a child process.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use poollab_loadtest::{LoadError, conducted, run};
use poollab_model::HumanDuration;
use poollab_model::wire::{LoadEvent, LoadOrder};
use support::{Reply, Service, closed, measured, ms, right};

/// Set in the child of the tests below.
const IS_CHILD: &str = "POOLLAB_LOADTEST_CHILD";

#[test]
fn two_runs_in_one_process_do_not_disturb_each_other() {
    let service = Service::start(right);
    for _ in 0..2 {
        let result = measured(&closed(service.address, 2));
        assert!(result.requests.ok > 0);
        assert_eq!(result.requests.failed, 0, "{:?}", result.errors);
    }
}

#[test]
fn a_run_that_is_stopped_has_no_result() {
    let service = Service::start(|_| Reply::Never);
    let begin = Instant::now();
    let stop = async {
        tokio::time::sleep(ms(300)).await;
        "enough".to_owned()
    };
    let order = LoadOrder { duration: HumanDuration::from_secs(60), ..closed(service.address, 4) };
    let stopped = run(&order, stop, |_| ());
    assert!(matches!(stopped, Err(LoadError::Stopped(why)) if why == "enough"));
    assert!(begin.elapsed() < Duration::from_secs(20));
}

/// Not a test of its own: the process that the others start. It does nothing when run by hand.
#[test]
#[ignore = "a child process of other tests"]
fn child() {
    if std::env::var_os(IS_CHILD).is_some() {
        let code = conducted();
        let known = [0, 2, 3, 130].into_iter().find(|known| code == ExitCode::from(*known));
        std::process::exit(known.map_or(99, i32::from));
    }
}

struct Conducted {
    child: Child,
    stdin: Option<ChildStdin>,
    events: Receiver<LoadEvent>,
    /// What it printed beside events.
    chatter: Receiver<String>,
}

impl Conducted {
    fn start(first_line: &str) -> Self {
        Self::start_in("true", first_line)
    }

    /// After a command of the shell that changes what the child may use.
    fn start_in(setting: &str, first_line: &str) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", &format!("{setting}; exec \"$0\" --ignored --exact child --nocapture")])
            .arg(std::env::current_exe().unwrap())
            .env(IS_CHILD, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(first_line.as_bytes()).unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let ((event, events), (other, chatter)) = (channel(), channel());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // To the end, also when nobody listens any more: a full pipe would stop the child.
                match serde_json::from_str(&line) {
                    Ok(said) => drop(event.send(said)),
                    // The test harness says a few words of its own.
                    Err(_) if line.is_empty() || line == "running 1 test" => (),
                    Err(_) => drop(other.send(line)),
                }
            }
        });
        Self { child, stdin: Some(stdin), events, chatter }
    }

    fn order(order: &LoadOrder) -> Self {
        Self::start(&order_line(order))
    }

    fn wait_for_measuring(&self) {
        let event = self.events.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(matches!(event, LoadEvent::Measuring), "{event:?}");
    }

    /// The exit code; panics, and kills, when it doesn't end by itself.
    fn exit_code(&mut self) -> Option<i32> {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(ms(20));
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        panic!("it did not end");
    }
}

fn order_line(order: &LoadOrder) -> String {
    serde_json::to_string(order).unwrap() + "\n"
}

fn a_long_order(service: &Service) -> LoadOrder {
    LoadOrder { duration: HumanDuration::from_secs(600), ..closed(service.address, 2) }
}

#[test]
fn an_order_is_carried_out_and_told() {
    let service = Service::start(right);
    let mut child = Conducted::order(&closed(service.address, 2));
    child.wait_for_measuring();
    assert_eq!(child.exit_code(), Some(0));
    let events: Vec<_> = child.events.iter().collect();
    let Some((LoadEvent::Done(result), progress)) = events.split_last() else { panic!("{events:?}") };
    assert!(result.requests.ok > 0 && result.memory_bytes != Some(0));
    assert!(progress.len() >= result.intervals.len(), "waiting for the last ones is told, too");
}

#[test]
fn it_ends_when_whoever_started_it_is_gone() {
    let service = Service::start(right);
    let mut child = Conducted::order(&a_long_order(&service));
    child.wait_for_measuring();
    child.stdin = None;
    assert_eq!(child.exit_code(), Some(130));
    assert!(matches!(child.events.iter().last(), Some(LoadEvent::Failed { .. })));
}

#[test]
fn it_ends_on_sigterm_while_the_service_hangs() {
    let service = Service::start(|_| Reply::Never);
    let mut child = Conducted::order(&a_long_order(&service));
    child.wait_for_measuring();
    let pid = rustix::process::Pid::from_child(&child.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.exit_code(), Some(130));
}

#[test]
fn it_ends_on_ctrl_c() {
    let service = Service::start(right);
    let mut child = Conducted::order(&a_long_order(&service));
    child.wait_for_measuring();
    let pid = rustix::process::Pid::from_child(&child.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.exit_code(), Some(130));
    // goose warns of it, and by itself it would do so in the middle of the events.
    assert_eq!(child.chatter.iter().collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn more_users_than_files_is_the_generators_want_and_not_the_services_failure() {
    let limit = |soft: &str, hard: &str| {
        let service = Service::start(right);
        let mut order = closed(service.address, 200);
        order.duration = HumanDuration::from_millis(200);
        let mut child =
            Conducted::start_in(&format!("ulimit -S -n {soft}; ulimit -H -n {hard}"), &order_line(&order));
        (child.exit_code(), child.events.iter().last())
    };
    let (code, event) = limit("100", "1000");
    let Some(LoadEvent::Done(result)) = event else { panic!("{event:?}") };
    assert_eq!((code, result.requests.failed), (Some(0), 0), "{:?}", result.errors);
    let (code, event) = limit("100", "100");
    let Some(LoadEvent::Failed { message }) = event else { panic!("{event:?}") };
    assert!(code == Some(3) && message.contains("open files"), "{message}");
}

#[test]
fn what_is_not_an_order_is_refused_in_words() {
    let mut child = Conducted::start("{\"address\":1}\n");
    assert_eq!(child.exit_code(), Some(2));
    let Some(LoadEvent::Failed { message }) = child.events.iter().last() else { panic!("it said nothing") };
    assert!(message.contains("LoadOrder"), "{message}");
}
