//! CPU and memory limits for the whole server: whichever means this system offers.
//!
//! Tried in this order: cgroup version 2, cgroup version 1, a systemd scope. A limit that can't be put in
//! force is not an error: it is said, in words, with the reason.

mod mounts;
mod systemd;
mod v1;
mod v2;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use poollab_model::{Limits, LimitsInForce, Means};

/// The length of a scheduling period. The kernel's own default; a limit comes in steps of this.
const PERIOD_US: u64 = 100_000;

/// Every cgroup of ours has a name that begins so.
pub(crate) const NAME_PREFIX: &str = "poollab-";

/// A cgroup of ours, and the one that this process lives in.
#[derive(Debug, Clone)]
struct Cgroup {
    folder: PathBuf,
    home: PathBuf,
}

/// The limits of one server, from before its start until after its end.
#[derive(Debug)]
pub(crate) struct Limiter {
    cgroups: Vec<Cgroup>,
    /// Program and arguments to put in front of the server's command.
    wrapper: Vec<String>,
    wanted: Limits,
    in_force: LimitsInForce,
}

/// A process is moved into the cgroup by being born there: for that moment this whole process is in it. Nobody
/// else may be born meanwhile, or ask where this process lives.
static BIRTH: Mutex<()> = Mutex::new(());

/// By which means limits can be put in force here, found out by preparing them for nobody and removing them
/// again.
pub fn probe() -> LimitsInForce {
    let name = format!("{NAME_PREFIX}probe-{}", std::process::id());
    Limiter::prepare(&Limits::default(), &name).in_force().clone()
}

fn alone() -> MutexGuard<'static, ()> {
    BIRTH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a process that is to be under no limits of ours.
pub(crate) fn spawn_outside(command: &mut Command) -> io::Result<Child> {
    let _alone = alone();
    command.spawn()
}

/// The cgroups of a container's first process, where this system shows them. `id` is the container's: a folder
/// without it in its path would be the whole machine's.
pub(crate) fn cgroups_of(pid: u32, id: &str) -> Vec<PathBuf> {
    let hierarchies = [
        mounts::unified(),
        mounts::of_controller("cpu"),
        mounts::of_controller("cpuacct"),
        mounts::of_controller("memory"),
    ];
    let mut folders: Vec<PathBuf> = hierarchies
        .into_iter()
        .filter_map(Result::ok)
        .map(|mount| mount.home(&pid.to_string()))
        .filter(|folder| !id.is_empty() && folder.to_string_lossy().contains(id))
        .collect();
    folders.dedup();
    folders
}

impl Limiter {
    /// Finds a means and prepares it. `name` must be unique on this machine and begin with [`NAME_PREFIX`].
    pub fn prepare(limits: &Limits, name: &str) -> Self {
        let _alone = alone();
        let mut limiter = Self {
            cgroups: Vec::new(),
            wrapper: Vec::new(),
            wanted: limits.clone(),
            in_force: LimitsInForce { cpu: Means::None, memory: Means::None, reasons: Vec::new() },
        };
        let mut reasons = Vec::new();
        for (means, attempt) in [
            (Means::CgroupV2, v2::make as fn(&Limits, &str) -> Result<Vec<Cgroup>, String>),
            (Means::CgroupV1, v1::make),
        ] {
            match attempt(limits, name) {
                Ok(cgroups) => {
                    limiter.cgroups = cgroups;
                    limiter.believe(means);
                    return limiter;
                }
                Err(reason) => reasons.push(reason),
            }
        }
        if limits.cpus.is_none() && limits.memory.is_none() {
            return limiter;
        }
        match systemd::wrapper(limits, name) {
            Ok(wrapper) => {
                limiter.wrapper = wrapper;
                limiter.believe(Means::SystemdScope);
            }
            Err(reason) => {
                reasons.push(reason);
                limiter.in_force.reasons = reasons;
            }
        }
        limiter
    }

    fn believe(&mut self, means: Means) {
        if self.wanted.cpus.is_some() {
            self.in_force.cpu = means;
        }
        if self.wanted.memory.is_some() {
            self.in_force.memory = means;
        }
    }

    /// A command that can be given to [`spawn`](Self::spawn).
    pub fn command(&self, program: &Path) -> Command {
        match self.wrapper.split_first() {
            None => Command::new(program),
            Some((wrapper, arguments)) => {
                let mut command = Command::new(wrapper);
                command.args(arguments).arg(program);
                command
            }
        }
    }

