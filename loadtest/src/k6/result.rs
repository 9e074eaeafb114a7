//! k6's document as a result of the generator's.

use std::thread::available_parallelism;

use poollab_model::wire::{LoadOrder, LoadResult};
use poollab_model::{Arrivals, ErrorRecord, Histograms, K6Document, Load, Phases, RequestCounts, Unfinished};

use super::order;
use super::process::Usage;

/// What k6 measured, with remarks on what it could not.
pub fn of(document: K6Document, order: &LoadOrder, usage: &Usage) -> Result<LoadResult, String> {
    let version = document.k6_version.unwrap_or_else(|| "of unknown version".to_owned());
    let Some(trial) = document.trials.into_iter().next() else {
        return Err(format!("k6 {version} measured nothing: it refused the service"));
    };
    let asked = trial.requests;
    let requests = RequestCounts {
        total: asked.ok + asked.failed + asked.dropped,
        ok: asked.ok,
        failed: asked.failed,
        dropped: asked.dropped,
    };
    let spent = usage.before.zip(usage.after);
    let errors = trial.errors.into_iter().map(|error| ErrorRecord {
        kind: error.kind,
        sqlstate: error.sqlstate,
        message: error.message,
        cause: error.cause,
        count: error.count,
        first_at_ms: 0.0,
    });
    Ok(LoadResult {
        measured_s: trial.measured_s,
        requests,
        offered_rps: trial.offered_rps,
        goodput_rps: trial.goodput_rps,
        throughput_rps: trial.throughput_rps,
        latency_us: trial.latency_us,
        phases_us: Phases::default(),
        errors: errors.collect(),
        intervals: Vec::new(),
        bursts: Vec::new(),
        histograms: Histograms::default(),
        unfinished: Unfinished { cut_off: asked.unfinished, ..Unfinished::default() },
        cpu_s: spent.map_or(0.0, |(before, after)| after.cpu.saturating_sub(before.cpu).as_secs_f64()),
        cores: available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)),
        memory_bytes: usage.after.and_then(|after| after.memory),
        remarks: remarks(&version, order, asked.unfinished, spent.is_some()),
    })
}

fn remarks(version: &str, order: &LoadOrder, unfinished: u64, saw_usage: bool) -> Vec<String> {
    let mut remarks = vec![format!(
        "measured by k6 {version}, which counts latency from the send and tells no phases, no course of time, no whole \
         distribution and not when a failure came first"
    )];
    let warmup = order::warmup(order);
    if warmup != order.warmup.0 {
        remarks.push(format!(
            "k6 warmed up for {warmup:?} instead of {}: it knows whole seconds only",
            order.warmup
        ));
    }
    if let Load::Open { arrivals: Arrivals::Poisson, .. } = order.load {
        remarks.push("k6 spaced its arrivals evenly: it has no Poisson schedule".to_owned());
    }
    if unfinished > 0 {
        remarks.push(format!("{unfinished} requests of k6 had no answer when its patience ended"));
    }
    if !saw_usage {
        remarks.push("the CPU time of k6 could not be seen".to_owned());
    }
    remarks
}
