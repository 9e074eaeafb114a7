//! Charts, drawn by plotters as SVG and made to follow the page's light or dark theme.
//!
//! Every chart is drawn once, [`WIDTH`] units wide, so that its texts can be read both in half of a wide
//! page and on a telephone.

mod bars;
mod burst;
pub(crate) mod canvas;
pub(crate) mod ink;
mod marks;
mod percentiles;
mod timeline;

pub use bars::{failure_fills, goodput, outcomes, phases};
pub use burst::burst;
#[cfg(doc)]
use canvas::WIDTH;
pub use canvas::round_up;
pub use ink::Fill;
pub use marks::{sample, sample_line};
pub use percentiles::{Curve, percentiles};
pub use timeline::{has_gaps, timeline};
