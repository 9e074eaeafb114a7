//! Who asks whom from when on, where a scenario changes its load on the way.

use std::time::Duration;

use poollab_model::wire::{Course, LoadStage};

/// What a user does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// It sends its next request, in the stage of this number.
    Ask(usize),
    /// It waits until so long after the first request of the run.
    WaitUntil(Duration),
    /// It has nothing more to do.
    Rest,
}

/// The service that a user asks, of so many.
pub(crate) fn service_of(user: u32, services: usize) -> usize {
    user as usize % services.max(1)
}

/// When a burst is due after the first request of the run; `None`: the stage of this number is none.
pub(crate) fn burst_of(course: &Course, stage: usize) -> Option<Duration> {
    course.stages.get(stage).filter(|stage| stage.once).map(|stage| stage.at.0)
}

/// What a user does so long after the first request of the run, and after its last request in the stage
/// `asked_in`.
pub(crate) fn duty(course: &Course, user: u32, asked_in: Option<usize>, now: Duration) -> Duty {
    let late = joins_late(course, user);
    let active = |stage: &LoadStage| user < stage.users;
    if course.stages.is_empty() {
        return if now >= late { Duty::Ask(0) } else { Duty::WaitUntil(late) };
    }
    // The last stage that has begun, for this user's service.
    let current = course.stages.iter().rposition(|stage| late + stage.at.0 <= now);
    if let Some(at) = current
        && let Some(stage) = course.stages.get(at)
        && active(stage)
        && !(stage.once && asked_in == Some(at))
    {
        return Duty::Ask(at);
    }
    let from = current.map_or(0, |at| at + 1);
    let next = course.stages.iter().skip(from).find(|stage| active(stage));
    next.map_or(Duty::Rest, |stage| Duty::WaitUntil(late + stage.at.0))
}

fn joins_late(course: &Course, user: u32) -> Duration {
    let service = service_of(user, course.others.len() + 1);
    course.join_every.0 * u32::try_from(service).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use poollab_model::HumanDuration;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn stage(at: u64, users: u32, once: bool) -> LoadStage {
        LoadStage { at: HumanDuration::from_millis(at), users, once }
    }

    #[test]
    fn a_pause_is_a_pause_for_everybody_and_ends() {
        let stages = vec![stage(0, 8, false), stage(600, 0, false), stage(2_400, 4, false)];
        let course = Course { stages, ..Course::default() };
        for user in 0..8 {
            assert_eq!(duty(&course, user, None, ms(599)), Duty::Ask(0));
        }
        assert_eq!(duty(&course, 3, Some(0), ms(600)), Duty::WaitUntil(ms(2_400)));
        assert_eq!(duty(&course, 3, Some(0), ms(2_400)), Duty::Ask(2));
        assert_eq!(duty(&course, 4, Some(0), ms(600)), Duty::Rest, "it is not needed any more");
    }

    #[test]
    fn a_burst_is_one_request_of_each() {
        let course = Course { stages: vec![stage(300, 64, true)], ..Course::default() };
        assert_eq!(duty(&course, 0, None, ms(0)), Duty::WaitUntil(ms(300)));
        assert_eq!(duty(&course, 0, None, ms(300)), Duty::Ask(0));
        assert_eq!(duty(&course, 0, Some(0), ms(301)), Duty::Rest);
    }

    #[test]
    fn users_are_divided_evenly_and_later_services_are_asked_later() {
        let others = vec!["b:1".to_owned(), "c:1".to_owned()];
        let join_every = HumanDuration::from_millis(500);
        let course = Course { others, join_every, ..Course::default() };
        let of = |service| (0..60).filter(|user| service_of(*user, 3) == service).count();
        assert_eq!([of(0), of(1), of(2)], [20, 20, 20]);
        assert_eq!(duty(&course, 0, None, ms(0)), Duty::Ask(0));
        assert_eq!(duty(&course, 2, None, ms(999)), Duty::WaitUntil(ms(1_000)));
        assert_eq!(duty(&course, 2, None, ms(1_000)), Duty::Ask(0));
    }
}
