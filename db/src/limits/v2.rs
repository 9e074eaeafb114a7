//! cgroup version 2: one folder, for root or for a user to whom a part of the tree was delegated.

use std::fs;
use std::path::{Path, PathBuf};

use poollab_model::Limits;

use super::{Cgroup, PERIOD_US, mounts, quota_us, set, write_existing};

/// Makes the cgroup with its limits, or says why it can't.
pub(super) fn make(limits: &Limits, name: &str) -> Result<Vec<Cgroup>, String> {
    let mount = mounts::unified()?;
    let home = mount.home("self");
    let parent = parent(&mount.at, &home)?;
    let folder = parent.join(name);
    fs::create_dir(&folder)
        .map_err(|why| format!("cgroup version 2: {} could not be made: {why}", folder.display()))?;
    let cgroup = Cgroup { folder, home };
    match fill(limits, &cgroup) {
        Ok(()) => Ok(vec![cgroup]),
        Err(why) => {
            let _ = fs::remove_dir(&cgroup.folder);
            Err(why)
        }
    }
}

fn fill(limits: &Limits, cgroup: &Cgroup) -> Result<(), String> {
    if let Some(cpus) = limits.cpus {
        set(&cgroup.folder.join("cpu.max"), &format!("{} {PERIOD_US}", quota_us(cpus)))?;
    }
    if let Some(size) = limits.memory {
        set(&cgroup.folder.join("memory.max"), &size.0.to_string())?;
        let swap = cgroup.folder.join("memory.swap.max");
        if swap.exists() {
            set(&swap, "0")?;
        }
    }
    // A process may be moved only by who may write at the common ancestor, too: try it before the start.
    super::enter(&cgroup.folder).and_then(|()| super::enter(&cgroup.home)).map_err(|why| {
        format!("cgroup version 2: a process can't be moved to {}: {why}", cgroup.folder.display())
    })
}

/// The nearest cgroup at or above our own whose children have both controllers. The kernel gives controllers
/// to children only where the cgroup itself holds no process, so that it is hardly ever our own.
fn parent(top: &Path, home: &Path) -> Result<PathBuf, String> {
    let mut last = format!("cgroup version 2 at {} has no controllers cpu and memory to give", top.display());
    for candidate in home.ancestors().take_while(|folder| folder.starts_with(top)) {
        let has = |file: &str| {
            let text = fs::read_to_string(candidate.join(file)).unwrap_or_default();
            ["cpu", "memory"].iter().all(|wanted| text.split_whitespace().any(|one| one == *wanted))
        };
        if !has("cgroup.controllers") {
            continue;
        }
        if has("cgroup.subtree_control") {
            return Ok(candidate.to_owned());
        }
        match write_existing(&candidate.join("cgroup.subtree_control"), "+cpu +memory") {
            Ok(()) => return Ok(candidate.to_owned()),
            Err(why) => {
                last = format!(
                    "cgroup version 2: {} does not hand on its controllers: {why}",
                    candidate.display()
                );
            }
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of folders that looks like cgroups: name, controllers, those that it hands on.
    fn tree(nodes: &[(&str, &str, &str)]) -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        for (name, controllers, handed_on) in nodes {
            let folder = top.path().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("cgroup.controllers"), controllers).unwrap();
            fs::write(folder.join("cgroup.subtree_control"), handed_on).unwrap();
        }
        top
    }

    #[test]
    fn the_nearest_cgroup_that_hands_on_both_controllers_is_the_parent() {
        let top = tree(&[
            ("", "cpuset cpu io memory pids", "cpu memory"),
            ("user", "cpu memory pids", "cpu memory pids"),
            ("user/session", "memory pids", ""),
        ]);
        let home = top.path().join("user/session");
        assert_eq!(parent(top.path(), &home).unwrap(), top.path().join("user"));
    }

    #[test]
    fn a_name_that_only_begins_like_a_controller_is_none() {
        let top = tree(&[("", "cpuset memory", "cpuset memory")]);
        assert!(parent(top.path(), top.path()).unwrap_err().contains("no controllers cpu and memory"));
    }
}
