//! The palette against WCAG 2.1 AA, in both themes: 4.5 to 1 for texts, 3 to 1 for what carries a meaning.
//! (<https://www.w3.org/TR/WCAG21/#contrast-minimum>, <https://www.w3.org/TR/WCAG21/#non-text-contrast>)

use std::collections::BTreeMap;

use crate::charts::Fill;

const STYLE: &str = include_str!("../html/style.css");
const TEXT: f64 = 4.5;
const MARK: f64 = 3.0;
const SERIES: usize = crate::charts::series::COLOURS;

type Palette = BTreeMap<String, [f64; 3]>;

/// The colours of a theme; the dark one changes what it names.
fn palettes() -> [(&'static str, Palette); 2] {
    let (light, rest) = STYLE.split_once("prefers-color-scheme: dark").expect("a dark theme");
    let (dark, _) = rest.split_once("* {").expect("its end");
    let light = colours(light);
    let mut both = light.clone();
    both.extend(colours(dark));
    [("light", light), ("dark", both)]
}

fn colours(css: &str) -> Palette {
    let declarations = css.split(['{', '}', ';']).filter_map(|part| part.trim().split_once(':'));
    declarations
        .filter_map(|(name, value)| {
            let digits = value.trim().strip_prefix('#').filter(|digits| digits.len() == 6)?;
            let part = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok().map(f64::from);
            Some((name.trim().to_owned(), [part(0)?, part(2)?, part(4)?]))
        })
        .collect()
}

/// Relative luminance.
fn luminance(colour: [f64; 3]) -> f64 {
    let [r, g, b] = colour.map(|part| {
        let part = part / 255.0;
        if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// All pairs that fall short, in words.
fn too_faint(pairs: &[(String, &str, f64)]) -> Vec<String> {
    let mut faint = Vec::new();
    for (theme, palette) in palettes() {
        for (ink, paper, least) in pairs {
            let of = |name: &str| *palette.get(name).unwrap_or_else(|| panic!("{name} is no colour"));
            let found = contrast(of(ink), of(paper));
            if found < *least {
                faint.push(format!("{theme}: {ink} on {paper} is {found:.2} to 1, and {least} are needed"));
            }
        }
    }
    faint
}

#[test]
fn the_measure_is_that_of_the_standard() {
    assert!((contrast([0.0; 3], [255.0; 3]) - 21.0).abs() < 1e-9);
    assert!((contrast([119.0; 3], [255.0; 3]) - 4.48).abs() < 0.01, "#777 on white just fails");
}

#[test]
fn texts_can_be_read_on_everything_that_they_stand_on() {
    let mut pairs: Vec<(String, &str, f64)> = Vec::new();
    for ink in ["--text", "--muted", "--link", "--problem", "--doubt", "--note"] {
        pairs.extend(["--page", "--paper"].map(|paper| (ink.to_owned(), paper, TEXT)));
    }
    // What stands on the paper of charts and cards only, names of series among it.
    pairs.extend(["--limit", "--ok-text"].map(|ink| (ink.to_owned(), "--paper", TEXT)));
    pairs.extend((0..SERIES).map(|series| (format!("--s{series}"), "--paper", TEXT)));
    for (ink, paper) in [("--problem", "--problem-bg"), ("--doubt", "--doubt-bg"), ("--note", "--note-bg")] {
        pairs.push((ink.to_owned(), paper, TEXT));
    }
    assert_eq!(too_faint(&pairs), Vec::<String>::new());
}

#[test]
fn marks_and_areas_can_be_told_from_the_paper() {
    let mut pairs: Vec<(String, &str, f64)> =
        Fill::ALL.iter().map(|fill| (fill.variable().to_owned(), "--paper", MARK)).collect();
    pairs.push(("--mark".to_owned(), "--paper", MARK));
    assert_eq!(too_faint(&pairs), Vec::<String>::new());
}
