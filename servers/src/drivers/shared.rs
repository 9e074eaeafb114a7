//! A connection that several requests use at once, opened by the first one that needs it and again by
//! the first one after it was lost.

use std::sync::{Arc, RwLock};

use tokio::sync::Mutex;

use super::asynchronous::Connection;
use crate::fault::Fault;

/// The place of one such connection, with what its strategy keeps beside it.
pub struct SharedConnection<T> {
    current: RwLock<Option<(Arc<Connection>, T)>>,
    /// Held by the request that connects; the others wait instead of connecting too.
    connecting: Mutex<()>,
}

impl<T> Default for SharedConnection<T> {
    fn default() -> Self {
        Self { current: RwLock::new(None), connecting: Mutex::new(()) }
    }
}

impl<T: Clone> SharedConnection<T> {
    /// The connection; `connect` is run if there is none that lives.
    pub async fn get(
        &self,
        connect: impl AsyncFnOnce() -> Result<(Connection, T), Fault>,
    ) -> Result<(Arc<Connection>, T), Fault> {
        if let Some(living) = self.living() {
            return Ok(living);
        }
        let _turn = self.connecting.lock().await;
        if let Some(living) = self.living() {
            return Ok(living);
        }
        let (connection, beside) = connect().await?;
        let opened = (Arc::new(connection), beside);
        if let Ok(mut current) = self.current.write() {
            *current = Some(opened.clone());
        }
        Ok(opened)
    }

    /// Lets go of the connection; it closes when the last request that uses it ends.
    pub fn close(&self) {
        if let Ok(mut current) = self.current.write() {
            *current = None;
        }
    }

    fn living(&self) -> Option<(Arc<Connection>, T)> {
        let current = self.current.read().ok()?;
        current.as_ref().filter(|(connection, _)| !connection.is_closed()).cloned()
    }
}
