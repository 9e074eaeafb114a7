//! Puts a finding together.

use poollab_model::{Evidence, Finding, FindingKind, Severity};
use serde_json::Value;

use crate::compare::{Group, Section};

/// A finding in the making.
pub(super) struct Draft(Finding);

impl Draft {
    pub fn problem(kind: FindingKind) -> Self {
        Self::new(kind, Severity::Problem)
    }

    pub fn doubt(kind: FindingKind) -> Self {
        Self::new(kind, Severity::Doubt)
    }

    pub fn note(kind: FindingKind) -> Self {
        Self::new(kind, Severity::Note)
    }

    fn new(kind: FindingKind, severity: Severity) -> Self {
        Self(Finding {
            kind,
            severity,
            text: String::new(),
            workload: None,
            trials: Vec::new(),
            evidence: Evidence::new(),
        })
    }

    /// The section that it is about.
    pub fn section(mut self, section: &Section) -> Self {
        self.0.workload = Some(section.heading.clone());
        self
    }

    /// The groups that it rests on.
    pub fn groups<'a>(mut self, groups: impl IntoIterator<Item = &'a Group>) -> Self {
        let groups: Vec<&Group> = groups.into_iter().collect();
        let labels: Vec<&str> = groups.iter().map(|group| group.label.as_str()).collect();
        self.0.evidence.insert("strategies".to_owned(), labels.into());
        self.0.trials.extend(groups.iter().flat_map(|group| group.trials.iter().cloned()));
        self
    }

    /// Single trials that it rests on.
    pub fn trials(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.0.trials.extend(ids);
        self
    }

    /// A figure. What is not a finite number is left out: there is no such thing as evidence of NaN.
    pub fn figure(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.0.evidence.insert(name.to_owned(), value);
        }
        self
    }

    /// The sentences that say it.
    pub fn say(mut self, text: impl Into<String>) -> Finding {
        self.0.text = text.into();
        self.0
    }
}
