//! `poollab explain`: from a pasted error to what causes it.

use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;

use poollab_scenarios::{Before, Candidate, Explanation, Hit, Known, Scenario, Unknown, explain_end as find};

use crate::cli::ExplainArgs;
use crate::exit::Failure;
use crate::output;
use crate::reproduce::words::{capitalised, titled, wrap};

/// Of standard input the newest so many bytes are kept.
const KEPT: usize = 64 << 20;
/// A pipe or a device that gives more than this has no end.
const ENDLESS: u64 = 1 << 30;

/// Hits that are listed; a log may have hundreds of texts in it.
const HITS: usize = 5;

/// Says which failure a text is. Exit code 0: known, 1: not known.
pub fn explain(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let (text, before) = text(args)?;
    let explanation = find(&text, before);
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

/// The text, and what of it was too much to be kept.
fn text(args: &ExplainArgs) -> Result<(String, Before), Failure> {
    let typed = args.text.join(" ");
    let (text, before) = if !args.text.is_empty() && typed != "-" {
        (typed, Before::default())
    } else if io::stdin().is_terminal() && typed != "-" {
        return Err(Failure::usage(
            "no error text. Pass it as an argument: poollab explain \"ERROR TEXT\". Or pipe a log into poollab explain",
        ));
    } else {
        // Of a file the end is known to come.
        let file = rustix::fs::fstat(io::stdin()).is_ok_and(|data| {
            rustix::fs::FileType::from_raw_mode(data.st_mode) == rustix::fs::FileType::RegularFile
        });
        let endless = if file { u64::MAX } else { ENDLESS };
        newest(io::stdin().lock(), KEPT, endless)
            .map_err(|why| Failure::environment(format!("cannot read standard input: {why}")))?
    };
    if text.trim().is_empty() {
        return Err(Failure::usage(
            "the error text is empty. Pass the message as an argument, or pipe a log into poollab explain",
        ));
    }
    Ok((text, before))
}

/// The end of a log, and how much was before it.
fn newest(mut input: impl Read, kept: usize, endless: u64) -> io::Result<(String, Before)> {
    let (mut bytes, mut chunk, mut before) = (Vec::new(), vec![0; 1 << 16], Before::default());
    let (mut all, mut mark) = (0, Vec::new());
    loop {
        let read = match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Err(why) => return Err(why),
        };
        all += read as u64;
        if all > endless {
            return Err(io::Error::other(format!(
                "no end after {}. Pass only the end of the log, for example  tail -c 64M LOG | poollab explain",
                poollab_analysis::figures::bytes(endless)
            )));
        }
        bytes.extend_from_slice(&chunk[..read]);
        if mark.len() < 2 {
            mark = bytes[..bytes.len().min(2)].to_vec();
        }
        // Seldom, so that it costs little; by an even number, so that no letter of two bytes is cut.
        if bytes.len() > 2 * kept {
            let old = (bytes.len() - kept) & !1;
            before.lines += bytes[..old].iter().filter(|byte| **byte == b'\n').count() as u64;
            before.bytes += old;
            bytes.drain(..old);
        }
    }
    Ok((decoded(&bytes, &mark), before))
}

