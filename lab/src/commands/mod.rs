//! One file for each command.

mod db;
mod explain;
mod fleet;
mod list;
mod load;
mod report;
mod reproduce;
mod run;
mod server;

use std::process::ExitCode;

use crate::cli::{Command, DbCommand};
use crate::exit::Failure;

/// Does what was typed.
pub fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Reproduce(args) => reproduce::reproduce(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Tune(args) => crate::tune::tune(&args),
        Command::Fleet(args) => fleet::fleet(&args),
        Command::Report(args) => report::report(&args),
        Command::Strategies => Ok(list::strategies()),
        Command::Workloads => Ok(list::workloads()),
        Command::Schema => Ok(list::schema()),
        Command::Server(args) => server::server(&args),
        Command::Load(args) => load::load(&args),
        Command::Db { command: DbCommand::Up { database } } => db::up(&database),
        Command::Db { command: DbCommand::Down } => db::down(),
        Command::Db { command: DbCommand::Guard } => Ok(poollab_db::guard::main()),
    }
}
