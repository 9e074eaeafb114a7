//! The effect of holding a connection without using it.

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
            [one_at_a_time(holding, plain), pools(context, holding, plain)]
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
            " Without the wait ({}) it was {} with {}/s.",
            plain.map_or("", |plain| plain.heading.as_str()),
            ordinal(place),
            figures::rate(before.goodput.mean)
        )
    });
    let pool =
        pick(holding, Acquisition::Pooled).into_iter().find(|pool| pool.goodput.mean > group.goodput.mean);
    let cure = pool.map_or(String::new(), |pool| {
        format!(" {} reached {}/s.", pool.label, figures::rate(pool.goodput.mean))
    });
    let finding = Draft::note(FindingKind::HoldEffect)
        .section(holding)
        .groups(locked.iter().copied())
        .figure("held_us", held_us)
        .figure("most_rps", most)
        .figure("goodput_rps", group.goodput.mean)
        .say(format!(
            "{} {} one request at a time and holds its connection for {}. Its upper limit is {}/s; it reached {}/s.{fell}\
             {cure} Use a pool, or return the connection before the wait (--release-early).",
            names(&locked),
            if locked.len() == 1 { "serves" } else { "serve" },
            figures::time(held_us),
            figures::rate(most),
            figures::rate(group.goodput.mean),
        ));
    (group.goodput.mean > 0.0).then_some(finding)
}

/// A pool's limit: `processes × size / hold`, with the time that its own requests held their connections.
struct Limit<'a> {
    group: &'a Group,
    held_us: f64,
    most: f64,
}

impl Limit<'_> {
    fn used(&self) -> f64 {
        self.group.goodput.mean / self.most
    }
}

fn limit<'a>(context: &Context<'_>, group: &'a Group) -> Option<Limit<'a>> {
    let (size, held_us) = (group.pool_size?, held(group)?);
    let connections = f64::from(size) * f64::from(context.processes(group));
    Some(Limit { group, held_us, most: connections * 1_000_000.0 / held_us })
}

/// Each pool against its own limit.
fn pools(context: &Context<'_>, holding: &Section, plain: Option<&Section>) -> Option<Finding> {
    let pools = pick(holding, Acquisition::Pooled).into_iter().filter(|group| group.goodput.mean > 0.0);
    let limits: Vec<Limit<'_>> = pools.filter_map(|group| limit(context, group)).collect();
    let best = limits.first()?;
    let slower = plain
        .and_then(|plain| twin(plain, best.group))
        .filter(|(before, _)| before.goodput.mean > 0.0)
        .map_or(String::new(), |(before, _)| {
            format!(
                " Without the wait {} reached {}/s.",
                best.group.label,
                figures::rate(before.goodput.mean)
            )
        });
    let told: Vec<String> = limits
        .iter()
        .map(|limit| {
            format!(
                "{} {}/s of {}/s ({})",
                limit.group.label,
                figures::rate(limit.group.goodput.mean),
                figures::rate(limit.most),
                figures::percent(limit.used())
            )
        })
        .collect();
    let verdict = if best.used() >= 0.8 {
        "The pool is the limit, not Postgres. Return connections before the wait (--release-early), or raise --pool-size \
         within the free slots."
    } else {
        "The pool size is not the limit: see where the time was spent."
    };
    let finding = Draft::note(FindingKind::HoldEffect)
        .section(holding)
        .groups(limits.iter().map(|limit| limit.group))
        .figure("held_us", best.held_us)
        .figure("most_rps", best.most)
        .figure("goodput_rps", best.group.goodput.mean)
        .figure("share_of_most", best.used())
        .say(format!(
            "Goodput against the upper limit (connections / time held): {}.{slower} {verdict}",
            figures::list(&told)
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

/// `1st`, `22nd`, `11th`.
fn ordinal(place: usize) -> String {
    let suffix = match (place % 100, place % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{place}{suffix}")
}

#[cfg(test)]
mod tests {
    use poollab_model::{FindingKind, TrialRecord};

    use super::*;
    use crate::fixtures;

    fn told(change: impl Fn(&mut TrialRecord)) -> String {
        let mut run = fixtures::main_run();
        run.trials.iter_mut().for_each(change);
        let found = run.findings();
        found.into_iter().filter(|finding| finding.kind == FindingKind::HoldEffect).nth(1).unwrap().text
    }

    #[test]
    fn each_pool_is_measured_by_the_time_that_its_own_requests_held() {
        // r2d2 holds for half as long, so its limit is twice deadpool's: 8 / 2.78 ms is 2,877/s, and 1,468/s is half.
        let text = told(|trial| {
            if trial.strategy == "r2d2"
                && let Some(hold) = &mut trial.phases_us.hold
            {
                hold.mean /= 2.0;
            }
        });
        let share = |label: &str| -> f64 {
            let from = text.find(label).unwrap();
            let (open, close) = (text[from..].find('(').unwrap(), text[from..].find("%)").unwrap());
            text[from + open + 1..from + close].parse().unwrap()
        };
        assert!(share("deadpool ×8") > 90.0 && share("r2d2 ×8") < 60.0, "{text}");
    }

    #[test]
    fn several_processes_have_as_many_pools() {
        let text = told(|trial| trial.server.processes = Some(3));
        assert!(text.contains("deadpool ×8 1,480/s of 4,5") && text.contains("(33%)"), "{text}");
    }

    #[test]
    fn places_have_the_endings_that_english_gives_them() {
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 13, 21, 22, 111, 121].map(ordinal),
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "111th", "121st"]
        );
    }
}
