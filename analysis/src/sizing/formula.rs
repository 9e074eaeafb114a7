//! Rules of thumb: what people use when they have not measured.

/// `cores × 2 + effective spindles`: the PostgreSQL wiki's starting point ("Number Of Database
/// Connections"), made popular by HikariCP ("About Pool Sizing").
///
/// `cores` are those of the database server, without hyper-threads; a fully cached data set has no
/// effective spindle.
pub fn cores_and_spindles(cores: u32, spindles: u32) -> u32 {
    cores.saturating_mul(2).saturating_add(spindles).max(1)
}

/// What a library takes when nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LibraryDefault {
    /// Its name in files.
    pub id: &'static str,
    /// Whose default it is, in words.
    pub who: &'static str,
    /// The rule.
    pub rule: DefaultRule,
}

/// The rule behind a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultRule {
    /// Always the same number.
    Fixed(u32),
    /// So many for each core of the *service's* machine.
    PerCore(u32),
    /// The cores of the service's machine, but at least so many.
    CoresButAtLeast(u32),
}

impl LibraryDefault {
    /// The size; `None` when it depends on cores and they are not known.
    pub fn size(&self, cores: Option<u32>) -> Option<u32> {
        match self.rule {
            DefaultRule::Fixed(size) => Some(size),
            DefaultRule::PerCore(factor) => cores.map(|cores| cores.saturating_mul(factor).max(1)),
            DefaultRule::CoresButAtLeast(least) => cores.map(|cores| cores.max(least)),
        }
    }
}

/// The defaults of the libraries whose settings [`snippets`](super::snippets) knows.
pub const LIBRARY_DEFAULTS: [LibraryDefault; 5] = [
    LibraryDefault {
        id: "default-10",
        who: "default of bb8, r2d2, sqlx, HikariCP and node-postgres",
        rule: DefaultRule::Fixed(10),
    },
    LibraryDefault { id: "default-deadpool", who: "default of deadpool", rule: DefaultRule::PerCore(2) },
    LibraryDefault {
        id: "default-pgxpool",
        who: "default of pgxpool",
        rule: DefaultRule::CoresButAtLeast(4),
    },
    LibraryDefault {
        id: "default-sqlalchemy",
        who: "default of SQLAlchemy (pool_size 5 + max_overflow 10)",
        rule: DefaultRule::Fixed(15),
    },
    LibraryDefault { id: "default-pgbouncer", who: "default of PgBouncer", rule: DefaultRule::Fixed(20) },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_thumb_is_the_wiki_s() {
        assert_eq!(cores_and_spindles(4, 1), 9);
        assert_eq!(cores_and_spindles(0, 0), 1, "never an empty pool");
        assert_eq!(cores_and_spindles(u32::MAX, 1), u32::MAX);
    }

    #[test]
    fn a_default_that_depends_on_cores_is_unknown_without_them() {
        let known = LIBRARY_DEFAULTS.map(|default| default.size(None).is_some());
        assert_eq!(known, [true, false, false, true, true]);
        assert_eq!(
            LIBRARY_DEFAULTS.map(|default| default.size(Some(8))).map(Option::unwrap),
            [10, 16, 8, 15, 20]
        );
    }
}
