//! The lab's side of a guard.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use poollab_model::HumanDuration;
use poollab_model::wire::{GuardEvent, GuardOrder, GuardReady, GuardRequest};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::OrderLine;
use crate::error::{DbError, Doing};

/// Stopping takes a tenth of a second; a server that has to be killed, some ten.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Coming back takes tenths of a second; under a tight limit of CPU, seconds.
const RESTART_PATIENCE: Duration = Duration::from_secs(30);

/// A guard with its cluster. Dropping it lets both end by themselves, soon; [`stop`](Self::stop) waits for it.
#[derive(Debug)]
pub struct Guard {
    child: Child,
    /// Closing it is the order to end.
    lifeline: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
    ready: GuardReady,
}

impl Guard {
    /// Starts one and waits until its cluster is ready. The lab gives its own executable and
    /// `["db", "guard"]`.
    ///
    /// # Errors
    /// The program can't be run, or the cluster can't be had (see [`Cluster`](crate::Cluster)).
    pub async fn spawn(program: &Path, args: &[&str], order: &GuardOrder) -> Result<Self, DbError> {
        let line = OrderLine { order: order.clone(), detached: None };
        let (child, lifeline, events, ready) = spawn(program, args, &line).await?;
        Ok(Self { child, lifeline, events, ready })
    }

    /// Where the cluster is and how to get in.
    pub fn ready(&self) -> &GuardReady {
        &self.ready
    }

    /// Resolves only when the cluster or its guard ended by itself; says why. It may be given up and called
    /// again.
    pub async fn failed(&mut self) -> DbError {
        match self.events.next_line().await {
            Ok(Some(line)) => match serde_json::from_str(&line) {
                Ok(GuardEvent::Failed { message }) => DbError::Start(message),
                _ => DbError::Start(format!("the database's guard said what it should not: {line}")),
            },
            _ => DbError::Start("the database's guard ended without a word".into()),
        }
    }

    /// Asks it whether it lives.
    ///
    /// # Errors
    /// It says nothing for so long, or has ended. Then nobody looks after the database.
    pub async fn answers(&mut self, within: Duration) -> Result<(), DbError> {
        self.ask(&GuardRequest::Answer).await?;
        match timeout(within, self.events.next_line()).await {
            Ok(Ok(Some(line))) => match serde_json::from_str(&line) {
                Ok(GuardEvent::Alive) => Ok(()),
                Ok(GuardEvent::Failed { message }) => Err(DbError::Start(message)),
                _ => Err(DbError::Start(format!("the database's guard said what it should not: {line}"))),
            },
            Ok(_) => Err(DbError::Start("the database's guard ended without a word".into())),
            Err(_) => Err(DbError::Start(format!(
                "the database's guard did not answer for {} s: it was stopped, or the machine gave it no time, and so \
                 perhaps to the database. Look at what else runs on this machine",
                within.as_secs()
            ))),
        }
    }

    async fn ask(&mut self, request: &GuardRequest) -> Result<(), DbError> {
        let mut line = serde_json::to_vec(request)
            .map_err(|why| DbError::Start(format!("the guard's request can't be written: {why}")))?;
        line.push(b'\n');
        self.lifeline.write_all(&line).await.doing(|| "asking the database's guard".into())
    }

    /// Has the server stopped (mode fast) and, after it was down for a while, started again; returns when it
    /// takes connections.
    ///
    /// # Errors
    /// It does not come back, or the guard ended.
    pub async fn restart(&mut self, down: Duration) -> Result<(), DbError> {
        self.ask(&GuardRequest::Restart { down: HumanDuration(down) }).await?;
        match timeout(down + RESTART_PATIENCE, self.events.next_line()).await {
            Ok(Ok(Some(line))) => match serde_json::from_str(&line) {
                Ok(GuardEvent::Restarted { pid }) => {
                    self.ready.pid = pid;
                    Ok(())
                }
                Ok(GuardEvent::Failed { message }) => Err(DbError::Start(message)),
                _ => Err(DbError::Start(format!("the database's guard said what it should not: {line}"))),
            },
            Ok(_) => Err(DbError::Start("the database's guard ended without a word".into())),
            Err(_) => Err(DbError::Start(format!(
                "the database did not come back within {} s of its restart",
                RESTART_PATIENCE.as_secs()
            ))),
        }
    }

    /// Stops the cluster and waits until everything of it is gone.
    ///
    /// # Errors
    /// Something could not be removed, or the guard had to be killed (then the next start clears away).
    pub async fn stop(self) -> Result<(), DbError> {
        let Self { mut child, lifeline, mut events, .. } = self;
        drop(lifeline);
        let end = async {
            let mut complaint = None;
            while let Ok(Some(line)) = events.next_line().await {
                if let Ok(GuardEvent::Failed { message }) = serde_json::from_str(&line) {
                    complaint = Some(message);
                }
            }
            (child.wait().await, complaint)
        };
        match timeout(STOP_PATIENCE, end).await {
            Ok((Ok(status), None)) if status.success() => Ok(()),
            Ok((_, Some(complaint))) => Err(DbError::Start(complaint)),
            Ok((status, None)) => Err(died(status.ok())),
            Err(_) => {
                child.kill().await.doing(|| "killing the database's guard".into())?;
                Err(DbError::Start(format!(
                    "the database's guard did not end within {} s and was killed; the next start of poollab \
                     clears away what it left",
                    STOP_PATIENCE.as_secs()
                )))
            }
        }
    }
}

type Started = (Child, ChildStdin, Lines<BufReader<ChildStdout>>, GuardReady);

/// Starts a guard, gives it its order and waits for its first word.
pub(super) async fn spawn(program: &Path, args: &[&str], line: &OrderLine) -> Result<Started, DbError> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    if line.detached.is_some() {
        // It outlives this terminal.
        command.stderr(Stdio::null());
    }
    let mut child =
        command.spawn().doing(|| format!("starting the database's guard ({})", program.display()))?;
    let (Some(mut lifeline), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(DbError::Start("the database's guard has no pipes".into()));
    };
    let mut text = serde_json::to_vec(line)
        .map_err(|why| DbError::Start(format!("the guard's order can't be written: {why}")))?;
    text.push(b'\n');
    let sent = lifeline.write_all(&text).await;
    let mut events = BufReader::new(stdout).lines();
    let first = events.next_line().await.ok().flatten();
    match first.as_deref().map(serde_json::from_str) {
        Some(Ok(GuardEvent::Ready(ready))) => {
            sent.doing(|| "writing the guard's order".into())?;
            Ok((child, lifeline, events, *ready))
        }
        Some(Ok(GuardEvent::Failed { message })) => {
            drop(lifeline);
            let status = child.wait().await.ok();
            Err(if status.and_then(|it| it.code()) == Some(2) {
                DbError::Usage(message)
            } else {
                DbError::Start(message)
            })
        }
        Some(Ok(GuardEvent::Restarted { .. } | GuardEvent::Alive)) => Err(DbError::Start(
            "the database's guard spoke of a restart or of its life before it was ready".into(),
        )),
        Some(Err(why)) => Err(DbError::Start(format!("the database's guard said what it should not: {why}"))),
        None => Err(died(child.wait().await.ok())),
    }
}

fn died(status: Option<ExitStatus>) -> DbError {
    let status = status.map_or_else(|| "unknown status".to_owned(), |status| status.to_string());
    DbError::Start(format!(
        "the database's guard ended without a word ({status}); the next start of poollab clears away what it left"
    ))
}
