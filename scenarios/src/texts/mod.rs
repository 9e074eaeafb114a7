//! Error texts as libraries and servers really write them, in files by source.
//!
//! Wordings were read in the sources and message catalogues of the programs named. A new one is a line in
//! its file; [`TEXTS`] collects the files.

mod dotnet;
mod elixir;
mod go;
mod java;
mod libpq;
mod node;
mod pgbouncer;
mod postgres;
mod python;
mod ruby;
mod rust;
mod sqlstates;
mod system;
mod translations;

use serde::Serialize;

/// An error text, and the scenarios that it points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ErrorText {
    /// The library or program that writes it.
    pub source: &'static str,
    /// Its versions, where it matters; empty: all that were looked at.
    pub versions: &'static str,
    /// What to find.
    pub find: Find,
    /// How near to the true cause it is.
    pub layer: Layer,
    /// Ids of scenarios, likeliest first. More than one: the text alone does not tell. None: it is a matter of
    /// configuration, that no load shows, and the note says what to do.
    pub scenarios: &'static [&'static str],
    /// What is special about this text; may be empty.
    pub note: &'static str,
}

/// What to find in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "by", content = "text")]
pub enum Find {
    /// Pieces, in this order, on one line, not far from each other. ASCII letters match in either case.
    Words(&'static [&'static str]),
    /// An SQLSTATE, standing alone; one of digits only where the words around it say what it is.
    Sqlstate(&'static str),
}

/// How near to the true cause a text is. The nearest one that is there wins: a pool's time-out that has a
/// 53300 beneath it is a 53300.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Anything may write it: `broken pipe`.
    Generic,
    /// A pool, which may not know why.
    Pool,
    /// A driver, which saw the connection but not the reason.
    Driver,
    /// Postgres, PgBouncer or the kernel, who know.
    Server,
}

impl ErrorText {
    const fn new(
        source: &'static str,
        layer: Layer,
        pieces: &'static [&'static str],
        scenarios: &'static [&'static str],
        note: &'static str,
    ) -> Self {
        Self { source, versions: "", find: Find::Words(pieces), layer, scenarios, note }
    }

    const fn versions(self, versions: &'static str) -> Self {
        Self { versions, ..self }
    }

    /// The text as a person reads it: pieces joined by dots.
    pub fn shown(&self) -> String {
        match self.find {
            Find::Words(pieces) => pieces.join(" … "),
            Find::Sqlstate(code) => format!("SQLSTATE {code}"),
        }
    }
}

/// All texts, by source.
pub static TEXTS: &[&[ErrorText]] = &[
    postgres::TEXTS,
    translations::TEXTS,
    sqlstates::TEXTS,
    pgbouncer::TEXTS,
    libpq::TEXTS,
    rust::TEXTS,
    java::TEXTS,
    python::TEXTS,
    node::TEXTS,
    go::TEXTS,
    dotnet::TEXTS,
    ruby::TEXTS,
    elixir::TEXTS,
    system::TEXTS,
];

/// All texts, one after another.
pub fn all() -> impl Iterator<Item = &'static ErrorText> {
    TEXTS.iter().copied().flatten()
}

/// What an empty pool can mean, likeliest first. The text alone does not tell.
const POOL_EMPTY: &[&str] = &[
    "pool-timeout",
    "hidden-exhaustion",
    "idle-in-transaction",
    "leak",
    "nested-checkout",
    "hot-row",
    "blocking-in-async",
];

/// What a connection that ended can mean.
const LOST: &[&str] = &["idle-killed", "restart-storm", "oom-kill"];

/// What nothing listening there can mean.
const REFUSED: &[&str] = &["restart-storm", "oom-kill"];
