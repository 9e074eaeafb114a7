//! A certificate for one start of the cluster, so that TLS can be compared with the plain way.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::account::Account;
use crate::error::{DbError, Doing};

/// Writes `server.crt` and `server.key` and returns the certificate (PEM), which signs itself.
pub(super) fn make(data: &Path, account: &Account) -> Result<String, DbError> {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(|why| DbError::Start(format!("the cluster's certificate can't be made: {why}")))?;
    let certificate = made.cert.pem();
    write(&data.join("server.crt"), &certificate, account)
        .and_then(|()| write(&data.join("server.key"), &made.signing_key.serialize_pem(), account))
        .doing(|| format!("writing the certificate into {}", data.display()))?;
    Ok(certificate)
}

fn write(path: &Path, text: &str, account: &Account) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())?;
    account.give(path)
}
