//! What several scenarios look at.

use crate::scenario::Look;

/// Sessions by role, application and state.
pub const SESSIONS: &str = "SELECT usename, application_name, client_addr, state, count(*), \
max(now() - state_change) AS longest FROM pg_stat_activity WHERE backend_type = 'client backend' \
GROUP BY 1, 2, 3, 4 ORDER BY count(*) DESC";

/// Sessions by role against the slots there are.
pub const SLOTS: &str = "SELECT count(*) AS used, current_setting('max_connections') AS slots, \
current_setting('superuser_reserved_connections') AS reserved FROM pg_stat_activity \
WHERE backend_type = 'client backend'";

/// What sessions wait for.
pub const WAITS: &str = "SELECT state, wait_event_type, wait_event, count(*) FROM pg_stat_activity \
WHERE backend_type = 'client backend' GROUP BY 1, 2, 3 ORDER BY 4 DESC";

/// A query, and what to see in it.
pub const fn sql(run: &'static str, see: &'static str) -> Look {
    Look { with: "sql", run, see }
}

/// A command, and what to see in it.
pub const fn sh(run: &'static str, see: &'static str) -> Look {
    Look { with: "sh", run, see }
}

/// A command of PgBouncer's admin console, and what to see in it.
pub const fn console(run: &'static str, see: &'static str) -> Look {
    Look { with: "pgbouncer", run, see }
}
