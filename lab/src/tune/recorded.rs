//! A search in somebody else's figures.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use poollab_analysis::sizing::snippets::{PoolSettings, snippets};
use poollab_analysis::sizing::{Capacity, Curve, Facts};
use poollab_analysis::tune::sweep::{self, Options, SeriesAnswer};
use poollab_report::tune::{Tuned, TunedSeries};

use super::question::{self, Asked};
use super::{conclude, live};
use crate::cli::{DatabaseArgs, SettingsArgs, TuneArgs};
use crate::exit::Failure;
use crate::{input, output};

/// A larger file is not a sweep of pool sizes.
const LARGEST_FILE: u64 = 64 << 20;

/// Answers a sweep.
pub fn tune(path: &Path, args: &TuneArgs) -> Result<ExitCode, Failure> {
    let mut problems = meaningless(args);
    let asked = question::read(args, &mut problems);
    let text = read(path).map_err(|problem| problems.push(problem)).unwrap_or_default();
    if !problems.is_empty() {
        return Err(Failure::Usage(problems));
    }
    let facts = Facts { cores: asked.cores, service_cores: asked.cores, ..Facts::default() };
    let options = Options { within: asked.within, slo: asked.slo.clone(), facts, ..Options::default() };
    let answer =
        sweep::answer(&text, &options).map_err(|why| Failure::usage(format!("{}: {why}", path.display())))?;
    let series = answer.series.into_iter().map(|series| tuned(series, &asked)).collect();
    let tuned =
        Tuned::new(format!("recorded in {}", path.display()), series).recorded().with_slo(asked.slo.as_ref());
    Ok(output::print(&conclude::text(&tuned, args.json)))
}

/// Options that ask for a measurement. The figures of a file were measured already, so that nobody would obey them.
fn meaningless(args: &TuneArgs) -> Vec<String> {
    let TuneArgs { strategy, workload, warmup, settings, database, .. } = args;
    let given = [
        ("--strategy", *strategy != live::STRATEGY),
        ("--workload", *workload != live::WORKLOAD),
        ("--think-ms", args.think_ms.is_some()),
        ("--release-early", args.release_early),
        ("--hot-row-method", args.hot_row_method.is_some()),
        ("--route", args.route.is_some()),
        ("--users", !args.users.is_empty()),
        ("--rate", !args.rate.is_empty()),
        ("--arrivals", args.arrivals.is_some()),
        ("--duration", args.duration.is_some()),
        ("--warmup", *warmup != live::WARMUP),
        ("--seed", args.seed.is_some()),
        ("--budget", args.budget.is_some()),
        ("--largest", args.largest.is_some()),
        ("the settings of a strategy", *settings != SettingsArgs::default()),
        ("the options of a database", *database != DatabaseArgs::default()),
    ];
    let given: Vec<&str> = given.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    if given.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "{} can't be used with --from: a recorded sweep was measured already. Leave out --from to measure, or leave {} out",
        given.join(", "),
        if given.len() == 1 { "it" } else { "them" }
    )]
}

fn read(path: &Path) -> Result<String, String> {
    let refuse = |why: &dyn std::fmt::Display| format!("can't read {}: {why}", path.display());
    let mut bytes = Vec::new();
    input::open(path, LARGEST_FILE)?
        .take(LARGEST_FILE)
        .read_to_end(&mut bytes)
        .map_err(|why| refuse(&why))?;
    String::from_utf8(bytes).map_err(|_| refuse(&"it is not a text in UTF-8; export the sweep as CSV"))
}

fn tuned(series: SeriesAnswer, asked: &Asked) -> TunedSeries {
    let curve = Curve::new(series.chart.points.iter().map(|point| (point.size, point.goodput)));
    let capacity = series.recommended.zip(curve).and_then(|(size, curve)| Capacity::of(&curve, size));
    let capacity = capacity.map(|capacity| conclude::estimate(&capacity, None));
    TunedSeries {
        settings: series.recommended.map_or_else(Vec::new, |size| snippets(&PoolSettings::of_size(size))),
        fleet: series.recommended.zip(asked.fleet).and_then(|(size, fleet)| fleet.with_pool(size).ok()),
        name: series.name,
        asked: series.asked,
        plateau: series.plateau,
        recommended: series.recommended,
        regret: series.regret,
        confidence: series.confidence,
        gives_up_at_most: None,
        verdict: series.verdict,
        text: series.text,
        models: series.models,
        capacity,
        chart: series.chart,
        answer: series.answer,
    }
}
