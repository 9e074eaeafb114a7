//! The service's role, as a scenario wants it.

use super::Observer;
use crate::error::DbError;

impl Observer {
    /// Sets how many connections a role may have at once; `None`: as many as there are slots.
    ///
    /// # Errors
    /// The database refuses it, or can't be reached.
    pub async fn limit_role(&self, role: &str, connections: Option<u32>) -> Result<(), DbError> {
        let limit = connections.map_or(-1, i64::from);
        let role = role.replace('"', "\"\"");
        self.client()?
            .batch_execute(&format!("ALTER ROLE \"{role}\" CONNECTION LIMIT {limit}"))
            .await
            .map_err(|error| DbError::statement("limiting the service's role", &error))
    }
}
