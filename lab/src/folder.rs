//! The folder of a run: the only place that knows its file names.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use poollab_analysis::Analysis;
use poollab_model::{Environment, Plan, Report, RunInfo, SCHEMA_VERSION, TrialRecord, printable};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::input;

const PLAN: &str = "plan.toml";
const RUN: &str = "run.json";
const ENVIRONMENT: &str = "environment.json";
const TRIALS: &str = "trials.jsonl";
/// Everything that may lie in the folder of a run: of `run`, `tune` and `reproduce`.
const OURS: [&str; 13] = [
    PLAN,
    RUN,
    ENVIRONMENT,
    TRIALS,
    LIVE,
    "report.html",
    "report.md",
    "report.json",
    "report.csv",
    "tune.html",
    "tune.json",
    "story.md",
    "scenario.json",
];

/// Bytes below which a run is not worth starting: its documents alone need about as many.
const ROOM: u64 = 1 << 20;

/// What happens while a run goes on; it is removed at the end.
pub const LIVE: &str = "live.jsonl";

fn plan_text(plan: &Plan) -> Result<String, String> {
    let text = toml::to_string(plan).map_err(|why| format!("the plan can't be written as TOML: {why}"))?;
    Ok(format!("# What was asked, fully resolved. To repeat this run: poollab run <this file>\n\n{text}"))
}

/// A run that is being written.
pub struct Folder {
    path: PathBuf,
    /// Locked as long as the run goes on; the system unlocks it, however the run ends.
    trials: File,
    /// Whether it was there before.
    kept: bool,
}

impl Folder {
    /// Makes `<out>/<id>` with the plan in it. `id` may get a suffix when it is taken.
    pub fn create(out: &Path, id: &str, plan: &Plan) -> Result<(Self, String), String> {
        let refuse = |what: &Path, why: io::Error| {
            format!("can't write to {}: {why}; choose another folder with --out", what.display())
        };
        fs::create_dir_all(out).map_err(|why| refuse(out, why))?;
        if let Some(room) = room(out).filter(|room| *room < ROOM) {
            return Err(format!(
                "{} has room for {} only, and a run needs at least {}: the disk is (nearly) full; make room or choose \
                 another folder with --out",
                out.display(),
                poollab_analysis::figures::bytes(room),
                poollab_analysis::figures::bytes(ROOM)
            ));
        }
        let text = plan_text(plan)?;
        let (path, id) = unused(out, id).map_err(|why| refuse(out, why))?;
        fs::write(path.join(PLAN), text).map_err(|why| {
            // A disk that is full has room for a folder, and not for what should be in it.
            let _ = fs::remove_dir_all(&path);
            refuse(&path, why)
        })?;
        let trials = File::options().create(true).read(true).append(true).open(path.join(TRIALS));
        let trials = trials.map_err(|why| refuse(&path, why))?;
        hold(&trials);
        Ok((Self { path, trials, kept: false }, id))
    }

