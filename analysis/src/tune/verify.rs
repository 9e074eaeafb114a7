//! The verification: measurements that the search did not use to choose.

use super::picture::Picture;
use super::repeat::NEAR_LIMIT;
use super::{Observation, Question, Role, Verification, wording};

/// How many standard errors the recommended size may fall short: 95 %, one-sided.
const REFUTES: f64 = 1.645;

/// So many standard errors away from what the search had seen, a neighbour has not done it again.
const STRAYS: f64 = 3.0;

/// Compares the recommended size, measured again, with its neighbours measured beside it and with what
/// the search had seen at the top.
pub(super) fn judge(
    picture: &Picture,
    question: &Question,
    verified: &[(Role, Observation)],
) -> Option<Verification> {
    let noise = picture.means.noise.unwrap_or(0.0);
    let of =
        |wanted: Role| Seen::of(verified.iter().filter(|(role, _)| *role == wanted).map(|(_, seen)| seen));
    let recommended = of(Role::Recommended)?;
    let beside = [of(Role::Smaller), of(Role::Larger)];
    let behind = |top: f64, variance: f64| {
        let doubt = picture.doubt(noise * noise / recommended.count + variance);
        top - recommended.log > picture.tolerance + REFUTES * doubt
    };
    let refuted_beside = beside.iter().flatten().any(|other| behind(other.log, noise * noise / other.count));
    // The machine may have changed since the search: its neighbours say by how much.
    let shifts: Vec<f64> = beside
        .iter()
        .flatten()
        .filter_map(|other| Some(other.log - picture.mean(other.last.size)?.log))
        .collect();
    let count = shifts.len() as f64;
    let (shift, doubt) = if shifts.is_empty() {
        (0.0, picture.best.variance)
    } else {
        (shifts.iter().sum::<f64>() / count, picture.best.variance + 2.0 * noise * noise / count)
    };
    let refuted_by_search = behind(picture.best.log + shift, doubt);
    let failed = match &question.slo {
        Some(slo) => slo.conditions.iter().find(|condition| {
            let value = condition.figure.of(&recommended.last.latency, recommended.last.failed_share);
            // A single measurement of a percentile is allowed some bad luck.
            value.is_none_or(|value| value > condition.limit * (1.0 + NEAR_LIMIT))
        }),
        None => None,
    };
    let holds = !refuted_beside && !refuted_by_search && failed.is_none();
    let strayed = strayed(picture, noise, &recommended, beside.iter().flatten());
    let beside = beside.map(|other| other.map(|other| other.observation()));
    Some(wording::verification(recommended.observation(), beside, holds, failed, strayed))
}

/// Neighbours that changed against the recommended size, since the search, by more than noise and tolerance allow.
fn strayed<'a>(
    picture: &Picture,
    noise: f64,
    recommended: &Seen,
    beside: impl Iterator<Item = &'a Seen>,
) -> Vec<u32> {
    let change = |seen: &Seen| {
        let mean = picture.mean(seen.last.size)?;
        Some((seen.log - mean.log, mean.variance + noise * noise / seen.count))
    };
    let Some((own, own_variance)) = change(recommended) else { return Vec::new() };
    let strayed = beside.filter(|seen| {
        change(seen).is_some_and(|(moved, variance)| {
            (moved - own).abs() > picture.tolerance.max(STRAYS * picture.doubt(variance + own_variance))
        })
    });
    strayed.map(|seen| seen.last.size).collect()
}

/// What the verification saw of one size.
struct Seen {
    log: f64,
    count: f64,
    last: Observation,
}

impl Seen {
    fn of<'a>(observations: impl Iterator<Item = &'a Observation>) -> Option<Self> {
        let (mut sum, mut count, mut last) = (0.0, 0.0, None);
        for observation in observations {
            sum += observation.goodput.max(f64::MIN_POSITIVE).ln();
            count += 1.0;
            last = Some(*observation);
        }
        Some(Self { log: sum / count, count, last: last? })
    }

    /// The last one, with the mean goodput of all.
    fn observation(&self) -> Observation {
        Observation { goodput: self.log.exp(), ..self.last }
    }
}
