//! The observer's thread.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use poollab_model::{BackendCounts, Endpoint};
use tokio::sync::{oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_postgres::{Client, Error, Statement};

use super::{APPLICATION_NAME, CgroupReading, Facts, Sample, ServerReading, Shared, lock};
use crate::connect::{Encryption, open};
use crate::error::DbError;

/// One row for each combination of state and wait; the last columns are the database's and the same in each.
/// The LEFT JOIN makes that row even when nobody is connected.
const LOOK: &str = "\
SELECT a.observed, a.state, a.wait_event_type, a.wait_event, a.n, d.xact_commit, d.xact_rollback
FROM pg_catalog.pg_stat_database AS d
LEFT JOIN (
    SELECT starts_with(application_name, $1) AS observed, state, wait_event_type, wait_event, count(*) AS n
    FROM pg_catalog.pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()
    GROUP BY 1, 2, 3, 4
) AS a ON true
WHERE d.datname = pg_catalog.current_database()";

pub(super) struct Sampler {
    pub endpoint: Endpoint,
    pub encryption: Encryption,
    pub prefix: String,
    pub cgroups: Vec<PathBuf>,
    pub every: Duration,
    pub shared: Arc<Shared>,
}

type Look = Pin<Box<dyn Future<Output = Result<ServerReading, Error>>>>;

/// A connection and its one statement.
#[derive(Clone)]
struct Session {
    client: Arc<Client>,
    look: Statement,
}

impl Sampler {
    pub fn run(self, connected: oneshot::Sender<Result<Facts, DbError>>, stopped: watch::Receiver<()>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(source) => {
                let _ = connected.send(Err(DbError::Io { doing: "starting the observer".into(), source }));
                return;
            }
        };
        runtime.block_on(async {
            let begun = match self.connect().await {
                Ok(session) => Facts::learn(&session.client).await.map(|facts| (session, facts)),
                Err(error) => Err(error),
            };
            match begun {
                Ok((session, facts)) => {
                    if connected.send(Ok(facts)).is_ok() {
                        self.sample(session, stopped).await;
                    }
                }
                Err(error) => drop(connected.send(Err(error))),
            }
        });
        // The connection goes with the runtime that drives it.
        *lock(&self.shared.client) = None;
    }

    async fn connect(&self) -> Result<Session, DbError> {
        let (client, driver) = open(&self.endpoint, APPLICATION_NAME, self.encryption).await?;
        tokio::spawn(driver);
        let look = client
            .prepare(LOOK)
            .await
            .map_err(|error| DbError::statement("preparing the observer", &error))?;
        let client = Arc::new(client);
        *lock(&self.shared.client) = Some(Arc::clone(&client));
        Ok(Session { client, look })
    }

    async fn sample(&self, session: Session, mut stopped: watch::Receiver<()>) {
        let mut session = Some(session);
        let mut under_way: Option<Look> = None;
        let mut tick = interval(self.every);
        // After a pause there is nothing to make up for.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Its sender is never used, only dropped.
                _ = stopped.changed() => return,
                _ = tick.tick() => {}
            }
            if session.as_ref().is_none_or(|session| session.client.is_closed()) {
                *lock(&self.shared.client) = None;
                under_way = None;
                // The server may have restarted after a crash: the figures go on as soon as it is back.
                session =
                    tokio::time::timeout(self.every * 5, self.connect()).await.ok().and_then(Result::ok);
            }
            if under_way.is_none()
                && let Some(session) = session.clone()
            {
                under_way = Some(Box::pin(look(session, self.prefix.clone())));
            }
            // A server that is kept from running answers late. The kernel's figures don't wait for it.
            let server = match &mut under_way {
                None => None,
                Some(answer) => tokio::select! {
                    answer = answer => { under_way = None; answer.ok() }
                    () = sleep(self.every.mul_f64(0.9)) => None,
                },
            };
            let cgroup = CgroupReading::take(&self.cgroups);
            lock(&self.shared.samples).push(Sample { at: Instant::now(), server, cgroup });
        }
    }
}

async fn look(session: Session, prefix: String) -> Result<ServerReading, Error> {
    let rows = session.client.query(&session.look, &[&prefix]).await?;
    let mut reading = ServerReading::default();
    for row in &rows {
        reading.commits = count(row.try_get("xact_commit")?);
        reading.rollbacks = count(row.try_get("xact_rollback")?);
        let Some(n) = row.try_get::<_, Option<i64>>("n")? else { continue };
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        reading.all_backends += n;
        if row.try_get::<_, Option<bool>>("observed")? != Some(true) {
            continue;
        }
        let backends: &mut BackendCounts = &mut reading.backends;
        match row.try_get::<_, Option<&str>>("state")? {
            Some("active") => backends.active += n,
            Some("idle") => backends.idle += n,
            Some("idle in transaction" | "idle in transaction (aborted)") => {
                backends.idle_in_transaction += n
            }
            // Starting, or another role's, of which we may not know.
            _ => backends.other += n,
        }
        let wait_type: Option<&str> = row.try_get("wait_event_type")?;
        if let (Some(wait_type), Some(event)) = (wait_type, row.try_get::<_, Option<&str>>("wait_event")?) {
            if wait_type == "Lock" {
                backends.waiting_for_lock += n;
            }
            let name = format!("{wait_type}:{event}");
            match reading.wait_events.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known += n,
                None => reading.wait_events.push((name, n)),
            }
        }
    }
    Ok(reading)
}

fn count(n: Option<i64>) -> u64 {
    n.and_then(|n| n.try_into().ok()).unwrap_or(0)
}
