//! What is asked of a search.

use poollab_model::HumanDuration;

use super::Slo;

/// Where measurements come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// They are made on demand: a size can be measured again, and says something new each time.
    Live,
    /// They were recorded once: a repeat says nothing new, so that none is asked for.
    Recorded,
}

/// How much may be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Measurements.
    pub measurements: u32,
}

impl Budget {
    /// So many measurements.
    pub fn of(measurements: u32) -> Self {
        Self { measurements }
    }

    /// As many as fit in `total` when each one takes `each` from start to stop.
    pub fn of_time(total: HumanDuration, each: HumanDuration) -> Self {
        let (total, each) = (total.as_secs_f64(), each.as_secs_f64().max(1e-3));
        Self { measurements: (total / each + 1e-9).floor().min(f64::from(u32::MAX)) as u32 }
    }

    /// A quarter of what measuring each of these sizes once would take, but at least what a comparison needs.
    pub fn quarter_of(sizes: usize) -> Self {
        Self { measurements: (u32::try_from(sizes).unwrap_or(u32::MAX) / 4).max(8) }
    }
}

/// The question that a search answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Sizes that may be measured, ascending, none of them beyond the free slots.
    pub sizes: Vec<u32>,
    /// How much of the best goodput may be given up for a smaller pool: 0.02 is 2 %.
    pub within: f64,
    /// What else has to hold.
    pub slo: Option<Slo>,
    /// The offered rate of an open load, in requests a second; `None` under a closed one.
    pub offered: Option<f64>,
    /// How much may be measured.
    pub budget: Budget,
    /// Seed of the order of the first measurements and of the bootstrap.
    pub seed: u64,
    /// Where measurements come from.
    pub source: Source,
}

/// Why a question can't be searched.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum QuestionError {
    /// No size.
    #[error(
        "no pool size may be measured: the database has no free slot; raise max_connections or lower the reserved slots"
    )]
    NoSizes,
    /// Sizes out of order.
    #[error("pool sizes must be ascending, above 0 and each there once; {0} is not")]
    Order(u32),
    /// A tolerance that is none.
    #[error("the tolerance {0} is out of range; write a share from 0.1% to 50%, for example 2%")]
    Within(f64),
    /// Too little to compare anything.
    #[error(
        "a budget of {measurements} measurements is too small for even one comparison: two sizes need {needed} measurements. Give more time (--budget) or shorter measurements (--duration)"
    )]
    Budget {
        /// What was given.
        measurements: u32,
        /// What is needed.
        needed: u32,
    },
}

impl Question {
    /// All sizes from 1 to `largest`, within 2%, with what two minutes allow.
    pub fn up_to(largest: u32) -> Self {
        Self {
            sizes: (1..=largest).collect(),
            within: 0.02,
            slo: None,
            offered: None,
            budget: Budget::of(180),
            seed: 1,
            source: Source::Live,
        }
    }

    /// Logarithm of the ratio that may be given up.
    pub fn tolerance(&self) -> f64 {
        -(1.0 - self.within).ln()
    }

    /// All that is wrong with it.
    pub fn problems(&self) -> Vec<QuestionError> {
        let mut problems = Vec::new();
        if self.sizes.is_empty() {
            problems.push(QuestionError::NoSizes);
        }
        if let Some(pair) = self.sizes.windows(2).find(|pair| pair[0] >= pair[1]) {
            problems.push(QuestionError::Order(pair[1]));
        } else if self.sizes.first() == Some(&0) {
            problems.push(QuestionError::Order(0));
        }
        if !(0.001..=0.5).contains(&self.within) {
            problems.push(QuestionError::Within(self.within));
        }
        // With one size there is nothing to compare: it is measured twice.
        let needed = match (self.source, self.sizes.len()) {
            (Source::Recorded, _) | (_, 0) => 1,
            (Source::Live, 1) => 2,
            (Source::Live, _) => 4,
        };
        if self.budget.measurements < needed {
            problems.push(QuestionError::Budget { measurements: self.budget.measurements, needed });
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_told_at_once() {
        let question =
            Question { sizes: vec![4, 2], within: f64::NAN, budget: Budget::of(1), ..Question::up_to(8) };
        assert_eq!(question.problems().len(), 3, "{:?}", question.problems());
        assert_eq!(Question::up_to(64).problems(), []);
        assert_eq!(Question::up_to(0).problems(), [QuestionError::NoSizes]);
    }

    #[test]
    fn a_budget_in_time_is_rounded_down() {
        let two = HumanDuration::from_secs(2);
        assert_eq!(Budget::of_time(HumanDuration::from_secs(7), two), Budget::of(3));
        assert_eq!(Budget::of_time(HumanDuration::from_secs(6), two), Budget::of(3));
        assert_eq!(Budget::of_time(HumanDuration::from_secs(1), two), Budget::of(0));
    }
}
