//! The scripts, which travel inside this program, in a folder that k6 can read.

use std::fs;
use std::io;

use tempfile::TempDir;

/// The script to run.
pub const MAIN: &str = "drive.js";
/// Where its summary goes.
pub const SUMMARY: &str = "summary.json";

const FILES: [(&str, &str); 8] = [
    (MAIN, include_str!("drive.js")),
    ("lib/lab.js", include_str!("../../../k6/lib/lab.js")),
    ("lib/env.js", include_str!("../../../k6/lib/env.js")),
    ("lib/load.js", include_str!("../../../k6/lib/load.js")),
    ("lib/outcome.js", include_str!("../../../k6/lib/outcome.js")),
    ("lib/service.js", include_str!("../../../k6/lib/service.js")),
    ("lib/summary.js", include_str!("../../../k6/lib/summary.js")),
    ("lib/table.js", include_str!("../../../k6/lib/table.js")),
];

/// Writes them into a folder that is removed when it is dropped.
pub fn unpack() -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("poollab-k6-").tempdir()?;
    fs::create_dir(folder.path().join("lib"))?;
    for (name, text) in FILES {
        fs::write(folder.path().join(name), text)?;
    }
    Ok(folder)
}
