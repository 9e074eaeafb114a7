//! From an [`Endpoint`] to what the drivers want.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use poollab_model::{Endpoint, ErrorKind, Host, Verification};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::classify::Failure;
use crate::error::DbError;
use crate::lenient::Lenient;

/// A server that takes longer than this to let us in is not one to measure.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// What `tokio_postgres` and `postgres` take for TLS.
pub type Tls = tokio_postgres_rustls::MakeRustlsConnect;

/// Why TLS can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The endpoint's own certificate is not one.
    #[error("the database's root certificate can't be read ({0}); it must be in PEM form")]
    Certificate(String),
    /// The system trusts nobody.
    #[error(
        "TLS needs root certificates and this system has none ({0}); install the package ca-certificates, \
         or name the file in SSL_CERT_FILE"
    )]
    NoRoots(String),
    /// The roots are no use to verify with.
    #[error("TLS can't be set up: {0}")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
    /// rustls refuses its own defaults.
    #[error("TLS can't be set up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The endpoint as a driver's configuration, without TLS. For TLS also call
/// [`ssl_mode(SslMode::Require)`](tokio_postgres::Config::ssl_mode) and connect with [`tls`].
///
/// No connect time-out is set: who connects decides how long it waits. (The driver's covers TCP's handshake
/// only: put one of your own round the whole of `connect`.)
pub fn config(endpoint: &Endpoint, application_name: &str) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config
        .port(endpoint.port)
        .user(&endpoint.user)
        .dbname(&endpoint.dbname)
        .application_name(application_name)
        .ssl_mode(SslMode::Disable)
        // A peer that vanished is noticed in a minute instead of two hours.
        .keepalives(true)
        .keepalives_idle(Duration::from_secs(30))
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(3);
    match &endpoint.host {
        Host::Tcp(host) => config.host(host),
        Host::Socket(folder) => config.host_path(folder),
    };
    if let Some(password) = &endpoint.password {
        config.password(password.reveal());
    }
    config
}

/// Whether a connection of our own is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Only where the server admits nobody without it.
    IfAsked,
    /// Always, and verified as far as the endpoint says.
    Always,
}

/// What drives a connection; it ends with its client.
pub(crate) type Driver = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

/// Connects for ourselves, within a time-out that covers the whole of it: the driver's own ends with TCP's
/// handshake, and a server that accepts and then says nothing would hold us for ever.
pub(crate) async fn open(
    endpoint: &Endpoint,
    application_name: &str,
    encryption: Encryption,
) -> Result<(Client, Driver), DbError> {
    let doing = match &endpoint.host {
        Host::Tcp(host) => format!("connecting to the database at {host}:{}", endpoint.port),
        Host::Socket(folder) => {
            format!("connecting to the database in {} ({})", folder.display(), endpoint.port)
        }
    };
    let opened = tokio::time::timeout(
        CONNECT_PATIENCE,
        open_patiently(endpoint, application_name, encryption, &doing),
    );
    opened.await.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", CONNECT_PATIENCE.as_secs());
        let failure = Failure { kind: ErrorKind::ConnectTimeout, sqlstate: None, message };
        Err(DbError::Connect { doing, failure })
    })
}

async fn open_patiently(
    endpoint: &Endpoint,
    application_name: &str,
    encryption: Encryption,
    doing: &str,
) -> Result<(Client, Driver), DbError> {
    let mut config = config(endpoint, application_name);
    if encryption == Encryption::IfAsked {
        match config.connect(NoTls).await {
            Ok((client, connection)) => return Ok((client, Box::pin(connection))),
            // "no pg_hba.conf entry for … no encryption" has this state; so have refusals that TLS won't help.
            Err(error)
                if error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
                    && matches!(endpoint.host, Host::Tcp(_)) =>
            {
                tracing::debug!("the database does not let us in without TLS: {error}");
            }
            Err(error) => return Err(DbError::connect(doing, &error)),
        }
    }
    let tls = tls(endpoint).map_err(|why| DbError::Refused(why.to_string()))?;
    config.ssl_mode(SslMode::Require);
    let (client, connection) =
        config.connect(tls).await.map_err(|error| DbError::connect(format!("{doing} with TLS"), &error))?;
    Ok((client, Box::pin(connection)))
}

/// A TLS connector that verifies the server as far as the endpoint says: against its own root certificate, or against
/// the system's roots where it has none.
///
/// # Errors
/// The certificate is not PEM, or the system has no roots.
pub fn tls(endpoint: &Endpoint) -> Result<Tls, ConnectError> {
    // The provider is named because a program that links two of them has no default one.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let config = match endpoint.verification {
        Verification::Host => config.with_root_certificates(roots(endpoint)?),
        Verification::Authority => {
            config.dangerous().with_custom_certificate_verifier(Lenient::of_host(roots(endpoint)?, provider)?)
        }
        Verification::Nothing => {
            config.dangerous().with_custom_certificate_verifier(Lenient::of_all(provider))
        }
    };
    Ok(Tls::new(config.with_no_client_auth()))
}

fn roots(endpoint: &Endpoint) -> Result<rustls::RootCertStore, ConnectError> {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(pem) = &endpoint.root_certificate {
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|why| ConnectError::Certificate(why.to_string()))?;
            roots.add(certificate).map_err(|why| ConnectError::Certificate(why.to_string()))?;
        }
        if roots.is_empty() {
            return Err(ConnectError::Certificate("no certificate in it".into()));
        }
    } else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
            return Err(ConnectError::NoRoots(why.join("; ")));
        }
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(root_certificate: Option<&str>) -> Endpoint {
        Endpoint {
            host: Host::Tcp("127.0.0.1".into()),
            port: 1,
            user: "app".into(),
            password: None,
            dbname: "lab".into(),
            root_certificate: root_certificate.map(str::to_owned),
            verification: poollab_model::Verification::default(),
        }
    }

    #[test]
    fn a_root_certificate_that_is_none_is_refused_instead_of_trusting_the_system() {
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(tls(&endpoint(Some(pem))), Err(ConnectError::Certificate(_))), "{pem:?}");
        }
    }
}
