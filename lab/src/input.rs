//! Files that somebody names: only regular ones, and never more of them than makes sense. A pipe would be waited for, a
//! device never ends.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// A plan or a configuration; a million lines are less.
pub const PLAN: u64 = 64 << 20;
/// Any one document: k6's, a sweep of pool sizes, a `report.json`.
pub const DOCUMENT: u64 = 512 << 20;
/// All trials of a run.
pub const TRIALS: u64 = 4 << 30;

/// A regular file that is not larger than `most`.
pub fn open(path: &Path, most: u64) -> Result<File, String> {
    let refuse = |why: &dyn std::fmt::Display| format!("can't read {}: {why}", path.display());
    let data = fs::metadata(path).map_err(|why| refuse(&why))?;
    if !data.is_file() {
        let what = if data.is_dir() { "a folder" } else { "a pipe or a device" };
        return Err(refuse(&format!("it is {what}; name a regular file")));
    }
    if data.len() > most {
        return Err(refuse(&format!(
            "it has {}, and at most {} make sense here",
            poollab_analysis::figures::bytes(data.len()),
            poollab_analysis::figures::bytes(most)
        )));
    }
    File::open(path).map_err(|why| refuse(&why))
}

/// The text of such a file.
pub fn text(path: &Path, most: u64) -> Result<String, String> {
    let mut text = String::new();
    // A file of /proc has no length, and another one may grow while it is read.
    open(path, most)?
        .take(most)
        .read_to_string(&mut text)
        .map_err(|why| format!("can't read {}: {why}", path.display()))?;
    Ok(text)
}
