//! cgroup version 1: one folder for each controller, for root only.

use std::fs;
use std::path::PathBuf;

use poollab_model::Limits;

use super::{Cgroup, PERIOD_US, mounts, quota_us, set};

/// Makes the cgroups with their limits, or says why it can't.
pub(super) fn make(limits: &Limits, name: &str) -> Result<Vec<Cgroup>, String> {
    let mut made: Vec<Cgroup> = Vec::new();
    let result = fill(limits, name, &mut made);
    if result.is_err() {
        for cgroup in &made {
            let _ = fs::remove_dir(&cgroup.folder);
        }
    }
    result.map(|()| made)
}

fn fill(limits: &Limits, name: &str, made: &mut Vec<Cgroup>) -> Result<(), String> {
    let cpu = below_home("cpu", name, made)?;
    if let Some(cpus) = limits.cpus {
        set(&cpu.join("cpu.cfs_period_us"), &PERIOD_US.to_string())?;
        set(&cpu.join("cpu.cfs_quota_us"), &quota_us(cpus).to_string())?;
    }
    let memory = below_home("memory", name, made)?;
    if let Some(size) = limits.memory {
        set(&memory.join("memory.limit_in_bytes"), &size.0.to_string())?;
        // Only where the kernel accounts for swap; without it a server could swap instead of failing.
        let with_swap = memory.join("memory.memsw.limit_in_bytes");
        if with_swap.exists() {
            set(&with_swap, &size.0.to_string())?;
        }
    }
    // Only for watching: the CPU time that was used.
    let _ = below_home("cpuacct", name, made);
    Ok(())
}

/// Below the cgroup that we live in, so that limits which others gave us still count.
fn below_home(controller: &str, name: &str, made: &mut Vec<Cgroup>) -> Result<PathBuf, String> {
    let home = mounts::of_controller(controller)?.home("self");
    let folder = home.join(name);
    if made.iter().all(|cgroup| cgroup.folder != folder) {
        fs::create_dir(&folder)
            .map_err(|why| format!("cgroup version 1: {} could not be made: {why}", folder.display()))?;
        made.push(Cgroup { folder: folder.clone(), home });
    }
    Ok(folder)
}
