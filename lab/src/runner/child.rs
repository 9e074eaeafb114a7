//! A child process of the lab: an order in, events out, and a lifeline.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, Command};
use tokio::sync::mpsc;

/// Lines of a child's standard error that are kept to explain its end.
const KEPT_LINES: usize = 12;

/// The same program as this one, started with other words.
pub struct Child<E> {
    name: &'static str,
    process: tokio::process::Child,
    /// Closing it is the order to stop.
    lifeline: Option<ChildStdin>,
    events: mpsc::UnboundedReceiver<(Instant, String)>,
    last_words: Arc<Mutex<VecDeque<String>>>,
    event: PhantomData<E>,
}

impl<E: DeserializeOwned> Child<E> {
    /// Starts it and hands it its order.
    pub async fn start(name: &'static str, words: &[&str], order: &impl Serialize) -> Result<Self, String> {
        let program =
            std::env::current_exe().map_err(|why| format!("can't find this program itself: {why}"))?;
        let mut process = Command::new(program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C in the terminal reaches the lab only, which then ends its children in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|why| format!("can't start the {name}: {why}"))?;

        let (sender, events) = mpsc::unbounded_channel();
        if let Some(stdout) = process.stdout.take() {
            tokio::spawn(async move {
                let mut lines = BufReader::new(stdout).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    if sender.send((Instant::now(), line)).is_err() {
                        break;
                    }
                }
            });
        }
        let last_words = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(stderr) = process.stderr.take() {
            let kept = Arc::clone(&last_words);
            tokio::spawn(async move {
                let mut lines = BufReader::new(stderr).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    tracing::debug!(child = name, "{line}");
                    let mut kept = kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    if kept.len() == KEPT_LINES {
                        kept.pop_front();
                    }
                    kept.push_back(line);
                }
            });
        }

        let lifeline = process.stdin.take();
        let mut child = Self { name, process, lifeline, events, last_words, event: PhantomData };
        child.ask(order).await?;
        Ok(child)
    }

    /// Tells it one thing: its order, and after that whatever it listens to.
    pub async fn ask(&mut self, order: &impl Serialize) -> Result<(), String> {
        let mut line =
            serde_json::to_vec(order).map_err(|why| format!("an order can't be written: {why}"))?;
        line.push(b'\n');
        let Some(stdin) = &mut self.lifeline else {
            return Err(format!("the {} takes no orders", self.name));
        };
        stdin.write_all(&line).await.map_err(|why| format!("the {} takes no orders: {why}", self.name))
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// Its next event, with the moment at which it arrived.
    pub async fn event(&mut self, within: Duration) -> Result<(Instant, E), String> {
        match self.event_by(Instant::now() + within).await? {
            Some(event) => Ok(event),
            None => Err(format!("the {} has said nothing for {within:?}{}", self.name, self.words())),
        }
    }

    /// Its next event by a deadline; `None`: it said nothing until then.
    pub async fn event_by(&mut self, deadline: Instant) -> Result<Option<(Instant, E)>, String> {
        match tokio::time::timeout_at(deadline.into(), self.events.recv()).await {
            Ok(Some((at, line))) => self.read(&line).map(|event| Some((at, event))),
            Ok(None) => Err(self.obituary().await),
            Err(_) => Ok(None),
        }
    }

    fn read(&self, line: &str) -> Result<E, String> {
        serde_json::from_str(line)
            .map_err(|why| format!("the {} sent an invalid message ({why}): {line}", self.name))
    }

    /// Asks it to stop and waits; gives its exit code, or nothing when it had to be killed.
    pub async fn stop(mut self, patience: Duration) -> Option<i32> {
        drop(self.lifeline.take());
        match tokio::time::timeout(patience, self.process.wait()).await {
            Ok(Ok(status)) => status.code(),
            _ => {
                // It has been asked; its end is on its own account and shows as a missing exit code.
                let _ = self.process.kill().await;
                None
            }
        }
    }

    async fn obituary(&mut self) -> String {
        let status = match tokio::time::timeout(Duration::from_secs(2), self.process.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            _ => "closed its output".to_owned(),
        };
        format!("the {} ended early ({status}){}", self.name, self.words())
    }

    fn words(&self) -> String {
        let kept = self.last_words.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        kept.iter().fold(String::new(), |all, line| format!("{all}\n  | {line}"))
    }
}
