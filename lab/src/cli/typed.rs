//! Where a value was given: on the command line or in the environment.
//!
//! Each flag of `run` that belongs to a plan can be given as a variable: `--pool-size` as
//! `POOLLAB_POOL_SIZE`. Flags win over variables, variables over the configuration's file. A plan's file
//! is complete in itself: where one is named, neither the variables nor the configuration count, so that
//! a run can be repeated anywhere.

use std::collections::BTreeMap;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use super::Cli;
use crate::output::say;

/// Flags of `run` that are about this one call and not about a plan.
const OF_THE_CALL: [&str; 8] =
    ["plan", "dry_run", "json", "quiet", "resume", "threshold", "verbose", "reuse_schema"];

/// Flags that say the same in two ways: one that was typed makes the others' variables void.
const ALTERNATIVES: [&[&str]; 1] = [&["users", "rate", "arrivals", "connections"]];

/// Where one value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `--users`.
    Flag(String),
    /// `POOLLAB_USERS`.
    Variable(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
        }
    }
}

/// What was given for `run`, by the names of its fields.
#[derive(Debug, Default)]
pub struct Typed(BTreeMap<String, Origin>);

impl Typed {
    /// Where a field's value was given; `None`: nowhere.
    pub fn origin(&self, field: &str) -> Option<&Origin> {
        self.0.get(field)
    }

    /// Flags that were typed and are not among `allowed`.
    pub fn flags_except(&self, allowed: &[&str]) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(field, _)| !allowed.contains(&field.as_str()))
            .filter_map(|(_, origin)| match origin {
                Origin::Flag(name) => Some(name.as_str()),
                Origin::Variable(_) => None,
            })
            .collect()
    }
}

/// Reads the command line and the environment; says what is wrong and ends the process as clap does.
pub fn parse() -> (Cli, Typed) {
    read(std::env::args_os().collect()).unwrap_or_else(|error| {
        if !error.use_stderr() {
            error.exit();
        }
        // It repeats what was typed, which may hold a password, so that clap does not print it itself.
        say(error.render().to_string().trim_end());
        std::process::exit(error.exit_code());
    })
}

fn read(words: Vec<std::ffi::OsString>) -> Result<(Cli, Typed), clap::Error> {
    let mut matches = with_variables(Cli::command(), &[]).try_get_matches_from(&words)?;
    let void = matches.subcommand_matches("run").map(void_variables).unwrap_or_default();
    if !void.is_empty() {
        matches = with_variables(Cli::command(), &void).try_get_matches_from(&words)?;
    }
    let typed = matches.subcommand_matches("run").map(given).unwrap_or_default();
    Ok((Cli::from_arg_matches(&matches)?, typed))
}

/// Gives each flag of `run` its variable, but for those in `void`.
fn with_variables(command: Command, void: &[String]) -> Command {
    command.mut_subcommand("run", |run| {
        run.mut_args(|arg| {
            let id = arg.get_id().to_string();
            if arg.get_long().is_none() || OF_THE_CALL.contains(&id.as_str()) || void.contains(&id) {
                return arg;
            }
            let name = variable(&id);
            arg.env(std::ffi::OsString::from(name)).hide_env(true)
        })
    })
}

/// The fields whose variables do not count.
fn void_variables(run: &ArgMatches) -> Vec<String> {
    let from = |id: &str, source| run.value_source(id) == Some(source);
    if from("plan", ValueSource::CommandLine) || from("resume", ValueSource::CommandLine) {
        return run.ids().map(|id| id.to_string()).collect();
    }
    ALTERNATIVES
        .iter()
        .filter(|ways| ways.iter().any(|id| from(id, ValueSource::CommandLine)))
        .flat_map(|ways| ways.iter())
        .filter(|id| from(id, ValueSource::EnvVariable))
        .map(|id| (*id).to_owned())
        .collect()
}

fn given(run: &ArgMatches) -> Typed {
    let origin = |id: &str| match run.value_source(id)? {
        ValueSource::CommandLine => Some(Origin::Flag(format!("--{}", id.replace('_', "-")))),
        ValueSource::EnvVariable => Some(Origin::Variable(variable(id))),
        _ => None,
    };
    // Groups of flattened arguments have ids, too: only arguments are asked for.
    let command = Cli::command();
    let arguments = command.find_subcommand("run").into_iter().flat_map(Command::get_arguments);
    let ids = arguments.map(|arg| arg.get_id().as_str()).filter(|id| run.try_contains_id(id).is_ok());
    Typed(ids.filter_map(|id| Some((id.to_owned(), origin(id)?))).collect())
}

fn variable(id: &str) -> String {
    format!("POOLLAB_{}", id.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(words: &str) -> Typed {
        read(words.split_whitespace().map(Into::into).collect()).unwrap().1
    }

    #[test]
    fn the_command_line_is_consistent() {
        with_variables(Cli::command(), &[]).debug_assert();
    }

    #[test]
    fn what_was_typed_is_known_by_its_flag() {
        let typed = typed("poollab run --users 4 --pool-size 8 --dry-run");
        assert_eq!(typed.origin("pool_size").map(ToString::to_string).as_deref(), Some("--pool-size"));
        assert_eq!(typed.origin("repeats"), None);
        assert_eq!(typed.flags_except(&["dry_run"]), ["--pool-size", "--users"]);
    }
}
