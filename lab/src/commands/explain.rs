//! `poollab explain`: from a pasted error to what causes it.

use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;

use poollab_scenarios::{Candidate, Explanation, Known, Scenario, Unknown, explain as find};

use crate::cli::ExplainArgs;
use crate::exit::Failure;
use crate::output;
use crate::reproduce::words::{capitalised, titled, wrap};

/// More of standard input than this is not read: it is a log, and its beginning says enough.
const READ_AT_MOST: u64 = 256 << 20;

/// Hits that are listed; a log may have hundreds of texts in it.
const HITS: usize = 5;

/// Says which failure a text is. Exit code 0: known, 1: not known.
pub fn explain(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let text = text(args)?;
    let explanation = find(&text);
    if args.json {
        let json = serde_json::to_string_pretty(&explanation).map_err(Failure::environment)?;
        output::print(&format!("{json}\n"));
    } else {
        let width = output::width();
        output::print(&match &explanation {
            Explanation::Known(known) => known_in_words(known, width),
            Explanation::Unknown(unknown) => unknown_in_words(unknown, width),
        });
    }
    Ok(match explanation {
        Explanation::Known(_) => ExitCode::SUCCESS,
        Explanation::Unknown(_) => ExitCode::from(1),
    })
}

fn text(args: &ExplainArgs) -> Result<String, Failure> {
    let typed = args.text.join(" ");
    let text = if !args.text.is_empty() && typed != "-" {
        typed
    } else if io::stdin().is_terminal() && typed != "-" {
        return Err(Failure::usage(
            "no error text: write  poollab explain \"ERROR TEXT\",  or pipe a log into  poollab explain",
        ));
    } else {
        let mut bytes = Vec::new();
        let mut input = io::stdin().lock().take(READ_AT_MOST);
        input
            .read_to_end(&mut bytes)
            .map_err(|why| Failure::environment(format!("standard input can't be read: {why}")))?;
        // Logs are not always UTF-8; what is known is ASCII, or a translation in UTF-8.
        String::from_utf8_lossy(&bytes).into_owned()
    };
    if text.trim().is_empty() {
        return Err(Failure::usage("the error text is empty: paste the message, or pipe a log in"));
    }
    Ok(text)
}

fn known_in_words(known: &Known, width: usize) -> String {
    let Some(first) = known.candidates.first() else { return String::new() };
    let mut out = format!("{}: {}\n\n", first.scenario.id, first.scenario.title);
    out += &found(known, first, width);
    out += &meaning(first.scenario, width);
    if let [_, others @ ..] = known.candidates.as_slice()
        && !others.is_empty()
    {
        out += "\nThe text alone does not tell it from\n";
        for other in others {
            out += &wrap(&format!("{}: {}", other.scenario.id, other.scenario.title), "  ", width);
            out += &wrap(&format!("How to tell: {}", other.scenario.tell), "    ", width);
        }
    }
    out + &unread(known.unread_bytes)
}

/// What of the text says so.
fn found(known: &Known, candidate: &Candidate, width: usize) -> String {
    let mut out = String::new();
    for hit in candidate.because.iter().filter_map(|at| known.hits.get(*at)).take(HITS) {
        let times = if hit.count > 1 { format!(", {} times", hit.count) } else { String::new() };
        let versions =
            if hit.error.versions.is_empty() { String::new() } else { format!(" {}", hit.error.versions) };
        out += &wrap(
            &format!(
                "Found in line {}{times}: \"{}\" ({}{versions})",
                hit.line,
                hit.error.shown(),
                hit.error.source
            ),
            "  ",
            width,
        );
        if !hit.error.note.is_empty() {
            out += &wrap(hit.error.note, "    ", width);
        }
    }
    if let Some(reasoning) = candidate.reasoning {
        out += &wrap(reasoning, "  ", width);
    }
    out + "\n"
}

/// Why, how to tell, where to look, what cures it.
pub fn meaning(scenario: &Scenario, width: usize) -> String {
    let mut out = titled("Why", scenario.reason, width);
    out += &titled("Tell", scenario.tell, width);
    out += "Look\n";
    for look in scenario.look {
        // In one piece: it is there to be pasted.
        out += &format!("  {}> {}\n", look.with, look.run);
        out += &wrap(&format!("→ {}", look.see), "      ", width);
    }
    out += "Cure\n";
    for cure in scenario.cure {
        let of = if cure.of.is_empty() { String::new() } else { format!("{}: ", cure.of) };
        out += &wrap(&format!("· {of}{}", cure.change), "  ", width);
    }
    out += &format!("\nWatch it fail and be cured:  {}\n", scenario.command());
    out
}

fn unknown_in_words(unknown: &Unknown, width: usize) -> String {
    let mut out = wrap("This text is not known here, so there is no answer to it.", "", width);
    if unknown.nearest.is_empty() {
        out += &wrap(
            "No known text shares words with it. poollab reproduce --list names the failures that are known.",
            "",
            width,
        );
    } else {
        out += "Known texts that share words with it, and may mean something else:\n";
        for near in &unknown.nearest {
            let meant = near.error.scenarios.join(", ");
            let text = format!("\"{}\" ({}): {meant}", capitalised(&near.error.shown()), near.error.source);
            out += &wrap(&text, "  ", width);
        }
    }
    out + &unread(unknown.unread_bytes)
}

fn unread(bytes: usize) -> String {
    if bytes == 0 {
        return String::new();
    }
    format!("\nThe text is long: {bytes} bytes in its middle were not read.\n")
}
