//! What a person can act on, over all workloads: which strategies never failed, which of them is best, and on what
//! condition a faster one would do.
//!
//! A strategy is recommended only where it ran on every workload without a failure, gives each request a connection of
//! its own, and is level with the best on each. Where no strategy is, the one that gives up least is named.

use poollab_model::{Conditional, Driver, Verdict};

use crate::compare::{Group, Section};
use crate::figures;
use crate::stats;

/// From this ratio of p99s on a tail is another tail.
pub(crate) const TAIL: f64 = 1.5;

/// Who may be half as good as another is no recommendation.
const WORTH_SAYING: f64 = 0.5;

/// What a run comes down to.
pub(crate) fn verdict(sections: &[Section]) -> Verdict {
    if sections.iter().any(|section| section.workload.variant.is_some()) {
        return of_scenario(sections);
    }
    let view = View::of(sections);
    let usable: Vec<&str> = view.labels.iter().copied().filter(|label| view.usable(label)).collect();
    let choice = view.choose(&usable);
    let conditional = view.conditional(&usable);
    let failed: Vec<&str> = view.labels.iter().copied().filter(|label| view.failed(label)).collect();
    let never: Vec<&str> =
        view.labels.iter().copied().filter(|label| view.clean_where_it_ran(label)).collect();

    let mut bottom_line = vec![view.answer(&usable, &choice)];
    if !sections.is_empty() && view.labels.len() > 1 {
        bottom_line.push(view.never_failed(&never, &choice));
        bottom_line.extend(view.failures(&failed));
        bottom_line.extend(conditional.iter().map(|one| view.condition(one)));
        bottom_line.extend(view.unsound(&conditional));
    }
    bottom_line.extend(view.silent());
    bottom_line.retain(|sentence| !sentence.is_empty());
    let owned = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
    Verdict {
        bottom_line,
        best: match &choice {
            Choice::Best { best, .. } => owned(best),
            _ => Vec::new(),
        },
        usable: owned(&usable),
        never_failed: owned(&never),
        failed: owned(&failed),
        conditional,
    }
}

/// The strategies that may be recommended, by label. Of the sides of a scenario there are none.
pub(crate) fn usable(sections: &[Section]) -> Vec<&str> {
    if sections.iter().any(|section| section.workload.variant.is_some()) {
        return Vec::new();
    }
    let view = View::of(sections);
    view.labels.iter().copied().filter(|label| view.usable(label)).collect()
}

/// The sides of a scenario are no competitors.
fn of_scenario(sections: &[Section]) -> Verdict {
    let line = |section: &Section| -> Option<String> {
        let variant = section.workload.variant.as_deref()?;
        let rows: Vec<String> = section
            .groups
            .iter()
            .map(|group| {
                let failed = match group.main_error() {
                    Some(error) => format!("{} failed ({error})", figures::percent(group.failed_share())),
                    None => "no request failed".to_owned(),
                };
                format!("{}, {}/s, {failed}", group.label, figures::rate(group.goodput.mean))
            })
            .collect();
        let mut letters = variant.chars();
        let name: String = letters.next()?.to_uppercase().chain(letters).collect();
        Some(format!("{name}: {}.", rows.join("; ")))
    };
    Verdict { bottom_line: sections.iter().filter_map(line).collect(), ..Verdict::default() }
}

/// What the figures allow to choose.
enum Choice<'a> {
    /// Nothing has finished.
    Nothing,
    /// There is one strategy only.
    Alone(&'a str),
    /// None is free of failures everywhere.
    NoneUsable,
    /// Best or level with the best everywhere; of those, whose p99 is the worst reason against the others.
    Best { best: Vec<&'a str>, tail: Option<Tail<'a>> },
    /// These are too close to rank.
    Open(Vec<&'a str>),
    /// Another one on every workload; the one that reaches at least this share of the best on each.
    Divided { least_lost: &'a str, share: f64 },
}

/// A p99 that decides between strategies that are level in goodput.
struct Tail<'a> {
    section: &'a Section,
    low: &'a Group,
    high: &'a Group,
    /// All whose p99 is as bad a reason there.
    slow: Vec<&'a str>,
}

/// The sections as the verdict looks at them.
struct View<'a> {
    sections: Vec<&'a Section>,
    labels: Vec<&'a str>,
}

