//! Writes the canned main run as every document, to look at: `cargo run -p poollab-report --example canned DIR`.

use std::path::PathBuf;

use poollab_analysis::fixtures;
use poollab_report::{csv, html, json, markdown, terminal};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let report = fixtures::main_run().analysis();
    std::fs::write(folder.join("report.html"), html(&report))?;
    std::fs::write(folder.join("report.md"), markdown(&report))?;
    std::fs::write(folder.join("report.json"), json(&report))?;
    std::fs::write(folder.join("report.csv"), csv(&report))?;
    print!("{}", terminal(&report, 100, false));
    Ok(())
}
