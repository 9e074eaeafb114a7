//! Which size to measure next, before repeats: the ladder, the neighbourhood of the best, the edge.

use super::evidence::Mean;
use super::picture::Picture;
use crate::sizing::usl;

/// Two neighbouring measurements that are nearer than this leave no room for a plateau in between.
const OCTAVE: f64 = 2.2;

/// Sizes nearer than this (as a ratio) are not worth telling apart.
const FINE: f64 = 1.1;

/// Nearer than this to a measured size, a model has nothing to add.
const COARSE: f64 = 1.2;

/// The first sizes: both ends, and a geometric ladder between them whose rungs lie about so far apart.
pub(super) fn ladder(sizes: &[u32], ratio: f64) -> Vec<u32> {
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return Vec::new() };
    let octaves = (f64::from(*last) / f64::from(*first)).ln() / ratio.ln();
    let steps = octaves.round().max(1.0) as u32;
    let ratio = (f64::from(*last) / f64::from(*first)).powf(1.0 / f64::from(steps));
    let mut rungs: Vec<u32> =
        (0..=steps).filter_map(|step| nearest(sizes, f64::from(*first) * ratio.powi(step as i32))).collect();
    rungs.dedup();
    rungs
}

/// Closes a gap of the ladder, unless what lies in it can't matter: a pool does no more for each connection
/// than a smaller pool does, so a gap above a size far down the slope can't hide a plateau.
pub(super) fn gap(picture: &Picture, sizes: &[u32], noise: f64) -> Option<u32> {
    picture.means.means.windows(2).find_map(|pair| {
        let (left, right) = (pair[0], pair[1]);
        let wide = f64::from(right.size) / f64::from(left.size) > OCTAVE;
        let middle = between(sizes, left.size, right.size)?;
        let last = sizes[sizes.partition_point(|size| *size < right.size) - 1];
        let reach = left.log + (f64::from(last) / f64::from(left.size)).ln();
        let matters = reach + 2.0 * noise >= picture.best.log - picture.tolerance;
        (wide && matters).then_some(middle)
    })
}

/// The middle of the widest gap (as a ratio) between measured sizes from `low` to `high`.
pub(super) fn widest(picture: &Picture, sizes: &[u32], low: u32, high: u32) -> Option<u32> {
    let inside = picture.means.means.windows(2).filter(|pair| low <= pair[0].size && pair[1].size <= high);
    let open = inside.filter_map(|pair| {
        Some((ratio(pair[0].size, pair[1].size), between(sizes, pair[0].size, pair[1].size)?))
    });
    open.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, size)| size)
}

/// Looks beside a peak when a higher point may be hidden there: by the parabola through it and its
/// neighbours, behind a cliff, where the curve may rise on as it did before it falls, or where the Universal
/// Scalability Law has its top. The law only guides; what counts is what is then measured.
pub(super) fn peak(picture: &Picture, sizes: &[u32], noise: f64) -> Option<u32> {
    let means = &picture.means.means;
    let known = |size: u32, fine: f64| means.iter().any(|mean| ratio(mean.size, size) < fine);
    for three in means.windows(3) {
        if three[1].log >= three[0].log.max(three[2].log)
            && let Some((size, gain)) = vertex(&three[0], &three[1], &three[2])
            && gain > (picture.tolerance / 8.0).max(noise)
            && three[1].log + gain > picture.best.log - picture.tolerance
            && let Some(size) = nearest(sizes, size)
            && !known(size, FINE)
        {
            return Some(size);
        }
    }
    cliff(picture, sizes, noise).or_else(|| {
        let points: Vec<(u32, f64)> =
            means.iter().map(|mean| (mean.size, (mean.log - picture.best.log).exp())).collect();
        let fit = usl::fit(&points).ok()?;
        let top = fit.usl.peak()?;
        let size = nearest(sizes, top)?;
        let near = (top / f64::from(size)).max(f64::from(size) / top) < FINE;
        (near && !known(size, COARSE) && fit.usl.at(top).ln() > -picture.tolerance).then_some(size)
    })
}

