//! What a run has left, and its documents.

use std::path::PathBuf;

use poollab_analysis::Analysis;

use crate::exit::Failure;
use crate::folder;

/// A run that has left results.
#[derive(Debug)]
pub struct Ended {
    /// Its folder.
    pub folder: PathBuf,
    /// Why it did not get to its end, if it did not.
    pub stopped: Option<Failure>,
    /// What was measured, where the folder is gone.
    pub rescued: Option<Box<Analysis>>,
}

impl Ended {
    /// Concludes from what was measured and writes the documents. Where they can't be written the conclusions are
    /// still given, and what went wrong joins [`stopped`](Self::stopped): nothing that was measured is lost.
    pub fn document(&mut self) -> Result<Analysis, Failure> {
        if let Some(analysis) = self.rescued.take() {
            return Ok(*analysis);
        }
        let analysis = folder::analyse(&self.folder).map_err(Failure::Environment)?;
        if let Err(why) = folder::write_documents(&self.folder, &analysis) {
            let unwritten = format!(
                "the report can't be written: {why}; when it can be:  poollab report {} --write",
                self.folder.display()
            );
            self.stopped = Some(match self.stopped.take() {
                Some(stopped) => stopped.and(&format!("; {unwritten}")),
                None => Failure::Environment(unwritten),
            });
        }
        Ok(analysis)
    }
}
