//! `poollab completions` and `poollab man`: what a package installs beside the program.

use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::exit::Failure;
use crate::output;

/// Prints a shell's completions.
pub fn completions(args: &CompletionsArgs) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "poollab", &mut text);
    output::print(&String::from_utf8_lossy(&text))
}

/// Writes a page for the program and for each command.
pub fn man(args: &ManArgs) -> Result<ExitCode, Failure> {
    let refuse = |why: std::io::Error| {
        Failure::environment(format!("cannot write manual pages to {}: {why}", args.dir.display()))
    };
    std::fs::create_dir_all(&args.dir).map_err(refuse)?;
    clap_mangen::generate_to(Cli::command(), &args.dir).map_err(refuse)?;
    output::say(&format!(
        "manual pages written to {0}. To read one: man -l {0}/poollab.1",
        args.dir.display()
    ));
    Ok(ExitCode::SUCCESS)
}
