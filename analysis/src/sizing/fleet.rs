//! How many connections a whole fleet opens, and what is left of the slots during a rolling deploy.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Instances that may run beyond the wanted number while a deploy rolls: Kubernetes' `maxSurge`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Surge {
    /// So many.
    Count(u32),
    /// A share of the replicas in percent, rounded up, as Kubernetes does.
    Percent(f64),
}

/// The fleet and the slots that it shares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fleet {
    /// Instances of the service, each with a pool of its own.
    pub replicas: u32,
    /// Instances on top of them during a deploy.
    pub surge: Surge,
    /// `max_connections`.
    pub slots: u32,
    /// `superuser_reserved_connections` (and, from Postgres 16, `reserved_connections`).
    pub reserved: u32,
    /// Connections of others: migrations, dashboards, a second service.
    pub other: u32,
}

/// Why an arithmetic of a fleet is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FleetError {
    /// A text that is not a surge.
    #[error("{0:?} is not a surge; write a share such as 25% or a number of instances such as 2")]
    Surge(String),
    /// Nobody to share.
    #[error("a fleet needs at least one replica")]
    NoReplicas,
    /// Nothing to share.
    #[error(
        "no slot is left for the service: {reserved} reserved and {other} for others are all of the {slots}; raise max_connections or put a pooler in front"
    )]
    NoSlots {
        /// `max_connections`.
        slots: u32,
        /// Reserved ones.
        reserved: u32,
        /// Others'.
        other: u32,
    },
}

/// What happens with a given pool size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FleetVerdict {
    /// The pool size of each instance.
    pub pool_size: u32,
    /// The largest pool for each instance that survives a rolling deploy; 0: not even one connection fits.
    pub largest: u32,
    /// Instances in quiet times.
    pub instances: u32,
    /// Instances at the height of a deploy.
    pub instances_deploying: u32,
    /// Slots that the service can have.
    pub free_slots: u32,
    /// Connections in quiet times, when every pool is full.
    pub needed: u64,
    /// Connections at the height of a deploy.
    pub needed_deploying: u64,
    /// Whether it fits in quiet times.
    pub fits: bool,
    /// Whether it fits during a deploy.
    pub fits_deploying: bool,
    /// Whether a pooler in front is the answer.
    pub pooler: bool,
    /// All that in words.
    pub text: String,
}

impl Fleet {
    /// Checks it.
    pub fn check(&self) -> Result<(), FleetError> {
        if self.replicas == 0 {
            return Err(FleetError::NoReplicas);
        }
        if self.free_slots() == 0 {
            return Err(FleetError::NoSlots {
                slots: self.slots,
                reserved: self.reserved,
                other: self.other,
            });
        }
        Ok(())
    }

    /// Slots that the service can have.
    pub fn free_slots(&self) -> u32 {
        self.slots.saturating_sub(self.reserved).saturating_sub(self.other)
    }

    /// Instances at the height of a deploy, when old and new ones run side by side.
    pub fn instances_deploying(&self) -> u32 {
        let surge = match self.surge {
            Surge::Count(count) => count,
            // A product of exactly 3 must not become 4 by rounding.
            Surge::Percent(percent) => {
                (f64::from(self.replicas) * percent / 100.0 - 1e-9).ceil().max(0.0) as u32
            }
        };
        self.replicas.saturating_add(surge)
    }

    /// The largest pool for each instance that survives a rolling deploy; 0: not even one connection fits.
    pub fn largest_pool(&self) -> u32 {
        self.free_slots() / self.instances_deploying().max(1)
    }

    /// What happens with this pool size on each instance.
    pub fn with_pool(&self, pool_size: u32) -> Result<FleetVerdict, FleetError> {
        self.check()?;
        let (instances, instances_deploying) = (self.replicas, self.instances_deploying());
        let (largest, free_slots) = (self.largest_pool(), self.free_slots());
        let needed = u64::from(pool_size) * u64::from(instances);
        let needed_deploying = u64::from(pool_size) * u64::from(instances_deploying);
        let mut verdict = FleetVerdict {
            pool_size,
            largest,
            instances,
            instances_deploying,
            free_slots,
            needed,
            needed_deploying,
            fits: needed <= u64::from(free_slots),
            fits_deploying: needed_deploying <= u64::from(free_slots),
            pooler: largest == 0 || largest < pool_size.div_ceil(2),
            text: String::new(),
        };
        verdict.text = verdict.in_words();
        Ok(verdict)
    }
}

