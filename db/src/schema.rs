//! The tables that every workload uses, and how many rows they hold.

/// The schema that holds all of poollab's objects, in every database.
pub const SCHEMA: &str = "poollab";

/// Rows of `poollab.accounts`: `aid` is `1..=ACCOUNTS`.
pub const ACCOUNTS: u64 = 100_000;

/// Rows of `poollab.branches`: `bid` is `1..=BRANCHES`.
pub const BRANCHES: u64 = 10;

/// Rows of `poollab.tellers`: `tid` is `1..=TELLERS`, ten for each branch.
pub const TELLERS: u64 = 100;

/// Rows of `poollab.counters`: `id` is `1..=COUNTERS`.
pub const COUNTERS: u64 = 10;

/// The schema with its rows, as SQL: many statements, to be run in one transaction by a role that may
/// create a schema in the database. It fails where the schema exists.
pub const SQL: &str = include_str!("../schema.sql");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_and_the_constants_agree_on_the_number_of_rows() {
        for (table, rows) in
            [("accounts", ACCOUNTS), ("branches", BRANCHES), ("tellers", TELLERS), ("counters", COUNTERS)]
        {
            let insert = SQL.find(&format!("INSERT INTO {SCHEMA}.{table}")).unwrap();
            let statement = &SQL[insert..insert + SQL[insert..].find(';').unwrap()];
            assert!(statement.contains(&format!("generate_series(1, {rows})")), "{statement}");
        }
    }
}
