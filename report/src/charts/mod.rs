//! Charts, drawn by plotters as SVG and made to follow the page's light or dark theme.
//!
//! Every chart is drawn once, [`WIDTH`] units wide, so that its texts can be read both in half of a wide
//! page and on a telephone.

mod bars;
pub(crate) mod canvas;
mod percentiles;
mod timeline;

pub use bars::{failure_fills, goodput, outcomes, phases};
#[cfg(doc)]
use canvas::WIDTH;
pub use canvas::{Fill, SERIES};
pub use percentiles::{Curve, percentiles};
pub use timeline::timeline;
