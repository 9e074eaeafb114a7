//! A transient scope of the user's own systemd: limits without being root.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use poollab_model::Limits;

use super::mounts;

/// What to put in front of a command, after trying whether it works here. systemd-run becomes the command, so
/// that the process id is the server's.
pub(super) fn wrapper(limits: &Limits, name: &str) -> Result<Vec<String>, String> {
    let mut trial = arguments(limits, &format!("{name}-try"));
    trial.push("true".into());
    let output = Command::new(&trial[0])
        .args(&trial[1..])
        .stdin(Stdio::null())
        .output()
        .map_err(|why| format!("systemd-run could not be run: {why}"))?;
    if output.status.success() {
        return Ok(arguments(limits, name));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "systemd-run --user --scope refused: {}",
        text.trim().lines().next().unwrap_or("without a word")
    ))
}

fn arguments(limits: &Limits, name: &str) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["systemd-run", "--user", "--scope", "--collect", "--quiet"].map(str::to_owned).into();
    arguments.push(format!("--unit={name}"));
    if let Some(cpus) = limits.cpus {
        arguments.push(format!("--property=CPUQuota={}%", percent(cpus)));
    }
    if let Some(memory) = limits.memory {
        arguments.push(format!("--property=MemoryMax={}", memory.0));
        arguments.push("--property=MemorySwapMax=0".into());
    }
    arguments.push("--".into());
    arguments
}

/// Without what binary fractions add: 0.29 is 29, and not 28.999999999999996.
fn percent(cpus: f64) -> f64 {
    (cpus * 100_000.0).round() / 1_000.0
}

/// The scope's cgroup, if the limits are in it: systemd ignores those whose controller was not delegated.
pub(super) fn verify(limits: &Limits, pid: u32) -> Result<PathBuf, String> {
    let folder = mounts::unified()?.home(&pid.to_string());
    let limited = |file: &str| {
        fs::read_to_string(folder.join(file)).is_ok_and(|text| !text.trim_start().starts_with("max"))
    };
    let missing: Vec<&str> = [(limits.cpus.is_some(), "cpu.max"), (limits.memory.is_some(), "memory.max")]
        .iter()
        .filter(|(wanted, file)| *wanted && !limited(file))
        .map(|(_, file)| *file)
        .collect();
    if missing.is_empty() {
        return Ok(folder);
    }
    Err(format!(
        "systemd made a scope but set no {} in {}: the controller is not delegated to your user (see \
         Delegate= in systemd.resource-control)",
        missing.join(" and no "),
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_share_of_a_core_is_a_plain_percentage() {
        for (cpus, text) in [(0.29, "29"), (0.5, "50"), (0.07, "7"), (1.1, "110"), (0.125, "12.5")] {
            assert_eq!(super::percent(cpus).to_string(), text);
        }
    }
}
