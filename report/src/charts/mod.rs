//! Charts as SVG elements with classes. Colours, themes, patterns and dashes are in `style.css` and in [`style`].
//!
//! Every chart is drawn once, [`svg::WIDTH`] units wide, so that its texts can be read both in half of a wide
//! page and on a telephone.

pub(crate) mod axis;
mod bars;
mod burst;
mod fill;
mod marks;
mod percentiles;
pub(crate) mod scale;
pub(crate) mod series;
pub(crate) mod svg;
mod timeline;

pub use bars::{failure_fills, goodput, outcomes, phases};
pub use burst::burst;
pub use fill::{Fill, patterns, sample_area};
pub use marks::{Mark, sample_mark};
pub use percentiles::{Curve, percentiles};
pub use scale::round_up;
pub use series::sample_line;
pub use timeline::{has_gaps, timeline};

/// The rules of a page with charts that have so many series. They use the variables of the page's palette.
pub fn style(series: usize) -> String {
    include_str!("style.css").to_owned() + &fill::rules() + &series::rules(series)
}
