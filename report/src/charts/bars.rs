//! Charts with a row for each strategy.

use poollab_analysis::{Group, Section, figures};
use poollab_model::ErrorKind;

use super::canvas::{Area, Error, Side, Spot, WIDTH, draw, fill, line, text_width, write};
use super::ink::{Fill, Ink};

const ROW: i32 = 30;
const BAR: i32 = 18;
const TOP: i32 = 6;

/// Goodput with each repeat as a dot, and the ceiling as a line.
pub fn goodput(section: &Section) -> String {
    let highest = section.groups.iter().map(|group| group.goodput.max).fold(0.0, f64::max);
    let most = highest.max(section.ceiling_tps.unwrap_or(0.0));
    let label = format!(
        "Goodput by strategy, {}. {}",
        section.heading,
        section
            .groups
            .iter()
            .map(|group| format!("{} {} a second", group.label, figures::rate(group.goodput.mean)))
            .collect::<Vec<_>>()
            .join(", ")
    );
    let height = height(section, 22);
    draw(height, &label, |area| {
        let rows = Rows::of(section, 66);
        let x = |value: f64| {
            rows.left + (if most > 0.0 { value / most } else { 0.0 } * f64::from(rows.room)) as i32
        };
        if let Some(ceiling) = section.ceiling_tps {
            let bottom = height as i32 - 20;
            dashed(area, x(ceiling), TOP, bottom)?;
            let text = format!("ceiling {}", figures::rate(ceiling));
            let side = if x(ceiling) > WIDTH as i32 / 2 { Side::Left } else { Side::Right };
            write(area, (x(ceiling), bottom + 10), side, Ink::Limit, false, &text)?;
        }
        let leaders = section.leaders();
        let mut spots = Vec::new();
        for (index, group) in section.groups.iter().enumerate() {
            let y = rows.label(area, index, group)?;
            let ink = if group.is_sound() { Ink::Mark } else { Ink::Area(Fill::Unsound) };
            let (low, high) = (x(group.goodput.min), x(group.goodput.max));
            fill(
                area,
                (rows.left, y - BAR / 2),
                (x(group.goodput.mean).max(rows.left + 1), y + BAR / 2),
                ink,
            )?;
            // The repeats: a line from the lowest to the highest, and a tick for each.
            line(area, vec![(low, y), (high, y)], Ink::Text, 1)?;
            for value in &group.goodput.values {
                line(area, vec![(x(*value), y - 5), (x(*value), y + 5)], Ink::Text, 2)?;
            }
            let leads = leaders.iter().any(|leader| leader.label == group.label);
            let at = high.max(x(group.goodput.mean)) + 6;
            let value = figures::rate(group.goodput.mean);
            // On paper of its own, because the ceiling's line may pass behind it.
            fill(area, (at - 2, y - 8), (at + text_width(&value) + 4, y + 8), Ink::Paper)?;
            write(area, (at, y), Side::Right, Ink::Text, leads, &value)?;
            let repeats: Vec<String> =
                group.goodput.values.iter().map(|value| figures::rate(*value)).collect();
            spots.push(rows.spot(
                index,
                format!(
                    "{}\n{}/s, repeats {}{}",
                    group.label,
                    figures::rate(group.goodput.mean),
                    figures::list(&repeats),
                    if group.is_sound() { "" } else { "\nnot sound: see the findings" }
                ),
            ));
        }
        Ok(spots)
    })
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
pub fn outcomes(section: &Section) -> String {
    let kinds = failure_fills(section);
    let label = format!("Outcomes by strategy, {}, as shares of all requests", section.heading);
    draw(height(section, 0), &label, |area| {
        let rows = Rows::of(section, 100);
        let mut spots = Vec::new();
        for (index, group) in section.groups.iter().enumerate() {
            rows.label(area, index, group)?;
            let total = group.requests.total.max(1) as f64;
            let mut parts = vec![(Fill::Ok, group.requests.ok as f64 / total)];
            parts.extend(kinds.iter().map(|(kind, fill)| (*fill, group.count_of(*kind) as f64 / total)));
            rows.stack(area, index, &parts)?;
            let failed = group.failed_share();
            let text = if failed > 0.0 {
                format!("{} failed", figures::percent(failed))
            } else {
                "no failure".to_owned()
            };
            rows.value(area, index, &text, failed > 0.0)?;
            let errors = group.errors.iter().map(|e| format!("\n{} × {}", e.kind, figures::whole(e.count)));
            spots.push(rows.spot(
                index,
                format!(
                    "{}\nok × {}{}",
                    group.label,
                    figures::whole(group.requests.ok),
                    errors.collect::<String>()
                ),
            ));
        }
        Ok(spots)
    })
}

/// Where the time of an average success went, as shares of it.
pub fn phases(section: &Section) -> String {
    const FILLS: [Fill; 5] = [Fill::Wait, Fill::Connect, Fill::Query, Fill::Hold, Fill::Elsewhere];
    let label = format!("Where the time of a success went, by strategy, {}", section.heading);
    draw(height(section, 0), &label, |area| {
        let rows = Rows::of(section, 74);
        let mut spots = Vec::new();
        for (index, group) in section.groups.iter().enumerate() {
            rows.label(area, index, group)?;
            let total = group.phases.total();
            if total <= 0.0 {
                let text = if group.requests.ok == 0 { "no success" } else { "not observed" };
                write(area, (rows.left + 4, rows.middle(index)), Side::Right, Ink::Muted, false, text)?;
                continue;
            }
            let named = group.phases.named();
            let parts: Vec<(Fill, f64)> = FILLS
                .into_iter()
                .zip(named)
                .map(|(fill, (_, mean))| (fill, mean.unwrap_or(0.0) / total))
                .collect();
            rows.stack(area, index, &parts)?;
            rows.value(area, index, &figures::time(total), false)?;
            let each =
                named.iter().filter_map(|(name, mean)| Some(format!("\n{name} {}", figures::time((*mean)?))));
            spots.push(rows.spot(index, format!("{}{}", group.label, each.collect::<String>())));
        }
        Ok(spots)
    })
}

/// The geometry that these charts share.
struct Rows {
    left: i32,
    room: i32,
}

impl Rows {
    /// `right` is kept free for values.
    fn of(section: &Section, right: i32) -> Self {
        let widest = section.groups.iter().map(|group| text_width(&group.label)).max().unwrap_or(0);
        // An eighth more: on a telephone texts are larger than they are drawn.
        let left = (widest * 9 / 8 + 12).clamp(60, 190);
        Self { left, room: WIDTH as i32 - left - right }
    }

    fn middle(&self, index: usize) -> i32 {
        TOP + ROW * index as i32 + ROW / 2
    }

    fn label(&self, area: &Area<'_>, index: usize, group: &Group) -> Result<i32, Error> {
        let y = self.middle(index);
        write(area, (self.left - 8, y), Side::Left, Ink::Text, false, &group.label)?;
        Ok(y)
    }

    fn stack(&self, area: &Area<'_>, index: usize, parts: &[(Fill, f64)]) -> Result<(), Error> {
        let y = self.middle(index);
        let mut done = 0.0;
        let x = |share: f64| self.left + (share.clamp(0.0, 1.0) * f64::from(self.room)) as i32;
        for (ink, share) in parts.iter().filter(|(_, share)| *share > 0.0) {
            // Something that happened is never too small to be seen.
            let to = x(done + share).max(x(done) + 2);
            fill(area, (x(done), y - BAR / 2), (to, y + BAR / 2), Ink::Area(*ink))?;
            line(area, vec![(to, y - BAR / 2), (to, y + BAR / 2)], Ink::Paper, 1)?;
            done += share;
        }
        Ok(())
    }

    fn value(&self, area: &Area<'_>, index: usize, text: &str, bold: bool) -> Result<(), Error> {
        write(area, (self.left + self.room + 6, self.middle(index)), Side::Right, Ink::Text, bold, text)
    }

    fn spot(&self, index: usize, says: String) -> Spot {
        Spot { left: 0, top: TOP + ROW * index as i32, width: WIDTH as i32, height: ROW, says }
    }
}

fn height(section: &Section, below: i32) -> u32 {
    (TOP * 2 + ROW * section.groups.len().max(1) as i32 + below) as u32
}

fn dashed(area: &Area<'_>, x: i32, from: i32, to: i32) -> Result<(), Error> {
    for y in (from..to).step_by(8) {
        line(area, vec![(x, y), (x, (y + 4).min(to))], Ink::Limit, 2)?;
    }
    Ok(())
}
