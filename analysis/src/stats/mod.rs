//! Statistics for a handful of repeats, made to err towards "no difference".
//!
//! **Method.** Figures such as goodput scale with the machine, so they are compared as ratios: the
//! difference of the means of their logarithms, with Welch's interval for unequal variances
//! (B. L. Welch, *Biometrika* 34, 1947) on Student's t, which is what Georges, Buytaert and Eeckhout
//! recommend for few repeats (*Statistically Rigorous Java Performance Evaluation*, OOPSLA 2007).
//!
//! Two repeats say little about their own spread: they may agree by luck. So each group's variance is
//! moderated by the typical (median) one of the other groups of the same section, weighted as
//! [`PRIOR_DF`] degrees of freedom (G. K. Smyth, *Linear models and empirical Bayes methods*, SAGMB 3,
//! 2004), and never taken to be below the square of [`FLOOR`]. Where several comparisons are made at once, the caller divides the error
//! probability among them (Bonferroni).
//!
//! A group with one repeat has no interval, whatever the others did: [`Verdict::CannotTell`].

mod between;
mod histogram;
mod ratio;
mod spread;

pub use between::{SHARED, of_pairs, of_runs};
pub use histogram::{HistogramError, Latency, curve, decode, merge, quantiles};
pub use ratio::{FLOOR, Interval, Noise, PRIOR_DF, Ratio, Verdict, family_confidence, interval, ratio};
pub use spread::Spread;
