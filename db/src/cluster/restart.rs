//! A server that goes down and comes back: what a maintenance window, an upgrade or a failover looks like
//! to a service.

use std::thread;
use std::time::Duration;

use super::Cluster;
use super::account::Account;
use super::binaries::Binaries;
use super::postmaster::Postmaster;
use crate::error::DbError;

impl Cluster {
    /// Stops the server (mode fast), leaves it down for a while, and starts it again under the same limits, on
    /// the same port, with the same data. Its log goes on. Poolers in front of it stay up.
    ///
    /// # Errors
    /// It does not come back.
    pub fn restart(&mut self, down: Duration) -> Result<(), DbError> {
        let binaries = Binaries::find(Some(&self.ready.bin))?;
        let account = Account::choose()?;
        self.postmaster.stop();
        thread::sleep(down);
        self.postmaster = Postmaster::start(&binaries, &account, &self.folder, &self.limiter)?;
        self.ready.pid = self.postmaster.pid();
        Ok(())
    }
}
