//! Exit codes and failures.

use std::process::ExitCode;

use poollab_analysis::figures;

use crate::output::say;

/// Stopped by a signal: the code that shells use for Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Problems that are listed one by one; a plan can have a million of them.
const SHOWN: usize = 20;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The request is invalid: all problems at once. Exit code 2; nothing was started.
    Usage(Vec<String>),
    /// The environment does not allow it. Exit code 3.
    Environment(String),
    /// A gate that the user set is not met. Exit code 1.
    Gate(String),
    /// Stopped by a signal. Exit code 130.
    Interrupted(String),
}

impl Failure {
    /// A usage failure with one problem.
    pub fn usage(problem: impl Into<String>) -> Self {
        Self::Usage(vec![problem.into()])
    }

    /// A failure of the environment.
    pub fn environment(what: impl std::fmt::Display) -> Self {
        Self::Environment(what.to_string())
    }

    /// The same failure, with more said about it.
    #[must_use]
    pub fn and(self, more: &str) -> Self {
        match self {
            Self::Usage(mut problems) => {
                problems.push(more.trim_start_matches("; ").to_owned());
                Self::Usage(problems)
            }
            Self::Environment(what) => Self::Environment(what + more),
            Self::Gate(what) => Self::Gate(what + more),
            Self::Interrupted(what) => Self::Interrupted(what + more),
        }
    }

    /// What happened, in words.
    pub fn text(&self) -> String {
        match self {
            Self::Usage(problems) => problems.join("; "),
            Self::Environment(what) | Self::Gate(what) | Self::Interrupted(what) => what.clone(),
        }
    }

    /// Says it on standard error and gives the exit code.
    pub fn report(&self) -> ExitCode {
        match self {
            Self::Usage(problems) => {
                for problem in problems.iter().take(SHOWN) {
                    say(&format!("poollab: {problem}"));
                }
                if problems.len() > SHOWN {
                    say(&format!(
                        "poollab: … and {} more problems",
                        figures::whole((problems.len() - SHOWN) as u64)
                    ));
                }
                if problems.len() > 1 {
                    say(&format!("poollab: {} problems, nothing was started", problems.len()));
                }
                ExitCode::from(2)
            }
            Self::Environment(what) => {
                say(&format!("poollab: {what}"));
                ExitCode::from(3)
            }
            Self::Gate(what) => {
                say(&format!("poollab: {what}"));
                ExitCode::from(1)
            }
            Self::Interrupted(what) => {
                say(&format!("poollab: {what}"));
                ExitCode::from(INTERRUPTED)
            }
        }
    }
}
