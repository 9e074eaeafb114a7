//! Whether something accepts connections where Postgres should be.

use std::time::Duration;

use poollab_model::{Endpoint, Host};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Mutex;

use crate::meter::Moment;

/// How long an answer is good for: probes of an orchestrator must not become a load of their own.
const FRESH: Duration = Duration::from_secs(1);

/// How long the address may take to accept.
const LIMIT: Duration = Duration::from_secs(1);

/// A check that opens a socket and closes it again without a word. Postgres takes that for a port scan:
/// it uses no slot and logs nothing.
pub struct Reach {
    endpoint: Endpoint,
    last: Mutex<Option<(Moment, Result<(), String>)>>,
}

impl Reach {
    /// For this database.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, last: Mutex::new(None) }
    }

    /// Checks, or remembers.
    pub async fn check(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, result)) = &*last
            && at.ago() < FRESH
        {
            return result.clone();
        }
        let result = self.attempt().await;
        *last = Some((Moment::now(), result.clone()));
        result
    }

    async fn attempt(&self) -> Result<(), String> {
        let (address, attempt) = match &self.endpoint.host {
            Host::Tcp(host) => {
                let address = format!("{host}:{}", self.endpoint.port);
                let connecting = TcpStream::connect((host.as_str(), self.endpoint.port));
                (address, tokio::time::timeout(LIMIT, connecting).await.map(|result| result.map(drop)))
            }
            Host::Socket(folder) => {
                let path = folder.join(format!(".s.PGSQL.{}", self.endpoint.port));
                let connecting = UnixStream::connect(&path);
                let attempt = tokio::time::timeout(LIMIT, connecting).await.map(|result| result.map(drop));
                (path.display().to_string(), attempt)
            }
        };
        match attempt {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => {
                Err(format!("nothing accepts connections at {address}: {why}; is Postgres running?"))
            }
            Err(_) => Err(format!("{address} accepted no connection within {LIMIT:?}")),
        }
    }
}
