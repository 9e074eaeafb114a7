//! The runs of a folder: which there are, which one is meant, which can go.

use std::fs;
use std::path::{Component, Path, PathBuf};

use poollab_analysis::Analysis;
use poollab_analysis::diff::Side;
use poollab_model::{Report, RunInfo, RunStatus};
use serde::Serialize;

use crate::{folder, input};

/// One run as the list shows it.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// The name of its folder.
    pub id: String,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// Strategies and workloads, in words.
    pub what: String,
    /// How it ended.
    pub state: State,
    /// Trials that are finished, of those planned.
    pub trials: (usize, u32),
    /// What to use, best or level with the best on every workload; `None`: the figures allow no choice.
    pub leader: Option<String>,
    /// Bytes of its folder.
    pub bytes: u64,
}

/// How a run ended, if it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Every trial ran.
    Complete,
    /// It runs right now.
    Running,
    /// Somebody stopped it.
    Interrupted,
    /// The environment gave way.
    Failed,
    /// It ended without a word.
    Died,
    /// Its files can't be read.
    Unreadable,
}

impl State {
    /// For a table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Died => "died",
            Self::Unreadable => "unreadable",
        }
    }
}

/// All runs below `out`, newest first. A folder that is not there holds none.
pub fn list(out: &Path) -> Vec<Entry> {
    let mut runs: Vec<Entry> = fs::read_dir(out)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| folder::is_run(&entry.path()))
        .map(|entry| describe(&entry.path()))
        .collect();
    runs.sort_by(|a, b| b.id.cmp(&a.id));
    runs
}

/// The folder of a run that was named by its path or by its id.
pub fn find(named: &Path, out: &Path) -> Result<PathBuf, String> {
    if named.exists() {
        return Ok(named.to_owned());
    }
    let below = out.join(named);
    if is_name(named) && folder::is_run(&below) {
        return Ok(below);
    }
    Err(format!(
        "there is no run {} (nor one of that id in {}); `poollab runs` lists them",
        named.display(),
        out.display()
    ))
}

/// A run that was named by folder, id or report.json, with its conclusions.
pub fn read(named: &Path, out: &Path) -> Result<Report, String> {
    let path = find(named, out)?;
    if !path.is_dir() {
        let text = input::text(&path, input::DOCUMENT)?;
        let version: folder::Version = serde_json::from_str(&text)
            .map_err(|why| format!("{} is not a report.json of poollab: {why}", path.display()))?;
        version.check(&path)?;
        return serde_json::from_str(&text)
            .map_err(|why| format!("{} is not a report.json of poollab: {why}", path.display()));
    }
    folder::read(&path)
}

/// One side of a comparison: a run that was named as for [`read`], or a folder of several, which are taken together.
pub fn side(named: &Path, out: &Path) -> Result<Side, Vec<String>> {
    let one = |why: String| vec![why];
    let path = find(named, out).map_err(one)?;
    if !path.is_dir() || folder::is_run(&path) {
        return read(&path, out).map(Side::from).map_err(one);
    }
    let (mut runs, mut problems) = (Vec::new(), Vec::new());
    let folders = fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path());
    for run in folders.filter(|path| folder::is_run(path)) {
        match folder::read(&run) {
            Ok(report) => runs.push(report),
            Err(why) => problems.push(why),
        }
    }
    match runs.pop() {
        _ if !problems.is_empty() => Err(problems),
        Some(first) => Ok(Side::of(first, runs)),
        None => Err(vec![format!("{} is neither a run nor a folder with runs in it", path.display())]),
    }
}

/// The folders of these ids, if every one of them is a run that is not running: all or none. Files that somebody put
/// there go only by `force`.
pub fn removable(ids: &[String], out: &Path, force: bool) -> Result<Vec<PathBuf>, Vec<String>> {
    let mut problems = Vec::new();
    let mut paths = Vec::new();
    for id in ids {
        let path = out.join(id);
        // A link would be removed in place of what it points to, or the other way round: neither is meant.
        let is_link = path.symlink_metadata().is_ok_and(|data| data.file_type().is_symlink());
        if !is_name(Path::new(id)) || is_link || !folder::is_run(&path) {
            problems.push(format!("{id:?} is not the id of a run in {}; nothing was removed", out.display()));
        } else if folder::is_being_written(&path) {
            problems.push(format!("{id} is running; stop it first (Ctrl-C), nothing was removed"));
        } else {
            let foreign = if force { Vec::new() } else { folder::foreign(&path) };
            if !foreign.is_empty() {
                problems.push(format!(
                    "{id} has files that are not poollab's: {}; move them away, or remove them too with --force; \
                     nothing was removed",
                    some(&foreign)
                ));
            }
            paths.push(path);
        }
    }
    if problems.is_empty() { Ok(paths) } else { Err(problems) }
}