    /// Starts it under the limits: it and all that it starts.
    pub fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let _alone = alone();
        let entered = self.cgroups.iter().try_for_each(|cgroup| enter(&cgroup.folder));
        let child = entered.and_then(|()| command.spawn());
        let left: Vec<io::Error> =
            self.cgroups.iter().filter_map(|cgroup| enter(&cgroup.home).err()).collect();
        match (child, left.into_iter().next()) {
            (Ok(mut child), Some(stuck)) => {
                child.kill()?;
                child.wait()?;
                Err(stuck)
            }
            (child, _) => child,
        }
    }

    /// Looks whether the running server is really limited, and corrects what is said of it.
    pub fn verify(&mut self, pid: u32) {
        if self.in_force.cpu == Means::SystemdScope || self.in_force.memory == Means::SystemdScope {
            match systemd::verify(&self.wanted, pid) {
                Ok(folder) => self.cgroups = vec![Cgroup { home: folder.clone(), folder }],
                Err(reason) => self.doubt(reason),
            }
            return;
        }
        for cgroup in &self.cgroups {
            let members = fs::read_to_string(cgroup.folder.join("cgroup.procs")).unwrap_or_default();
            if !members.lines().any(|line| line.trim() == pid.to_string()) {
                let reason = format!("the server did not stay in the cgroup {}", cgroup.folder.display());
                self.doubt(reason);
                return;
            }
        }
    }

    fn doubt(&mut self, reason: String) {
        self.in_force.cpu = Means::None;
        self.in_force.memory = Means::None;
        self.in_force.reasons.push(reason);
    }

    /// What to say of the limits.
    pub fn in_force(&self) -> &LimitsInForce {
        &self.in_force
    }

    /// Where they can be watched.
    pub fn folders(&self) -> Vec<PathBuf> {
        self.cgroups.iter().map(|cgroup| cgroup.folder.clone()).collect()
    }

    /// Lets the server end at full speed.
    pub fn lift_cpu(&self) {
        for folder in self.folders() {
            // The one that does not exist is of the other version.
            let _ = write_existing(&folder.join("cpu.cfs_quota_us"), "-1");
            let _ = write_existing(&folder.join("cpu.max"), "max");
        }
    }

    /// Ends whatever is left in the cgroups, and removes them.
    pub fn remove(&mut self) -> Result<(), String> {
        let stuck: Vec<String> =
            self.cgroups.drain(..).filter_map(|cgroup| remove(&cgroup.folder).err()).collect();
        if stuck.is_empty() { Ok(()) } else { Err(stuck.join("; ")) }
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        if let Err(why) = self.remove() {
            tracing::warn!("{why}");
        }
    }
}

/// Removes a cgroup of ours with every process in it. One that is not there any more is no error.
pub(crate) fn remove(folder: &Path) -> Result<(), String> {
    let ours = folder.file_name().is_some_and(|name| name.to_string_lossy().contains(NAME_PREFIX));
    if !ours || !mounts::is_cgroup(folder) {
        return Err(format!("{} is not a cgroup of poollab's and is left alone", folder.display()));
    }
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        // A systemd scope vanishes by itself with its last process.
        let gone = fs::remove_dir(folder);
        match gone {
            Ok(()) => return Ok(()),
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(why) if Instant::now() > deadline => {
                return Err(format!("the cgroup {} could not be removed: {why}", folder.display()));
            }
            Err(_) => {}
        }
        for pid in fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default().lines() {
            if let Some(pid) = pid.trim().parse().ok().and_then(rustix::process::Pid::from_raw)
                && pid != rustix::process::getpid()
            {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn enter(cgroup: &Path) -> io::Result<()> {
    write_existing(&cgroup.join("cgroup.procs"), &std::process::id().to_string())
}

/// A cgroup's file is never created: where it does not exist, there is no such controller.
fn write_existing(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    fs::OpenOptions::new().write(true).open(path)?.write_all(text.as_bytes())
}

/// Writes a control file, or says why not.
fn set(path: &Path, text: &str) -> Result<(), String> {
    write_existing(path, text).map_err(|why| format!("{} could not be set: {why}", path.display()))
}

/// Microseconds of CPU time in each period.
fn quota_us(cpus: f64) -> u64 {
    (cpus * PERIOD_US as f64).round().max(1_000.0) as u64
}
