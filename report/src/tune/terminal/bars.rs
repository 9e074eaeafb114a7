//! The chart: a line for each measured size, its bar scaled to the best goodput.

use poollab_analysis::figures;
use poollab_analysis::sizing::Usl;
use poollab_analysis::tune::Level;

use crate::text::Paint;
use crate::tune::{TunedSeries, words};

/// A cell of a bar inside the plateau, outside of it, and the mark of the fitted law.
const INSIDE: char = '█';
const OUTSIDE: char = '░';
const PREDICTED: char = '│';

const TAKE: &str = "◀ take this";

/// A shorter bar shows nothing.
const SHORTEST: usize = 12;

/// Lines at most; the sizes that matter are always among them.
const MOST: usize = 40;

/// The chart of a series.
pub fn bars(series: &TunedSeries, width: usize, paint: Paint) -> String {
    let levels = &series.answer.levels;
    let best = levels.iter().map(|level| level.goodput).fold(0.0, f64::max);
    if best <= 0.0 {
        return String::new();
    }
    let usl = words::usl(series);
    let columns = Columns::of(levels);
    let size_width = levels.iter().map(|level| level.size.to_string().len()).max().unwrap_or(1).max(4);
    let mark = if series.recommended.is_some() { TAKE.chars().count() + 2 } else { 0 };
    let room = width.saturating_sub(size_width + 4 + columns.width() + mark).max(SHORTEST);

    let mut out =
        format!("\n{}\n", paint.dim(&format!("  {:>size_width$}  {:room$}{}", "size", "", columns.head())));
    let shown = shown(series);
    let mut hidden = 0;
    for (number, level) in levels.iter().enumerate() {
        if !shown[number] {
            hidden += 1;
            continue;
        }
        if hidden > 0 {
            out.push_str(&paint.dim(&format!("  {:>size_width$}  {hidden} more\n", "⋮")));
            hidden = 0;
        }
        let taken = series.recommended == Some(level.size);
        let inside = words::inside(series, level);
        let bar = bar(level, inside, best, usl, room);
        let bar = if inside { paint.green(&bar) } else { paint.dim(&bar) };
        let figures = columns.row(level);
        let line = format!("  {:>size_width$}  ", level.size);
        if taken {
            out.push_str(&format!(
                "{}{bar}{}\n",
                paint.bold(&line),
                paint.bold(&format!("{figures}  {TAKE}"))
            ));
        } else {
            out.push_str(&format!("{line}{bar}{figures}\n"));
        }
    }
    out + &paint.dim(&legend(series, usl.is_some(), &columns))
}

fn bar(level: &Level, inside: bool, best: f64, usl: Option<Usl>, room: usize) -> String {
    let cells = |goodput: f64| (goodput / best * room as f64).round().max(0.0) as usize;
    let filled = if level.goodput > 0.0 { cells(level.goodput).clamp(1, room) } else { 0 };
    let fill = if inside { INSIDE } else { OUTSIDE };
    let mut bar: Vec<char> = (0..room).map(|cell| if cell < filled { fill } else { ' ' }).collect();
    let predicted = usl.map(|usl| usl.at(f64::from(level.size))).filter(|goodput| goodput.is_finite());
    if let (Some(goodput), Some(last)) = (predicted, room.checked_sub(1)) {
        bar[cells(goodput).saturating_sub(1).min(last)] = PREDICTED;
    }
    bar.into_iter().collect()
}

/// Of very many sizes those at regular places and those that the answer speaks of.
fn shown(series: &TunedSeries) -> Vec<bool> {
    let levels = &series.answer.levels;
    let step = levels.len().div_ceil(MOST).max(1);
    let plateau = series.plateau.map(|plateau| [plateau.low, plateau.high]).unwrap_or_default();
    let named = [series.recommended, series.answer.best, series.answer.nearest];
    let matters = |size: u32| plateau.contains(&size) || named.contains(&Some(size));
    levels.iter().enumerate().map(|(number, level)| number % step == 0 || matters(level.size)).collect()
}

fn legend(series: &TunedSeries, predicted: bool, columns: &Columns) -> String {
    let mut parts = Vec::new();
    if series.plateau.is_some() {
        parts.push(format!("{INSIDE} plateau"));
        if series.answer.levels.iter().any(|level| !words::inside(series, level)) {
            parts.push(format!("{OUTSIDE} outside"));
        }
    } else {
        parts.push(format!("{OUTSIDE} measured"));
    }
    if predicted {
        parts.push(format!("{PREDICTED} Universal Scalability Law"));
    }
    if columns.interval {
        parts.push("± 95%".to_owned());
    }
    format!("  {}\n", parts.join("   "))
}

/// The figures behind a bar; columns without any figure are left out.
struct Columns {
    interval: bool,
    latency: bool,
    failed: bool,
}

impl Columns {
    fn of(levels: &[Level]) -> Self {
        let latency = levels.iter().any(|level| words::has_latency(&level.latency_ms));
        Self {
            interval: levels.iter().any(|level| words::half_interval(level).is_some()),
            latency,
            failed: latency || levels.iter().any(|level| level.failed_share.is_some_and(|share| share > 0.0)),
        }
    }

    fn width(&self) -> usize {
        self.head().chars().count()
    }

    fn head(&self) -> String {
        self.line("goodput/s", "±", "p50 ms", "p99 ms", "failed")
    }

    fn row(&self, level: &Level) -> String {
        self.line(
            &figures::rate(level.goodput),
            &words::share(words::half_interval(level)),
            &words::ms(level.latency_ms.p50),
            &words::ms(level.latency_ms.p99),
            &words::failed(level),
        )
    }

    fn line(&self, goodput: &str, interval: &str, p50: &str, p99: &str, failed: &str) -> String {
        let mut line = format!("  {goodput:>9}");
        if self.interval {
            line.push_str(&format!(" {interval:>7}"));
        }
        if self.latency {
            line.push_str(&format!("  {p50:>6}  {p99:>6}"));
        }
        if self.failed {
            line.push_str(&format!("  {failed:>6}"));
        }
        line
    }
}
