//! Lines of strategies: a colour and a dash for each, and a mark on those beyond the colours.

use maud::{Markup, html};

use super::marks::Mark;
use super::svg::{line, swatch};

/// Colours of series. Series beyond them take the colours again, and marks on their lines.
pub const COLOURS: usize = 12;

/// The class of a series; all that belongs to it stands in one group of this class.
pub fn class(series: usize) -> String {
    format!("s{series}")
}

/// The mark on the line of a series that has its colour from an earlier one.
pub fn mark(series: usize) -> Option<Mark> {
    const ROUNDS: [Mark; 5] = [Mark::Disc, Mark::Square, Mark::Triangle, Mark::Diamond, Mark::Wedge];
    (series / COLOURS).checked_sub(1).map(|round| ROUNDS[round % ROUNDS.len()])
}

/// The rules of so many series.
pub fn rules(series: usize) -> String {
    let rule = |number: usize| {
        let class = class(number);
        let dash = dash(number).map(|dash| format!(".{class} .curve{{stroke-dasharray:{dash}}}"));
        format!(".{class}{{color:var(--s{})}}{}\n", number % COLOURS, dash.unwrap_or_default())
    };
    (0..series).map(rule).collect()
}

/// The dash of a series' line; `None`: a whole line.
fn dash(series: usize) -> Option<&'static str> {
    match series % COLOURS {
        1 | 6 | 11 => Some("7 3"),
        2 | 7 => Some("2 3"),
        3 | 8 => Some("9 3 2 3"),
        5 | 10 => Some("4 4"),
        _ => None,
    }
}

/// A piece of a series' line, to stand in a legend.
pub fn sample_line(series: usize) -> Markup {
    swatch(
        24.0,
        html! {
            g.(class(series)) {
                (line("curve", &[(0.0, 6.0), (24.0, 6.0)]))
                @if let Some(mark) = mark(series) { (mark.draw("", &[(12.0, 6.0)], 4.0)) }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn sixty_lines_look_different_from_each_other() {
        let looks: BTreeSet<String> = (0..60)
            .map(|series| format!("{} {:?} {:?}", series % COLOURS, dash(series), mark(series)))
            .collect();
        assert_eq!(looks.len(), 60);
        let rules = rules(14);
        assert!(rules.contains(".s1{color:var(--s1)}.s1 .curve{stroke-dasharray:7 3}"), "{rules}");
        assert!(rules.contains(".s13{color:var(--s1)}.s13 .curve{stroke-dasharray:7 3}"), "{rules}");
        let sample = |series| sample_line(series).into_string();
        assert_ne!(sample(0), sample(12).replace("s12", "s0"), "and so do their samples");
    }
}
