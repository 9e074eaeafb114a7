//! `postgres://user:password@host:port/database?sslmode=require`, as libpq reads it.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use percent_encoding::percent_decode_str;
use poollab_model::{Endpoint, Host, Secret, Verification};
use url::Url;

use crate::connect::Encryption;
use crate::error::DbError;

/// What a URL says, with what the environment adds to it.
#[derive(Debug)]
pub(super) struct Parsed {
    pub endpoint: Endpoint,
    pub encryption: Encryption,
}

/// The URL without its password, and the password that it had. The only place that takes them apart.
///
/// # Errors
/// As for a URL to connect with: it is none, or says something that poollab can't do. The text never has the password.
pub fn split_password(url: &str) -> Result<(String, Option<Secret>), DbError> {
    parse(url)?;
    let wrong = |_| DbError::Usage("cannot parse the database URL".into());
    let mut parsed = Url::parse(&with_host(url)).map_err(wrong)?;
    let mut password =
        parsed.password().map(|text| percent_decode_str(text).decode_utf8_lossy().into_owned());
    // It fails only for a URL without a host, which can have no password there.
    let _ = parsed.set_password(None);
    let mut kept = Vec::new();
    for (name, value) in parsed.query_pairs() {
        if name == "password" {
            password = Some(value.into_owned());
        } else {
            kept.push((name.into_owned(), value.into_owned()));
        }
    }
    if kept.is_empty() {
        parsed.set_query(None);
    } else {
        parsed.query_pairs_mut().clear().extend_pairs(kept);
    }
    Ok((parsed.into(), password.map(Secret::new)))
}

/// The URL without its password, for reports. What can't be read as a URL is not shown at all.
pub fn redact(url: &str) -> String {
    split_password(url).map_or_else(|_| "(an invalid database URL)".into(), |(shown, _)| shown)
}

const SCHEMES: [&str; 2] = ["postgres", "postgresql"];

/// libpq takes `user@/database`, where the host comes from elsewhere; a URL must have one.
fn with_host(url: &str) -> Cow<'_, str> {
    match url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|slash| (rest, slash))) {
        Some((rest, slash)) if rest[..slash].ends_with('@') => {
            let at = url.len() - rest.len() + slash;
            Cow::Owned(format!("{}localhost{}", &url[..at], &url[at..]))
        }
        _ => Cow::Borrowed(url),
    }
}

