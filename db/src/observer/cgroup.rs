//! What the kernel says of the server's cgroups, in the words of either version.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Counters since the cgroup was made. `None`: the kernel, or the lack of a cgroup, does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CgroupReading {
    /// Scheduling periods in which the server wanted to run.
    pub periods: Option<u64>,
    /// Of those, in how many the CPU limit stopped it.
    pub throttled_periods: Option<u64>,
    /// For how long, summed over cores.
    pub throttled: Option<Duration>,
    /// CPU time used.
    pub cpu: Option<Duration>,
    /// Memory in use, in bytes, file cache included.
    pub memory_bytes: Option<u64>,
    /// The most memory that was ever in use, in bytes: it sees what happens between two looks.
    pub memory_high_water: Option<u64>,
    /// Times that memory could not be had within the limit without taking some back first.
    pub memory_failures: Option<u64>,
    /// Processes killed for want of memory.
    pub oom_kills: Option<u64>,
}

impl CgroupReading {
    /// Reads all of them; a server has one cgroup (version 2) or one for each controller (version 1).
    pub fn take(cgroups: &[PathBuf]) -> Self {
        let mut reading = Self::default();
        for cgroup in cgroups {
            reading.add(cgroup);
        }
        reading
    }

    fn add(&mut self, cgroup: &Path) {
        let read = |file: &str| fs::read_to_string(cgroup.join(file)).ok();
        let number = |file: &str| read(file)?.trim().parse::<u64>().ok();
        if let Some(stat) = read("cpu.stat") {
            set(&mut self.periods, field(&stat, "nr_periods"));
            set(&mut self.throttled_periods, field(&stat, "nr_throttled"));
            // Nanoseconds in version 1, microseconds in version 2.
            set(&mut self.throttled, field(&stat, "throttled_time").map(Duration::from_nanos));
            set(&mut self.throttled, field(&stat, "throttled_usec").map(Duration::from_micros));
            set(&mut self.cpu, field(&stat, "usage_usec").map(Duration::from_micros));
        }
        set(&mut self.cpu, number("cpuacct.usage").map(Duration::from_nanos));
        set(&mut self.memory_bytes, number("memory.usage_in_bytes").or_else(|| number("memory.current")));
        let high_water = number("memory.max_usage_in_bytes").or_else(|| number("memory.peak"));
        set(&mut self.memory_high_water, high_water);
        set(&mut self.memory_failures, number("memory.failcnt"));
        if let Some(control) = read("memory.oom_control") {
            set(&mut self.oom_kills, field(&control, "oom_kill"));
        }
        if let Some(events) = read("memory.events") {
            set(&mut self.memory_failures, field(&events, "max"));
            set(&mut self.oom_kills, field(&events, "oom_kill"));
        }
    }
}

fn set<T>(slot: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *slot = value;
    }
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_of_version_2_and_nanoseconds_of_version_1_are_the_same_time() {
        let one = tempfile::tempdir().unwrap();
        let two = tempfile::tempdir().unwrap();
        fs::write(one.path().join("cpu.stat"), "nr_periods 9\nnr_throttled 4\nthrottled_time 2500000\n")
            .unwrap();
        fs::write(one.path().join("memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
            .unwrap();
        fs::write(
            two.path().join("cpu.stat"),
            "usage_usec 70\nnr_periods 9\nnr_throttled 4\nthrottled_usec 2500\n",
        )
        .unwrap();
        fs::write(two.path().join("memory.events"), "low 0\nmax 7\noom 1\noom_kill 3\noom_group_kill 0\n")
            .unwrap();
        let one = CgroupReading::take(&[one.path().into()]);
        let two = CgroupReading::take(&[two.path().into()]);
        assert_eq!(one.throttled, Some(Duration::from_micros(2500)));
        assert_eq!(two.throttled, one.throttled);
        assert_eq!((two.periods, two.throttled_periods), (Some(9), Some(4)));
        assert_eq!((one.oom_kills, two.oom_kills, two.memory_failures), (Some(3), Some(3), Some(7)));
        assert_eq!(two.cpu, Some(Duration::from_micros(70)));
    }

    #[test]
    fn without_a_cgroup_nothing_is_invented() {
        assert_eq!(CgroupReading::take(&[]), CgroupReading::default());
    }
}