impl FleetVerdict {
    fn in_words(&self) -> String {
        let Self { pool_size, largest, instances, instances_deploying, free_slots, .. } = self;
        let what = if self.fits_deploying {
            format!(
                "a pool of {pool_size} fits: {instances} instances open at most {} connections, {instances_deploying} during a deploy {}, of {free_slots} free slots",
                self.needed, self.needed_deploying
            )
        } else if self.fits {
            format!(
                "a pool of {pool_size} fits in quiet times and breaks during a deploy: {instances_deploying} instances ask for {} of {free_slots} free slots, and Postgres refuses the last {} (53300)",
                self.needed_deploying,
                self.needed_deploying - u64::from(*free_slots)
            )
        } else {
            format!(
                "a pool of {pool_size} does not fit: {instances} instances ask for {} of {free_slots} free slots, {instances_deploying} during a deploy for {}",
                self.needed, self.needed_deploying
            )
        };
        let then = if *largest == 0 {
            format!(
                "; not even one connection for each of {instances_deploying} instances fits: put a pooler (PgBouncer, transaction mode) in front, or raise max_connections"
            )
        } else if self.pooler {
            format!(
                "; the largest pool that survives a deploy is {largest}, less than half of it: put a pooler (PgBouncer, transaction mode) in front that holds the {free_slots} slots for all of them"
            )
        } else if self.fits_deploying {
            format!("; the largest pool that survives a deploy is {largest}")
        } else {
            format!("; take {largest}, the largest pool that survives a deploy, or surge by fewer instances")
        };
        what + &then
    }
}

impl FromStr for Surge {
    type Err = FleetError;

    fn from_str(text: &str) -> Result<Self, FleetError> {
        let refuse = || FleetError::Surge(text.to_owned());
        let trimmed = text.trim();
        match trimmed.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().map_err(|_| refuse())?;
                (0.0..=10_000.0).contains(&percent).then_some(Self::Percent(percent)).ok_or_else(refuse)
            }
            None => trimmed.parse().map(Self::Count).map_err(|_| refuse()),
        }
    }
}

impl fmt::Display for Surge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fleet() -> Fleet {
        Fleet { replicas: 6, surge: Surge::Percent(25.0), slots: 100, reserved: 3, other: 10 }
    }

    #[test]
    fn the_largest_pool_survives_a_rolling_deploy_and_the_next_one_does_not() {
        // 6 replicas + 25 % (rounded up: 2) = 8 instances on 87 free slots.
        assert_eq!(fleet().largest_pool(), 10);
        assert!(fleet().with_pool(10).unwrap().fits_deploying);
        let eleven = fleet().with_pool(11).unwrap();
        assert!(eleven.fits && !eleven.fits_deploying, "{}", eleven.text);
        assert!(eleven.text.contains("88 of 87"), "{}", eleven.text);
    }

    #[test]
    fn a_pooler_is_advised_when_even_half_the_pool_does_not_fit() {
        assert!(!fleet().with_pool(16).unwrap().pooler);
        assert!(fleet().with_pool(32).unwrap().pooler);
        let crowd = Fleet { replicas: 200, ..fleet() };
        let verdict = crowd.with_pool(1).unwrap();
        assert!(verdict.largest == 0 && verdict.pooler, "{}", verdict.text);
    }

    #[test]
    fn a_fleet_without_slots_or_replicas_is_refused() {
        assert!(matches!(Fleet { slots: 13, ..fleet() }.with_pool(1), Err(FleetError::NoSlots { .. })));
        assert_eq!(Fleet { replicas: 0, ..fleet() }.with_pool(1), Err(FleetError::NoReplicas));
    }

    #[test]
    fn a_surge_is_a_share_or_a_number_and_nothing_else() {
        assert_eq!("25%".parse(), Ok(Surge::Percent(25.0)));
        assert_eq!(" 2 ".parse(), Ok(Surge::Count(2)));
        for text in ["", "-1", "-5%", "NaN%", "two", "1e9%", "%"] {
            assert!(text.parse::<Surge>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_largest_pool_always_fits(
            replicas in 1_u32..500, percent in 0.0..200.0, slots in 0_u32..5_000, reserved in 0_u32..20, other in 0_u32..100,
        ) {
            let fleet = Fleet { replicas, surge: Surge::Percent(percent), slots, reserved, other };
            if fleet.check().is_ok() {
                let largest = fleet.largest_pool();
                prop_assert!(fleet.with_pool(largest).unwrap().fits_deploying);
                prop_assert!(!fleet.with_pool(largest + 1).unwrap().fits_deploying);
            }
        }
    }
}
