//! What keeping the connection while not using it did.

use poollab_model::{Acquisition, Finding, FindingKind};

use super::{Context, Draft, names};
use crate::compare::{Group, Section};
use crate::figures;

pub(super) fn find(context: &Context<'_>) -> Vec<Finding> {
    context
        .sections
        .iter()
        .filter(|section| {
            section.workload.think_ms.is_some_and(|ms| ms > 0) && !section.workload.release_early
        })
        // What can be given a second is no measure of a load that comes all at once and is over.
        .filter(|section| !came_in_bursts(context, section))
        .flat_map(|holding| {
            let plain = plain_counterpart(context, holding);
            [one_at_a_time(holding, plain), pools(holding, plain)]
        })
        .flatten()
        .collect()
}

fn came_in_bursts(context: &Context<'_>, section: &Section) -> bool {
    let ours = |id: &String| section.groups.iter().any(|group| group.trials.contains(id));
    context.trials.iter().any(|trial| !trial.bursts.is_empty() && ours(&trial.id))
}

/// The section of the same load and route in which nobody thinks while holding; the fastest such.
fn plain_counterpart<'a>(context: &'a Context<'_>, holding: &Section) -> Option<&'a Section> {
    let best = |section: &&Section| section.groups.first().map_or(0.0, |group| group.goodput.mean);
    context
        .sections
        .iter()
        .filter(|section| section.load == holding.load && section.route == holding.route)
        .filter(|section| section.workload.think_ms.is_none())
        .max_by(|a, b| best(a).total_cmp(&best(b)))
}

/// A locked connection serves one holder at a time: `1 / hold` is the most it can give.
fn one_at_a_time(holding: &Section, plain: Option<&Section>) -> Option<Finding> {
    let locked = pick(holding, Acquisition::SharedLocked);
    let group = *locked.first()?;
    let held_us = held(group)?;
    let most = 1_000_000.0 / held_us;
    let fell = plain.and_then(|plain| twin(plain, group)).map_or(String::new(), |(before, place)| {
        format!(
            " Without the wait ({}) it came {} with {}/s.",
            plain.map_or("", |plain| plain.heading.as_str()),
            ordinal(place),
            figures::rate(before.goodput.mean)
        )
    });
    let pool =
        pick(holding, Acquisition::Pooled).into_iter().find(|pool| pool.goodput.mean > group.goodput.mean);
    let cure = pool.map_or(String::new(), |pool| {
        format!(
            " {} served {} times as much.",
            pool.label,
            figures::times(pool.goodput.mean / group.goodput.mean.max(f64::MIN_POSITIVE))
        )
    });
    let finding = Draft::note(FindingKind::HoldEffect)
        .section(holding)
        .groups(locked.iter().copied())
        .figure("held_us", held_us)
        .figure("most_rps", most)
        .figure("goodput_rps", group.goodput.mean)
        .say(format!(
            "{} {} one request at a time, and each keeps the connection for {}: {}/s is the most that can come of it, \
             {}/s did.{fell}{cure} Give the service a pool, or give the connection back before the wait (--release-early).",
            names(&locked),
            if locked.len() == 1 { "serves" } else { "serve" },
            figures::time(held_us),
            figures::rate(most),
            figures::rate(group.goodput.mean),
        ));
    (group.goodput.mean > 0.0).then_some(finding)
}

/// A pool of `size` gives at most `size / hold`.
fn pools(holding: &Section, plain: Option<&Section>) -> Option<Finding> {
    let pools: Vec<&Group> =
        pick(holding, Acquisition::Pooled).into_iter().filter(|group| group.goodput.mean > 0.0).collect();
    let best = *pools.first()?;
    let (size, held_us) = (best.pool_size?, held(best)?);
    let most = f64::from(size) * 1_000_000.0 / held_us;
    let used = best.goodput.mean / most;
    let slower = plain
        .and_then(|plain| twin(plain, best))
        .filter(|(before, _)| before.goodput.mean > 0.0)
        .map_or(String::new(), |(before, _)| {
            format!(
                " That is {} of its {}/s without the wait.",
                figures::percent(best.goodput.mean / before.goodput.mean),
                figures::rate(before.goodput.mean)
            )
        });
    let verdict = if used >= 0.8 {
        "The pool is the limit, not Postgres: give connections back before the wait (--release-early), or raise the pool \
         within the free slots."
    } else {
        "Something else than the pool's size is the limit: see where the time went."
    };
    let finding = Draft::note(FindingKind::HoldEffect)
        .section(holding)
        .groups(pools.iter().copied())
        .figure("held_us", held_us)
        .figure("most_rps", most)
        .figure("goodput_rps", best.goodput.mean)
        .figure("share_of_most", used)
        .say(format!(
            "A pool of {size} whose connections are kept for {} can give {}/s at most; {} gave {}/s, {} of that.{slower} \
             {verdict}",
            figures::time(held_us),
            figures::rate(most),
            best.label,
            figures::rate(best.goodput.mean),
            figures::percent(used),
        ));
    Some(finding)
}

fn pick(section: &Section, acquisition: Acquisition) -> Vec<&Group> {
    section.groups.iter().filter(|group| group.acquisition == acquisition).collect()
}

/// How long an average success had its connection, in µs.
fn held(group: &Group) -> Option<f64> {
    let held = group.phases.query.unwrap_or(0.0) + group.phases.hold?;
    (held > 0.0).then_some(held)
}

/// The same strategy and size in another section, with its place there.
fn twin<'a>(section: &'a Section, group: &Group) -> Option<(&'a Group, usize)> {
    let same = |other: &&Group| other.strategy == group.strategy && other.pool_size == group.pool_size;
    let place = section.groups.iter().position(|other| same(&other))?;
    Some((&section.groups[place], place + 1))
}

fn ordinal(place: usize) -> String {
    match place {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        _ => format!("{place}th"),
    }
}
