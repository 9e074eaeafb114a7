//! What stands behind and beside a plot: the grid, its figures, the floor.

use maud::{Markup, html};

use super::scale::Scale;
use super::svg::{Anchor, line, text, text_width};

/// Ticks reach so far beyond the plot.
const BEYOND: f64 = 4.0;
/// From the floor of a plot to the middle of its figures.
const BELOW: f64 = 14.0;

/// A line across the plot for each tick of `y`, with its figure at the left.
pub fn rows(y: &Scale, (left, right): (f64, f64), figure: impl Fn(f64) -> String) -> Markup {
    html! {
        @for tick in y.ticks() {
            (line("grid", &[(left, y.at(tick)), (right, y.at(tick))]))
            (text("muted", Anchor::End, (left - 6.0, y.at(tick)), &figure(tick)))
        }
    }
}

/// A line up the plot for each tick of `x`, with its figure below, and the floor.
pub fn columns(
    x: &Scale,
    (floor, roof): (f64, f64),
    (left, right): (f64, f64),
    ticks: &[(f64, String)],
) -> Markup {
    html! {
        @for (tick, _) in ticks { (line("grid", &[(x.at(*tick), roof), (x.at(*tick), floor + BEYOND)])) }
        @for (place, figure) in with_room(x, ticks) { (text("muted", Anchor::Middle, (place, floor + BELOW), figure)) }
        (line("floor", &[(left, floor), (right, floor)]))
    }
}

/// The figures that do not touch each other, the last ones first: on a telephone, too, where texts are larger.
fn with_room<'a>(x: &Scale, ticks: &'a [(f64, String)]) -> Vec<(f64, &'a str)> {
    let mut taken = f64::INFINITY;
    let mut shown = Vec::new();
    for (tick, figure) in ticks.iter().rev() {
        let (place, half) = (x.at(*tick), text_width(figure) * LARGER / 2.0);
        if place + half <= taken {
            taken = place - half - 4.0;
            shown.push((place, figure.as_str()));
        }
    }
    shown
}

/// How much larger texts are on a telephone than they are drawn.
pub const LARGER: f64 = 17.0 / 12.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_below_an_axis_never_touch() {
        let x = Scale::linear((0.0, 100.0), (0.0, 300.0));
        let ticks: Vec<(f64, String)> = (0..=100).map(|n| (f64::from(n), format!("{n}.000"))).collect();
        let shown = with_room(&x, &ticks);
        assert!(shown.len() > 2 && shown[0].1 == "100.000", "{shown:?}");
        for pair in shown.windows(2) {
            assert!(pair[0].0 - pair[1].0 > text_width("99.000") * LARGER, "{pair:?}");
        }
    }
}
