//! Blocking threads of a strategy's own. Not actix's `web::block`: that has a limit of its own, which is
//! a hidden queue; the number of these is a setting, and waiting for one counts as waiting.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use poollab_model::ErrorKind;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::fault::Fault;

/// At most so many threads, started when they are needed; first come, first served.
pub struct Threads {
    handle: Handle,
    /// Only its blocking threads are used. Taken out to end it.
    runtime: Mutex<Option<Runtime>>,
}

impl Threads {
    /// At most `limit` threads.
    ///
    /// # Errors
    /// The system gives none.
    pub fn new(limit: u32) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(limit.max(1) as usize)
            .thread_name("blocking")
            // A burst must not pay for starting threads again.
            .thread_keep_alive(Duration::from_secs(600))
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Mutex::new(Some(runtime)) })
    }

    /// Runs a job when a thread is free. A job whose caller has gone is run all the same, as one behind
    /// `web::block` would be.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        self.handle
            .spawn_blocking(job)
            .await
            .map_err(|why| Fault::new(ErrorKind::Query, format!("a blocking thread failed: {why}")))
    }

    /// Takes no more jobs; does not wait for those that run.
    pub fn close(&self) {
        if let Ok(mut runtime) = self.runtime.lock()
            && let Some(runtime) = runtime.take()
        {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.close();
    }
}
