//! The machine that travels with the numbers. What can't be found out is left out, never guessed.

use std::fs;

use poollab_model::MachineInfo;

/// Looks at this machine.
pub fn look() -> MachineInfo {
    let uname = rustix::system::uname();
    MachineInfo {
        os: os_release().unwrap_or_else(|| uname.sysname().to_string_lossy().into_owned()),
        kernel: uname.release().to_string_lossy().into_owned(),
        cpu: cpu_model().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        cores: cores(),
        memory_bytes: memory(),
        load_average: first_word("/proc/loadavg").and_then(|word| word.parse().ok()),
        clock_source: first_word("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        open_files: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
    }
}

/// Cores that this process may use.
pub fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX))
}

/// CPU seconds of a process with all its threads, and its peak of resident memory in bytes.
pub fn process_figures(pid: u32) -> Option<(f64, Option<u64>)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold spaces.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(kilobytes);
    Some((ticks as f64 / rustix::param::clock_ticks_per_second() as f64, peak))
}

/// CPU seconds that the whole machine has spent on anything but idling since it started, what its host took away
/// (steal) included; and its cores, of which this process may be allowed a few only.
pub fn spent() -> Option<(f64, u32)> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let mut lines = stat.lines().take_while(|line| line.starts_with("cpu"));
    let fields: Vec<u64> =
        lines.next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; what guests used is in user and nice already.
    let [user, nice, system, _, _, irq, softirq, steal] = *fields.first_chunk()?;
    let ticks = user + nice + system + irq + softirq + steal;
    let cores = u32::try_from(lines.count()).ok().filter(|cores| *cores > 0)?;
    Some((ticks as f64 / rustix::param::clock_ticks_per_second() as f64, cores))
}

fn os_release() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}

fn cpu_model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    text.lines().find_map(|line| line.strip_prefix("MemTotal:")).and_then(kilobytes)
}

fn kilobytes(text: &str) -> Option<u64> {
    Some(text.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn first_word(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.split_whitespace().next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_figures_of_this_very_process_are_found() {
        let (cpu, memory) = process_figures(std::process::id()).unwrap();
        assert!(cpu >= 0.0 && memory.unwrap() > 1 << 20);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_shows_in_what_the_machine_has_spent() {
        let (before, began) = (spent().unwrap().0, std::time::Instant::now());
        while began.elapsed() < std::time::Duration::from_millis(200) {
            std::hint::spin_loop();
        }
        assert!(spent().unwrap().0 - before >= 0.1);
    }
}
