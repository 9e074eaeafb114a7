//! The two drivers of Rust's `postgres` family, as sessions. What is in here is the same for all
//! strategies that use the driver; how a connection is obtained and given back is theirs.

pub mod asynchronous;
pub mod shared;
pub mod synchronous;

use std::sync::Arc;
use std::time::Duration;

use poollab_db::connect::{self, ConnectError, Tls};
use poollab_model::{Endpoint, Settings};
use tokio_postgres::config::SslMode;

/// The driver's configuration for this endpoint under these settings.
pub fn config(endpoint: &Endpoint, application_name: &str, settings: &Settings) -> tokio_postgres::Config {
    let mut config = connect::config(endpoint, application_name);
    if settings.tls {
        config.ssl_mode(SslMode::Require);
    }
    if let Some(limit) = settings.statement_timeout {
        config.options(format!("-c statement_timeout={}", whole_millis(limit.0)));
    }
    if let Some(limit) = settings.connect_timeout {
        // Covers the socket only; an asynchronous connector also limits the log-in.
        config.connect_timeout(limit.0);
    }
    config
}

/// At least one: 0 would mean that there is no limit.
pub fn whole_millis(duration: Duration) -> u128 {
    duration.as_millis().max(1)
}

/// TLS as the settings want it.
///
/// # Errors
/// Where TLS is wanted: the certificate can't be read, or the system trusts nobody.
pub fn tls(endpoint: &Endpoint, settings: &Settings) -> Result<Tls, ConnectError> {
    if settings.tls {
        return connect::tls(endpoint);
    }
    // The drivers' types ask for a connector even where it will never be used: one that trusts nobody.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let nobody = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(Tls::new(nobody))
}