/// Logs are not always UTF-8: programs on Windows write UTF-16, which begins with a mark. What is known is ASCII, or a
/// translation in UTF-8.
fn decoded(bytes: &[u8], mark: &[u8]) -> String {
    let wide = |order: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| order([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    // Without a mark, every other byte of plain text is 0.
    let zeros = |odd: usize| {
        let beginning = &bytes[..bytes.len().min(512)];
        beginning.len() > 3
            && beginning.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count() * 3 > beginning.len()
    };
    match mark {
        [0xff, 0xfe] => wide(u16::from_le_bytes),
        [0xfe, 0xff] => wide(u16::from_be_bytes),
        _ if zeros(1) && !zeros(0) => wide(u16::from_le_bytes),
        _ if zeros(0) && !zeros(1) => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn known_in_words(known: &Known, width: usize) -> String {
    let Some(first) = known.candidates.first() else { return configuration(known, width) };
    let mut out = format!("{}: {}\n\n", first.scenario.id, first.scenario.title);
    out += &found(known, first, width);
    out += &meaning(first.scenario, width);
    if let [_, others @ ..] = known.candidates.as_slice()
        && !others.is_empty()
    {
        out += "\nThe same text also occurs with:\n";
        for other in others {
            out += &wrap(&format!("{}: {}", other.scenario.id, other.scenario.title), "  ", width);
            out += &wrap(&format!("How to distinguish: {}", other.scenario.tell), "    ", width);
        }
    }
    out + &unread(known.unread_bytes)
}

/// No load causes it, so there is no scenario.
fn configuration(known: &Known, width: usize) -> String {
    let mut out = "This is a configuration error. It does not depend on pool or load\n\n".to_owned();
    // Hits that lead to a scenario are further from the cause.
    out += &listed(known.hits.iter().filter(|hit| hit.error.scenarios.is_empty()), width);
    out + &unread(known.unread_bytes)
}

/// The lines of the text that match.
fn found(known: &Known, candidate: &Candidate, width: usize) -> String {
    let mut out = listed(candidate.because.iter().filter_map(|at| known.hits.get(*at)), width);
    if let Some(reasoning) = candidate.reasoning {
        out += &wrap(reasoning, "  ", width);
    }
    out + "\n"
}

fn listed<'a>(hits: impl Iterator<Item = &'a Hit>, width: usize) -> String {
    let mut out = String::new();
    for hit in hits.take(HITS) {
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
    out
}

/// Why it happens, how to recognise it, where to look, how to fix it.
pub fn meaning(scenario: &Scenario, width: usize) -> String {
    let mut out = titled("Why", scenario.reason, width);
    out += &titled("Check", scenario.tell, width);
    out += "Look\n";
    for look in scenario.look {
        // In one piece: it is there to be pasted.
        out += &format!("  {}> {}\n", look.with, look.run);
        out += &wrap(&format!("→ {}", look.see), "      ", width);
    }
    out += "Fix\n";
    for cure in scenario.cure {
        let of = if cure.of.is_empty() { String::new() } else { format!("{}: ", cure.of) };
        out += &wrap(&format!("· {of}{}", cure.change), "  ", width);
    }
    out += &format!("\nReproduce it:  {}\n", scenario.command());
    out
}

fn unknown_in_words(unknown: &Unknown, width: usize) -> String {
    let mut out = wrap("poollab does not know this error.", "", width);
    if unknown.nearest.is_empty() {
        out +=
            &wrap("No known error is similar. poollab reproduce --list shows the known failures.", "", width);
    } else {
        out += "Similar known errors, which may have another cause:\n";
        for near in &unknown.nearest {
            let meant = match near.error.scenarios {
                [] => "configuration".to_owned(),
                scenarios => scenarios.join(", "),
            };
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
    let bytes = poollab_analysis::figures::bytes(bytes as u64);
    format!("\nThe input is long: only its end was read. The first {bytes} were skipped.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_endless_log_the_newest_part_is_kept_and_its_lines_are_counted() {
        let log: String = (1..=1_000).map(|line| format!("line {line}\n")).collect();
        let (text, before) = newest(log.as_bytes(), 100, u64::MAX).unwrap();
        assert!(text.ends_with("line 1000\n") && text.len() <= 1 << 17);
        let long = log.repeat(100);
        let (text, before_long) = newest(long.as_bytes(), 100, u64::MAX).unwrap();
        assert_eq!(before_long.bytes + text.len(), long.len());
        assert_eq!(before_long.lines + text.matches('\n').count() as u64, 100_000);
        assert!(before_long.bytes > before.bytes && text.ends_with("line 1000\n"));
    }

    #[test]
    fn what_has_no_end_is_refused_in_words() {
        let told = newest(io::repeat(0), 100, 1 << 20).unwrap_err().to_string();
        assert!(told.contains("no end after") && told.contains("tail -c"), "{told}");
    }

    #[test]
    fn a_log_in_utf_16_is_read() {
        let text = "2026 FATAL: sorry, too many clients already\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = |mark: [u8; 2], bytes: &[u8]| [&mark[..], bytes].concat();
        for bytes in [&little, &big, &marked([0xff, 0xfe], &little), &marked([0xfe, 0xff], &big)] {
            let (read, _) = newest(bytes.as_slice(), 1 << 10, u64::MAX).unwrap();
            assert!(read.contains("too many clients already"), "{read:?}");
        }
    }
}
