//! poollab: a load lab for Postgres connection pools.
//!
//! The command line; resolves a plan and carries it out. What can be owned by one crate is there: the
//! database in `db`, the service in `servers`, the generator in `loadtest`, conclusions in `analysis`,
//! documents in `report`.

// They panic where nobody reads any more: one place prints.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod commands;
mod doctor;
mod exit;
mod folder;
mod input;
mod machine;
mod output;
mod plan;
mod reproduce;
mod runner;
mod shelf;
mod tune;
mod view;

use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let (cli, typed) = cli::parse();
    let level = match cli.verbose {
        0 => "warn",
        1 => "info,poollab=debug",
        _ => "debug",
    };
    // POOLLAB_LOG=debug also shows what the child processes log.
    tracing_subscriber::fmt()
        .with_writer(|| output::Log)
        // The writer lets no escape sequence through, and in a file they would be noise.
        .with_ansi(false)
        .with_env_filter(EnvFilter::try_from_env("POOLLAB_LOG").unwrap_or_else(|_| EnvFilter::new(level)))
        .init();
    commands::dispatch(cli.command, &typed).unwrap_or_else(|failure| failure.report())
}