    /// Opens the folder of a run that did not get to its end, to add the trials that are missing. A line
    /// that a crash cut off goes.
    pub fn reopen(path: &Path) -> Result<Self, String> {
        let file = path.join(TRIALS);
        let trials = File::options().read(true).append(true).open(&file);
        let mut trials = trials.map_err(|why| unreadable(&file, &why))?;
        if !hold(&trials) {
            return Err(format!("{} is running: it can't be resumed", path.display()));
        }
        let mut text = Vec::new();
        io::Read::read_to_end(&mut trials, &mut text).map_err(|why| unreadable(&file, &why))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
        trials.set_len(whole as u64).map_err(|why| unreadable(&file, &why))?;
        Ok(Self { path: path.to_owned(), trials, kept: true })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether somebody removed it: what is written into an open file that has no name any more is lost.
    pub fn is_gone(&self) -> bool {
        let (ours, there) = (self.trials.metadata(), fs::metadata(self.path.join(TRIALS)));
        !matches!((ours, there), (Ok(ours), Ok(there)) if ours.ino() == there.ino() && ours.dev() == there.dev())
    }

    /// The trials of a run whose folder is gone: as long as the file is open, they are there.
    pub fn rescue(self) -> Result<Vec<TrialRecord>, String> {
        let mut file = self.trials;
        file.rewind().map_err(|why| unreadable(&self.path, &why))?;
        read_trials(file, &self.path.join(TRIALS))
    }

    /// Adds a finished trial; it is on disk when this returns.
    pub fn add_trial(&mut self, trial: &TrialRecord) -> io::Result<()> {
        if self.is_gone() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "somebody removed the folder"));
        }
        let mut line = serde_json::to_vec(trial)?;
        line.push(b'\n');
        let before = self.trials.metadata()?.len();
        let written = self.trials.write_all(&line).and_then(|()| self.trials.sync_data());
        if written.is_err() {
            // Half a line is of no use, and its room is: the run's end is still to be noted.
            let _ = self.trials.set_len(before);
        }
        written
    }

    /// Writes `run.json`, whole or not at all.
    pub fn write_run(&self, run: &RunInfo) -> io::Result<()> {
        self.write_json(RUN, run)
    }

    /// Writes `plan.toml` again: something of it was measured.
    pub fn write_plan(&self, plan: &Plan) -> io::Result<()> {
        fs::write(self.path.join(PLAN), plan_text(plan).map_err(io::Error::other)?)
    }

    /// Writes `environment.json`.
    pub fn write_environment(&self, environment: &Environment) -> io::Result<()> {
        self.write_json(ENVIRONMENT, environment)
    }

    /// Removes a folder in which nothing was measured; one that was there before stays.
    pub fn discard(self) {
        if self.kept {
            return;
        }
        // Worth a try only: an empty folder more does no harm.
        let _ = fs::remove_dir_all(&self.path);
    }

    fn write_json(&self, name: &str, value: &impl Serialize) -> io::Result<()> {
        let next = self.path.join(format!(".{name}.new"));
        let written = fs::write(&next, serde_json::to_vec_pretty(value)?)
            .and_then(|()| fs::rename(&next, self.path.join(name)));
        if written.is_err() {
            let _ = fs::remove_file(&next);
        }
        written
    }
}

/// Whether a folder is that of a run.
pub fn is_run(path: &Path) -> bool {
    path.is_dir() && [PLAN, TRIALS].iter().all(|name| path.join(name).is_file())
}

/// Files and folders in the folder of a run that are not of the run, by their names.
pub fn foreign(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let ours = |name: &str| {
        // What a crash in the middle of writing left: `.run.json.new`.
        let name = name.strip_prefix('.').and_then(|name| name.strip_suffix(".new")).unwrap_or(name);
        OURS.contains(&name)
    };
    let mut foreign: Vec<String> =
        names.map(|name| name.to_string_lossy().into_owned()).filter(|name| !ours(name)).collect();
    foreign.sort();
    foreign
}

/// Whether a run is going on there right now.
pub fn is_being_written(path: &Path) -> bool {
    use rustix::fs::{FlockOperation, flock};
    File::open(path.join(TRIALS)).is_ok_and(|file| {
        flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::AGAIN)
    })
}

/// Marks a run as going on. `false`: somebody else holds it. A file system without locks holds nothing.
fn hold(trials: &File) -> bool {
    use rustix::fs::{FlockOperation, flock};
    // Who looks whether a run goes on holds the lock for a moment, too: try again before believing it.
    (0..20).any(|attempt| {
        if attempt > 0 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        flock(trials, FlockOperation::NonBlockingLockExclusive) != Err(rustix::io::Errno::AGAIN)
    })
}

/// Reads a run with what it comes to.
pub fn read(path: &Path) -> Result<Report, String> {
    analyse(path).map(|analysis| analysis.report)
}

/// Reads a run and concludes from it, once: everything that reports show, from the folder alone.
pub fn analyse(path: &Path) -> Result<Analysis, String> {
    if !path.join(RUN).is_file() {
        return Err(format!(
            "{} is not the folder of a run: it has no {RUN}. Runs are under runs/ unless --out said otherwise",
            path.display()
        ));
    }
    // Versions before this key was written are the first one.
    if let Ok(version) = json::<Version>(path, RUN) {
        version.check(&path.join(RUN))?;
    }
    let run: RunInfo = json(path, RUN)?;
    let environment: Environment = json(path, ENVIRONMENT)?;
    let text = input::text(&path.join(PLAN), input::PLAN)?;
    let plan: Plan = toml::from_str(&text).map_err(|why| unreadable(&path.join(PLAN), &why))?;
    Ok(Analysis::of(run, plan, environment, trials(path)?))
}

