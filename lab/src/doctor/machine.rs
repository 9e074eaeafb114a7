//! The machine: limits, cores, files, ports, clock.

use std::net::TcpListener;

use poollab_analysis::figures;
use poollab_model::Means;
use rustix::process::{Resource, getrlimit};

use super::Check;
use crate::machine;

/// Each user of the main job is a socket in the generator and one in the service; ten times that is room
/// for a plan of one's own.
const FILES: u64 = 1_024;

/// A plan of 256 users on the loopback interface needs as many ports at once, and ports rest after use.
const PORTS: u64 = 4_096;

/// A cluster with its log and its write-ahead log, and the cached template that it is copied from.
const ROOM: u64 = 1 << 30;

pub(super) fn limits() -> Check {
    let found = poollab_db::probe_limits();
    let word = |means| match means {
        Means::CgroupV2 => "cgroup v2",
        Means::CgroupV1 => "cgroup v1",
        Means::SystemdScope => "a systemd scope",
        Means::Container => "a container",
        Means::None => "nothing",
    };
    if found.cpu != Means::None && found.memory != Means::None {
        return Check::works(
            "limits",
            format!("CPU by {}, memory by {}", word(found.cpu), word(found.memory)),
        );
    }
    let remedy = if cfg!(target_os = "linux") {
        "run as root, in a systemd session (loginctl enable-linger), or in a container (docs/containers.md)"
    } else {
        "CPU and memory limits need Linux; run poollab in containers (docs/containers.md), or use --cpus none --memory none"
    };
    Check::lacks(
        "limits",
        format!(
            "CPU by {}, memory by {}: {}",
            word(found.cpu),
            word(found.memory),
            figures::list(&found.reasons)
        ),
        remedy,
    )
}

pub(super) fn cores() -> Check {
    match machine::cores() {
        1 => Check::lacks(
            "cores",
            "1: load generator, service and database share it and disturb each other",
            "use a machine with two cores or more",
        ),
        cores => Check::works("cores", cores.to_string()),
    }
}

pub(super) fn load() -> Check {
    let (cores, load) = (machine::cores(), machine::look().load_average);
    match load {
        Some(load) if load > f64::from(cores) * 0.75 => Check::lacks(
            "quiet",
            format!(
                "load average {load:.1} on {cores} cores: other processes are running, and results will vary"
            ),
            "stop other processes, or wait",
        ),
        Some(load) => Check::works("quiet", format!("load average {load:.1} on {cores} cores")),
        None => Check::works("quiet", "this system does not report its load average"),
    }
}

pub(super) fn open_files() -> Check {
    let limit = getrlimit(Resource::Nofile);
    let (soft, hard) = (limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX));
    let number = |value| if value == u64::MAX { "no limit".to_owned() } else { figures::whole(value) };
    if soft >= FILES {
        return Check::works("open files", format!("{} per process", number(soft)));
    }
    let found =
        format!("{} per process (hard limit {}): not enough for many users", number(soft), number(hard));
    Check::lacks("open files", found, format!("ulimit -n {}", hard.min(65_536)))
}

pub(super) fn ports() -> Check {
    if let Err(why) = TcpListener::bind("127.0.0.1:0") {
        return Check::broken(
            "ports",
            format!("cannot listen on 127.0.0.1: {why}"),
            "bring the loopback interface up: ip link set lo up",
        );
    }
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let ends: Vec<u64> = range.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match ends.as_slice() {
        [first, last] if last - first < PORTS => Check::lacks(
            "ports",
            format!(
                "{} ports for outgoing connections: strategies that connect per request may use them all",
                last - first
            ),
            "sysctl net.ipv4.ip_local_port_range='16384 60999'",
        ),
        [first, last] => Check::works("ports", format!("{} on 127.0.0.1", figures::whole(last - first))),
        _ => Check::works("ports", "127.0.0.1 is available"),
    }
}

pub(super) fn clock() -> Check {
    match machine::look().clock_source {
        Some(source) if matches!(source.as_str(), "hpet" | "acpi_pm" | "jiffies" | "refined-jiffies") => {
            Check::lacks(
                "clock",
                format!("{source}: each read takes microseconds, and every request reads it several times"),
                "switch the kernel to tsc or the hypervisor's clock \
                 (/sys/devices/system/clocksource/clocksource0/available_clocksource)",
            )
        }
        Some(source) => Check::works("clock", source),
        None => Check::works("clock", "this system does not report its clock source"),
    }
}

/// Room for the cluster, where temporary folders are made.
pub(super) fn room() -> Check {
    let folder = std::env::temp_dir();
    match rustix::fs::statvfs(&folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = format!("{} free in {}", figures::bytes(free), folder.display());
            if free >= ROOM {
                Check::works("room", found)
            } else {
                Check::lacks(
                    "room",
                    found,
                    "a database may need 1 GiB: free some space, or set TMPDIR to another folder",
                )
            }
        }
        Err(why) => Check::broken(
            "room",
            format!("cannot use {}: {why}", folder.display()),
            "set TMPDIR to a writable folder",
        ),
    }
}

pub(super) fn build() -> Check {
    if cfg!(debug_assertions) {
        return Check::lacks(
            "build",
            "debug build: service and load generator are several times slower",
            "cargo run --release, or cargo install --path lab",
        );
    }
    Check::works("build", "optimised")
}
