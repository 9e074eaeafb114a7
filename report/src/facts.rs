//! What was run, in short: the line above every document.

use poollab_analysis::figures;
use poollab_model::{Ceiling, DatabaseChoice, Load, Means, Report};

/// Database, limits, load and repeats, each a few words.
pub fn conditions(report: &Report) -> Vec<String> {
    let (plan, environment) = (&report.plan, &report.environment);
    let mut facts = vec![format!("{} {}", postgres(&environment.postgres), provided(&environment.database))];
    facts.push(limits(report));
    facts.push(format!(
        "{} slots, {} reserved",
        environment.limits.max_connections, environment.limits.reserved
    ));
    facts.push(figures::list(&plan.loads.iter().map(Load::to_string).collect::<Vec<_>>()));
    facts.push(format!("{} × {}", plan.repeats, plan.duration.told()));
    if let Some(filling) = &plan.filling {
        facts.push(format!(
            "hold {} ms = 3 × {} slots / {:.0} connects per second",
            filling.think_ms,
            environment.limits.free_slots() + 1,
            filling.connects_per_s
        ));
    }
    facts.retain(|fact| !fact.is_empty());
    facts
}

/// The reference in a line.
pub fn reference(reference: &Ceiling) -> String {
    format!(
        "{}, {} tps on {}{} ({})",
        reference.tool,
        figures::rate(reference.tps),
        reference.workload,
        pipelined(reference),
        reference.command
    )
}

/// The reference in a few words, for a terminal: `pgbench 15.18 -c 8, 8,210 tps on point-read`.
pub fn reference_short(reference: &Ceiling) -> String {
    format!(
        "{} -c {}, {} tps on {}{}",
        reference.tool,
        reference.clients,
        figures::rate(reference.tps),
        reference.workload,
        pipelined(reference)
    )
}

fn pipelined(reference: &Ceiling) -> String {
    reference.pipelined.as_ref().map_or_else(String::new, |pipelined| {
        format!(", {} with {} statements in a pipeline", figures::rate(pipelined.tps), pipelined.depth)
    })
}

/// How a limit is enforced.
pub fn means(means: Means) -> &'static str {
    match means {
        Means::CgroupV2 => "cgroup v2",
        Means::CgroupV1 => "cgroup v1",
        Means::SystemdScope => "systemd scope",
        Means::Container => "container",
        Means::None => "not in force",
    }
}

/// The command that repeats the run.
pub fn repeat_command(report: &Report) -> String {
    // An id that is no plain name was not given by poollab, and is nothing to paste into a shell.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if report.run.id.chars().all(plain) {
        format!("poollab run runs/{}/plan.toml", report.run.id)
    } else {
        "poollab run plan.toml (in the folder of this run)".to_owned()
    }
}

fn limits(report: &Report) -> String {
    let (asked, force) = (&report.environment.limits, &report.environment.limits_in_force);
    let cpu = asked.cpus.map(|cpus| (format!("{cpus} CPU"), force.cpu));
    let memory = asked.memory.map(|memory| {
        let text = figures::bytes(memory.0);
        (text, force.memory)
    });
    if matches!(report.environment.database, DatabaseChoice::Url { .. }) && cpu.is_none() && memory.is_none()
    {
        return "CPU and memory limits unknown".to_owned();
    }
    let parts: Vec<(String, Means)> = [cpu, memory].into_iter().flatten().collect();
    match parts.as_slice() {
        [] => "no CPU or memory limit".to_owned(),
        [(a, same), (b, other)] if same == other => format!("{a}, {b} ({})", means(*same)),
        parts => {
            parts.iter().map(|(text, by)| format!("{text} ({})", means(*by))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// `PostgreSQL 15.18` of the long text that `version()` answers.
fn postgres(version: &str) -> String {
    version.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

fn provided(database: &DatabaseChoice) -> &'static str {
    match database {
        DatabaseChoice::Embedded => "embedded",
        DatabaseChoice::Container { .. } => "in a container",
        DatabaseChoice::Url { .. } => "of the user's own",
    }
}

#[cfg(test)]
mod tests {
    use poollab_model::DatabaseChoice;

    #[test]
    fn limits_that_nobody_knows_are_not_said_to_be_none() {
        let mut report = poollab_analysis::fixtures::main_run().report();
        (report.environment.limits.cpus, report.environment.limits.memory) = (None, None);
        assert!(super::conditions(&report).contains(&"no CPU or memory limit".to_owned()));
        report.environment.database = DatabaseChoice::Url { url: "postgres://db/lab".to_owned() };
        assert!(super::conditions(&report).contains(&"CPU and memory limits unknown".to_owned()));
    }

    #[test]
    fn a_command_to_paste_has_no_name_in_it_that_somebody_else_made_up() {
        let mut report = poollab_analysis::fixtures::main_run().report();
        assert!(super::repeat_command(&report).starts_with("poollab run runs/"));
        for id in ["<script>", "x; rm -rf ~", "a\nb", "`x`"] {
            report.run.id = id.to_owned();
            assert!(!super::repeat_command(&report).contains(id), "{id}");
        }
    }
}
