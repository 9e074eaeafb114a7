//! Where cgroups are mounted, and where in them this process lives.

use std::fs;
use std::path::{Path, PathBuf};

/// One mounted cgroup hierarchy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where it is mounted.
    pub at: PathBuf,
    /// The part of the hierarchy that is mounted there.
    root: PathBuf,
    /// `None` for version 2.
    controllers: Option<Vec<String>>,
}

/// The hierarchy of version 2.
pub(super) fn unified() -> Result<Mount, String> {
    mounted().into_iter().find(|mount| mount.controllers.is_none()).ok_or_else(|| no_cgroup("version 2"))
}

/// The hierarchy of version 1 that holds a controller.
pub(super) fn of_controller(controller: &str) -> Result<Mount, String> {
    mounted()
        .into_iter()
        .find(|mount| mount.controllers.iter().flatten().any(|one| one == controller))
        .ok_or_else(|| no_cgroup(&format!("version 1 with the controller {controller}")))
}

impl Mount {
    /// The cgroup in which a process lives (`self` or a process id). In a container the path that the kernel
    /// names may lie outside of what is mounted; then it is the top of what is mounted.
    pub fn home(&self, pid: &str) -> PathBuf {
        let table = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        let path = path_in(&table, self.controllers.as_deref()).unwrap_or_default();
        let inside = path.strip_prefix(&self.root).unwrap_or(Path::new(""));
        let home = self.at.join(inside.strip_prefix("/").unwrap_or(inside));
        if home.join("cgroup.procs").exists() { home } else { self.at.clone() }
    }
}

/// Whether a path lies in a mounted hierarchy.
pub(super) fn is_cgroup(folder: &Path) -> bool {
    let plain = !folder.components().any(|part| part == std::path::Component::ParentDir);
    plain && mounted().iter().any(|mount| folder.starts_with(&mount.at) && folder != mount.at)
}

fn mounted() -> Vec<Mount> {
    parse_mounts(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
}

fn parse_mounts(mountinfo: &str) -> Vec<Mount> {
    mountinfo
        .lines()
        .filter_map(|line| {
            let (left, right) = line.split_once(" - ")?;
            let mut left = left.split(' ').skip(3);
            let (root, at) = (left.next()?.into(), left.next()?.into());
            let mut right = right.split(' ');
            let controllers = match right.next()? {
                "cgroup2" => None,
                "cgroup" => Some(right.nth(1)?.split(',').map(str::to_owned).collect()),
                _ => return None,
            };
            Some(Mount { at, root, controllers })
        })
        .collect()
}

fn path_in(table: &str, controllers: Option<&[String]>) -> Option<PathBuf> {
    table.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let names = fields.next()?;
        let path = fields.next()?;
        let this = match controllers {
            None => names.is_empty(),
            Some(controllers) => names.split(',').any(|name| controllers.iter().any(|one| one == name)),
        };
        this.then(|| path.into())
    })
}

fn no_cgroup(what: &str) -> String {
    if cfg!(target_os = "linux") {
        format!("cgroup {what} is not mounted")
    } else {
        format!("cgroup {what} exists on Linux only")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
31 23 0:26 / /sys/fs/cgroup rw shared:5 - tmpfs tmpfs rw,mode=755
32 31 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
33 31 0:28 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
";

    #[test]
    fn both_versions_are_told_apart_on_a_hybrid_system() {
        let mounts = parse_mounts(MOUNTS);
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].at, Path::new("/sys/fs/cgroup/unified"));
        assert_eq!(mounts[0].controllers, None);
        assert_eq!(mounts[1].root, Path::new("/docker/abc"));
        assert!(mounts[1].controllers.as_ref().unwrap().contains(&"cpuacct".to_owned()));
    }

    #[test]
    fn a_process_is_found_in_the_right_hierarchy() {
        let table = "4:memory:/m\n2:cpu,cpuacct:/c\n0::/u\n";
        assert_eq!(path_in(table, None), Some("/u".into()));
        assert_eq!(path_in(table, Some(&["cpu".into(), "rw".into()])), Some("/c".into()));
        assert_eq!(path_in(table, Some(&["pids".into()])), None);
    }

    #[test]
    fn a_folder_outside_of_the_hierarchies_is_never_taken_for_a_cgroup() {
        for path in ["/tmp/poollab-x", "/sys/fs/cgroup/../../tmp/poollab-x", "/"] {
            assert!(!is_cgroup(Path::new(path)), "{path}");
        }
    }
}
