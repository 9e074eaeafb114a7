//! Everything that decides results, and how to repeat the run.

use maud::{Markup, html};
use poollab_analysis::figures;
use poollab_model::{HumanDuration, Means, Report};

use crate::facts;

/// The end of the page.
pub fn environment(report: &Report) -> Markup {
    html! {
        section.comparison aria-labelledby="environment" {
            h2 #environment { "Environment" }
            dl.facts {
                @for (name, value) in facts_of(report) { div { dt { (name) } dd { (value) } } }
            }
            details {
                summary { "Settings of Postgres and versions" }
                div.lists {
                    dl.facts {
                        @for setting in &report.environment.postgres_settings {
                            div { dt { (setting.name) } dd { (setting.value) } }
                        }
                    }
                    dl.facts {
                        @for part in &report.environment.components { div { dt { (part.name) } dd { (part.version) } } }
                    }
                }
            }
            h2 { "Repeat this run" }
            p { "Its plan holds the seed and the order of the trials; feeding it back repeats them." }
            pre { code { (facts::repeat_command(report)) } }
            p.muted { "Seed " (report.run.seed) ". " (settings(report)) }
            @if !report.run.skipped.is_empty() {
                details {
                    summary { (report.run.skipped.len()) " trials were left out" }
                    ul { @for trial in &report.run.skipped { li { code { (trial.id) } ": " (trial.reason) } } }
                }
            }
        }
    }
}

fn facts_of(report: &Report) -> Vec<(&'static str, String)> {
    let (environment, machine) = (&report.environment, &report.environment.machine);
    let force = &environment.limits_in_force;
    let limit = |asked: Option<String>, by: Means| match asked {
        None => "none asked for".to_owned(),
        Some(asked) if by == Means::None => format!("{asked}, NOT in force"),
        Some(asked) => format!("{asked}, by {}", facts::means(by)),
    };
    let mut list = vec![
        ("database", environment.postgres.clone()),
        ("way to it", environment.database_link.clone()),
        ("CPU limit", limit(environment.limits.cpus.map(|cpus| format!("{cpus} cores")), force.cpu)),
        ("memory limit", limit(environment.limits.memory.map(|size| figures::bytes(size.0)), force.memory)),
        (
            "slots",
            format!(
                "{}, {} reserved: {} free for the service",
                environment.limits.max_connections,
                environment.limits.reserved,
                environment.limits.free_slots()
            ),
        ),
        ("processor", format!("{}, {}", machine.cpu, figures::plural(machine.cores.into(), "core", "cores"))),
        ("system", format!("{}, kernel {}", machine.os, machine.kernel)),
        (
            "poollab",
            format!(
                "{}, {} build",
                environment.poollab,
                if environment.optimised_build { "optimised" } else { "debug" }
            ),
        ),
    ];
    list.extend(machine.memory_bytes.map(|bytes| ("memory", figures::bytes(bytes))));
    list.extend(machine.load_average.map(|load| ("load at the start", format!("{load:.2}"))));
    list.extend(machine.clock_source.clone().map(|clock| ("clock", clock)));
    list.extend(machine.open_files.map(|files| ("open files", figures::whole(files))));
    list.extend(report.ceiling.as_ref().map(|reference| ("reference", facts::reference(reference))));
    list.extend((!force.reasons.is_empty()).then(|| ("limits missing", force.reasons.join("; "))));
    list
}

fn settings(report: &Report) -> String {
    let (plan, settings) = (&report.plan, &report.plan.settings);
    let or = |value: Option<String>, none: &str| value.unwrap_or_else(|| none.to_owned());
    format!(
        "Warm-up {}, measured {}, request time-out {}; acquire time-out {}, health check {}, TLS {}, {}.",
        plan.warmup.told(),
        plan.duration.told(),
        plan.request_timeout.told(),
        or(settings.acquire_timeout.map(HumanDuration::told), "none"),
        if settings.health_check { "on" } else { "off" },
        if settings.tls { "on" } else { "off" },
        figures::plural(settings.workers.into(), "worker thread", "worker threads"),
    )
}
