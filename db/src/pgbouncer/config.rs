//! PgBouncer's two files.

use std::fmt::Write as _;
use std::path::Path;

use poollab_model::wire::PoolerOrder;
use poollab_model::{Endpoint, Host, Route, Secret};

/// The role of its admin console. It exists in PgBouncer only.
pub(super) const ADMIN: &str = "poollab_pooler";

/// What its files are made of.
pub(super) struct Parts<'a> {
    pub order: &'a PoolerOrder,
    /// The service's way to Postgres without a pooler, by its socket.
    pub server: &'a Endpoint,
    /// Where its socket is to be.
    pub sockets: &'a Path,
    pub port: u16,
    /// Folder with Postgres's certificate and key, so that a client sees the same ones.
    pub certificates: &'a Path,
    pub users: &'a Path,
    pub pid: &'a Path,
}

impl Parts<'_> {
    /// `pgbouncer.ini`. Settings that are not here have PgBouncer's own defaults.
    pub fn ini(&self) -> String {
        let folder = match &self.server.host {
            Host::Socket(folder) => folder.display().to_string(),
            Host::Tcp(host) => host.clone(),
        };
        let mode = match self.order.route {
            Route::PgbouncerSession => "session",
            Route::PgbouncerTransaction | Route::Direct => "transaction",
        };
        let mut settings = vec![
            ("listen_addr", "127.0.0.1".to_owned()),
            ("listen_port", self.port.to_string()),
            ("unix_socket_dir", self.sockets.display().to_string()),
            ("auth_type", "scram-sha-256".to_owned()),
            ("auth_file", self.users.display().to_string()),
            ("admin_users", ADMIN.to_owned()),
            ("pidfile", self.pid.display().to_string()),
            ("pool_mode", mode.to_owned()),
            ("default_pool_size", self.order.pool_size.to_string()),
            ("max_client_conn", self.order.max_clients.to_string()),
            // sqlx and JDBC send the first. The second would carry `-c statement_timeout=…`, which no pooler
            // can keep apart for its clients: the role has it instead.
            ("ignore_startup_parameters", "extra_float_digits, options".to_owned()),
            ("client_tls_sslmode", "allow".to_owned()),
            ("client_tls_cert_file", self.certificates.join("server.crt").display().to_string()),
            ("client_tls_key_file", self.certificates.join("server.key").display().to_string()),
            // One line for each connection would be work that no service asked for.
            ("log_connections", "0".to_owned()),
            ("log_disconnections", "0".to_owned()),
        ];
        if let Some(most) = self.order.max_prepared_statements {
            settings.push(("max_prepared_statements", most.to_string()));
        }
        settings.extend(self.order.settings.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let mut text = format!(
            "[databases]\n{name} = host='{}' port={} dbname={name}\n\n[pgbouncer]\n",
            folder.replace('\'', "''"),
            self.server.port,
            name = self.server.dbname,
        );
        for (name, value) in settings {
            let _ = writeln!(text, "{name} = {value}");
        }
        text
    }

    /// The file of users: the service's role and the console's.
    ///
    /// The service's password is there as the verifier that Postgres has: with the password itself PgBouncer
    /// would derive the verifier at each log-in, 4096 rounds of hashing that Postgres does not do either. With
    /// the same verifier on both sides it can log in to Postgres on behalf of a client that has logged in.
    pub fn users(&self, verifier: &str, admin: &Secret) -> String {
        format!("\"{}\" \"{verifier}\"\n\"{ADMIN}\" \"{}\"\n", self.server.user, admin.reveal())
    }
}
