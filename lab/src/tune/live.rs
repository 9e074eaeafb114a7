//! A search whose measurements are trials.

use std::process::ExitCode;
use std::time::Instant;

use poollab_analysis::tune::{Answer, Observation, Search, Step};
use poollab_model::TrialSpec;

use super::conclude::{self, Measured};
use super::question::{self, Asked};
use crate::cli::{RunArgs, TuneArgs};
use crate::exit::Failure;
use crate::plan::{self, Registry, Resolved};
use crate::runner::{self, Bench};
use crate::{machine, output};

/// Measures until the answer can't change any more or the budget is spent.
pub fn tune(args: &TuneArgs) -> Result<ExitCode, Failure> {
    let registry = Registry::ours();
    let mut problems = Vec::new();
    let asked = question::read(args, &mut problems);
    if !args.settings.pool_size.is_empty() {
        problems.push(
            "--pool-size can't be used with tune: the pool size is what tune looks for. Use --largest to limit it, or \
             poollab run --pool-size to measure given sizes"
                .to_owned(),
        );
    }
    if args.settings.min_idle.is_some() {
        problems.push(
            "--min-idle can't be used with tune: each size is measured with all its connections open"
                .to_owned(),
        );
    }
    let resolved = plan::resolve_search(&run_args(args), &registry, machine::cores());
    let resolved = match resolved {
        Ok(resolved) => one_trial(resolved, &registry, &mut problems),
        Err(more) => {
            problems.extend(more);
            None
        }
    };
    let Some((resolved, template)) = resolved.filter(|_| problems.is_empty()) else {
        return Err(Failure::Usage(problems));
    };
    // The slots of a user's own server are known only later; then the search is checked again.
    Search::new(question::question(&asked, &resolved.plan, resolved.plan.limits.free_slots()))
        .map_err(|wrong| Failure::Usage(wrong.iter().map(ToString::to_string).collect()))?;

    let options = runner::Options {
        out: args.out.clone(),
        quiet: args.quiet,
        pg_bin: args.database.pg_bin.clone(),
        reuse_schema: args.database.reuse_schema,
    };
    let mut answer = None;
    let mut ended = runner::conduct("tune", &resolved, &registry, &options, async |bench| {
        answer = Some(search(bench, &asked, &resolved, &template).await?);
        Ok(())
    })?;
    let report = ended.document()?.report;
    if let Some(stopped) = ended.stopped {
        return Err(stopped);
    }
    let Some(answer) = answer else {
        return Err(Failure::environment("the search ended without an answer"));
    };
    let measured = Measured { answer, plan: &resolved.plan, report: &report, asked: &asked };
    let tuned = conclude::tuned(measured);
    let page = conclude::write(&ended.folder, &tuned)?;
    let code = output::print(&conclude::text(&tuned, args.json));
    if !args.json {
        output::print(&format!("\nreport: {}\n", page.display()));
    }
    Ok(code)
}

/// Asks the search, carries out what it wants, tells it what came out.
async fn search(
    bench: &mut Bench<'_>,
    asked: &Asked,
    resolved: &Resolved,
    template: &TrialSpec,
) -> Result<Answer, Failure> {
    let question = question::question(asked, &resolved.plan, bench.free_slots());
    let mut search = Search::new(question)
        .map_err(|wrong| Failure::Usage(wrong.iter().map(ToString::to_string).collect()))?;
    let started = Instant::now();
    let mut number = 0;
    loop {
        if let Ok(done @ 1..) = u32::try_from(number) {
            // As many as fit in the rest of the time, if the next ones take as long as those before.
            let each = (started.elapsed() / done).as_secs_f64().max(1e-3);
            let rest = asked.budget.saturating_sub(started.elapsed()).as_secs_f64();
            search.afford((rest / each) as u32);
        }
        let size = match search.next() {
            Step::Measure { size, .. } => size,
            Step::Done(answer) => return Ok(*answer),
        };
        number += 1;
        bench.expect(number + search.left() as usize);
        let observation = match bench.resized_trial(&trial(template, size, number)).await? {
            Some(record) => Observation::of_trial(&record),
            None => None,
        };
        let observation = observation
            .unwrap_or_else(|| Observation { failed_share: Some(1.0), ..Observation::of_goodput(size, 0.0) });
        search.observe(observation).map_err(Failure::environment)?;
    }
}

/// The template with a size, as measurement `number`.
fn trial(template: &TrialSpec, size: u32, number: usize) -> TrialSpec {
    let rest = template.id.split_once('.').map_or("", |(_, rest)| rest);
    let rest = rest.rsplit_once('.').map_or(rest, |(rest, _)| rest);
    let mut spec = template.clone();
    spec.id = format!("{}-{size}.{rest}.m{number}", template.strategy);
    spec.settings.pool_size = Some(size);
    // A pool is measured full: slices are short, and opening connections is not what they are about.
    spec.settings.min_idle = size;
    spec.repeat = u32::try_from(number).unwrap_or(u32::MAX);
    spec.seed = template.seed.wrapping_add(number as u64);
    spec
}

/// Tuning is about one strategy, one workload and one load.
fn one_trial(
    resolved: Resolved,
    registry: &Registry,
    problems: &mut Vec<String>,
) -> Option<(Resolved, TrialSpec)> {
    let template = resolved.trials.first().cloned()?;
    let info = registry.strategy(&template.strategy)?;
    if !info.acquisition.has_size() {
        problems.push(format!(
            "{} has no pool whose size could be tuned; take deadpool, bb8, r2d2 or sqlx",
            info.id
        ));
    }
    if resolved.trials.len() > 1 {
        problems.push(
            "tune is about one strategy, one workload, one route and one load; call it once for each"
                .to_owned(),
        );
    }
    Some((resolved, template))
}

/// What `tune` shares with `run`, in its words.
fn run_args(args: &TuneArgs) -> RunArgs {
    let users = args.users.is_empty() && args.rate.is_empty();
    RunArgs {
        strategy: vec![args.strategy.clone()],
        workload: vec![args.workload.clone()],
        think_ms: args.think_ms.clone(),
        release_early: args.release_early,
        hot_row_method: args.hot_row_method.clone().map_or_else(Vec::new, |method| vec![method]),
        route: args.route.clone().map_or_else(Vec::new, |route| vec![route]),
        users: if users { vec![DEFAULT_USERS.to_string()] } else { args.users.clone() },
        rate: args.rate.clone(),
        arrivals: args.arrivals.clone(),
        duration: Some(args.duration.clone().unwrap_or_else(|| slice(args).to_owned())),
        warmup: Some(args.warmup.clone()),
        repeats: Some("1".to_owned()),
        seed: args.seed.clone(),
        no_ceiling: true,
        settings: args.settings.clone(),
        database: args.database.clone(),
        ..RunArgs::default()
    }
}

/// As short as it tells something: the machine changes from second to second, and only what is measured close together
/// can be compared. A whole number of CPU quota periods (100 ms), so that each slice has as many. Percentiles and
/// arrivals need more requests.
fn slice(args: &TuneArgs) -> &'static str {
    if args.slo.is_some() || !args.rate.is_empty() { "1s" } else { "400ms" }
}

/// What is tuned where nothing else is asked for.
pub const STRATEGY: &str = "deadpool";
/// See `--help`: a read that takes less than a millisecond is answered by one or two connections.
pub const WORKLOAD: &str = "hold";
/// After a change of size; the pool is full by then.
pub const WARMUP: &str = "100ms";

/// Enough to fill every pool that may be asked for.
const DEFAULT_USERS: u32 = 64;
