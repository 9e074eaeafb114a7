//! How large should a pool be? What the known models answer, each in a file of its own.
//!
//! The rules of thumb ([`formula`]), the queues ([`little`], [`ErlangC`]), the curve ([`usl`]) and the bounds
//! ([`Bounds`]) predict a size; [`scorecard`] says what each prediction costs on a measured [`Curve`].
//! [`Capacity`] turns a measured pool into the load that it carries, [`Fleet`] into a number of instances, and
//! [`snippets`] into the settings of nine libraries.

mod capacity;
mod curve;
mod erlang_c;
mod fleet;
pub mod formula;
pub mod little;
mod operational;
mod scorecard;
pub mod snippets;
pub mod usl;

pub use capacity::Capacity;
pub use curve::Curve;
pub use erlang_c::ErlangC;
pub use fleet::{Fleet, FleetError, FleetVerdict, Surge};
pub use operational::Bounds;
pub use scorecard::{Facts, ModelCard, scorecard};
pub use usl::{Usl, UslError, UslFit};
