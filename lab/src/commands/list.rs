//! `poollab strategies`, `poollab workloads`, `poollab schema`.

use std::process::ExitCode;

use poollab_model::Report;

use crate::output::print;

/// The strategies, one line each.
pub fn strategies() -> ExitCode {
    let lines: Vec<(String, String)> =
        poollab_servers::strategies().into_iter().map(|info| (info.id.to_string(), info.summary)).collect();
    print(&columns(&lines))
}

/// The workloads, one line each.
pub fn workloads() -> ExitCode {
    let lines = |infos: Vec<poollab_model::WorkloadInfo>| -> Vec<(String, String)> {
        infos.into_iter().map(|info| (info.id.to_string(), info.summary)).collect()
    };
    let hazards = columns(&lines(poollab_servers::hazards()));
    print(&format!(
        "{}\nused only by scenarios (poollab reproduce):\n{hazards}",
        columns(&lines(poollab_servers::workloads()))
    ))
}

/// The JSON Schema of `report.json`.
pub fn schema() -> ExitCode {
    let schema = schemars::schema_for!(Report);
    let text = serde_json::to_string_pretty(&schema).unwrap_or_else(|_| schema.as_value().to_string());
    print(&format!("{text}\n"))
}

fn columns(lines: &[(String, String)]) -> String {
    let width = lines.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
    lines.iter().map(|(id, summary)| format!("{id:<width$}  {summary}\n")).collect()
}