/// Beside the best size, on the side where the curve falls steeply, half of the way to the fall.
fn cliff(picture: &Picture, sizes: &[u32], noise: f64) -> Option<u32> {
    let means = &picture.means.means;
    let at = means.iter().position(|mean| mean.size == picture.best.size)?;
    let best = &means[at];
    let (left, right) = (at.checked_sub(1).map(|left| &means[left]), means.get(at + 1));
    let behind = |near: Option<&Mean>, far: Option<&Mean>| {
        let (near, far) = (near?, far?);
        // The slope up to the best, for each octave, and what it could still add before the fall.
        let rise = (best.log - near.log) / ratio(best.size, near.size).log2();
        let hidden = rise.min(1.0) * ratio(far.size, best.size).log2();
        let falls = best.log - far.log > 4.0 * picture.tolerance + 2.0 * noise;
        let (low, high) = (best.size.min(far.size), best.size.max(far.size));
        if falls && hidden > picture.tolerance / 2.0 + noise { between(sizes, low, high) } else { None }
    };
    behind(left, right).or_else(|| behind(right, left))
}

/// Halves the way (in logarithms) from the candidate to the next smaller measured size.
pub(super) fn edge(picture: &Picture, sizes: &[u32], candidate: u32) -> Option<u32> {
    let below = picture.below(candidate)?.size;
    if ratio(below, candidate) < FINE {
        return None;
    }
    between(sizes, below, candidate)
}

/// The top of the parabola through three points over the logarithm of size, and how far it lies above the
/// middle one. `None` when it lies outside them.
fn vertex(left: &Mean, middle: &Mean, right: &Mean) -> Option<(f64, f64)> {
    let x = |mean: &Mean| (f64::from(mean.size) / f64::from(middle.size)).ln();
    let (a, b) = (x(left), x(right));
    let (fa, fb) = (left.log - middle.log, right.log - middle.log);
    // f(x) = p x² + q x through (a, fa), (0, 0), (b, fb).
    let p = (fa / a - fb / b) / (a - b);
    let q = fa / a - p * a;
    let top = -q / (2.0 * p);
    (p < 0.0 && a < top && top < b).then(|| (f64::from(middle.size) * top.exp(), -q * q / (4.0 * p)))
}

/// The allowed size strictly between two that is nearest to their geometric mean.
pub(super) fn between(sizes: &[u32], low: u32, high: u32) -> Option<u32> {
    let first = sizes.partition_point(|size| *size <= low);
    let end = sizes.partition_point(|size| *size < high);
    nearest(sizes.get(first..end)?, (f64::from(low) * f64::from(high)).sqrt())
}

/// The allowed size nearest to a target, as a ratio.
fn nearest(sizes: &[u32], target: f64) -> Option<u32> {
    let at = sizes.partition_point(|size| f64::from(*size) < target);
    let candidates = [at.checked_sub(1).and_then(|below| sizes.get(below)), sizes.get(at)];
    let distance = |size: &u32| (f64::from(*size) / target).ln().abs();
    candidates.into_iter().flatten().min_by(|a, b| distance(a).total_cmp(&distance(b))).copied()
}

/// How far apart two sizes are; 1 or more.
fn ratio(one: u32, other: u32) -> f64 {
    f64::from(one.max(other)) / f64::from(one.min(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_has_both_ends_and_asks_for_allowed_sizes_only() {
        assert_eq!(ladder(&(1..=64).collect::<Vec<_>>(), 4.0), [1, 4, 16, 64]);
        assert_eq!(ladder(&[1, 18, 36, 72, 108, 144, 216], 4.0), [1, 18, 72, 216]);
        assert_eq!(ladder(&[5], 4.0), [5]);
        assert_eq!(ladder(&[5, 6], 4.0), [5, 6]);
        assert!(ladder(&[], 4.0).is_empty());
    }

    #[test]
    fn between_finds_the_middle_in_ratio_or_nothing() {
        let sizes: Vec<u32> = (1..=64).collect();
        assert_eq!(between(&sizes, 4, 16), Some(8));
        assert_eq!(between(&sizes, 8, 9), None);
        assert_eq!(between(&[1, 10, 100], 1, 100), Some(10));
    }
}