/// A few names, and how many more there are.
fn some(names: &[String]) -> String {
    const FEW: usize = 8;
    let shown = names[..names.len().min(FEW)].join(", ");
    if names.len() > FEW { format!("{shown} and {} more", names.len() - FEW) } else { shown }
}

/// One plain name: no way to another folder.
pub fn is_name(path: &Path) -> bool {
    let mut parts = path.components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
}

fn describe(path: &Path) -> Entry {
    let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|data| data.len())
        .sum();
    match folder::analyse(path) {
        Ok(analysis) => Entry {
            id,
            started_at: analysis.report.run.started_at.clone(),
            what: what(&analysis.report),
            state: state(&analysis.report.run, path),
            trials: (analysis.report.trials.len(), analysis.report.run.trials_planned),
            leader: leader(&analysis),
            bytes,
        },
        Err(_) => Entry {
            started_at: String::new(),
            what: String::new(),
            state: if folder::is_being_written(path) { State::Running } else { State::Unreadable },
            trials: (0, 0),
            leader: None,
            bytes,
            id,
        },
    }
}

fn state(run: &RunInfo, path: &Path) -> State {
    if folder::is_being_written(path) {
        return State::Running;
    }
    match run.status {
        RunStatus::Complete => State::Complete,
        RunStatus::Interrupted => State::Interrupted,
        RunStatus::Failed => State::Failed,
        RunStatus::Running => State::Died,
    }
}

/// `9 strategies on point-read and hold 5 ms`.
fn what(report: &Report) -> String {
    let strategies = match report.plan.strategies.as_slice() {
        few if few.len() <= 3 => {
            poollab_analysis::figures::list(&few.iter().map(ToString::to_string).collect::<Vec<_>>())
        }
        many => format!("{} strategies", many.len()),
    };
    let workloads: Vec<String> = report.plan.workloads.iter().map(ToString::to_string).collect();
    format!("{strategies} on {}", poollab_analysis::figures::list(&workloads))
}

/// `deadpool ×8, sqlx ×8`: what to use on all its workloads.
fn leader(analysis: &Analysis) -> Option<String> {
    let best = &analysis.verdict().best;
    (!best.is_empty()).then(|| best.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_can_be_removed_and_all_or_none() {
        let out = tempfile::tempdir().unwrap();
        std::fs::create_dir(out.path().join("photos")).unwrap();
        for id in ["photos", "..", ".", "/etc", "a/b", "", "none"] {
            assert!(removable(&[id.to_owned()], out.path(), true).is_err(), "{id:?}");
        }
        let (made, id) = folder::Folder::create(out.path(), "run", &poollab_model::Plan::default()).unwrap();
        assert!(
            removable(std::slice::from_ref(&id), out.path(), true).unwrap_err()[0].contains("is running")
        );
        drop(made);
        assert_eq!(removable(std::slice::from_ref(&id), out.path(), false).unwrap().len(), 1);
        assert!(removable(&[id, "photos".to_owned()], out.path(), false).is_err());
    }

    #[test]
    fn what_somebody_put_beside_a_run_is_named_and_kept() {
        let out = tempfile::tempdir().unwrap();
        let (made, id) = folder::Folder::create(out.path(), "run", &poollab_model::Plan::default()).unwrap();
        drop(made);
        std::fs::write(out.path().join(&id).join("notes.txt"), "mine").unwrap();
        let ids = std::slice::from_ref(&id);
        let told = removable(ids, out.path(), false).unwrap_err();
        assert!(told[0].contains("notes.txt") && told[0].contains("--force"), "{told:?}");
        assert_eq!(removable(ids, out.path(), true).unwrap().len(), 1);
    }

    #[test]
    fn a_report_of_another_version_is_refused() {
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join("report.json");
        std::fs::write(&path, "{\"schema_version\": 99}").unwrap();
        let told = read(&path, out.path()).unwrap_err();
        assert!(told.contains("schema_version 99"), "{told}");
    }

    #[test]
    fn a_link_to_a_run_is_not_a_run_of_this_folder() {
        let out = tempfile::tempdir().unwrap();
        let (_, id) = folder::Folder::create(out.path(), "run", &poollab_model::Plan::default()).unwrap();
        std::os::unix::fs::symlink(out.path().join(id), out.path().join("link")).unwrap();
        assert!(removable(&["link".to_owned()], out.path(), true).is_err());
    }
}
