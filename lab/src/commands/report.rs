//! `poollab report`: documents from a run's folder alone.

use std::process::ExitCode;

use crate::cli::{Format, ReportArgs};
use crate::exit::Failure;
use crate::{folder, output};

/// Prints one form of the report, or writes all of them into the folder.
pub fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let report = folder::read(&args.run).map_err(Failure::usage)?;
    if args.write {
        let names = folder::write_documents(&args.run, &report)
            .map_err(|why| Failure::environment(format!("can't write into {}: {why}", args.run.display())))?;
        eprintln!("written into {}: {}", args.run.display(), names.join(", "));
        return Ok(ExitCode::SUCCESS);
    }
    Ok(output::print(&match args.format {
        Format::Terminal => poollab_report::terminal(&report, output::width(), output::colour()),
        Format::Html => poollab_report::html(&report),
        Format::Md => poollab_report::markdown(&report),
        Format::Json => poollab_report::json(&report),
        Format::Csv => poollab_report::csv(&report),
    }))
}