/// # Errors
/// It is no such URL, or says something that poollab can't do. The text never has the password.
pub(super) fn parse(url: &str) -> Result<Parsed, DbError> {
    let wrong = |what: &str| {
        DbError::Usage(format!(
            "the database URL {what}. Example: postgres://user@localhost:5432/database. Set the password in \
             PGPASSWORD"
        ))
    };
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(wrong("is invalid: it does not start with postgres://"));
    };
    // A password with one of these in it ends up in the port, the path or nowhere, and would be shown from there.
    if url.contains('#') {
        return Err(wrong("contains a #. Encode it as %23"));
    }
    if rest.split('?').next().is_some_and(|rest| rest.split('/').skip(1).any(|part| part.contains('@'))) {
        return Err(wrong("has an @ after a /. In a password, encode / as %2F and @ as %40"));
    }
    if !SCHEMES.contains(&scheme) {
        return Err(wrong("does not start with postgres://"));
    }
    let parsed = Url::parse(&with_host(url)).map_err(|why| wrong(&format!("is invalid ({why})")))?;
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(Cow::into_owned)
            .map_err(|_| wrong("has a % code that is not valid UTF-8"))
    };
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());

    let mut host = parsed.host_str().filter(|host| !host.is_empty()).map(&decode).transpose()?;
    let mut port = parsed.port();
    let mut user = Some(decode(parsed.username())?).filter(|user| !user.is_empty());
    let mut password = parsed.password().map(&decode).transpose()?;
    let mut dbname = Some(decode(parsed.path().trim_start_matches('/'))?).filter(|name| !name.is_empty());
    let mut mode = SslMode::default();
    let mut root_certificate = None;
    for (name, value) in parsed.query_pairs() {
        match &*name {
            "host" => host = Some(value.into_owned()),
            "port" => port = Some(value.parse().map_err(|_| wrong("has an invalid port"))?),
            "user" => user = Some(value.into_owned()),
            "password" => password = Some(value.into_owned()),
            "dbname" => dbname = Some(value.into_owned()),
            "sslmode" => mode = sslmode(&value).ok_or_else(|| wrong("has an unknown sslmode"))?,
            // They count where no other root is named.
            "sslrootcert" if value == "system" => {}
            "sslrootcert" => {
                root_certificate = Some(certificate(Path::new(&*value)).map_err(|why| {
                    wrong(&format!("has the root certificate {value}, which cannot be read ({why})"))
                })?);
            }
            // poollab sets its own.
            "application_name" | "connect_timeout" | "keepalives" | "channel_binding" => {}
            other if other.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
                return Err(wrong(&format!("has the parameter {other}, which poollab does not support")));
            }
            // Not named: half a password may look like one.
            _ => return Err(wrong("has a parameter that poollab does not support")),
        }
    }
    let host = host.or_else(|| environment("PGHOST")).unwrap_or_else(|| "localhost".into());
    if host.contains(',') {
        return Err(wrong("has more than one host"));
    }
    let user = user
        .or_else(|| environment("PGUSER"))
        .or_else(|| environment("USER"))
        .ok_or_else(|| wrong("has no user"))?;
    // As in libpq: `require` verifies once there is something to verify with.
    let verification = match mode {
        SslMode::Require if root_certificate.is_none() => Verification::Nothing,
        SslMode::Require | SslMode::VerifyCa => Verification::Authority,
        SslMode::IfAsked | SslMode::VerifyFull => Verification::Host,
    };
    // Postgres has no TLS on a Unix socket, and libpq ignores `sslmode` there.
    let encryption = if mode == SslMode::IfAsked || host.starts_with('/') {
        Encryption::IfAsked
    } else {
        Encryption::Always
    };
    let endpoint = Endpoint {
        // An IPv6 address stands in brackets in a URL, and nowhere else.
        host: if host.starts_with('/') {
            Host::Socket(host.into())
        } else {
            Host::Tcp(host.trim_start_matches('[').trim_end_matches(']').into())
        },
        port: port.or_else(|| environment("PGPORT")?.parse().ok()).unwrap_or(5432),
        password: password.or_else(|| environment("PGPASSWORD")).map(Secret::new),
        dbname: dbname.or_else(|| environment("PGDATABASE")).unwrap_or_else(|| user.clone()),
        user,
        root_certificate,
        verification,
    };
    Ok(Parsed { endpoint, encryption })
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum SslMode {
    #[default]
    IfAsked,
    Require,
    VerifyCa,
    VerifyFull,
}

fn sslmode(text: &str) -> Option<SslMode> {
    match text {
        "disable" | "allow" | "prefer" => Some(SslMode::IfAsked),
        "require" => Some(SslMode::Require),
        "verify-ca" => Some(SslMode::VerifyCa),
        "verify-full" => Some(SslMode::VerifyFull),
        _ => None,
    }
}

/// More than the certificates of all authorities together. A pipe would be waited for, a device never ends.
const LARGEST_CERTIFICATE: u64 = 4 << 20;

