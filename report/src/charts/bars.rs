//! Charts with a row for each strategy.

use maud::{Markup, html};
use poollab_analysis::{Group, Section, figures};
use poollab_model::ErrorKind;

use super::Fill;
use super::axis::LARGER;
use super::scale::Scale;
use super::svg::{Anchor, Point, WIDTH, bar, chart, line, spot, text, text_width};

const ROW: f64 = 30.0;
/// Half of the height of a bar.
const HALF: f64 = 9.0;
const TOP: f64 = 6.0;
/// Below the rows, for the name of the reference.
const REFERENCE: f64 = 22.0;

/// Goodput with each repeat as a tick, and the reference as a line.
pub fn goodput(section: &Section, leads: impl Fn(&Group) -> bool) -> Markup {
    let highest = section.groups.iter().map(|group| group.goodput.max).fold(0.0, f64::max);
    let most = highest.max(section.references.plain.unwrap_or(0.0));
    let means: Vec<String> = section
        .groups
        .iter()
        .map(|group| format!("{} {} a second", group.label, figures::rate(group.goodput.mean)))
        .collect();
    let label = format!("Goodput by strategy, {}. {}", section.heading, means.join(", "));
    let rows = Rows::of(section, 66.0);
    let x = Scale::linear((0.0, most), (rows.left, rows.right));
    let below = if section.references.plain.is_some() { REFERENCE } else { 0.0 };
    let drawing = html! {
        @if let Some(reference) = section.references.plain { (self::reference(reference, x.at(reference), rows.floor)) }
        @for (group, y) in rows.each(section) {
            (rows.name(group, y))
            (repeats(group, leads(group), &x, y))
            (rows.spot(y, &says(group)))
        }
    };
    chart(rows.floor + TOP + below, &label, drawing)
}

fn reference(reference: f64, x: f64, floor: f64) -> Markup {
    let anchor = if x > WIDTH / 2.0 { Anchor::End } else { Anchor::Start };
    html! {
        (line("limit dashed", &[(x, TOP), (x, floor + 6.0)]))
        (text("limit", anchor, (x, floor + 16.0), &format!("reference {}", figures::rate(reference))))
    }
}

/// The mean as a bar, and the repeats: a line from the lowest to the highest, and a tick for each.
fn repeats(group: &Group, leads: bool, x: &Scale, y: f64) -> Markup {
    let goodput = &group.goodput;
    let class = if group.is_sound() { "measured" } else { Fill::Unsound.class() };
    let (low, high, mean) = (x.at(goodput.min), x.at(goodput.max), x.at(goodput.mean));
    let start = x.ends().0;
    html! {
        (bar(class, (start, y - HALF), (mean.max(start + 1.0), y + HALF)))
        (line("thin", &[(low, y), (high, y)]))
        @for value in &goodput.values { (line("", &[(x.at(*value), y - 5.0), (x.at(*value), y + 5.0)])) }
        (text(
            if leads { "haloed strong" } else { "haloed" },
            Anchor::Start,
            (high.max(mean) + 6.0, y),
            &figures::rate(goodput.mean),
        ))
    }
}

fn says(group: &Group) -> String {
    let repeats: Vec<String> = group.goodput.values.iter().map(|value| figures::rate(*value)).collect();
    format!(
        "{}\n{}/s, repeats {}{}",
        group.label,
        figures::rate(group.goodput.mean),
        figures::list(&repeats),
        if group.is_sound() { "" } else { "\nnot sound: see the findings" }
    )
}

/// The kinds of failures of a section, most frequent first, each with its fill.
pub fn failure_fills(section: &Section) -> Vec<(ErrorKind, Fill)> {
    let mut kinds: Vec<(ErrorKind, u64)> = Vec::new();
    for error in section.groups.iter().flat_map(|group| &group.errors) {
        match kinds.iter_mut().find(|(kind, _)| *kind == error.kind) {
            Some((_, count)) => *count += error.count,
            None => kinds.push((error.kind, error.count)),
        }
    }
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    kinds
        .iter()
        .enumerate()
        .map(|(index, (kind, _))| (*kind, Fill::Failed(index.min(usize::from(Fill::KINDS) - 1) as u8)))
        .collect()
}

