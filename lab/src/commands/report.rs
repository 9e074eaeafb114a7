//! `poollab report`: documents from a run's folder alone.

use std::path::PathBuf;
use std::process::ExitCode;

use poollab_model::K6Document;

use crate::cli::{Format, ReportArgs};
use crate::exit::Failure;
use crate::{folder, input, output};

/// Prints one form of the report, or writes all of them into the folder.
pub fn report(args: &ReportArgs) -> Result<ExitCode, Failure> {
    let mut report = folder::analyse(&args.run).map_err(Failure::usage)?;
    report.report.k6 = k6(&args.k6).map_err(Failure::Usage)?;
    if args.write {
        let names = folder::write_documents(&args.run, &report)
            .map_err(|why| Failure::environment(format!("cannot write to {}: {why}", args.run.display())))?;
        output::say(&format!("written to {}: {}", args.run.display(), names.join(", ")));
        return Ok(ExitCode::SUCCESS);
    }
    if args.github {
        return summary(&poollab_report::markdown(&report));
    }
    Ok(output::print(&match args.format {
        Format::Terminal => poollab_report::terminal(&report, output::width(), output::colour()),
        Format::Html => poollab_report::html(&report),
        Format::Md => poollab_report::markdown(&report),
        Format::Json => poollab_report::json(&report),
        Format::Csv => poollab_report::csv(&report),
    }))
}

/// GitHub shows no summary that is larger.
const LARGEST_SUMMARY: usize = 1 << 20;

/// Adds a text to the summary of a job; what other steps wrote there stays.
fn summary(text: &str) -> Result<ExitCode, Failure> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) else {
        return Err(Failure::usage(
            "--github needs the variable GITHUB_STEP_SUMMARY, which GitHub Actions sets. Outside of a job, use --format md",
        ));
    };
    if text.len() > LARGEST_SUMMARY {
        return Err(Failure::usage(format!(
            "report.md has {} bytes, and GitHub's limit for summaries is {LARGEST_SUMMARY}. Upload report.html as an artifact \
             instead",
            text.len()
        )));
    }
    let file = std::fs::File::options().create(true).append(true).open(&path);
    file.and_then(|mut file| std::io::Write::write_all(&mut file, format!("{text}\n").as_bytes()))
        .map_err(|why| Failure::environment(format!("cannot write the summary {}: {why}", path.display())))?;
    Ok(ExitCode::SUCCESS)
}

/// Reads what k6's scripts wrote; all that is wrong with the files is said at once.
fn k6(files: &[PathBuf]) -> Result<Vec<K6Document>, Vec<String>> {
    let mut documents = Vec::new();
    let mut problems = Vec::new();
    for file in files {
        match input::text(file, input::DOCUMENT) {
            Ok(text) => match K6Document::read(&text) {
                Ok(document) => documents.push(document),
                Err(why) => problems.push(format!("cannot include {} in the report: {why}", file.display())),
            },
            Err(why) => problems.push(why),
        }
    }
    if problems.is_empty() { Ok(documents) } else { Err(problems) }
}
