//! Prints the page of the catalogue: `cargo run -p poollab-scenarios --example page > docs/failures.md`.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(poollab_scenarios::catalogue_page().as_bytes())
}