/// How requests ended: successes and kinds of failures as shares of all.
pub fn outcomes(section: &Section) -> Markup {
    let kinds = failure_fills(section);
    let label = format!("Outcomes by strategy, {}, as shares of all requests", section.heading);
    let rows = Rows::of(section, 100.0);
    let drawing = html! {
        @for (group, y) in rows.each(section) {
            @let total = group.requests.total.max(1) as f64;
            @let failed = kinds.iter().map(|(kind, fill)| (*fill, group.count_of(*kind) as f64 / total));
            (rows.name(group, y))
            (rows.stack(y, std::iter::once((Fill::Ok, group.requests.ok as f64 / total)).chain(failed)))
            @if group.failed_share() > 0.0 {
                (rows.value(y, "strong", &format!("{} failed", figures::percent(group.failed_share()))))
            } @else {
                (rows.value(y, "", "no failure"))
            }
            @let errors = group.errors.iter().map(|e| format!("\n{} × {}", e.kind, figures::whole(e.count)));
            @let ok = format!("{}\nok × {}", group.label, figures::whole(group.requests.ok));
            (rows.spot(y, &std::iter::once(ok).chain(errors).collect::<String>()))
        }
    };
    chart(rows.floor + TOP, &label, drawing)
}

/// Where the time of an average success went, as shares of it.
pub fn phases(section: &Section) -> Markup {
    const FILLS: [Fill; 5] = [Fill::Wait, Fill::Connect, Fill::Query, Fill::Hold, Fill::Elsewhere];
    let label = format!("Where the time of a success went, by strategy, {}", section.heading);
    let rows = Rows::of(section, 74.0);
    let drawing = html! {
        @for (group, y) in rows.each(section) {
            (rows.name(group, y))
            @let total = group.phases.total();
            @if total > 0.0 {
                @let named = group.phases.named();
                (rows.stack(y, FILLS.into_iter().zip(named).map(|(fill, (_, mean))| (fill, mean.unwrap_or(0.0) / total))))
                (rows.value(y, "", &figures::time(total)))
                @let each = named.iter().filter_map(|(name, mean)| Some(format!("\n{name} {}", figures::time((*mean)?))));
                (rows.spot(y, &std::iter::once(group.label.clone()).chain(each).collect::<String>()))
            } @else {
                @let why = if group.requests.ok == 0 { "no success" } else { "not observed" };
                (text("muted", Anchor::Start, (rows.left + 4.0, y), why))
            }
        }
    };
    chart(rows.floor + TOP, &label, drawing)
}

/// The geometry that these charts share.
struct Rows {
    left: f64,
    right: f64,
    floor: f64,
}

impl Rows {
    /// So much at the right is kept free for values.
    fn of(section: &Section, free: f64) -> Self {
        let widest = section.groups.iter().map(|group| text_width(&group.label)).fold(0.0, f64::max);
        // The estimate is for the widest of fonts, so that part of what a telephone needs is in it.
        let left = (widest * LARGER.sqrt() + 12.0).clamp(60.0, 190.0);
        let floor = TOP + ROW * section.groups.len().max(1) as f64;
        Self { left, right: WIDTH - free, floor }
    }

    /// Each group with the middle of its row.
    fn each<'a>(&self, section: &'a Section) -> impl Iterator<Item = (&'a Group, f64)> {
        section.groups.iter().enumerate().map(|(row, group)| (group, TOP + ROW * (row as f64 + 0.5)))
    }

    fn name(&self, group: &Group, y: f64) -> Markup {
        text("", Anchor::End, (self.left - 8.0, y), &group.label)
    }

    fn value(&self, y: f64, class: &str, words: &str) -> Markup {
        text(class, Anchor::Start, (self.right + 6.0, y), words)
    }

    fn stack(&self, y: f64, parts: impl Iterator<Item = (Fill, f64)>) -> Markup {
        let x = Scale::linear((0.0, 1.0), (self.left, self.right));
        let mut done = 0.0;
        let mut drawn = |(fill, share): (Fill, f64)| {
            // Something that happened is never too small to be seen.
            let (from, to) = (x.at(done), x.at(done + share).max(x.at(done) + 3.0));
            done += share;
            bar(&format!("part {}", fill.class()), (from, y - HALF), (to, y + HALF))
        };
        html! { @for part in parts.filter(|(_, share)| *share > 0.0) { (drawn(part)) } }
    }

    fn spot(&self, y: f64, says: &str) -> Markup {
        let (from, to): (Point, Point) = ((0.0, y - ROW / 2.0), (WIDTH, y + ROW / 2.0));
        spot(from, to, says)
    }
}
