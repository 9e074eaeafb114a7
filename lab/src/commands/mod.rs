//! One file for each command.

mod db;
mod diff;
mod doctor;
mod explain;
mod fleet;
mod list;
mod load;
mod report;
mod reproduce;
mod run;
mod runs;
mod server;
mod shell;

use std::process::ExitCode;

use crate::cli::{Command, DbCommand, Typed};
use crate::exit::Failure;

/// Does what was typed.
pub fn dispatch(command: Command, typed: &Typed) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(args) => run::run(&args, typed),
        Command::Diff(args) => diff::compare(&args),
        Command::Runs(args) => runs::runs(&args),
        Command::Reproduce(args) => reproduce::reproduce(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Tune(args) => crate::tune::tune(&args),
        Command::Fleet(args) => fleet::fleet(&args),
        Command::Report(args) => report::report(&args),
        Command::Strategies => Ok(list::strategies()),
        Command::Workloads => Ok(list::workloads()),
        Command::Schema => Ok(list::schema()),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::View(args) => crate::view::view(&args),
        Command::Completions(args) => Ok(shell::completions(&args)),
        Command::Man(args) => shell::man(&args),
        Command::Server(args) => server::server(&args),
        Command::Load(args) => load::load(&args),
        Command::Db { command: DbCommand::Up { database } } => db::up(&database),
        Command::Db { command: DbCommand::Down } => db::down(),
        Command::Db { command: DbCommand::Guard } => Ok(poollab_db::guard::main()),
    }
}
