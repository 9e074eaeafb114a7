//! libpq, and so psql, psycopg, pg (Ruby), PHP and many more.

use super::{ErrorText, LOST, Layer, REFUSED};

const fn says(
    pieces: &'static [&'static str],
    scenarios: &'static [&'static str],
    note: &'static str,
) -> ErrorText {
    ErrorText::new("libpq", Layer::Driver, pieces, scenarios, note)
}

pub static TEXTS: &[ErrorText] = &[
    says(
        &["server closed the connection unexpectedly"],
        LOST,
        "libpq saw the socket close and no reason. Postgres's log at that second has it, unless something on the way cut the connection.",
    ),
    says(&["Server beendete die Verbindung unerwartet"], LOST, "").versions("German"),
    says(&["la connexion au serveur a été coupée de façon inattendue"], LOST, "").versions("French"),
    says(
        &["SSL SYSCALL error: EOF detected"],
        LOST,
        "The same over TLS; typical of balancers that end idle connections.",
    ),
    says(
        &["SSL SYSCALL error: Operation timed out"],
        &["idle-killed"],
        "Something on the way dropped the connection silently: keepalives.",
    ),
    says(&["SSL connection has been closed unexpectedly"], LOST, ""),
    says(&["could not receive data from server"], LOST, ""),
    says(&["could not send data to server"], LOST, ""),
    says(
        &["no connection to the server"],
        LOST,
        "This connection is dead already; the first error was an earlier one.",
    ),
    says(
        &["failed: Connection refused"],
        REFUSED,
        "Nothing listens there: Postgres is down, or the address is wrong.",
    ),
    says(&["could not connect to server: Connection refused"], REFUSED, "").versions("libpq to 13"),
    says(&["Is the server running on that host and accepting TCP/IP connections"], REFUSED, ""),
    says(
        &["Is the server running locally and accepting connections on that socket"],
        REFUSED,
        "The socket's folder may be another one, too.",
    ),
    says(
        &["connection to server on socket", "Resource temporarily unavailable"],
        &["cold-burst", "too-many-clients"],
        "So many connect at the same moment that the queue of the Unix socket is full.",
    ),
];