impl<'a> View<'a> {
    fn of(sections: &'a [Section]) -> Self {
        // What k6 measured beside goose is the same work once more.
        let goose = sections.iter().any(|section| section.driver == Driver::Goose);
        let sections: Vec<&Section> =
            sections.iter().filter(|section| !goose || section.driver == Driver::Goose).collect();
        let mut labels: Vec<&str> = Vec::new();
        for group in sections.iter().flat_map(|section| &section.groups) {
            if !labels.contains(&group.label.as_str()) {
                labels.push(&group.label);
            }
        }
        Self { sections, labels }
    }

    fn group(&self, section: &'a Section, label: &str) -> Option<&'a Group> {
        section.groups.iter().find(|group| group.label == label)
    }

    fn groups<'s>(&'s self, label: &'s str) -> impl Iterator<Item = (&'a Section, &'a Group)> + 's {
        self.sections.iter().filter_map(move |section| Some((*section, self.group(section, label)?)))
    }

    fn clean(group: &Group) -> bool {
        group.counts() && group.failed_share() == 0.0
    }

    fn silent_where_it_ran(&self, label: &str) -> bool {
        self.groups(label).any(|(_, group)| group.silence.reason().is_some())
    }

    fn clean_where_it_ran(&self, label: &str) -> bool {
        self.groups(label).all(|(_, group)| Self::clean(group))
    }

    fn failed(&self, label: &str) -> bool {
        self.groups(label).any(|(_, group)| group.failed_share() > 0.0)
    }

    fn usable(&self, label: &str) -> bool {
        self.groups(label).count() == self.sections.len()
            && self.groups(label).all(|(_, group)| Self::clean(group) && group.isolates())
    }

    /// The usable ones of a section, highest goodput first.
    fn candidates(&self, section: &'a Section, usable: &[&str]) -> Vec<&'a Group> {
        section.groups.iter().filter(|group| usable.contains(&group.label.as_str())).collect()
    }

    fn choose(&self, usable: &[&'a str]) -> Choice<'a> {
        match (self.labels.as_slice(), usable) {
            ([], _) => return Choice::Nothing,
            ([only], _) => return Choice::Alone(only),
            (_, []) => return Choice::NoneUsable,
            (_, [only]) => return Choice::Best { best: vec![only], tail: None },
            _ => {}
        }
        let (mut best, mut open) = (usable.to_vec(), usable.to_vec());
        for section in &self.sections {
            let candidates = self.candidates(section, usable);
            let top = candidates[0];
            let order = |label: &str| match self.group(section, label) {
                Some(group) if group.label != top.label => section.order(top, group),
                _ => stats::Verdict::NoDifference,
            };
            let unclear = candidates.iter().any(|group| order(&group.label) == stats::Verdict::CannotTell);
            open.retain(|label| order(label) != stats::Verdict::Higher);
            // Who is first is not known where somebody can't be ranked against the first.
            best.retain(|label| !unclear && order(label) == stats::Verdict::NoDifference);
        }
        if !best.is_empty() {
            if let Some(mut tail) = self.worst_tail(&best) {
                let worse = |label: &&str| {
                    self.groups(label)
                        .any(|(section, group)| self.tail_behind(section, group, &best).is_some())
                };
                let slow: Vec<&str> = best.iter().copied().filter(worse).collect();
                if slow.len() < best.len() {
                    let there = |label: &&str| {
                        let group = self.group(tail.section, label);
                        group.is_some_and(|group| self.tail_behind(tail.section, group, &best).is_some())
                    };
                    tail.slow = slow.iter().copied().filter(there).collect();
                    best.retain(|label| !slow.contains(label));
                    return Choice::Best { best, tail: Some(tail) };
                }
            }
            return Choice::Best { best, tail: None };
        }
        if self.sections.iter().any(|section| self.is_unclear(section, usable)) {
            return Choice::Open(if open.is_empty() { usable.to_vec() } else { open });
        }
        let share = |label: &&str| {
            let of_best = |section: &&'a Section| {
                let best = self.candidates(section, usable)[0].goodput.mean;
                self.group(section, label).map_or(0.0, |group| group.goodput.mean / best)
            };
            self.sections.iter().map(of_best).fold(1.0, f64::min)
        };
        let least_lost =
            usable.iter().max_by(|a, b| share(a).total_cmp(&share(b))).copied().unwrap_or_default();
        Choice::Divided { least_lost, share: share(&least_lost) }
    }

    /// The one that gives up least at worst, and how much of the best. All pairs in all sections share the error
    /// probability, so choosing among the bounds afterwards is allowed.
    fn least_behind(&self, usable: &[&'a str]) -> Option<(&'a str, f64)> {
        let pairs = usable.len() * usable.len().saturating_sub(1) / 2 * self.sections.len();
        let confidence = stats::family_confidence(pairs);
        let at_worst = |label: &str| {
            let bounds = self.sections.iter().flat_map(|section| {
                let groups = self.candidates(section, usable);
                let own = self.group(section, label);
                let others = groups.into_iter().filter(|group| group.label != *label);
                others.map(|group| section.behind_at_most(own?, group, confidence)).collect::<Vec<_>>()
            });
            bounds.collect::<Option<Vec<f64>>>().map(|bounds| bounds.into_iter().fold(0.0, f64::max))
        };
        usable
            .iter()
            .filter_map(|label| Some((*label, at_worst(label)?)))
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    fn is_unclear(&self, section: &'a Section, usable: &[&str]) -> bool {
        let candidates = self.candidates(section, usable);
        candidates[1..].iter().any(|group| section.order(candidates[0], group) == stats::Verdict::CannotTell)
    }

    /// The one of these with the lowest p99 in a section, if this group's is half as high again or more.
    fn tail_behind(&self, section: &'a Section, group: &'a Group, among: &[&str]) -> Option<Tail<'a>> {
        let level = self.candidates(section, among);
        let low =
            level.into_iter().filter(|one| one.p99.is_some()).min_by(|a, b| p99(a).total_cmp(&p99(b)))?;
        longer_tail(section, group, low).map(|_| Tail { section, low, high: group, slow: Vec::new() })
    }

    fn worst_tail(&self, best: &[&str]) -> Option<Tail<'a>> {
        best.iter()
            .flat_map(|label| self.groups(label).collect::<Vec<_>>())
            .filter_map(|(section, group)| self.tail_behind(section, group, best))
            .max_by(|a, b| (p99(a.high) / p99(a.low)).total_cmp(&(p99(b.high) / p99(b.low))))
    }

    /// Not usable, and faster than what is, beyond the noise.
    fn conditional(&self, usable: &[&str]) -> Vec<Conditional> {
        let faster = |label: &&str| -> Option<Conditional> {
            let places = self.groups(label).filter(|(section, group)| {
                let top = self.candidates(section, usable);
                let ahead =
                    top.first().is_some_and(|top| section.order(group, top) == stats::Verdict::Higher);
                Self::clean(group) && ahead
            });
            let workloads: Vec<String> = places.map(|(section, _)| section.heading.clone()).collect();
            (!workloads.is_empty()).then(|| Conditional {
                strategy: (*label).to_owned(),
                workloads,
                condition: self.against(label),
            })
        };
        self.labels.iter().filter(|label| !usable.contains(label)).filter_map(faster).collect()
    }

    /// What speaks against a strategy, and where it would do.
    fn against(&self, label: &str) -> String {
        let unsound: Vec<&str> = self
            .groups(label)
            .filter(|(_, group)| !group.is_sound())
            .map(|(section, _)| section.heading.as_str())
            .collect();
        let failed: Vec<String> = self
            .groups(label)
            .filter(|(_, group)| group.failed_share() > 0.0)
            .map(|(section, group)| {
                format!("{} on {}", figures::percent(group.failed_share()), section.heading)
            })
            .collect();
        let isolates = self.groups(label).all(|(_, group)| group.isolates());
        if !unsound.is_empty() && !isolates {
            format!(
                "it runs transactions of different requests into each other ({}): single statements only",
                figures::list(&unsound)
            )
        } else if !unsound.is_empty() {
            format!("it gave wrong answers on {}: do not use it", figures::list(&unsound))
        } else if !failed.is_empty() {
            format!("it failed {} of the requests", figures::list(&failed))
        } else if self.silent_where_it_ran(label) {
            "it did not answer all the time".to_owned()
        } else if !isolates {
            "its requests share connections: single statements only, no transactions".to_owned()
        } else {
            let missing: Vec<&str> = self
                .sections
                .iter()
                .filter(|section| self.group(section, label).is_none())
                .map(|section| section.heading.as_str())
                .collect();
            format!("it did not run on {}", figures::list(&missing))
        }
    }

    /// The first sentence.
    fn answer(&self, usable: &[&str], choice: &Choice<'_>) -> String {
        match choice {
            Choice::Nothing => "Not enough data to conclude anything: no trial has finished.".to_owned(),
            Choice::Alone(label) => {
                let rows: Vec<String> = self
                    .groups(label)
                    .map(|(section, group)| {
                        format!("{}/s on {}", figures::rate(group.goodput.mean), section.heading)
                    })
                    .collect();
                let clean = if self.clean_where_it_ran(label) { "never failed" } else { "ran alone" };
                format!("{label} {clean}: {}. There is nothing to compare it with.", figures::list(&rows))
            }
            Choice::NoneUsable => {
                let share = |label: &str| {
                    self.groups(label).map(|(_, group)| group.failed_share()).fold(0.0, f64::max)
                };
                let everywhere = |label: &&&str| {
                    self.groups(label).count() == self.sections.len()
                        && self.groups(label).all(|(_, group)| group.counts() && group.isolates())
                };
                let fewest =
                    self.labels.iter().filter(everywhere).min_by(|a, b| share(a).total_cmp(&share(b)));
                let fewest = fewest.map_or(String::new(), |label| {
                    format!(
                        " {label} failed least: {} of its requests at most.",
                        figures::percent(share(label))
                    )
                });
                let silent =
                    self.labels.iter().any(|label| !self.failed(label) && self.silent_where_it_ran(label));
                let repeat = if silent {
                    " Some did not answer all the time: repeat the run when nothing else uses the machine."
                } else {
                    ""
                };
                format!(
                    "No strategy can be recommended: none ran {} without failures and with a connection for each \
                     request.{fewest}{repeat}",
                    self.everywhere()
                )
            }
            Choice::Best { best, tail } => {
                format!("Use {}: {}.", either(best), self.why(best, usable, tail.as_ref()))
            }
            Choice::Open(open) => {
                let apart = self.sections.iter().any(|section| {
                    let groups = self.candidates(section, open);
                    groups.iter().any(|one| groups.iter().any(|two| section.holds_apart(one, two).is_some()))
                });
                let once =
                    self.sections.iter().flat_map(|s| &s.groups).any(|group| group.goodput.repeats() < 2);
                let why = if once {
                    "A single repeat says nothing about the noise. Run again with --repeats 4."
                } else if apart {
                    "Their requests held connections for different times, so the order is open. Run again with --repeats 4 \
                     when nothing else uses the machine."
                } else {
                    "Run again with --repeats 4."
                };
                match self.least_behind(usable) {
                    Some((label, behind)) if behind < WORTH_SAYING => format!(
                        "Use {label} if you can't measure longer: it is at most {} behind the best {}, with 95% confidence. \
                         {why}",
                        figures::percent(behind),
                        self.everywhere()
                    ),
                    _ => format!("Not enough data to choose between {}. {why}", figures::list(open)),
                }
            }
            Choice::Divided { least_lost, share } => {
                let winners: Vec<String> = self
                    .sections
                    .iter()
                    .map(|section| {
                        let candidates = self.candidates(section, usable);
                        let level: Vec<&str> = candidates
                            .iter()
                            .filter(|group| {
                                group.label == candidates[0].label
                                    || section.order(candidates[0], group) == stats::Verdict::NoDifference
                            })
                            .map(|group| group.label.as_str())
                            .collect();
                        format!("{} on {}", either(&level), section.heading)
                    })
                    .collect();
                format!(
                    "Use {}. If you want one for all: {least_lost} reaches at least {} of the best on each.",
                    figures::list(&winners),
                    figures::percent(*share)
                )
            }
        }
    }

    fn why(&self, best: &[&str], usable: &[&str], tail: Option<&Tail<'_>>) -> String {
        let everywhere = self.everywhere();
        let others: Vec<&&str> = usable.iter().filter(|label| !best.contains(label)).collect();
        let goodput = match (best, usable) {
            (_, [_]) => return format!("no other strategy ran {everywhere} without failures"),
            ([_], _) if tail.is_none() => return format!("it has the highest goodput {everywhere}"),
            ([_], _) => format!("level with the best in goodput {everywhere}"),
            _ if others.is_empty() => format!("level in goodput {everywhere}, as all that never failed"),
            _ => format!("level in goodput {everywhere}"),
        };
        let Some(Tail { section, low, high, slow }) = tail else { return goodput };
        let share = p99(low) / p99(high);
        let share = if (0.45..=0.55).contains(&share) { "half".to_owned() } else { figures::percent(share) };
        let place = if self.sections.len() > 1 { format!(" on {}", section.heading) } else { String::new() };
        let others: Vec<&str> = slow.iter().copied().filter(|label| *label != high.label).collect();
        let too = match others.as_slice() {
            [] => String::new(),
            others => format!(
                "; {} also {} a longer tail",
                figures::list(others),
                verb(others.len(), "has", "have")
            ),
        };
        format!(
            "{goodput}, and {share} of {}'s p99{place} ({} {}, {} {}){too}",
            high.label,
            low.label,
            figures::time(p99(low)),
            high.label,
            figures::time(p99(high))
        )
    }

    fn never_failed(&self, never: &[&str], choice: &Choice<'_>) -> String {
        let rest: Vec<&str> = match choice {
            // Said already.
            Choice::Best { best, .. } if best.len() == never.len() => {
                return "No request of theirs failed.".to_owned();
            }
            _ => never.to_vec(),
        };
        if rest.is_empty() && self.labels.iter().all(|label| self.failed(label)) {
            "Every strategy failed on some workload.".to_owned()
        } else if rest.is_empty() {
            String::new()
        } else {
            format!("Never failed: {}.", figures::list(&rest))
        }
    }

    fn failures(&self, failed: &[&str]) -> Option<String> {
        if failed.is_empty() {
            return None;
        }
        let told: Vec<String> = failed
            .iter()
            .map(|label| {
                let worst = self
                    .groups(label)
                    .map(|(_, group)| group)
                    .max_by(|a, b| a.failed_share().total_cmp(&b.failed_share()));
                let Some(worst) = worst else { return (*label).to_owned() };
                let kind = worst.errors.first().map(|error| {
                    let state =
                        error.sqlstate.as_deref().map(|state| format!(" {state}")).unwrap_or_default();
                    format!(", {}{state}", error.kind)
                });
                format!(
                    "{label} (up to {}{})",
                    figures::percent(worst.failed_share()),
                    kind.unwrap_or_default()
                )
            })
            .collect();
        Some(format!("Failed: {}.", figures::list(&told)))
    }

    fn condition(&self, one: &Conditional) -> String {
        let fastest = self.groups(&one.strategy).all(|(section, group)| {
            !one.workloads.contains(&section.heading)
                || section.ranked().next().is_some_and(|first| first.label == group.label)
        });
        let word = if fastest { "fastest" } else { "faster" };
        format!("{} is {word} on {}, but {}.", one.strategy, figures::list(&one.workloads), one.condition)
    }

    /// Those that are unsafe and no faster: to be named all the same.
    fn unsound(&self, conditional: &[Conditional]) -> Option<String> {
        let hit = |label: &&str| {
            self.groups(label).any(|(_, group)| !group.is_sound())
                && conditional.iter().all(|one| one.strategy != **label)
        };
        let told: Vec<String> = self
            .labels
            .iter()
            .copied()
            .filter(hit)
            .map(|label| format!("{label}: {}.", self.against(label)))
            .collect();
        (!told.is_empty()).then(|| format!("Unsafe: {}", told.join(" ")))
    }

    /// Those that left users waiting: their figures are no ground for a choice, and nobody may take silence for none.
    fn silent(&self) -> Option<String> {
        let told: Vec<String> = self
            .labels
            .iter()
            .flat_map(|label| self.groups(label).collect::<Vec<_>>())
            // Of what is unsound or failed more has been said.
            .filter(|(_, group)| group.is_sound() && group.failed_share() == 0.0)
            .filter_map(|(section, group)| {
                Some(format!("{} on {}, {}", group.label, section.heading, group.silence.reason()?))
            })
            .collect();
        (!told.is_empty()).then(|| format!("Not ranked: {}.", told.join("; ")))
    }

    /// `on every workload`, in the words that fit what the run compares.
    fn everywhere(&self) -> String {
        let several = |differs: fn(&Section, &Section) -> bool| {
            self.sections.iter().any(|section| differs(section, self.sections[0]))
        };
        match self.sections.as_slice() {
            [only] => format!("on {}", only.heading),
            _ if several(|a, b| a.load != b.load || a.route != b.route) => "in every comparison".to_owned(),
            _ => "on every workload".to_owned(),
        }
    }
}

/// The p99 of one group over another's, if it is half as high again or more, beyond the noise.
pub(crate) fn longer_tail(section: &Section, high: &Group, low: &Group) -> Option<f64> {
    let ratio = section.tail_ratio(high, low)?;
    let apart = p99(high) / p99(low);
    (apart >= TAIL && ratio.verdict() == stats::Verdict::Higher).then_some(apart)
}

/// As tables show it: of all repeats' successes together.
pub(crate) fn p99(group: &Group) -> f64 {
    group.latency_ok.map_or(f64::NAN, |latency| latency.p99 as f64)
}

fn verb<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// `a`, `a or b`, `a, b or c`.
fn either(labels: &[&str]) -> String {
    match labels {
        [head @ .., last] if !head.is_empty() => format!("{} or {last}", head.join(", ")),
        _ => labels.concat(),
    }
}

#[cfg(test)]
mod tests;
