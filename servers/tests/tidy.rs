//! What the architecture says of this crate's files.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the sources").flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

#[test]
fn a_strategy_that_times_itself_is_found_for_only_the_meter_looks_at_a_clock() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources = sources(&root);
    let mut looking = Vec::new();
    for path in &sources {
        let name = path.strip_prefix(&root).expect("a source").display().to_string();
        let metered = ["strategies/", "workloads/", "drivers/"].iter().any(|folder| name.starts_with(folder));
        let text = fs::read_to_string(path).expect("text");
        // The meter's own moments are for what lies around those three.
        let clocks = text.contains("Instant") || text.contains("SystemTime");
        if clocks || (metered && text.contains("Moment::now")) {
            looking.push(name);
        }
    }
    assert_eq!(looking, ["meter.rs"]);
    assert!(sources.len() > 20, "these are not all sources: {sources:?}");
}