fn certificate(path: &Path) -> std::io::Result<String> {
    let file = std::fs::metadata(path)?;
    if !file.is_file() || file.len() > LARGEST_CERTIFICATE {
        return Err(std::io::Error::other("it is no regular file of at most 4 MiB"));
    }
    let mut text = String::new();
    std::fs::File::open(path)?.take(LARGEST_CERTIFICATE).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://app:s3cret@db:5432/lab",
            "postgres://app:s3%3Acret@db/lab?sslmode=require&password=s3cret",
            "postgres://app:s3cret@[bad/lab",
            "postgres:/app:s3cret",
            "app:s3cret@db/lab",
            "postgres://app:s3cret@/lab",
            "host=db password=s3cret",
            "postgres://app:s3cret@a,b/lab?sslmode=never",
            "mysql://app:s3cret@db/lab",
            "postgres://app:s3cret@db/lab?colour=s3cret",
            "postgres:/app:s3cret@db/lab",
            "postgres://app:1/s3cret@db/lab",
            "postgres://app:1#s3cret@db/lab",
            "postgres://app:1?s3cret@db/lab",
            "postgres://db/lab?pass%77ord=s3cret",
            "postgres://db/lab?Password=s3cret",
            "postgres://db/lab?sslmode=disable&amp;password=s3cret",
            "postgres://db/lab?sslpassword=s3cret",
        ] {
            let shown = redact(url);
            let error = parse(url).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(!shown.contains("cret"), "{url}: {shown}");
            assert!(!error.contains("cret"), "{url}: {error}");
        }
        let (shown, password) =
            split_password("postgres://app:one@db/lab?password=t%20wo&sslmode=disable").unwrap();
        assert_eq!(shown, "postgres://app@db/lab?sslmode=disable");
        assert_eq!(password.unwrap().reveal(), "t wo");
        assert_eq!(
            redact("postgres://app:x@db:6/lab?sslmode=require"),
            "postgres://app@db:6/lab?sslmode=require"
        );
    }

    #[test]
    fn sockets_ports_and_escapes_are_read_as_libpq_does() {
        let parsed = |url| parse(url).unwrap().endpoint;
        let one = parsed("postgresql://me:p%40ss@db.example:6543/the%20lab");
        assert_eq!(one.host, Host::Tcp("db.example".into()));
        assert_eq!((one.port, one.dbname.as_str()), (6543, "the lab"));
        assert_eq!(one.password.unwrap().reveal(), "p@ss");
        let socket = parsed("postgres://me@%2Fvar%2Frun%2Fpg/lab");
        assert_eq!(socket.host, Host::Socket("/var/run/pg".into()));
        assert_eq!(parsed("postgres://me@/lab?host=/tmp").host, Host::Socket("/tmp".into()));
        assert_eq!(parsed("postgres://me@[::1]/lab").host, Host::Tcp("::1".into()));
    }

    #[test]
    fn sslmode_means_what_it_means_to_libpq() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root.crt");
        std::fs::write(&root, "a root").unwrap();
        let root = format!("&sslrootcert={}", root.display());
        let read = |host: &str, mode: &str, root: &str| {
            let parsed = parse(&format!("postgres://u@{host}/d?sslmode={mode}{root}")).unwrap();
            (parsed.encryption == Encryption::Always, parsed.endpoint.verification)
        };
        assert!(["disable", "allow", "prefer"].iter().all(|mode| !read("h", mode, "").0));
        assert_eq!(read("h", "require", ""), (true, Verification::Nothing));
        assert_eq!(read("h", "require", &root), (true, Verification::Authority));
        assert_eq!(read("h", "verify-ca", &root), (true, Verification::Authority));
        assert_eq!(read("h", "verify-full", "&sslrootcert=system"), (true, Verification::Host));
        assert!(!read("%2Ftmp", "require", "").0, "a socket has no TLS");
    }

    #[test]
    fn a_root_certificate_that_never_ends_or_is_a_pipe_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        for path in ["/dev/zero".to_owned(), pipe.to_string_lossy().into_owned()] {
            let told = parse(&format!("postgres://u@h/d?sslmode=verify-ca&sslrootcert={path}")).unwrap_err();
            assert!(told.to_string().contains("no regular file"), "{told}");
        }
    }

    #[test]
    fn a_wrong_url_is_the_callers_mistake_and_says_what_is_expected() {
        for url in ["", "localhost", "http://x/y", "postgres://u@h:99999/d", "postgres://u@h/d?sslmode=maybe"]
        {
            let error = parse(url).unwrap_err();
            assert!(error.is_usage() && error.to_string().contains("postgres://user"), "{url}: {error}");
        }
    }
}