/// Writes the documents of a run into its folder; gives their names.
pub fn write_documents(path: &Path, analysis: &Analysis) -> io::Result<Vec<&'static str>> {
    let documents = [
        ("report.html", poollab_report::html(analysis)),
        ("report.md", poollab_report::markdown(analysis)),
        ("report.json", poollab_report::json(analysis)),
        ("report.csv", poollab_report::csv(analysis)),
    ];
    for (name, text) in &documents {
        // A document is also looked at with `cat`.
        fs::write(path.join(name), &*printable(text))?;
    }
    Ok(documents.iter().map(|(name, _)| *name).collect())
}

/// A last line that was cut off by a crash is left out: it is the trial that was running.
fn trials(path: &Path) -> Result<Vec<TrialRecord>, String> {
    let path = path.join(TRIALS);
    let file = input::open(&path, input::TRIALS)?;
    read_trials(file, &path)
}

fn read_trials(file: File, path: &Path) -> Result<Vec<TrialRecord>, String> {
    let lines: Vec<String> =
        BufReader::new(file).lines().collect::<Result<_, _>>().map_err(|why| unreadable(path, &why))?;
    let last = lines.len();
    let mut trials = Vec::with_capacity(last);
    for (number, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(trial) => trials.push(trial),
            Err(why) if why.is_eof() && number + 1 == last => {}
            Err(why) => return Err(format!("{} line {}: {why}", path.display(), number + 1)),
        }
    }
    Ok(trials)
}

fn json<T: DeserializeOwned>(path: &Path, name: &str) -> Result<T, String> {
    let path = path.join(name);
    let text = input::text(&path, input::DOCUMENT)?;
    serde_json::from_str(&text).map_err(|why| unreadable(&path, &why))
}

/// Read before anything else: a document of another version may look like one of ours and mean something else.
#[derive(Deserialize)]
pub struct Version {
    schema_version: u32,
}

impl Version {
    /// Whether this poollab reads it.
    pub fn check(&self, path: &Path) -> Result<(), String> {
        if self.schema_version == SCHEMA_VERSION {
            return Ok(());
        }
        Err(format!(
            "{} has schema_version {}, and this poollab reads {SCHEMA_VERSION}; use the poollab that wrote it",
            path.display(),
            self.schema_version
        ))
    }
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("can't read {}: {why}", path.display())
}

/// Bytes that may still be written there. `None`: the file system does not tell, or has no bounds.
fn room(folder: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(folder).ok().filter(|told| told.f_blocks > 0)?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

fn unused(out: &Path, id: &str) -> io::Result<(PathBuf, String)> {
    for suffix in 1.. {
        let name = if suffix == 1 { id.to_owned() } else { format!("{id}-{suffix}") };
        match fs::create_dir(out.join(&name)) {
            Ok(()) => return Ok((out.join(&name), name)),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists && suffix < 1_000 => {}
            Err(why) => return Err(why),
        }
    }
    unreachable!("the loop above has no end of its own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_one_second_get_two_folders() {
        let out = tempfile::tempdir().unwrap();
        let (_, first) = Folder::create(out.path(), "run", &Plan::default()).unwrap();
        let (_, second) = Folder::create(out.path(), "run", &Plan::default()).unwrap();
        assert_eq!((first.as_str(), second.as_str()), ("run", "run-2"));
    }

    #[test]
    fn an_unwritable_place_is_told_with_the_flag_that_helps() {
        let out = tempfile::NamedTempFile::new().unwrap();
        let problem = Folder::create(out.path(), "run", &Plan::default()).err().unwrap();
        assert!(problem.contains("--out"), "{problem}");
    }

    #[test]
    fn a_run_of_a_later_version_is_not_read_as_one_of_ours() {
        let out = tempfile::tempdir().unwrap();
        let (folder, _) = Folder::create(out.path(), "run", &Plan::default()).unwrap();
        let says = |text: serde_json::Value| {
            fs::write(folder.path.join(RUN), text.to_string()).unwrap();
            read(&folder.path).unwrap_err()
        };
        let mut run = serde_json::json!({
            "id": "run", "started_at": "", "finished_at": null, "seed": 1, "status": "complete", "trials_planned": 0,
            "skipped": [], "ceiling": null, "error": null,
        });
        // Runs of before the key was written stay readable: what is missing here is the next file.
        assert!(says(run.clone()).contains(ENVIRONMENT));
        run["schema_version"] = 99.into();
        assert!(says(run).contains("schema_version 99"));
    }

    #[test]
    fn a_folder_that_is_no_run_is_refused_in_words() {
        let out = tempfile::tempdir().unwrap();
        assert!(read(out.path()).unwrap_err().contains("not the folder of a run"));
    }
}
